package actors

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/postgres"
	"github.com/paceboard/paceboard/persistence/testservers"
)

// twoOnPostgres starts two engines as nodes on one PostgreSQL. Quota is how many
// competitions a user may create, and take part in.
func twoOnPostgres(t *testing.T, quota int) [2]*Engine {
	t.Helper()
	url := testservers.Postgres(t).NewDatabase(t, "")
	s := &nodes{t: t, owners: map[string]ownership{}, changed: make(chan struct{})}
	var engines [2]*Engine
	for i := range engines {
		self := competition.Node{ID: postgres.NewNodeID(), Address: fmt.Sprint("node-", i), Level: competition.FormatLevel}
		store, err := postgres.Open(t.Context(), postgres.Options{URL: url, Migrate: true, Cluster: &postgres.ClusterOptions{Node: self}})
		require.NoError(t, err)
		require.NoError(t, store.Register(t.Context(), self))
		one := &node{nodes: s, name: self.ID, learnt: map[string]string{}, lease: newTestLease()}
		s.all = append(s.all, one)
		one.engine, err = New(Options{Store: store, Peers: one, Lease: one.lease, Holds: store, MaxCreated: quota, MaxJoined: quota})
		require.NoError(t, err)
		engines[i] = one.engine
		t.Cleanup(func() { require.NoError(t, store.Close()) })
	}
	t.Cleanup(func() {
		for _, e := range engines {
			closeEngine(t, e)
		}
	})
	return engines
}

// TestNodesTakeTurns at what no single write decides.
func TestNodesTakeTurns(t *testing.T) {
	const most = 2
	engines := twoOnPostgres(t, most)
	t.Run("a user enrols and creates at two nodes", func(t *testing.T) { enrolAtBoth(t, engines, most) })
	t.Run("an invitation is accepted at one node and withdrawn at the other", func(t *testing.T) { answerAtBoth(t, engines) })
}

// enrolAtBoth: a user who enrols and creates through two nodes at once gets what one node
// would have allowed, exactly.
func enrolAtBoth(t *testing.T, engines [2]*Engine, most int) {
	t.Helper()
	const boards, rounds = 4, 6
	for i := range boards {
		_, _, err := engines[0].Create(&competition.CreateCompetition{Caller: operator, Definition: running(fmt.Sprint("board-", i))})
		require.NoError(t, err)
	}
	for round := range rounds {
		var joined, synced, made atomic.Int32
		count := func(n *atomic.Int32, err error) {
			if err == nil {
				n.Add(1)
			} else if !errors.Is(err, competition.ErrTooManyCompetitions) {
				t.Error(err)
			}
		}
		var all sync.WaitGroup
		for i := range boards {
			board, e := fmt.Sprint("board-", i), engines[i%2]
			all.Go(func() {
				_, err := e.Join(board, join(fmt.Sprint("joining-", round)))
				count(&joined, err)
			})
			all.Go(func() {
				items := []competition.BatchItem{{CompetitionID: board, Sync: *steps(fmt.Sprint("syncing-", round), 5)}}
				err := e.SubmitBatch(items, nil)
				count(&synced, errors.Join(err, items[0].Err))
			})
			all.Go(func() {
				_, _, err := e.Create(&competition.CreateCompetition{
					Caller: competition.Caller{UserID: fmt.Sprint("making-", round)}, Definition: running(fmt.Sprintf("made-%d-%d", round, i)),
				})
				count(&made, err)
			})
		}
		all.Wait()
		require.EqualValues(t, most, joined.Load())
		require.EqualValues(t, most, synced.Load())
		require.EqualValues(t, most, made.Load())
	}
}

// answerAtBoth: either the acceptance or the withdrawal succeeds, and the board agrees
// with it.
func answerAtBoth(t *testing.T, engines [2]*Engine) {
	t.Helper()
	const rounds = 12
	d := running("secret")
	d.Visibility, d.Enrollment = competition.Private, competition.Invite
	d.Complete()
	create(t, engines[0], d)
	taken := 0
	for round := range rounds {
		user := fmt.Sprint("user-", round)
		i := invite(t, engines[0], user)
		var both sync.WaitGroup
		var accepted, withdrawn error
		both.Go(func() { _, _, accepted = engines[round%2].AcceptInvitation(i.ID, join(user)) })
		both.Go(func() { _, withdrawn = engines[1-round%2].WithdrawInvitation("secret", theCreator, i.ID) })
		both.Wait()
		require.NotEqual(t, accepted == nil, withdrawn == nil, "%v, %v", accepted, withdrawn)
		require.ErrorIs(t, errors.Join(accepted, withdrawn), competition.ErrInvitationDecided)
		if accepted == nil {
			taken++
		}
		require.Len(t, members(t, engines[0]), taken)
	}
}
