package actors

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// Nearly all tests run in a bubble of testing/synctest: time passes when
// everything waits, and no goroutine may be left behind.

// pass lets time pass, and all come to rest.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// startEngine starts an engine that is closed at the end of the test, and holds
// it to calling the store no more then.
func startEngine(t *testing.T, store *memoryStore, change func(*Options)) *Engine {
	t.Helper()
	o := Options{Store: store}
	if change != nil {
		change(&o)
	}
	e, err := New(o)
	require.NoError(t, err)
	t.Cleanup(func() {
		closeEngine(t, e)
		require.NoError(t, store.Close())
		pass(time.Minute) // the actor system's own timers
	})
	return e
}

func closeEngine(t *testing.T, e *Engine) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) //nolint:usetesting // the test's own ends before its cleanups
	defer cancel()
	require.NoError(t, e.Close(ctx))
}

// running is the definition of a competition that takes syncs of these days, a
// point a step.
func running(id string) competition.Definition {
	now := time.Now()
	d := competition.Definition{
		ID: id, Name: "Spring", Start: calendar.MillisOf(now.Add(-72 * time.Hour)), End: calendar.MillisOf(now.Add(72 * time.Hour)),
		Scoring: competition.Weights{Step: 1000}, PrizeSplit: []int64{60_000, 30_000, 10_000},
		DailyLimits: competition.DefaultDailyLimits, LateSyncHours: competition.DefaultLateSyncHours,
	}
	d.Complete()
	return d
}

func create(t *testing.T, e *Engine, d competition.Definition) {
	t.Helper()
	_, created, err := e.Create(&competition.CreateCompetition{Caller: competition.Caller{UserID: "creator"}, Definition: d})
	require.NoError(t, err)
	require.True(t, created)
}

func steps(user string, n int64) *competition.SubmitSync {
	return &competition.SubmitSync{UserID: user, Source: "watch", Day: calendar.DayOf(time.Now()), Metrics: competition.Metrics{Steps: n}}
}

func join(user string) *competition.JoinCompetition {
	return &competition.JoinCompetition{Caller: competition.Caller{UserID: user}, UserID: user}
}

// submit is a sync that must be taken.
func submit(t *testing.T, e *Engine, id string, s *competition.SubmitSync) competition.SyncReply {
	t.Helper()
	reply, err := e.SubmitSync(id, s)
	require.NoError(t, err)
	return reply
}

// later runs a call of its own and gives its error.
func later(call func() error) <-chan error {
	answer := make(chan error, 1)
	go func() { answer <- call() }()
	return answer
}

// firstSyncs are those of n users, one after the other, as far as they come.
func firstSyncs(e *Engine, id string, n int) (answers []<-chan error) {
	for i := range n {
		answers = append(answers, later(func() error { _, err := e.SubmitSync(id, steps(fmt.Sprint(i), 1)); return err }))
		synctest.Wait()
	}
	return answers
}

// scores is a competition's whole board.
func scores(t *testing.T, e *Engine, id string) map[string]int64 {
	t.Helper()
	page, err := e.Page(id, operator, 0, 1000, nil)
	require.NoError(t, err)
	all := map[string]int64{}
	for _, entry := range page.Entries {
		all[entry.UserID] = entry.Score
	}
	return all
}

// unknown is a command that makes the actor panic.
type unknown struct{}

// gate makes appends wait until open is closed, or their time is over, and then
// answers them; it is a memoryStore.beforeAppend.
type gate struct {
	open  chan struct{}
	err   error
	store bool
}

func newGate(err error, store bool) *gate {
	return &gate{open: make(chan struct{}), err: err, store: store}
}

func (g *gate) wait(ctx context.Context) (store bool, err error) {
	select {
	case <-g.open:
		return g.store, g.err
	case <-ctx.Done():
		return false, competition.ErrUnavailable
	}
}

// failing answers an append at once.
func (g *gate) failing(context.Context) (store bool, err error) {
	return g.store, g.err
}

// run has a competition carry out a command that answers with a T.
func run[T any](e *Engine, id string, c competition.Command) (answer T, err error) {
	got, err := e.Run(id, c)
	if err == nil {
		answer = got.(T)
	}
	return answer, err
}

// obey is run where what matters is whether it is refused.
func obey(e *Engine, id string, c competition.Command) error {
	_, err := e.Run(id, c)
	return err
}
