package cluster

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/race"
)

// TestProtocolWithRealNodes lets real nodes, with their goroutines and clocks, go
// through faults at random, and reads all the time. In the end every board takes writes
// within 2 TTL.
func TestProtocolWithRealNodes(t *testing.T) {
	runs, until := 6, time.Now().Add(soak(t)/4)
	if race.Enabled {
		runs = 3
	}
	base := uint64(time.Now().UnixNano())
	t.Logf("seed %d", base)
	reads := 0
	for run := 0; run < runs || time.Now().Before(until); run++ {
		s := simulate(t, base, uint64(run), true)
		require.Empty(t, s.bad, "run %d", run)
		reads += s.reads
	}
	t.Logf("%d reads", reads)
}

// TestSimulationFindsStaleReads: without the look at the lease, some are.
func TestSimulationFindsStaleReads(t *testing.T) {
	for run := range uint64(50) {
		if s := simulate(t, 1, run, false); s.bad != "" {
			t.Logf("found in run %d: %s", run, s.bad)
			return
		}
	}
	t.Fatal("not found")
}

// simulate runs three processes for some minutes of the bubble's time.
func simulate(t *testing.T, base, run uint64, leases bool) *site {
	t.Helper()
	var s *site
	synctest.Test(t, func(t *testing.T) {
		s = &site{t: t, random: rand.New(rand.NewPCG(base, run)), table: newTable(), leases: leases, procs: map[string]*process{}}
		all := []*process{s.start(), s.start(), s.start()}
		pass(2 * nodeTTL)
		for episode := 0; episode < 15 && s.bad == ""; episode++ {
			i := s.random.IntN(len(all))
			s.disturb(all, i)
			if s.random.IntN(3) == 0 { // two at once
				s.disturb(all, (i+1)%len(all))
			}
			pass(time.Duration(s.random.Int64N(int64(3 * nodeTTL))))
			for i, p := range all { // the process manager
				if p.node.Err() != nil {
					p.end()
					all[i] = s.start()
				}
			}
		}
		for _, p := range all {
			p.way.cut.Store(false)
			p.way.slow.Store(int64(10 * time.Millisecond))
			p.resume()
		}
		pass(2 * nodeTTL * 2 / 3) // until what was slow has arrived, the faults have not ended
		s.recovers()
		for _, p := range all {
			p.end()
		}
		pass(time.Minute) // what is still on its way
	})
	return s
}

// recovers holds that every board takes a write within 2 TTL.
func (s *site) recovers() {
	s.mu.Lock()
	before := s.boards
	s.mu.Unlock()
	began := time.Now()
	for b := range before {
		for s.bad == "" && s.acknowledged(b) <= max(before[b].acknowledged, before[b].seq)+1 {
			require.Less(s.t, time.Since(began), 2*nodeTTL, "I6: board %d takes no writes", b)
			pass(10 * time.Millisecond)
		}
	}
}

// disturb does something to a process, for some time.
func (s *site) disturb(all []*process, i int) {
	p := all[i]
	lasts := time.Duration(s.random.Int64N(int64(3 * nodeTTL)))
	switch s.random.IntN(6) {
	case 0:
		p.way.cut.Store(true)
		time.AfterFunc(lasts, func() { p.way.cut.Store(false) })
	case 1:
		c := make(chan struct{})
		if p.way.stopped.CompareAndSwap(nil, &c) {
			time.AfterFunc(lasts, p.resume)
		}
	case 2:
		p.way.slow.Store(int64(nodeTTL) * 2 / 3)
		time.AfterFunc(lasts, func() { p.way.slow.Store(int64(10 * time.Millisecond)) })
	case 3:
		for _, p := range all {
			p.way.cut.Store(true)
			time.AfterFunc(lasts, func() { p.way.cut.Store(false) })
		}
	case 4:
		p.end()
		all[i] = s.start()
	case 5:
		ctx, cancel := context.WithTimeout(s.t.Context(), nodeTTL)
		p.leave(ctx)
		cancel()
		all[i] = s.start()
	}
}

// TestHealthyNodesOutliveOutages: however long the store is away, and whichever node
// reaches it first, nobody is buried (I4).
func TestHealthyNodesOutliveOutages(t *testing.T) {
	runs := uint64(5)
	if race.Enabled {
		runs = 1
	}
	for run := range runs {
		synctest.Test(t, func(t *testing.T) {
			s := &site{t: t, random: rand.New(rand.NewPCG(2, run)), table: newTable(), leases: true, procs: map[string]*process{}}
			all := []*process{s.start(), s.start(), s.start()}
			for range 10 {
				pass(nodeTTL + time.Duration(s.random.Int64N(int64(nodeTTL))))
				for _, p := range all {
					p.way.cut.Store(true)
				}
				pass(time.Duration(s.random.Int64N(int64(5 * nodeTTL))))
				for _, p := range all {
					p.way.cut.Store(false)
				}
			}
			s.recovers()
			for _, p := range all {
				require.NoError(t, p.node.Err())
				require.Equal(t, competition.NodeLive, s.table.state(p.node.ID()))
				p.end()
			}
			pass(time.Minute)
			require.Empty(t, s.bad)
		})
	}
}
