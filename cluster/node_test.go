package cluster

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/internal/tracing"
)

// wire is the way of one node to the table: it can be cut, and answers can be late.
type wire struct {
	competition.Nodes
	cut   atomic.Bool  // calls hang until their deadline
	delay atomic.Int64 // of answers
	calls atomic.Int64 // of beats
}

func (w *wire) way(ctx context.Context) error {
	if w.cut.Load() {
		<-ctx.Done()
		return competition.ErrUnavailable
	}
	return nil
}

func (w *wire) Beat(ctx context.Context, id string) ([]competition.Node, calendar.Millis, error) {
	w.calls.Add(1)
	if err := w.way(ctx); err != nil {
		return nil, 0, err
	}
	alive, now, err := w.Nodes.Beat(ctx, id)
	select {
	case <-time.After(time.Duration(w.delay.Load())):
		return alive, now, err
	case <-ctx.Done():
		return nil, 0, competition.ErrUnavailable
	}
}

func (w *wire) Bury(ctx context.Context, id string, seen uint64) (bool, error) {
	if err := w.way(ctx); err != nil {
		return false, err
	}
	return w.Nodes.Bury(ctx, id, seen)
}

func (w *wire) Leave(ctx context.Context, id string) error {
	if err := w.way(ctx); err != nil {
		return err
	}
	return w.Nodes.Leave(ctx, id)
}

func (w *wire) Lives(ctx context.Context, id string) (bool, error) {
	if err := w.way(ctx); err != nil {
		return false, err
	}
	return w.Nodes.Lives(ctx, id)
}

func (w *wire) Retire(ctx context.Context, id string) error {
	if err := w.way(ctx); err != nil {
		return err
	}
	return w.Nodes.Retire(ctx, id)
}

const nodeTTL = 2 * time.Second

func newTable() *table {
	return &table{nodes: map[string]competition.Node{}, now: func() calendar.Millis { return calendar.MillisOf(time.Now()) }}
}

// join makes a node whose way to the table can be disturbed.
func join(t *testing.T, s competition.Nodes, id string) (*Node, *wire) {
	t.Helper()
	w := &wire{Nodes: s}
	n, err := Join(t.Context(), Options{Nodes: w, ID: id, Address: id + ":1", TTL: nodeTTL, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(n.Close)
	return n, w
}

// pass lets time go by in the bubble, and everything that is due happen.
func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // in a bubble time only goes on by sleeping.
	synctest.Wait()
}

func TestJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTable()
		a, _ := join(t, s, "a")
		require.NoError(t, a.Lease().Await(time.Now().Add(time.Second)), "it beats at once")
		changed := a.Changed()
		b, _ := join(t, s, "b")
		<-changed
		require.Len(t, a.Alive(), 2)
		require.Equal(t, "b:1", a.Alive()[1].Address)
		synctest.Wait()
		require.Len(t, b.Alive(), 2)
		_, err := Join(t.Context(), Options{Nodes: s, ID: "a", TTL: nodeTTL, Logger: slog.New(slog.DiscardHandler)})
		require.ErrorIs(t, err, errTaken, "an id is registered once")
	})
}

func TestLeaseEndsAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, w := join(t, newTable(), "a")
		pass(time.Minute)
		require.EqualValues(t, 151, w.calls.Load(), "every fifth of the TTL")
		require.Equal(t, 1800*time.Millisecond, a.State().LeaseLeft)
		w.cut.Store(true)
		pass(1799 * time.Millisecond)
		require.True(t, a.Lease().Valid())
		pass(time.Millisecond)
		require.False(t, a.Lease().Valid(), "nine tenths of the TTL after the last beat was sent")
		require.ErrorIs(t, a.Lease().Await(time.Now().Add(time.Second)), competition.ErrUnavailable)
		require.Error(t, a.State().BeatError)

		began := time.Now()
		time.AfterFunc(3*time.Second, func() { w.cut.Store(false) })
		require.NoError(t, a.Lease().Await(time.Now().Add(time.Minute)))
		require.Less(t, time.Since(began), 3*time.Second+nodeTTL/2+1, "a call that hangs does not hold up the next for longer")
		require.NoError(t, a.State().BeatError)

		w.delay.Store(int64(900 * time.Millisecond))
		pass(time.Minute)
		require.LessOrEqual(t, a.State().LeaseLeft, 900*time.Millisecond, "late answers count from their sending")
	})
}

func TestSilentNodeIsBuriedAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTable()
		a, _ := join(t, s, "a")
		b, w := join(t, s, "b")
		pass(time.Minute)
		w.cut.Store(true)
		began := time.Now()
		for s.state("b") != competition.NodeDead {
			require.Less(t, time.Since(began), nodeTTL*3/2)
			<-a.Changed()
		}
		require.GreaterOrEqual(t, time.Since(began), nodeTTL-nodeTTL/5)
		require.False(t, b.Lease().Valid(), "its lease has ended before")
		synctest.Wait()
		require.Len(t, a.Alive(), 1)
		require.EqualValues(t, 1, a.State().Burials)
		require.NoError(t, b.Err(), "it does not know yet")

		waiting := make(chan error)
		go func() { waiting <- b.Lease().Await(time.Now().Add(time.Hour)) }()
		w.cut.Store(false)
		<-b.Done()
		require.ErrorIs(t, b.Err(), ErrBuried)
		require.ErrorIs(t, <-waiting, competition.ErrUnavailable, "nobody waits for a lease that never comes")
		calls := w.calls.Load()
		pass(time.Minute)
		require.Equal(t, calls, w.calls.Load(), "it says nothing more")
	})
}

// TestNodesWithDifferentTTLs: operators change CLUSTER_LEASE node by node.
func TestNodesWithDifferentTTLs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTable()
		start := func(id string, ttl time.Duration) (*Node, *wire) {
			w := &wire{Nodes: s}
			n, err := Join(t.Context(), Options{Nodes: w, ID: id, Address: id + ":1", TTL: ttl, Logger: slog.New(slog.DiscardHandler)})
			require.NoError(t, err)
			t.Cleanup(n.Close)
			return n, w
		}
		hasty, way := start("hasty", time.Second)
		patient, hidden := start("patient", 10*time.Second)
		pass(10 * time.Minute)
		require.Zero(t, hasty.State().Burials+patient.State().Burials)
		hidden.cut.Store(true)
		for began := time.Now(); s.state("patient") != competition.NodeDead; pass(10 * time.Millisecond) {
			require.Less(t, time.Since(began), 11*time.Second)
		}
		require.False(t, patient.Lease().Valid(), "its lease has ended before")
		hidden.cut.Store(false)
		<-patient.Done()

		start("second", 10*time.Second)
		pass(time.Minute)
		way.cut.Store(true)
		for began := time.Now(); s.state("hasty") != competition.NodeDead; pass(10 * time.Millisecond) {
			require.Less(t, time.Since(began), 9*time.Second, "some polls of the other one")
		}
		require.False(t, hasty.Lease().Valid())
	})
}

// TestOutageBuriesNobody: the node that reaches the database first after an outage has seen
// nobody's beat for long.
func TestOutageBuriesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTable()
		a, first := join(t, s, "a")
		b, second := join(t, s, "b")
		pass(time.Minute)
		first.cut.Store(true)
		second.cut.Store(true)
		pass(time.Minute)
		first.cut.Store(false)
		pass(900 * time.Millisecond)
		second.cut.Store(false)
		pass(time.Minute)
		require.NoError(t, a.Err())
		require.NoError(t, b.Err())
		require.True(t, a.Lease().Valid())
		require.True(t, b.Lease().Valid())
		require.Zero(t, a.State().Burials+b.State().Burials)
	})
}

func TestLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTable()
		a, _ := join(t, s, "a")
		b, w := join(t, s, "b")
		pass(time.Minute)
		changed := a.Changed()
		time.AfterFunc(time.Second, func() { w.cut.Store(false) })
		w.cut.Store(true)
		require.NoError(t, b.Leave(t.Context()), "it tries until it succeeds")
		<-changed
		require.Equal(t, competition.NodeLeaving, s.state("b"))
		ca, cb := New(a, nil), New(b, nil)
		for _, id := range []string{"1", "2", "3", "4", "5", "6"} {
			require.Empty(t, ca.Route(id))
			require.True(t, ca.Home(id))
			require.Equal(t, "a", cb.Route(id))
			require.False(t, cb.Home(id))
		}
		pass(time.Minute)
		require.NoError(t, b.Err(), "it goes on beating")
		require.True(t, b.Lease().Valid())

		require.NoError(t, b.Retire(t.Context()))
		require.ErrorIs(t, b.Err(), ErrRetired)
		require.False(t, b.Lease().Valid())
		require.Equal(t, competition.NodeDead, s.state("b"))
		pass(time.Minute)
		require.NoError(t, a.Err())
		require.Len(t, a.Alive(), 1)
		require.Zero(t, a.State().Burials)

		first, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, way := join(t, s, "c")
		way.cut.Store(true)
		c, cut := join(t, s, "d")
		cut.cut.Store(true)
		require.ErrorIs(t, c.Retire(first), competition.ErrUnavailable, "until its context ends")
		require.False(t, c.Lease().Valid())
	})
}

func TestLeaseOfASuspendedMachine(t *testing.T) {
	l := newLease()
	now := time.Now()
	l.extend(now.Add(time.Second))
	require.InDelta(t, time.Second, l.left(now), 0)
	suspended := now.Add(time.Hour).Round(0) // as the wall clock shows it: no monotonic reading
	require.Zero(t, l.left(suspended))
	require.Zero(t, l.left(now.Add(time.Second)))
	l.end()
	require.Zero(t, l.left(now))
	l.extend(now.Add(time.Hour))
	require.False(t, l.Valid(), "the end is final")
}

func TestLeaseCostsNoAllocation(t *testing.T) {
	l := newLease()
	l.extend(time.Now().Add(time.Hour))
	require.Zero(t, testing.AllocsPerRun(100, func() { l.Valid() }))
}

// linkFunc is a link.
type linkFunc func(node, address string) error

func (f linkFunc) Ask(node, address, _ string, _ uint16, body []byte, _ tracing.Context, _ time.Time) ([]byte, error) {
	return body, f(node, address)
}

func TestAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTable()
		a, _ := join(t, s, "a")
		join(t, s, "b")
		pass(time.Second)
		asked := ""
		c := New(a, linkFunc(func(node, address string) error { asked = node + " at " + address; return nil }))
		answer, err := c.Ask("b", "x", 1, []byte("body"), tracing.Context{}, time.Now().Add(time.Second))
		require.NoError(t, err)
		require.Equal(t, "body", string(answer))
		require.Equal(t, "b at b:1", asked)
		_, err = c.Ask("nobody", "x", 1, nil, tracing.Context{}, time.Now().Add(time.Second))
		require.ErrorIs(t, err, competition.ErrNotOwner)
		c.Learn("x", "b")
		require.Equal(t, "b", c.Route("x"))
		c.Learn("x", "a")
		require.Empty(t, c.Route("x"))
	})
}
