package actors

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// idOf returns the id of a competition that belongs to a node once all are there.
func (s *nodes) idOf(home *node) string {
	for i := 0; ; i++ {
		if id := fmt.Sprintf("spring-%d", i); home.Home(id) {
			return id
		}
	}
}

// TestANodeDoesNotRememberThatThereIsNoSuchCompetition: it was asked to create one, and
// refused. Then another node comes, to which the competition belongs, and creates it.
func TestANodeDoesNotRememberThatThereIsNoSuchCompetition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 2, func(o *Options) { o.MaxCreated = 1 })
		first, second := s.all[0], s.all[1]
		id := s.idOf(second)
		s.lock(func() { second.dead = true }) // it is not there yet
		zoe := competition.Caller{UserID: "zoe"}
		_, _, err := first.engine.Create(&competition.CreateCompetition{Caller: zoe, Definition: running("other")})
		require.NoError(t, err)
		_, _, err = first.engine.Create(&competition.CreateCompetition{Caller: zoe, Definition: running(id)})
		require.ErrorIs(t, err, competition.ErrTooManyCompetitions)
		_, err = first.engine.Top(id, operator)
		require.ErrorIs(t, err, competition.ErrUnknownCompetition)

		s.lock(func() { second.dead = false })
		_, created, err := second.engine.Create(&competition.CreateCompetition{Caller: operator, Definition: running(id)})
		require.NoError(t, err)
		require.True(t, created)
		_, err = first.engine.Top(id, operator)
		require.NoError(t, err)
		_, err = first.sync(id, "ann", 1000)
		require.NoError(t, err)
	})
}

// TestTimeReachesABoardThatItsOwnerForgot: a node gave a board up and the store did not
// hear of it, so the store goes on naming a node that lives and does not have the board.
// Nobody asks for the board, and it ends in time all the same.
func TestTimeReachesABoardThatItsOwnerForgot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 2, nil)
		first, second := s.all[0], s.all[1]
		id := s.idOf(second)
		s.lock(func() { second.dead = true }) // it is not there yet
		end := calendar.MillisOf(first.engine.options.Now()) + 120_000
		s.create(id, func(d *competition.Definition) { d.End = end; d.Complete() })
		_, err := first.sync(id, "ann", 1000)
		require.NoError(t, err)

		s.lock(func() { second.dead, first.forgetful = false, true })
		forgotten := first.engine.actors.registry.find(id)
		first.engine.rebalance()
		<-forgotten.gone
		s.lock(func() {
			first.forgetful = false
			require.Equal(t, first.name, s.owners[id].node)
		})
		pass(119 * time.Second)
		require.Equal(t, competition.Active, s.status(id))
		pass(30 * time.Second)
		require.Equal(t, competition.Finalizing, s.status(id))
		pass(time.Minute)
		s.lock(func() { require.NotEqual(t, first.name, s.owners[id].node, "it has been given up again") })
	})
}

// status returns a competition's status as it is stored.
func (s *nodes) status(id string) competition.Status {
	s.t.Helper()
	summary, err := s.store.Find(s.t.Context(), id)
	require.NoError(s.t, err)
	return summary.Status
}

// TestTheLastNodeStopsWithSubscribers: when no other node is there to take the board, its
// subscribers are not kept until a request's time is over.
func TestTheLastNodeStopsWithSubscribers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 2, nil)
		owner, other := s.spring()
		s.stop(other)
		ann := competition.NewSubscription("spring", "ann", make(chan struct{}, 1))
		require.NoError(t, owner.engine.Subscribe(ann, competition.Caller{UserID: "ann"}))
		began := time.Now()
		closeEngine(t, owner.engine)
		require.Less(t, time.Since(began), 500*time.Millisecond)
		require.True(t, ann.Ended())
	})
}
