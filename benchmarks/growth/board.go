package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/persistence/embedded"
)

// operator may do everything.
var operator = competition.Caller{UserID: "operator", Operator: true}

// definition is of a competition that goes on.
func definition(id string) competition.Definition {
	now := time.Now()
	d := competition.Definition{
		ID: id, Name: id, Start: calendar.MillisOf(now.AddDate(0, 0, -40)), End: calendar.MillisOf(now.AddDate(0, 0, 9)), Currency: "EUR",
		Scoring: competition.Weights{Step: 1000}, PrizeSplit: []int64{competition.WholeSplit}, DailyLimits: competition.DefaultDailyLimits,
	}
	d.Complete()
	return d
}

// aSync is a user's sync of one of the last 30 days, at random.
func aSync(random *rand.Rand, users int) competition.SubmitSync {
	return competition.SubmitSync{
		UserID: measure.UserID(random.IntN(users)), Source: "google_fit", Day: calendar.DayOf(time.Now()) - calendar.Day(random.IntN(30)),
		Metrics: competition.Metrics{Steps: 1 + random.Int64N(40_000), DistanceCm: random.Int64N(2_000_000), EnergyCentikcal: 1 + random.Int64N(90_000)},
	}
}

// core is a competition without an actor around it: what is decided is applied at
// once, and kept nowhere unless a store is given.
type core struct {
	*competition.Competition
	spare competition.Batch
	store *embedded.Store
}

func newCore(id string) (*core, error) {
	c := &core{Competition: competition.New(id, func() competition.Key { return competition.Key{} })}
	_, err := (&competition.CreateCompetition{Caller: operator, Definition: definition(id)}).Decide(c.Competition, calendar.MillisOf(time.Now()))
	return c, err
}

// settle applies what was decided.
func (c *core) settle(ctx context.Context) error {
	b := c.Take(c.spare)
	if c.store != nil && !b.Empty() {
		if errs := c.store.Append(ctx, []*competition.Batch{&b}); errs != nil {
			return errs[0]
		}
	}
	for i := range b.Events {
		if _, err := c.Apply(&b.Events[i]); err != nil {
			return err
		}
	}
	c.Applied(&b)
	c.spare = b
	return nil
}

// participants is the cost of a sync, and the memory of a participant, by the
// size of the board.
func participants() study {
	return study{
		name: "participants", sizes: []int{1_000, 10_000, 100_000, 1_000_000},
		curves: []*curve{
			{Of: "participants", What: "a sync in the core", Unit: "µs"},
			{Of: "participants", What: "memory of a participant with one day", Unit: "bytes"},
		},
		at: func(ctx context.Context, n int) ([]float64, error) {
			before := inUse()
			c, err := newCore("growth")
			if err != nil {
				return nil, err
			}
			random := rand.New(rand.NewPCG(1, 2))
			submit := func(s competition.SubmitSync) error {
				decision, err := c.SubmitSync(calendar.MillisOf(time.Now()), &s)
				if err == nil {
					err = c.settle(ctx)
				}
				if err == nil && decision.Number > 0 {
					c.SyncReply(decision.Number, true)
				}
				return err
			}
			for i := range n {
				s := aSync(random, 1)
				s.UserID = measure.UserID(i)
				if err := submit(s); err != nil {
					return nil, err
				}
			}
			each := float64(inUse()-before) / float64(n)
			const syncs = 200_000
			reports := make([]competition.SubmitSync, syncs)
			for i := range reports {
				reports[i] = aSync(random, n)
			}
			began := time.Now()
			for _, s := range reports {
				if err := submit(s); err != nil {
					return nil, err
				}
			}
			took := time.Since(began)
			runtime.KeepAlive(c)
			return []float64{took.Seconds() * 1e6 / syncs, each}, ctx.Err()
		},
	}
}

// journal is how long a recovery takes, by the number of events that no snapshot
// holds, and what they take of the disk.
func journal(dir string) study {
	return study{
		name: "events of a journal", sizes: []int{1_000, 10_000, 100_000, 1_000_000},
		curves: []*curve{
			{Of: "events since the snapshot", What: "recovery", Unit: "ms"},
			{Of: "events since the snapshot", What: "disk of an event", Unit: "bytes"},
		},
		at: func(ctx context.Context, n int) (figures []float64, err error) {
			folder := filepath.Join(dir, "journal")
			store, err := embedded.Open(ctx, embedded.Options{Dir: folder, BallastBytes: -1})
			if err != nil {
				return nil, err
			}
			defer func() { err = errors.Join(err, store.Close(), os.RemoveAll(folder)) }()
			c, err := newCore("growth")
			if err != nil {
				return nil, err
			}
			c.store = store
			empty := sizeOf(folder)
			random := rand.New(rand.NewPCG(1, 2))
			for i := range n {
				s := aSync(random, 1_000)
				if _, err := c.SubmitSync(calendar.MillisOf(time.Now()), &s); err != nil {
					return nil, err
				}
				if i%256 == 255 || i == n-1 { // a busy server's commits
					if err := c.settle(ctx); err != nil {
						return nil, err
					}
				}
			}
			began := time.Now()
			recovered, err := competition.Recover(ctx, "growth", store, nil, nil)
			if err != nil {
				return nil, err
			}
			took := time.Since(began)
			return []float64{took.Seconds() * 1000, float64(sizeOf(folder)-empty) / float64(recovered.Seq())}, nil
		},
	}
}
