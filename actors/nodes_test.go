package actors

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/internal/tracing"
)

// nodes are engines on one store, which own its competitions as processes of a cluster
// do. Links are calls, and who lives is what the test says.
type nodes struct {
	t     *testing.T
	store *memoryStore

	mu      sync.Mutex
	all     []*node
	owners  map[string]ownership
	changed chan struct{}
	asked   atomic.Int64 // requests from node to node
}

type ownership struct {
	node  string
	epoch uint64
}

// node is one of them, and what it is to its engine: store, peers and lease.
type node struct {
	competition.Store
	nodes  *nodes
	name   string
	engine *Engine
	lease  *testLease

	cut, dead       bool  // reaches nobody; buried
	hidden          bool  // it reaches others, and nobody reaches it
	lost, withdrawn bool  // as its peers know that, and as it does
	forgetful       bool  // what it releases stays its own: the store is not reached at that moment
	storeless       bool  // does not reach the store, as one that stood still and whose sessions were ended
	refused         error // by its links, whatever it asks
	locked          int   // claims and appends that are still refused: the row is locked
	learnt          map[string]string
}

func startNodes(t *testing.T, n int, change func(*Options)) *nodes {
	t.Helper()
	s := &nodes{t: t, store: newMemoryStore(), owners: map[string]ownership{}, changed: make(chan struct{})}
	for i := range n {
		one := &node{Store: s.store, nodes: s, name: fmt.Sprintf("node-%d", i), learnt: map[string]string{}, lease: newTestLease()}
		o := Options{Store: one, Peers: one, Lease: one.lease}
		if change != nil {
			change(&o)
		}
		s.all = append(s.all, one)
		var err error
		one.engine, err = New(o)
		require.NoError(t, err)
	}
	t.Cleanup(func() {
		s.lock(func() {
			for _, one := range s.all {
				one.cut = false
			}
		})
		for _, one := range s.all {
			one.lease.set(true)
			closeEngine(t, one.engine)
		}
		require.NoError(t, s.store.Close())
		pass(time.Minute)
	})
	return s
}

func (s *nodes) lock(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	close(s.changed)
	s.changed = make(chan struct{})
}

// owner returns the node that owns a competition, and another one.
func (s *nodes) owner(id string) (owner, other *node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.all {
		if one.name == s.owners[id].node {
			owner = one
		} else if !one.dead && !one.cut {
			other = one
		}
	}
	require.NotNil(s.t, owner, "nobody owns %q", id)
	return owner, other
}

// spring creates a competition, and has ann take part in it; it returns its owner, and
// another node.
func (s *nodes) spring() (owner, other *node) {
	s.t.Helper()
	s.create("spring", nil)
	owner, other = s.owner("spring")
	_, err := other.sync("spring", "ann", 1000)
	require.NoError(s.t, err)
	return owner, other
}

// stop ends a node gracefully.
func (s *nodes) stop(one *node) {
	s.lock(func() { one.dead = true }) // leaving: nothing is placed there any more
	closeEngine(s.t, one.engine)
	s.lock(func() { one.cut = true })
}

func (s *nodes) owns(one *node, id string, epoch uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch o := s.owners[id]; {
	case one.cut, one.storeless:
		return competition.ErrUnavailable
	case o.node != one.name || o.epoch != epoch:
		return &competition.ElsewhereError{Node: o.node}
	}
	return nil
}

func (s *nodes) exists(id string) bool {
	_, err := s.store.Find(context.Background(), id)
	return err == nil
}

func (one *node) Claim(_ context.Context, id string) (uint64, error) {
	s := one.nodes
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.owners[id]
	held := slices.ContainsFunc(s.all, func(other *node) bool { return other.name == o.node && other != one && !other.dead })
	switch {
	case one.cut, one.storeless:
		return 0, competition.ErrUnavailable
	case one.locked > 0:
		one.locked--
		return 0, competition.ErrUnavailable
	case held:
		return 0, &competition.ElsewhereError{Node: o.node}
	case !s.exists(id): // so there is nothing to note the owner in, until somebody creates it
		return 1, nil
	}
	s.owners[id] = ownership{one.name, o.epoch + 1}
	return o.epoch + 1, nil
}

func (one *node) Owns(_ context.Context, id string, epoch uint64) error {
	return one.nodes.owns(one, id, epoch)
}

func (one *node) Release(_ context.Context, id string, epoch uint64) error {
	s := one.nodes
	s.mu.Lock()
	defer s.mu.Unlock()
	if one.forgetful {
		return competition.ErrUnavailable
	}
	if s.owners[id] == (ownership{one.name, epoch}) {
		s.owners[id] = ownership{epoch: epoch}
	}
	return nil
}

func (one *node) Append(ctx context.Context, batches []*competition.Batch) []error {
	errs := make([]error, len(batches))
	for i, b := range batches {
		if b.FirstSeq == 1 && !one.nodes.exists(b.CompetitionID) {
			one.nodes.lock(func() { one.nodes.owners[b.CompetitionID] = ownership{one.name, b.Epoch} })
		}
		if errs[i] = one.nodes.owns(one, b.CompetitionID, b.Epoch); errs[i] != nil {
			continue
		}
		if one.isLocked() {
			errs[i] = competition.ErrRowLocked
			continue
		}
		if stored := one.Store.Append(ctx, batches[i:i+1]); stored != nil {
			errs[i] = stored[0]
		}
	}
	if slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
		return errs
	}
	return nil
}

// isLocked reports whether the row is locked, and counts that.
func (one *node) isLocked() bool {
	one.nodes.mu.Lock()
	defer one.nodes.mu.Unlock()
	if one.locked == 0 {
		return false
	}
	one.locked--
	return true
}

func (one *node) Save(ctx context.Context, snapshot *competition.Snapshot) error {
	if err := one.nodes.owns(one, snapshot.CompetitionID, snapshot.Epoch); err != nil {
		return err
	}
	return one.Store.Save(ctx, snapshot)
}

func (one *node) home(id string) *node {
	var living []*node
	for _, other := range one.nodes.all {
		if !other.dead && !other.lost {
			living = append(living, other)
		}
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return living[int(h.Sum32())%len(living)]
}

func (one *node) Route(id string) string {
	one.nodes.mu.Lock()
	defer one.nodes.mu.Unlock()
	name := one.home(id).name
	if learnt := one.learnt[id]; learnt != "" {
		name = learnt
	}
	if name == one.name {
		return ""
	}
	return name
}

func (one *node) Home(id string) bool {
	one.nodes.mu.Lock()
	defer one.nodes.mu.Unlock()
	return one.home(id) == one
}

func (one *node) Appointed(task string) bool { return one.Home(task) }

func (one *node) Lost(name string) bool {
	one.nodes.mu.Lock()
	defer one.nodes.mu.Unlock()
	return slices.ContainsFunc(one.nodes.all, func(other *node) bool { return other.name == name && other.lost })
}

func (one *node) Withdrawn() bool {
	one.nodes.mu.Lock()
	defer one.nodes.mu.Unlock()
	return one.withdrawn
}

func (one *node) Learn(id, name string) {
	one.nodes.mu.Lock()
	defer one.nodes.mu.Unlock()
	one.learnt[id] = name
}

func (one *node) Changed() <-chan struct{} {
	one.nodes.mu.Lock()
	defer one.nodes.mu.Unlock()
	return one.nodes.changed
}

func (one *node) Ask(name, id string, kind uint16, body []byte, trace tracing.Context, deadline time.Time) ([]byte, error) {
	s := one.nodes
	s.asked.Add(1)
	s.mu.Lock()
	i := slices.IndexFunc(s.all, func(other *node) bool { return other.name == name && !other.cut && !other.hidden })
	cut, refused := one.cut, one.refused
	s.mu.Unlock()
	if refused != nil {
		return nil, refused
	}
	if i < 0 || cut {
		return nil, competition.ErrNotDelivered
	}
	answer := make(chan []byte, 1)
	s.all[i].engine.Serve(id, kind, body, trace, deadline, func(b []byte) { answer <- bytes.Clone(b) })
	select {
	case b := <-answer:
		return b, nil
	case <-time.After(time.Until(deadline)):
		return nil, competition.ErrUnavailable
	}
}

// testLease is a lease that the test ends and extends.
type testLease struct {
	mu      sync.Mutex
	valid   bool
	changed chan struct{}
}

func newTestLease() *testLease { return &testLease{valid: true, changed: make(chan struct{})} }

func (l *testLease) set(valid bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.valid = valid
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *testLease) Valid() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.valid
}

func (l *testLease) Await(deadline time.Time) error {
	for {
		l.mu.Lock()
		valid, changed := l.valid, l.changed
		l.mu.Unlock()
		if valid {
			return nil
		}
		select {
		case <-changed:
		case <-time.After(time.Until(deadline)):
			return competition.ErrUnavailable
		}
	}
}

// create creates a competition on the first node; some other may own it.
func (s *nodes) create(id string, change func(*competition.Definition)) {
	s.t.Helper()
	d := running(id)
	if change != nil {
		change(&d)
	}
	_, created, err := s.all[0].engine.Create(&competition.CreateCompetition{Caller: operator, Definition: d})
	require.NoError(s.t, err)
	require.True(s.t, created)
}

func (one *node) sync(id, user string, n int64) (competition.SyncReply, error) {
	return one.engine.SubmitSync(id, steps(user, n))
}

func TestAnyNodeTakesAnyRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 3, nil)
		for i := range 5 {
			id := fmt.Sprintf("spring-%d", i)
			s.create(id, nil)
			for k, one := range s.all {
				for round := range 3 {
					reply, err := one.sync(id, fmt.Sprintf("user-%d", k), int64(100*round+10*k+1))
					require.NoError(t, err)
					require.EqualValues(t, 100*round+10*k+1, reply.Score)
					for _, reader := range s.all { // each acknowledged sync is seen everywhere at once
						top, err := reader.engine.Top(id, operator)
						require.NoError(t, err)
						require.Contains(t, scoresOf(top.Entries), int64(100*round+10*k+1))
						around, err := reader.engine.Around(id, operator, fmt.Sprintf("user-%d", k), 1, nil)
						require.NoError(t, err)
						require.Contains(t, scoresOf(around.Entries), int64(100*round+10*k+1))
					}
				}
			}
		}
		owners := map[string]bool{}
		for _, o := range s.owners {
			owners[o.node] = true
		}
		require.Greater(t, len(owners), 1, "competitions are placed, not kept where they were created")
		require.NotZero(t, s.asked.Load())
		for _, one := range s.all {
			_, err := one.sync("nowhere", "user-0", 1)
			require.ErrorIs(t, err, competition.ErrUnknownCompetition)
			_, err = one.engine.Top("nowhere", operator)
			require.ErrorIs(t, err, competition.ErrUnknownCompetition)
			replies, err := one.engine.SubmitEverywhere(steps("user-1", 500), nil)
			require.NoError(t, err)
			require.Len(t, replies, 5)
			items := []competition.BatchItem{
				{CompetitionID: "spring-0", Sync: *steps("user-0", 700)},
				{CompetitionID: "nowhere", Sync: *steps("user-0", 700)},
				{CompetitionID: "spring-1", Sync: *steps("user-2", 700)},
				{Sync: *steps("user-2", 800)},
			}
			require.NoError(t, one.engine.SubmitBatch(items, nil))
			require.ErrorIs(t, items[1].Err, competition.ErrUnknownCompetition)
			for _, i := range []int{0, 2, 3} {
				require.NoError(t, items[i].Err)
				require.NotEmpty(t, items[i].Replies)
			}
		}
	})
}

func scoresOf(entries []competition.Entry) (scores []int64) {
	for i := range entries {
		scores = append(scores, entries[i].Score)
	}
	return scores
}

func TestWhatOneNodeDecidesEveryNodeKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 3, nil)
		s.create("spring", nil)
		owner, other := s.owner("spring")
		for _, user := range []string{"ann", "bob", "cleo"} {
			_, err := other.sync("spring", user, 1000)
			require.NoError(t, err)
		}
		_, err := owner.engine.Run("spring", &competition.ExcludeParticipant{Caller: operator, UserID: "bob", Reason: "a car"})
		require.NoError(t, err)
		_, err = other.engine.Run("spring", &competition.RestoreParticipant{Caller: operator, UserID: "bob", Reason: "no car"})
		require.NoError(t, err)
		top, err := owner.engine.Top("spring", operator)
		require.NoError(t, err)
		require.Equal(t, 3, top.Total, "restoring at another node has an effect")

		_, err = other.engine.EraseUser("ann")
		require.NoError(t, err)
		for _, one := range s.all {
			_, err = one.engine.Around("spring", operator, "ann", 0, nil)
			require.ErrorIs(t, err, competition.ErrNotEnrolled)
		}
		_, err = owner.sync("spring", "ann", 2000)
		require.NoError(t, err, "somebody new")
		_, err = other.engine.Run("spring", &competition.LeaveCompetition{Caller: competition.Caller{UserID: "cleo"}, UserID: "cleo"})
		require.NoError(t, err)
		_, err = owner.sync("spring", "cleo", 2000)
		require.ErrorIs(t, err, competition.ErrNotEnrolled)
		_, err = owner.engine.Join("spring", &competition.JoinCompetition{Caller: competition.Caller{UserID: "cleo"}, UserID: "cleo"})
		require.NoError(t, err)
		_, err = other.sync("spring", "cleo", 2000)
		require.NoError(t, err)
	})
}

func TestABoardOutlivesItsNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 3, nil)
		s.create("spring", nil)
		for round := range 2 {
			owner, other := s.owner("spring")
			_, err := other.sync("spring", "ann", int64(1000+round))
			require.NoError(t, err)
			s.stop(owner)
			reply, err := other.sync("spring", "bob", int64(1000+round))
			require.NoError(t, err)
			require.Equal(t, 2, reply.Total)
			top, err := other.engine.Top("spring", operator)
			require.NoError(t, err)
			require.Equal(t, []int64{int64(1000 + round), int64(1000 + round)}, scoresOf(top.Entries))
		}
	})
}

func TestADeadNodesBoardIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 3, nil)
		owner, other := s.spring()
		s.lock(func() { owner.cut = true })
		owner.lease.set(false)
		began := time.Now()
		time.AfterFunc(2*time.Second, func() { s.lock(func() { owner.dead = true }) })
		reply, err := other.sync("spring", "ann", 2000)
		require.NoError(t, err)
		require.EqualValues(t, 2000, reply.Score)
		require.InDelta(t, 2, time.Since(began).Seconds(), 0.3)
		_, err = owner.engine.Top("spring", operator)
		require.ErrorIs(t, err, competition.ErrUnavailable, "the old owner's memory is not shown")
		_, err = owner.sync("spring", "ann", 1000)
		require.ErrorIs(t, err, competition.ErrUnavailable, "nor does it answer a repeat from it")
	})
}

func TestADeposedNodeDoesNotRefuseForTheNextOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 2, nil)
		owner, other := s.spring()
		s.lock(func() { owner.storeless = true })
		owner.lease.set(false)
		time.AfterFunc(time.Second, func() { s.lock(func() { owner.dead = true }) })
		var asking errgroup.Group
		for name, sync := range map[string]func() error{
			"one sync": func() error { _, err := other.sync("spring", "ann", 2000); return err },
			"a batch": func() error {
				items := []competition.BatchItem{{CompetitionID: "spring", Sync: *steps("bob", 1000)}}
				return errors.Join(other.engine.SubmitBatch(items, nil), items[0].Err)
			},
		} {
			asking.Go(func() error {
				if err := sync(); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				return nil
			})
		}
		require.NoError(t, asking.Wait())
		top, err := other.engine.Top("spring", operator)
		require.NoError(t, err)
		require.Equal(t, []int64{2000, 1000}, scoresOf(top.Entries))
	})
}

// TestALockedRowIsWaitedOut: a statement of a former owner locks a board's row before it is
// refused, and the owner's append finds it locked.
func TestALockedRowIsWaitedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 2, nil)
		owner, other := s.spring()
		walked := int64(1000)
		more := func() int64 { walked++; return walked }
		for _, from := range []*node{owner, other} {
			for what, ask := range map[string]func() error{
				"a sync": func() error { _, err := from.sync("spring", "ann", more()); return err },
				"a batch": func() error {
					items := []competition.BatchItem{{CompetitionID: "spring", Sync: *steps("ann", more())}}
					return errors.Join(from.engine.SubmitBatch(items, nil), items[0].Err)
				},
				"a command": func() error {
					_, err := from.engine.Join("spring", &competition.JoinCompetition{Caller: operator, UserID: "new-at-" + from.name})
					return err
				},
			} {
				s.lock(func() { owner.locked = 3 })
				require.NoError(t, ask(), what)
				s.lock(func() { require.Zero(t, owner.locked, what) })
			}
		}
		s.lock(func() { owner.locked = 1 << 30 })
		began := time.Now()
		_, err := owner.sync("spring", "ann", 4000)
		require.Error(t, err)
		require.InDelta(t, 5, time.Since(began).Seconds(), 1, "no longer than its deadline")
		s.lock(func() { owner.locked = 0 })
		_, err = other.sync("spring", "ann", 4000)
		require.NoError(t, err)
		top, err := other.engine.Top("spring", operator)
		require.NoError(t, err)
		require.Equal(t, int64(4000), top.Entries[0].Score)
	})
}

func TestARequestWaitsUntilItsBoardIsRecovered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 2, nil)
		owner, other := s.spring()
		s.lock(func() { other.locked = 5 }) // the dead owner's session still has the row
		s.stop(owner)
		reply, err := other.sync("spring", "ann", 2000)
		require.NoError(t, err)
		require.EqualValues(t, 2000, reply.Score)
		require.Zero(t, other.locked)
	})
}

func TestAnswersFromMemoryWaitForTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 1, nil)
		s.create("spring", nil)
		one := s.all[0]
		_, err := one.sync("spring", "ann", 1000)
		require.NoError(t, err)
		requests := map[string]func() error{
			"top":      func() error { _, err := one.engine.Top("spring", operator); return err },
			"around":   func() error { _, err := one.engine.Around("spring", operator, "ann", 1, nil); return err },
			"repeat":   func() error { _, err := one.sync("spring", "ann", 1000); return err },
			"refusal":  func() error { _, err := one.sync("spring", "ann", -1); return err },
			"summary":  func() error { _, err := one.engine.Competition("spring", operator); return err },
			"prizes":   func() error { _, err := one.engine.CalculatePrizes("spring", operator, 100); return err },
			"settled":  func() error { _, err := one.engine.SettledPrizes("spring", operator); return err },
			"stats":    func() error { _, err := one.engine.Stats("spring", operator, "ann", competition.Span{}); return err },
			"lifetime": func() error { _, err := one.engine.Lifetime(operator, "ann"); return err },
			"batch": func() error {
				items := []competition.BatchItem{{CompetitionID: "spring", Sync: *steps("ann", 1000)}}
				return errors.Join(one.engine.SubmitBatch(items, nil), items[0].Err)
			},
		}
		for name, request := range requests {
			before := request()
			one.lease.set(false)
			require.ErrorIs(t, request(), competition.ErrUnavailable, name)
			time.AfterFunc(time.Second, func() { one.lease.set(true) })
			began := time.Now()
			require.Equal(t, before, request(), name)
			require.GreaterOrEqual(t, time.Since(began), time.Second, name)
		}
		one.lease.set(false)
		_, err = one.sync("spring", "ann", 3000)
		require.NoError(t, err, "a commit of its own proves an acknowledgement")
		one.lease.set(true)
	})
}

func TestSubscribersElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 3, nil)
		owner, other := s.spring()
		wake := make(chan struct{}, 1)
		ann := competition.NewSubscription("spring", "ann", wake)
		require.NoError(t, other.engine.Subscribe(ann, competition.Caller{UserID: "ann"}))
		require.EqualValues(t, 1000, ann.Latest().Entries[0].Score)
		require.EqualValues(t, 1000, ann.Standing().Entry.Score)
		local := competition.NewSubscription("spring", "bob", make(chan struct{}, 1))
		require.NoError(t, owner.engine.Subscribe(local, competition.Caller{UserID: "bob"}))

		for n := int64(2000); n < 12_000; n += 1000 {
			_, err := s.all[0].sync("spring", "ann", n)
			require.NoError(t, err)
			pass(500 * time.Millisecond)
			require.Equal(t, n, ann.Latest().Entries[0].Score)
			require.Equal(t, n, ann.Standing().Entry.Score)
			require.Equal(t, n, local.Latest().Entries[0].Score)
		}
		before := ann.Latest()
		s.stop(owner)
		_, err := other.sync("spring", "bob", 20_000)
		require.NoError(t, err)
		pass(2 * time.Second)
		require.EqualValues(t, 20_000, ann.Latest().Entries[0].Score)
		_, ok := ann.Latest().Since(before.Version, 10)
		require.True(t, ok, "a delta leads from the old owner's board to the new one's")
		require.Equal(t, 2, ann.Standing().Entry.Rank)
		other.engine.Unsubscribe(ann)
		pass(3 * time.Second)
		for _, one := range s.all {
			require.Empty(t, one.engine.actors.followers.all)
		}
	})
}

func TestASubscriberElsewhereLosesTheRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 2, nil)
		s.create("club", func(d *competition.Definition) { d.Visibility = competition.Private; d.Complete() })
		owner, other := s.owner("club")
		join := &competition.JoinCompetition{Caller: operator, UserID: "ann"}
		_, err := owner.engine.Join("club", join)
		require.NoError(t, err)
		stranger := competition.NewSubscription("club", "zoe", make(chan struct{}, 1))
		require.ErrorIs(t, other.engine.Subscribe(stranger, competition.Caller{UserID: "zoe"}), competition.ErrUnknownCompetition)
		_, err = other.engine.Top("club", competition.Caller{UserID: "zoe"})
		require.ErrorIs(t, err, competition.ErrUnknownCompetition)
		_, err = other.engine.Top("club", competition.Caller{UserID: "ann"})
		require.NoError(t, err)
		ann := competition.NewSubscription("club", "ann", make(chan struct{}, 1))
		require.NoError(t, other.engine.Subscribe(ann, competition.Caller{UserID: "ann"}))
		_, err = owner.engine.Run("club", &competition.LeaveCompetition{Caller: competition.Caller{UserID: "ann"}, UserID: "ann"})
		require.NoError(t, err)
		pass(2 * time.Second)
		require.True(t, ann.Revoked())
		other.engine.Unsubscribe(ann)
	})
}

func TestAFollowerThatHearsNothingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 2, nil)
		s.create("spring", nil)
		owner, other := s.owner("spring")
		ann := competition.NewSubscription("spring", "ann", make(chan struct{}, 1))
		require.NoError(t, other.engine.Subscribe(ann, competition.Caller{UserID: "ann"}))
		owner.lease.set(false) // it answers nothing from memory, and nobody may have the board
		pass(4 * time.Second)
		require.False(t, ann.Ended())
		pass(10 * time.Second)
		require.True(t, ann.Ended())
		other.engine.Unsubscribe(ann)
	})
}

func TestANodeWithoutALeaseEndsItsOwnSubscriptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 2, nil)
		s.create("spring", nil)
		owner, _ := s.owner("spring")
		ann := competition.NewSubscription("spring", "ann", make(chan struct{}, 1))
		require.NoError(t, owner.engine.Subscribe(ann, competition.Caller{UserID: "ann"}))
		owner.lease.set(false)
		pass(4 * time.Second)
		owner.lease.set(true)
		pass(4 * time.Second)
		require.False(t, ann.Ended(), "the lease came back")
		owner.lease.set(false)
		pass(10 * time.Second)
		require.True(t, ann.Ended())
		owner.engine.Unsubscribe(ann)
		owner.lease.set(true)
		require.NoError(t, owner.engine.Subscribe(ann, competition.Caller{UserID: "ann"}), "it may come back here")
		require.False(t, ann.Ended())
		owner.engine.Unsubscribe(ann)
	})
}

func TestAStrangerElsewhereLosesABoardThatBecomesPrivate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 2, nil)
		s.create("club", func(d *competition.Definition) { // nobody has begun, so its visibility may change
			d.Start = calendar.MillisOf(s.all[0].engine.options.Now()) + 3_600_000
			d.Complete()
		})
		owner, other := s.owner("club")
		stranger := competition.NewSubscription("club", "zoe", make(chan struct{}, 1))
		require.NoError(t, other.engine.Subscribe(stranger, competition.Caller{UserID: "zoe"}))
		local := competition.NewSubscription("club", "", make(chan struct{}, 1))
		require.NoError(t, owner.engine.Subscribe(local, operator))
		pass(2 * time.Second)
		private := competition.Private
		_, err := owner.engine.Run("club", &competition.EditCompetition{Caller: operator, Patch: competition.Patch{Visibility: &private}})
		require.NoError(t, err)
		pass(2 * time.Second)
		require.True(t, stranger.Revoked())
		require.False(t, local.Revoked())
		other.engine.Unsubscribe(stranger)
		owner.engine.Unsubscribe(local)
	})
}

// TestSubscribersComeHomeThroughRefusals: a board's next owner is the node of its
// subscribers, whose first attempts to take them over fail. What undoes those comes late,
// and must not undo the one that succeeds.
func TestSubscribersComeHomeThroughRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 2, nil)
		owner, other := s.spring()
		ann := competition.NewSubscription("spring", "ann", make(chan struct{}, 1))
		require.NoError(t, other.engine.Subscribe(ann, competition.Caller{UserID: "ann"}))
		defer other.engine.Unsubscribe(ann)
		s.lock(func() { owner.cut, owner.dead, other.locked = true, true, 5 })
		owner.lease.set(false)
		pass(time.Second)
		_, err := other.sync("spring", "ann", 2000)
		require.NoError(t, err)
		pass(2 * time.Second)
		require.Zero(t, other.locked)
		top, err := other.engine.Top("spring", operator)
		require.NoError(t, err)
		require.True(t, ann.Ended() || ann.Latest().Version == top.Version, "it has version %d of %d for good", ann.Latest().Version, top.Version)
	})
}

// TestADeposedNodeRefusesTheWholeBatch: of a batch's syncs some say nothing new, which a
// node answers from memory. The commit that is to prove its memory fails with the others.
func TestADeposedNodeRefusesTheWholeBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 2, nil)
		owner, other := s.spring()
		owner.lease.set(false) // it stood still
		s.lock(func() { owner.dead = true })
		other.learnt["spring"] = other.name
		for range 2 { // the next owner has both
			_, err := other.sync("spring", "ann", 5000)
			require.NoError(t, err)
		}
		items := []competition.BatchItem{
			{CompetitionID: "spring", Sync: *steps("ann", 1000)}, // nothing new, here and there
			{CompetitionID: "spring", Sync: *steps("bob", 7000)},
		}
		_ = owner.engine.SubmitBatch(items, nil)
		for _, item := range items {
			require.NoError(t, item.Err)
		}
		require.EqualValues(t, 5000, items[0].Replies[0].Score, "as at the owner")
		owner.lease.set(true)
	})
}

func TestAWatchCrossesAsAConditionalTop(t *testing.T) {
	top := &competition.Published{Board: competition.Board{CompetitionID: "club", Version: 7, Private: true, Entries: []competition.Entry{{UserID: "ann", Rank: 1}}}}
	got, err := crossAnswer(t, &watch{}, top, nil)
	require.NoError(t, err)
	reply, ok := got.(topReply)
	require.True(t, ok)
	require.Equal(t, top.Board, reply.Top.Board, "nodes are told of private boards, too")
	held := crossRequest(t, &watch{Version: 7, Hash: reply.Hash})
	got, err = crossAnswer(t, held, top, nil)
	require.NoError(t, err)
	require.Equal(t, topReply{Same: true}, got)
}

func TestADeposedNodeDoesNotDrawOverTheMirror(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemoryMirror()
		s := startNodes(t, 2, withMirror(m))
		owner, other := s.spring()
		pass(settle)
		require.Equal(t, map[string]int64{"ann": 1000}, m.members("spring"))
		s.lock(func() { owner.cut, owner.dead = true, true })
		owner.lease.set(false)
		_, err := other.sync("spring", "ann", 2000)
		require.NoError(t, err)
		_, err = other.engine.EraseUser("ann")
		require.NoError(t, err)
		_, err = other.sync("spring", "bob", 3000)
		require.NoError(t, err)
		pass(settle)
		require.Equal(t, map[string]int64{"bob": 3000}, m.members("spring"))
		for range 5 {
			m.flush() // which either of them hears of
			pass(settle)
			require.NotContains(t, m.members("spring"), "ann")
		}
	})
}

func TestBoardsMoveToANodeThatComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 2, nil)
		s.lock(func() { s.all[1].dead = true }) // it is not there yet
		const boards = 40
		for i := range boards {
			s.create(fmt.Sprintf("board-%d", i), nil)
		}
		require.Equal(t, map[string]int{"node-0": boards}, s.owned())
		s.lock(func() { s.all[1].dead = false })
		ann := competition.NewSubscription("board-1", "ann", make(chan struct{}, 1))
		require.NoError(t, s.all[0].engine.Subscribe(ann, competition.Caller{UserID: "ann"}))
		moved := 0
		for range 6 {
			pass(rebalanceEvery)
			given := boards - s.owned()["node-0"]
			require.LessOrEqual(t, given-moved, movedAtOnce)
			moved = given
			for i := range boards { // nobody notices
				_, err := s.all[i%2].sync(fmt.Sprintf("board-%d", i), "ann", time.Now().Unix()%100_000)
				require.NoError(t, err)
			}
		}
		require.Greater(t, moved, boards/4)
		require.Equal(t, boards-moved, s.owned()["node-0"])
		require.NotNil(t, ann.Standing())
		require.False(t, ann.Ended())
		s.all[0].engine.Unsubscribe(ann)
	})
}

// TestALeavingNodeGivesItsBoardsAway while it serves on.
func TestALeavingNodeGivesItsBoardsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 2, nil)
		const boards = 20
		for i := range boards {
			s.create(fmt.Sprintf("board-%d", i), nil)
		}
		before := s.owned()["node-0"]
		require.Positive(t, before)
		s.all[0].engine.MoveAway(t.Context())
		require.Equal(t, before, s.owned()["node-0"], "it is not leaving")

		s.lock(func() { s.all[0].dead = true })
		var load errgroup.Group
		for i := range boards {
			load.Go(func() error {
				for n := range int64(10) {
					if _, err := s.all[i%2].sync(fmt.Sprintf("board-%d", i), "ann", n+1); err != nil {
						return err
					}
				}
				return nil
			})
		}
		s.all[0].engine.MoveAway(t.Context())
		require.NoError(t, load.Wait(), "nobody notices")
		require.Zero(t, s.owned()["node-0"])
	})
}

// owned returns how many competitions each node owns.
func (s *nodes) owned() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	owned := map[string]int{}
	for _, o := range s.owners {
		if o.node != "" {
			owned[o.node]++
		}
	}
	return owned
}

// findHangs is a store whose look-ups take as long as they may.
type findHangs struct{ competition.Store }

func (findHangs) Find(ctx context.Context, _ string) (competition.Summary, error) {
	<-ctx.Done()
	return competition.Summary{}, competition.ErrUnavailable
}

// TestAPeerDoesNotSayHowLongARequestIsKept: each has a place among those under way.
func TestAPeerDoesNotSayHowLongARequestIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 1, func(o *Options) { o.Store = findHangs{o.Store} })
		kind, body, err := appendRequest(nil, &getSummary{operator})
		require.NoError(t, err)
		began, answered := time.Now(), make(chan struct{})
		s.all[0].engine.Serve("spring", kind, body, tracing.Context{}, began.Add(time.Hour), func([]byte) { close(answered) })
		<-answered
		require.Less(t, time.Since(began), time.Minute)
	})
}

// TestAWithdrawnNodeGivesItsBoardsAway: nobody reaches it, though it reaches the others,
// and serves its clients through them.
func TestAWithdrawnNodeGivesItsBoardsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 3, nil)
		const boards = 40
		for i := range boards {
			s.create(fmt.Sprintf("board-%d", i), nil)
		}
		hidden := s.all[2]
		require.Positive(t, s.owned()[hidden.name])
		s.lock(func() { hidden.lost, hidden.hidden = true, true })
		began := time.Now()
		for i := range boards {
			id := fmt.Sprintf("board-%d", i)
			if owner, other := s.owner(id); owner == hidden {
				_, err := other.sync(id, "ann", 1)
				require.ErrorIs(t, err, competition.ErrUnavailable, "it lives, and owns it")
			}
		}
		require.Less(t, time.Since(began), time.Second, "nobody waits for it")

		s.lock(func() { hidden.withdrawn = true })
		pass(time.Second)
		require.Zero(t, s.owned()[hidden.name], "it does not wait for the turn of a few")
		for i := range boards {
			for n, one := range s.all {
				_, err := one.sync(fmt.Sprintf("board-%d", i), "ann", int64(1+n))
				require.NoError(t, err)
			}
		}
		require.Zero(t, s.owned()[hidden.name])
		s.create("more", nil)
		pass(10 * rebalanceEvery)
		require.Zero(t, s.owned()[hidden.name])

		s.lock(func() { hidden.lost, hidden.hidden, hidden.withdrawn = false, false, false })
		pass(2 * rebalanceEvery)
		for i := range boards {
			_, err := s.all[i%3].sync(fmt.Sprintf("board-%d", i), "ann", 10)
			require.NoError(t, err)
		}
		require.Positive(t, s.owned()[hidden.name], "it gets its share again")
	})
}
