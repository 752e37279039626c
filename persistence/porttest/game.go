package porttest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// Start is the time at which games begin: 2026-11-23 12:00 UTC.
const Start = calendar.Millis(1_795_435_200_000)

const msPerDay = 24 * 60 * 60 * 1000

// Game plays one competition against a store: it decides commands, appends what
// they became, and applies what is durable, one after the other, as the
// competition's actor does. It has no randomness of its own: the same calls make
// the same events. It is not safe for concurrent use.
type Game struct {
	C     *competition.Competition
	Store competition.Store
	Epoch uint64          // of the claim under which it appends
	Now   calendar.Millis // grows by a second a command
	Users []string        // whoever was named, in that order

	named map[string]bool
	spare competition.Batch
}

// NewGame is a game of a competition that is not created yet, nor claimed.
func NewGame(store competition.Store, id string) *Game {
	return &Game{C: competition.New(id, Keys(id)), Store: store, Now: Start, named: map[string]bool{}}
}

// Begin is a game whose competition is claimed, created, active and stored.
func Begin(ctx context.Context, store competition.Store, id string) (*Game, error) {
	g := NewGame(store, id)
	if err := g.Claim(ctx); err != nil {
		return nil, err
	}
	if err := g.Create("creator"); err != nil {
		return nil, err
	}
	return g, g.Commit(ctx)
}

// Resume is the game of a competition claimed and recovered from the store. Games of
// earlier claims can append no more.
func Resume(ctx context.Context, store competition.Store, id string) (*Game, error) {
	g := NewGame(store, id)
	if err := g.Claim(ctx); err != nil {
		return nil, err
	}
	return g, g.recover(ctx)
}

// Twin is another game of the same competition under the same claim: it is recovered
// from the store, as by an activation that the one before has not ended for.
func (g *Game) Twin(ctx context.Context) (*Game, error) {
	twin := NewGame(g.Store, g.C.ID())
	twin.Epoch = g.Epoch
	return twin, twin.recover(ctx)
}

// Claim claims the competition, also after the game has got another store.
func (g *Game) Claim(ctx context.Context) (err error) {
	g.Epoch, err = g.Store.Claim(ctx, g.C.ID())
	return err
}

func (g *Game) recover(ctx context.Context) error {
	c, err := competition.Recover(ctx, g.C.ID(), g.Store, Keys(g.C.ID()), nil)
	if err == nil {
		g.C = c
	}
	return err
}

// Keys draws the same keys for the same seed.
func Keys(seed string) func() competition.Key {
	drawn := uint64(0)
	return func() competition.Key {
		drawn++
		return sha256.Sum256(binary.BigEndian.AppendUint64([]byte(seed), drawn))
	}
}

// Definition is a competition that anybody may join and that runs from two days
// before Start to five days after it.
func Definition(id string) competition.Definition {
	d := competition.Definition{
		ID: id, Name: "Game " + id,
		Start: Start - 2*msPerDay, End: Start + 5*msPerDay,
		Scoring:     competition.Weights{Step: 1000, Metre: 500, Kcal: 2000, Minute: 10_000},
		PrizeSplit:  []int64{50_000, 30_000, 20_000},
		DailyLimits: competition.DefaultDailyLimits, LateSyncHours: competition.DefaultLateSyncHours,
	}
	d.Complete()
	return d
}

// Create decides the beginning.
func (g *Game) Create(creator string) error {
	g.tick(creator)
	_, err := (&competition.CreateCompetition{
		Caller: competition.Caller{UserID: creator}, Definition: Definition(g.C.ID()),
	}).Decide(g.C, g.Now)
	return err
}

// Join decides an enrolment, a return, or a new name.
func (g *Game) Join(user, userName string) error {
	g.tick(user)
	_, err := (&competition.JoinCompetition{
		Caller: competition.Caller{UserID: user}, UserID: user, UserName: userName, Rename: true,
	}).Decide(g.C, g.Now)
	return err
}

// Leave decides that a user goes.
func (g *Game) Leave(user string) error {
	g.tick(user)
	_, err := (&competition.LeaveCompetition{Caller: competition.Caller{UserID: user}, UserID: user}).Decide(g.C, g.Now)
	return err
}

// Sync decides a report of a day's steps; day 0 is that of Start, which the
// latest is. It enrols a user who is new.
func (g *Game) Sync(user string, day int, steps int64) error {
	g.tick(user)
	_, err := g.C.SubmitSync(g.Now, &competition.SubmitSync{
		UserID: user, UserName: "Name of " + user, Source: "phone",
		Day:        calendar.DayOf(Start.Time()) + calendar.Day(day),
		RecordedAt: int64(g.Now) * 1e6,
		Metrics:    competition.Metrics{Steps: steps, DistanceCm: 70 * steps, EnergyCentikcal: 4 * steps, ActiveMinutes: steps / 100},
	})
	return err
}

// Review decides something that operators decide about a user: 0 excludes, 1
// restores, 2 corrects the day of Start, 3 withdraws that.
func (g *Game) Review(user string, what int) (err error) {
	g.tick(user)
	caller, day := competition.Caller{UserID: "creator", Operator: true}, calendar.DayOf(Start.Time())
	switch what {
	case 0:
		_, err = (&competition.ExcludeParticipant{Caller: caller, UserID: user, Reason: "a \"car\", é"}).Decide(g.C, g.Now)
	case 1:
		_, err = (&competition.RestoreParticipant{Caller: caller, UserID: user, Reason: "no car"}).Decide(g.C, g.Now)
	case 2:
		_, err = (&competition.CorrectDay{Caller: caller, UserID: user, Day: day, Metrics: competition.Metrics{Steps: 77}, Reason: "a bus"}).Decide(g.C, g.Now)
	default:
		_, err = (&competition.WithdrawCorrection{Caller: caller, UserID: user, Day: day, Reason: "no bus"}).Decide(g.C, g.Now)
	}
	return err
}

// Erase decides that a user is forgotten.
func (g *Game) Erase(e competition.Erasure) error {
	g.tick(e.UserID)
	_, err := (&competition.EraseParticipant{UserID: e.UserID, Pseudonym: e.Pseudonym}).Decide(g.C, g.Now)
	return err
}

// Play decides n commands by chance: mostly syncs of up to 50 users, and now and
// then somebody joins, leaves, is renamed or reviewed. It goes on over refusals.
func (g *Game) Play(rng *rand.Rand, n int) {
	for range n {
		user := fmt.Sprintf("user-%02d", rng.IntN(50))
		switch rng.IntN(20) {
		case 0:
			_ = g.Leave(user)
		case 1:
			_ = g.Join(user, fmt.Sprintf("Name %d", rng.IntN(1000)))
		case 2:
			_ = g.Review(user, rng.IntN(4))
			fallthrough // of one who is unknown, or again, nothing comes
		default:
			_ = g.Sync(user, -rng.IntN(3), rng.Int64N(30_000))
		}
	}
}

// tick lets a second pass and notes the user.
func (g *Game) tick(user string) {
	g.Now += 1000
	if !g.named[user] {
		g.named[user] = true
		g.Users = append(g.Users, user)
	}
}

// Take is what was decided since the last Take. It stays good until the Take
// after the next.
func (g *Game) Take() *competition.Batch {
	batch := g.C.Take(competition.Batch{})
	batch.Epoch = g.Epoch
	return &batch
}

// Confirm applies a batch that is durable.
func (g *Game) Confirm(batch *competition.Batch) error {
	for i := range batch.Events {
		if _, err := g.C.Apply(&batch.Events[i]); err != nil {
			return err
		}
	}
	g.C.Applied(batch)
	return nil
}

// Commit stores and applies what was decided. After an error nothing of it is
// applied; [competition.Competition.CatchUp] finds out what became of it.
func (g *Game) Commit(ctx context.Context) error {
	batch := g.C.Take(g.spare)
	batch.Epoch = g.Epoch
	g.spare = competition.Batch{}
	if batch.Empty() {
		return nil
	}
	if errs := g.Store.Append(ctx, []*competition.Batch{&batch}); errs != nil {
		g.C.Rollback()
		return errs[0]
	}
	if err := g.Confirm(&batch); err != nil {
		return err
	}
	g.spare = batch
	return nil
}

// Snapshot is what changed since the last one.
func (g *Game) Snapshot() competition.Snapshot {
	s := g.C.Snapshot()
	s.Epoch = g.Epoch
	return s
}

// Save stores a snapshot of what is applied.
func (g *Game) Save(ctx context.Context) error {
	snapshot := g.Snapshot()
	err := g.Store.Save(ctx, &snapshot)
	if err != nil {
		g.C.Resave(&snapshot)
	}
	return err
}
