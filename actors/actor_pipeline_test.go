package actors

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// pipelinedStore is a memoryStore that takes the next append before it has
// answered the last: it does them in order, each in its time.
type pipelinedStore struct {
	*memoryStore
	order sync.Mutex
	last  <-chan struct{} // closed when all that was sent is answered
}

// AppendNext implements competition.Pipeline.
func (s *pipelinedStore) AppendNext(ctx context.Context, batches []*competition.Batch, answered func([]error)) {
	s.order.Lock()
	defer s.order.Unlock()
	before, done := s.last, make(chan struct{})
	s.last = done
	go func() {
		defer close(done)
		if before != nil {
			<-before
		}
		answered(s.Append(ctx, batches))
	}()
}

func TestAPipelineHasTheNextBatchBeforeItHasAnsweredTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, func(o *Options) { o.Store = &pipelinedStore{memoryStore: store} })
		create(t, e, running("spring"))
		before := len(store.journals["spring"])
		g := newGate(nil, true)
		store.set(func() { store.beforeAppend = g.wait })
		answers := firstSyncs(e, "spring", 20)
		require.EqualValues(t, 4, e.actors.writer.events.Load(), "each first sync enrols, too, and what is no larger than the batch before gathers")
		close(g.open)
		for _, answer := range answers {
			require.NoError(t, <-answer)
		}
		sizes := make([]int, 0, 3)
		for _, b := range store.journals["spring"][before:] {
			sizes = append(sizes, int(b.LastSeq-b.FirstSeq)+1)
		}
		require.Equal(t, []int{2, 2, 36}, sizes)
	})
}

// What a batch continues was not stored: it cannot be, either, and everybody who
// waits for it must hear so.
func TestABatchThatFailsTakesThoseBehindAlong(t *testing.T) {
	for name, c := range map[string]struct {
		first  error // of the batch in front, which is stored if there is none
		stored bool
		rival  bool // somebody else writes as many events in between
	}{
		"not stored":                            {first: competition.ErrUnavailable},
		"stored, and nobody heard so":           {first: competition.ErrUnavailable, stored: true},
		"somebody else wrote the same seqs":     {rival: true},
		"all is well, and both are there":       {stored: true},
		"somebody else, and the answer is lost": {first: competition.ErrUnavailable, rival: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemoryStore()
				e := startEngine(t, store, func(o *Options) { o.Store = &pipelinedStore{memoryStore: store} })
				create(t, e, running("spring"))
				for _, user := range []string{"ann", "bob"} {
					submit(t, e, "spring", steps(user, 1))
				}
				g := newGate(c.first, c.stored || c.rival)
				store.set(func() { store.beforeAppend = g.wait })
				ann := later(func() error { _, err := e.SubmitSync("spring", steps("ann", 10)); return err })
				synctest.Wait()
				bob := later(func() error { _, err := e.SubmitSync("spring", steps("bob", 20)); return err })
				synctest.Wait()
				if c.rival {
					theirs, err := competition.Recover(t.Context(), "spring", store, newKey, nil)
					require.NoError(t, err)
					_, err = theirs.SubmitSync(calendar.MillisOf(e.options.Now()), steps("ann", 5))
					require.NoError(t, err)
					batch := theirs.Take(competition.Batch{})
					store.set(func() { require.NoError(t, store.append(&batch)) })
				}
				close(g.open)
				if c.stored && c.first == nil {
					require.NoError(t, <-ann)
					require.NoError(t, <-bob)
					require.Equal(t, map[string]int64{"ann": 10, "bob": 20}, scores(t, e, "spring"))
					return
				}
				require.ErrorIs(t, <-ann, competition.ErrUnavailable)
				require.ErrorIs(t, <-bob, competition.ErrUnavailable)
				store.set(func() { store.beforeAppend = nil })
				pass(2 * time.Second)
				want := map[string]int64{"ann": 1, "bob": 1}
				switch {
				case c.rival:
					want["ann"] = 5
				case c.stored:
					want["ann"], want["bob"] = 10, 20
				}
				require.Equal(t, want, scores(t, e, "spring"))
				submit(t, e, "spring", steps("ann", 30))
				submit(t, e, "spring", steps("bob", 40))
				require.Equal(t, map[string]int64{"ann": 30, "bob": 40}, scores(t, e, "spring"))
				again, err := competition.Recover(t.Context(), "spring", store.bare(), newKey, nil)
				require.NoError(t, err, "the journal is one chain")
				require.Equal(t, again.DecidedSeq(), again.Seq())
			})
		})
	}
}

// Competitions share commits, and of each a commit has one batch at most.
func TestAFenceIsBehindEverythingOfItsCompetition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, func(o *Options) { o.Store = &pipelinedStore{memoryStore: store} })
		create(t, e, running("spring"))
		g := newGate(nil, true)
		store.set(func() { store.beforeAppend = g.wait })
		answers := firstSyncs(e, "spring", 3)
		fence := later(func() error { return e.actors.writer.fence(t.Context()) })
		synctest.Wait()
		require.Empty(t, fence, "it does not wait")
		close(g.open)
		require.NoError(t, <-fence)
		for _, answer := range answers {
			require.NoError(t, <-answer)
		}
	})
}
