package cluster

import (
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/internal/race"
)

// explorer goes through the worlds that can be reached.
type explorer struct {
	seed    maphash.Seed
	seen    map[uint64]struct{}
	code    []byte
	most    int // worlds
	until   time.Time
	steps   int // turns and faults
	revived int // worlds from which the recovery was checked
}

func newExplorer(most int) *explorer {
	return &explorer{seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}, most: most}
}

// isNew notes a world, and reports whether it was not reached before.
func (e *explorer) isNew(w *world) bool {
	e.code = w.code(e.code[:0])
	key := maphash.Bytes(e.seed, e.code)
	if _, ok := e.seen[key]; ok {
		return false
	}
	e.seen[key] = struct{}{}
	return true
}

// all visits every world that can be reached from the first one by faults and the ends
// of faults at the units of time, between which everything happens in the order of
// turns. It returns one in which an invariant is broken, or nil, and whether it saw them
// all. Of every so many worlds it checks the recovery.
func (e *explorer) all(first *world, everyNth int) (bad *world, exhausted bool) {
	stack := []*world{first}
	visit := func(w *world) *world {
		e.steps++
		if w.bad != "" {
			return w
		}
		if !e.isNew(w) {
			return nil
		}
		if len(e.seen)%everyNth == 0 {
			e.revived++
			if ok, after := w.recovers(); !ok {
				return after
			}
		}
		stack = append(stack, w)
		return nil
	}
	for len(stack) > 0 {
		if len(e.seen) >= e.most || e.steps&4095 == 0 && !e.until.IsZero() && time.Now().After(e.until) {
			return nil, false
		}
		w := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		later := *w
		later.idle()
		if bad := visit(&later); bad != nil { // is gone on from last
			return bad, false
		}
		for _, choices := range []func(func(turn) bool){w.ends, w.faults} {
			for f := range choices {
				next := *w
				f.what(&next, f.node, f.slot)
				next.check()
				if bad := visit(&next); bad != nil {
					return bad, false
				}
			}
		}
	}
	return nil, true
}

// walk goes one way at random, with faults between any two turns, and everything as
// late as it may be. It returns the world in which it ended, and how it got there.
func (e *explorer) walk(first *world, random *rand.Rand) (end *world, trail string) {
	w := *first
	var how strings.Builder
	var choices []turn
	fault, heals, anyOrder, slow := random.Float64()*.03, random.Float64()*.03, random.Float64()*.5, 0.0
	if random.IntN(3) == 0 {
		slow = random.Float64() * .05
	}
	for until := w.now + 8*ttl; w.now < until && w.bad == ""; e.steps++ {
		r := random.Float64()
		choices = choices[:0]
		switch {
		case r < fault:
			for t := range w.faults {
				if t.slot>>8 == 0 || random.IntN(4) == 0 { // there are many ways to hold a call
					choices = append(choices, t)
				}
			}
		case r < fault+heals:
			for t := range w.ends {
				choices = append(choices, t)
			}
		default:
			for t := range w.turns {
				if choices = append(choices, t); r > anyOrder {
					break
				}
			}
			if len(choices) == 0 || random.Float64() < slow {
				if len(choices) > 0 { // somebody is slow
					for n := range w.procs {
						w.procs[n].faultyAt = w.now
					}
				}
				w.tick()
				continue
			}
		}
		if len(choices) == 0 {
			continue
		}
		t := choices[random.IntN(len(choices))]
		if r < fault+heals {
			fmt.Fprintf(&how, "at %d: %s(%d, %d)\n", w.now, t.name(), t.node, t.slot)
		}
		t.what(&w, t.node, t.slot)
		w.check()
	}
	if w.bad != "" {
		return &w, how.String()
	}
	e.revived++
	_, after := w.recovers()
	return after, how.String()
}

// scopes are what is explored: everything with two faults, and what belongs together
// with three.
var scopes = map[string]scope{
	"silence":  {kinds: aStop | aCrash | aCut | aLateBeat | aLateBurial, faults: 2},
	"handover": {kinds: aDrain | aClaim | aLateCall, faults: 3, single: true},
	"leaving":  {kinds: aLeaving | aLateLeaving | aCut, faults: 3, single: true, unborn: true},
	"birth":    {kinds: aBirth | aCrash | aLateCall, faults: 3, unborn: true, single: true},
	"outage":   {kinds: anOutage | aCut | aLateBeat, faults: 2},
	"client":   {kinds: aMisroute | aDrain | aClaim, faults: 3, ops: true, single: true},
	"readers":  {kinds: aLateFetch | aDrain | aClaim | aStop, faults: 2, reads: true, single: true},
	"anything": {kinds: anything, faults: 2, reads: true, ops: true, unborn: true},
}

// planted are the mistakes that must be found: by which invariant, and in which scope.
var planted = []struct {
	name      string
	flaws     flaws
	invariant string
	scope     string
}{
	{"a lease of 1.1 TTL", flaws{longLease: true}, "I3", "silence"},
	{"answers without a look at the lease", flaws{noLeaseCheck: true}, "I3", "silence"},
	{"appends without the owner", flaws{appendByAnyone: true}, "I1", "handover"},
	{"the owner in a subquery", flaws{ownerInSubquery: true}, "I1", "handover"},
	{"claims from a node that is not among the living", flaws{claimFromUnlisted: true}, "I3", "birth"},
	{"releases without an epoch", flaws{noEpoch: true}, "I3", "handover"},
	{"a release before the answers stop", flaws{answersWhileReleasing: true}, "I3", "handover"},
	{"observation from the sending of the poll", flaws{observesFromSending: true}, "I3", "silence"},
	{"leaving over dead", flaws{leavingOverDead: true}, "I3", "leaving"},
	{"burial without compare-and-set", flaws{blindBurial: true}, "I3", "silence"},
	{"a lease from the arrival of the answer", flaws{leaseFromAnswer: true}, "I3", "silence"},
	{"a fetch begun before the reader came", flaws{joinsFetch: true}, "I3", "readers"},
	{"a hop that parks", flaws{hopParks: true}, "I5", "client"},
	{"signs of life without a lease", flaws{signsWithoutLease: true}, "I3", "silence"},
	{"a journal read by the statement that claims", flaws{recoversInClaim: true}, "I3", "handover"},
	{"no new start of observation after an outage", flaws{noNewStart: true}, "I4", "outage"},
}

// soak is how long the tests were told to go on; 0 for a sample.
func soak(t *testing.T) time.Duration {
	t.Helper()
	value := os.Getenv("SOAK")
	if value == "" {
		return 0
	}
	d, err := time.ParseDuration(value)
	require.NoError(t, err, "SOAK")
	return d
}

// TestProtocolExhaustively goes through all worlds of each scope, or through a sample of
// the larger ones. With SOAK=2h it goes on for half of that: through all of them, and
// through what is possible with one fault more as far as it gets.
func TestProtocolExhaustively(t *testing.T) {
	most, more := 50_000, int8(0)
	if race.Enabled { // there is only one goroutine
		most = 5_000
	}
	each := soak(t) / 2 / time.Duration(4*len(scopes))
	if each > 0 {
		most, more = 100_000_000, 1
	}
	for name, s := range scopes {
		for extra := range more + 1 {
			for s.latency = range time.Duration(2) {
				s := s
				s.faults += extra
				t.Run(fmt.Sprintf("%s, %d faults, latency %d", name, s.faults, s.latency), func(t *testing.T) {
					e := newExplorer(most)
					if each > 0 {
						e.until = time.Now().Add(each)
					}
					bad, exhausted := e.all(newWorld(&s), 20)
					t.Logf("%d worlds, all of them: %v; %d steps, %d recoveries", len(e.seen), exhausted, e.steps, e.revived)
					if bad != nil {
						t.Fatalf("%s\n%v", bad.bad, bad)
					}
				})
			}
		}
	}
}

// TestPlantedMistakesAreFound: a check that finds nothing has to show that it would.
func TestPlantedMistakesAreFound(t *testing.T) {
	for _, p := range planted {
		t.Run(p.name, func(t *testing.T) {
			s := scopes[p.scope]
			s.flaws = p.flaws
			e := newExplorer(1_000_000)
			bad, _ := e.all(newWorld(&s), 1_000_000)
			require.NotNil(t, bad, "not found among %d worlds", len(e.seen))
			t.Logf("found after %d worlds: %s", len(e.seen), bad.bad)
			require.True(t, strings.HasPrefix(bad.bad, p.invariant+":"), bad.bad)
		})
	}
}

// TestProtocolAtRandom goes some way with more faults than can be exhausted, and turns
// in any order.
func TestProtocolAtRandom(t *testing.T) {
	walks, until := 3000, time.Now().Add(soak(t)/2)
	if race.Enabled {
		walks = 300
	}
	base := uint64(time.Now().UnixNano())
	t.Logf("seed %d", base)
	e := newExplorer(0)
	for walk := uint64(0); walk < uint64(walks) || time.Now().Before(until); walk++ {
		random := rand.New(rand.NewPCG(base, walk))
		s := scope{
			latency: time.Duration(random.IntN(2)), reads: random.IntN(2) == 0, ops: random.IntN(2) == 0, unborn: random.IntN(2) == 0,
			kinds: anything, faults: int8(1 + random.IntN(6)),
		}
		if end, trail := e.walk(newWorld(&s), random); end.bad != "" {
			t.Fatalf("walk %d: %s\n%s%v", walk, end.bad, trail, end)
		}
	}
	t.Logf("%d steps, %d recoveries", e.steps, e.revived)
}
