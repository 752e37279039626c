package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/persistence/embedded"
)

const (
	fillCommit = 10_000 // participants a commit
	fillShapes = 1_000  // different histories, so that they need not be made for each participant
)

// fill writes a competition as months of use would leave it. Everybody enrols
// through the journal with a first sync; the days before it go into the snapshot
// alone, since 30,000,000 syncs would take minutes.
func fill(ctx context.Context, flags *flag.FlagSet, args []string) (err error) {
	dir := flags.String("dir", "", "data `FOLDER`")
	id := flags.String("id", "big", "`ID` of the competition")
	participants := flags.Int("participants", 1_000_000, "how many")
	days := flags.Int("days", 30, "of each participant")
	if err := flags.Parse(args); err != nil {
		return err
	}
	store, err := embedded.Open(ctx, embedded.Options{Dir: *dir, BallastBytes: -1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()

	now := time.Now()
	at, today := calendar.MillisOf(now), calendar.DayOf(now)
	d := competition.Definition{
		ID: *id, Name: "Big", Start: calendar.MillisOf(now.AddDate(0, 0, -*days-1)), End: calendar.MillisOf(now.AddDate(0, 0, 9)),
		Scoring: competition.Weights{Step: 1000}, PrizeSplit: []int64{competition.WholeSplit}, DailyLimits: competition.DefaultDailyLimits,
	}
	d.Complete()
	c := competition.New(*id, func() competition.Key { return sha256.Sum256([]byte(*id)) }) // people who do not exist need no secrets
	if _, err := (&competition.CreateCompetition{Caller: competition.Caller{Operator: true}, Definition: d}).Decide(c, at); err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(1, 2)) // the same board each time
	shapes := historiesOf(random, today, *days-1)
	for n := 1; n <= *participants && ctx.Err() == nil; n++ {
		if _, err := c.SubmitSync(at, &competition.SubmitSync{
			UserID: measure.UserID(n), Source: source, Day: today - 1, Metrics: aDay(random),
		}); err != nil {
			return err
		}
		if n%fillCommit == 0 || n == *participants {
			if err := commit(ctx, store, c, shapes, d.Scoring); err != nil {
				return err
			}
		}
	}
	// The server would bring all these days into the lifetime statistics while it
	// is measured. Nobody asks for them here, so they count as done.
	done := competition.Projection{CompetitionID: *id, To: c.Snapshot().Seq}
	return errors.Join(ctx.Err(), store.Project(ctx, &done))
}

const source = "google_fit"

// aDay is what somebody may have done.
func aDay(random *rand.Rand) competition.Metrics {
	steps := 1_000 + random.Int64N(20_000)
	return competition.Metrics{Steps: steps, DistanceCm: steps * 70, EnergyCentikcal: steps * 4, ActiveMinutes: 10 + random.Int64N(110)}
}

// historiesOf makes histories that end the day before yesterday.
func historiesOf(random *rand.Rand, today calendar.Day, length int) []competition.Days {
	shapes := make([]competition.Days, fillShapes)
	for i := range shapes {
		for back := length; back > 0; back-- {
			day := today - 1 - calendar.Day(back)
			shapes[i], _ = shapes[i].Merge(competition.Register{
				Day: day, RecordedAt: day.Time().Add(20 * time.Hour).UnixNano(), Metrics: aDay(random),
			})
		}
	}
	return shapes
}

// commit makes what was decided durable, and a snapshot of it with the
// histories in.
func commit(ctx context.Context, store *embedded.Store, c *competition.Competition, shapes []competition.Days, weights competition.Weights) error {
	b := c.Take(competition.Batch{})
	if errs := store.Append(ctx, []*competition.Batch{&b}); errs != nil {
		return fmt.Errorf("append: %w", errors.Join(errs...))
	}
	for i := range b.Events {
		if _, err := c.Apply(&b.Events[i]); err != nil {
			return err
		}
	}
	c.Applied(&b)
	snapshot := c.Snapshot()
	for i := range snapshot.Rows {
		row := &snapshot.Rows[i]
		days := slices.Clone(shapes[int(row.Number)%len(shapes)])
		for last := range row.Days.All() {
			days, _ = days.Merge(last)
		}
		row.Days, row.Totals = days, days.Total()
		row.Score = weights.Score(row.Totals)
	}
	return store.Save(ctx, &snapshot)
}
