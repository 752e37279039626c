package projection

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// recorder is a Store that keeps what it is given to project.
type recorder struct {
	competition.Snapshots     // none of its own: Load is below
	competition.LifetimeStore // nor of these
	unprojected               []string
	stored                    *competition.Snapshot
	took                      time.Duration // by a call

	mu     sync.Mutex // guards what follows, which tests look at and change meanwhile
	answer func(p *competition.Projection) error
	parts  []competition.Projection
}

func (r *recorder) projected() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.parts)
}

func (r *recorder) Unprojected(_ context.Context, visit func(string)) error {
	for _, id := range r.unprojected {
		visit(id)
	}
	return nil
}

func (r *recorder) Load(_ context.Context, _ string, header func([]byte) error, row func(competition.Row) error) error {
	if err := header(r.stored.Header); err != nil {
		return err
	}
	for _, one := range r.stored.Rows {
		if err := row(one); err != nil {
			return err
		}
	}
	return nil
}

func (r *recorder) Project(_ context.Context, p *competition.Projection) error {
	<-time.After(r.took)
	r.mu.Lock()
	defer r.mu.Unlock()
	part := *p
	part.Rows = slices.Clone(p.Rows)
	r.parts = append(r.parts, part)
	if r.answer != nil {
		return r.answer(p)
	}
	return nil
}

func start(t *testing.T, r *recorder, rows int) *Projector {
	t.Helper()
	p := Start(Options{
		Life: t.Context(), Store: r, Logger: slog.New(slog.DiscardHandler), Timeout: time.Minute, RecoveryTimeout: time.Minute, Rows: rows,
	})
	t.Cleanup(p.Close)
	return p
}

// snapshotOf is a snapshot of a competition that was just created, with so many rows.
func snapshotOf(t *testing.T, rows int) *competition.Snapshot {
	t.Helper()
	core := competition.New("spring", func() competition.Key { return competition.Key{} })
	d := competition.Definition{ID: "spring", Name: "Spring", Start: 1000, End: 2000, Scoring: competition.Weights{Step: 1}, PrizeSplit: []int64{100_000}}
	d.Complete()
	_, err := (&competition.CreateCompetition{Caller: competition.Caller{UserID: "boss"}, Definition: d}).Decide(core, 1)
	require.NoError(t, err)
	batch := core.Take(competition.Batch{})
	core.Applied(&batch)
	for i := range batch.Events {
		_, err := core.Apply(&batch.Events[i])
		require.NoError(t, err)
	}
	s := core.Snapshot()
	require.NotZero(t, s.Seq)
	s.Rows = make([]competition.Row, rows)
	for i := range s.Rows {
		s.Rows[i].Number = uint32(i + 1)
	}
	return &s
}

func TestPartsOfASnapshotMoveTheCheckpointLast(t *testing.T) {
	for name, all := range map[string]bool{"one that was just stored": false, "the stored one": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := snapshotOf(t, 25)
				r := &recorder{stored: s}
				if all {
					r.unprojected = []string{"spring"}
				}
				p := start(t, r, 10)
				if !all {
					p.Add(s)
				}
				synctest.Wait()
				var numbers []uint32
				for i, part := range r.parts {
					require.LessOrEqual(t, len(part.Rows), 10)
					require.Equal(t, i == len(r.parts)-1, part.To == s.Seq, "part %d", i)
					for _, row := range part.Rows {
						numbers = append(numbers, row.Number)
					}
				}
				require.Len(t, numbers, 25)
				require.True(t, slices.IsSorted(numbers))
				require.Zero(t, p.State())
			})
		})
	}
}

func TestTheProjectorRestsFourTimesAsLongAsItWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{took: time.Second}
		p := start(t, r, 10)
		began := time.Now()
		p.Add(snapshotOf(t, 25))
		<-time.After(12 * time.Second)
		require.Equal(t, 3, r.projected(), "after 0, 5 and 10 seconds")
		state := p.State()
		require.Equal(t, 1, state.Lagging)
		require.Equal(t, time.Since(began), state.Lag)
		<-time.After(3 * time.Second)
		synctest.Wait()
		require.Zero(t, p.State())
	})
}

func TestWhatFailsIsTriedAgainWithPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{answer: func(*competition.Projection) error { return competition.ErrUnavailable }}
		p := start(t, r, 10)
		p.Add(snapshotOf(t, 1))
		<-time.After(time.Hour)
		state := p.State()
		require.Equal(t, 1, state.Lagging)
		require.InDelta(t, 3600/5, state.Failures, 10, "every five seconds at the end")
		r.mu.Lock()
		r.answer = nil
		r.mu.Unlock()
		<-time.After(5 * time.Second)
		synctest.Wait()
		require.Equal(t, competition.Projecting{Failures: state.Failures}, p.State())
	})
}

func TestRowsOnTopOfSomethingMissingHaveAllRowsProjected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := snapshotOf(t, 3)
		s.Since = 7
		r := &recorder{stored: s, answer: func(p *competition.Projection) error {
			if p.From > 0 {
				return competition.ErrConflict
			}
			return nil
		}}
		p := start(t, r, 10)
		p.Add(s)
		synctest.Wait()
		require.Len(t, r.parts, 2)
		require.Zero(t, r.parts[1].From)
		require.Len(t, r.parts[1].Rows, 3)
		require.Zero(t, p.State())
	})
}

func TestCloseProjectsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{took: time.Second}
		p := start(t, r, 10)
		for range 3 {
			p.Add(snapshotOf(t, 1))
			synctest.Wait()
		}
		began := time.Now()
		p.Close()
		require.Len(t, r.parts, 3)
		require.Equal(t, 3*time.Second, time.Since(began), "without resting")
	})
}

func TestTheQueueKeepsNoMoreThanABacklog(t *testing.T) {
	p := &Projector{queue: newQueue()}
	snapshot := func(seq uint64, rows int) *competition.Snapshot {
		return &competition.Snapshot{CompetitionID: "spring", Since: seq - 1, Seq: seq, Rows: make([]competition.Row, rows)}
	}
	p.Add(snapshot(2, backlog-1))
	p.Add(snapshot(1, 1))
	id, j := p.queue.take()
	require.Equal(t, "spring", id)
	require.False(t, j.all)
	require.EqualValues(t, 1, j.snapshots[0].Seq, "in the order of seqs")
	p.queue.put(id, j)
	p.Add(snapshot(3, 1))
	p.Add(snapshot(4, 1))
	_, j = p.queue.take()
	require.True(t, j.all, "all of them are read again")
	require.Empty(t, j.snapshots)
	id, j = p.queue.take()
	require.Empty(t, id)
	require.Nil(t, j)
}
