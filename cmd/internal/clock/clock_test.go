package clock

import (
	"bytes"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/cmd/internal/clock/clocktest"
)

// bench is a clock that is looked at by the test alone. How much time has passed is what
// the monotonic clock and the true time say.
type bench struct {
	*Clock
	t      *testing.T
	began  time.Time
	passed time.Duration
	wall   time.Duration // ahead of the true time
	slept  time.Duration
	log    bytes.Buffer
}

func newBench(t *testing.T, bound bool) *bench {
	t.Helper()
	b := &bench{t: t, began: time.Now()}
	b.Clock = New(Options{
		Read: func() time.Time { return clocktest.Moved(b.truth(), b.wall) }, Bound: bound, Logger: slog.New(slog.NewTextHandler(&b.log, nil)),
		asleep: func() time.Duration { return b.slept }, every: time.Hour,
	})
	t.Cleanup(b.Close)
	return b
}

func (b *bench) truth() time.Time { return b.began.Add(b.passed) }

// pass has time go by, while the clocks are compared each second.
func (b *bench) pass(d time.Duration) {
	for end := b.passed + d; b.passed < end; {
		b.passed += time.Second
		b.look()
	}
}

// is requires that the time in use is ahead of the true one by so much.
func (b *bench) is(ahead time.Duration, settled bool) {
	b.t.Helper()
	now, truth := b.Now(), b.truth()
	require.Equal(b.t, ahead, now.Round(0).Sub(truth.Round(0)))
	require.Zero(b.t, now.Sub(truth), "its monotonic part")
	require.Equal(b.t, settled, b.Settled())
	require.Equal(b.t, settled && !b.state.Load().held, b.Health() == nil, "%v", b.Health())
}

// database has the clock hear of a database's that is ahead of the true time.
func (b *bench) database(ahead time.Duration) {
	b.Heard(b.truth().Add(ahead).Round(0), b.truth())
}

func counted(t *testing.T, c prometheus.Counter) int {
	t.Helper()
	var m dto.Metric
	require.NoError(t, c.Write(&m))
	return int(m.GetCounter().GetValue())
}

func TestAJumpThatIsTakenBackChangesNothing(t *testing.T) {
	for _, by := range []time.Duration{3 * time.Hour, -3 * time.Hour, 11 * time.Second, -11 * time.Second, 365 * 24 * time.Hour, -60 * 365 * 24 * time.Hour} {
		t.Run(by.String(), func(t *testing.T) {
			b := newBench(t, false)
			b.is(0, true)
			b.pass(time.Minute)
			b.wall = by
			b.is(0, false) // at once
			for range 58 {
				b.pass(time.Second)
				b.is(0, false)
			}
			b.wall = 0
			b.is(0, false)
			b.pass(time.Second)
			b.is(0, true)
			b.pass(time.Hour)
			b.is(0, true)
			require.Equal(t, 1, counted(t, b.forward)+counted(t, b.back))
			require.Equal(t, by > 0, counted(t, b.forward) == 1)
		})
	}
}

// TestAJumpIsNoticedByItself: without anybody who asks for the time.
func TestAJumpIsNoticedByItself(t *testing.T) {
	var wall clocktest.Wall
	c := New(Options{Read: wall.Read, every: time.Millisecond})
	defer c.Close()
	wall.Set(time.Hour)
	require.Eventually(t, func() bool { return !c.Settled() }, 10*time.Second, time.Millisecond)
	require.ErrorContains(t, c.Health(), "1h0m0s ahead")
}

func TestAJumpThatLastsIsInUseAfterAMinute(t *testing.T) {
	for _, by := range []time.Duration{3 * time.Hour, -3 * time.Hour} {
		b := newBench(t, false)
		b.wall = by
		b.is(0, false)
		b.pass(59 * time.Second)
		b.is(0, false)
		b.pass(2 * time.Second)
		b.is(by, true)
		b.wall = 0 // which is a jump again
		b.is(by, false)
		b.pass(61 * time.Second)
		b.is(0, true)
	}
}

// TestAMinuteBeginsAgainWithEachJump: a clock that is set again and again is not stable.
func TestAMinuteBeginsAgainWithEachJump(t *testing.T) {
	b := newBench(t, false)
	for i := range 5 {
		b.wall = time.Duration(i+1) * time.Hour
		b.pass(50 * time.Second)
		b.is(0, false)
	}
	b.pass(12 * time.Second)
	b.is(5*time.Hour, true)
	require.Equal(t, 5, counted(t, b.forward))
}

func TestSlewingIsNoJump(t *testing.T) {
	for _, each := range []time.Duration{time.Second, -time.Second} { // each ten seconds: a tenth, more than any NTP does
		b := newBench(t, false)
		for i := range 600 {
			b.wall = time.Duration(i) * each
			b.is(time.Duration(i)*each, true)
			b.pass(10 * time.Second)
		}
		require.Empty(t, b.log.String())
	}
}

func TestASmallStepIsNoJump(t *testing.T) {
	b := newBench(t, false)
	b.wall = Tolerance
	b.is(Tolerance, true)
	b.pass(time.Minute)
	b.wall = 0
	b.is(0, true)
}

// TestAMachineThatWasAsleep: the monotonic clock stands still in a suspended machine, and
// its wall clock has jumped when it wakes up.
func TestAMachineThatWasAsleep(t *testing.T) {
	const night = 3 * time.Hour
	t.Run("catches up at once where that can be told", func(t *testing.T) {
		b := newBench(t, false)
		b.pass(time.Minute)
		b.wall = night
		b.slept = night - time.Second
		b.is(night, true)
		require.Zero(t, counted(t, b.forward))
		b.pass(time.Minute)
		b.wall = 2 * night // the sleep explains this no more
		b.is(night, false)
	})
	t.Run("many naps explain no jump", func(t *testing.T) {
		b := newBench(t, false)
		for i := range 100 {
			nap := time.Duration(i) * 9 * time.Second
			b.wall = nap
			b.slept = nap
			b.is(nap, true)
			b.pass(time.Second)
		}
		b.wall = time.Hour
		b.is(99*9*time.Second, false)
	})
	t.Run("and whose clock was set meanwhile proves itself first", func(t *testing.T) {
		b := newBench(t, false)
		b.wall = night
		b.slept = time.Hour
		b.is(0, false)
		b.pass(61 * time.Second)
		b.is(night, true)
	})
}

func TestTheDatabase(t *testing.T) {
	t.Run("confirms a jump at once", func(t *testing.T) {
		b := newBench(t, false)
		b.wall = -3 * time.Hour // it was wrong from the start
		b.pass(61 * time.Second)
		b.database(0)
		b.is(-3*time.Hour, false)
		b.pass(61 * time.Second)
		b.database(0)
		b.is(-3*time.Hour, true) // the two are stable
		b.wall = 0
		b.is(-3*time.Hour, false)
		b.database(2 * time.Second)
		b.is(0, true)
	})
	t.Run("contradicts a jump for as long as it lasts, and statuses go on by the time in use", func(t *testing.T) {
		b := newBench(t, false)
		b.database(time.Second)
		b.wall = 3 * time.Hour
		b.is(0, false)
		b.database(time.Second)
		b.is(0, true)
		require.ErrorContains(t, b.Health(), "set it right")
		b.pass(time.Hour)
		b.is(0, true)
		b.wall = 0
		b.pass(time.Second)
		b.is(0, true)
		require.NoError(t, b.Health())
	})
	t.Run("that goes along with a jump proves nothing", func(t *testing.T) { // on the same machine, say
		b := newBench(t, false)
		b.database(0)
		b.wall = 3 * time.Hour
		for range 59 {
			b.database(3 * time.Hour)
			b.is(0, false)
			b.pass(time.Second)
		}
		b.wall = 0
		b.database(0)
		b.is(0, true)
		b.wall = 3 * time.Hour
		for range 62 {
			b.database(3 * time.Hour)
			b.pass(time.Second)
		}
		b.is(3*time.Hour, true)
	})
	t.Run("that says something else first and then goes along starts the minute again", func(t *testing.T) {
		b := newBench(t, false)
		b.database(0)
		b.wall = 3 * time.Hour
		b.database(0)
		b.is(0, true)
		b.pass(10 * time.Minute)
		b.database(3 * time.Hour)
		b.is(0, false)
		b.pass(58 * time.Second)
		b.is(0, false)
		b.pass(3 * time.Second)
		b.is(3*time.Hour, true)
	})
	t.Run("that is far away at the start leaves the time unsettled for a minute", func(t *testing.T) {
		b := newBench(t, false)
		b.database(-time.Hour)
		b.is(0, false)
		require.ErrorContains(t, b.Health(), "database's clock is -1h0m0s ahead")
		b.pass(59 * time.Second)
		b.database(-time.Hour)
		b.is(0, false)
		b.pass(2 * time.Second)
		b.database(-time.Hour)
		b.is(0, true)
	})
	t.Run("that jumps leaves the time unsettled until it comes back, or for a minute", func(t *testing.T) {
		b := newBench(t, false)
		b.database(0)
		b.database(time.Hour)
		b.is(0, false)
		b.database(0)
		b.is(0, true)
		b.database(time.Hour)
		b.pass(61 * time.Second)
		b.is(0, true)
	})
	t.Run("decides for a node of a cluster", func(t *testing.T) {
		b := newBench(t, true)
		b.is(0, true)
		b.database(-6 * time.Second)
		b.is(0, false)
		b.pass(time.Hour)
		b.is(0, false)
		b.database(-time.Second)
		b.is(0, true)
		b.wall = time.Hour
		b.is(0, false)
		b.database(-time.Second)
		b.is(0, true)
	})
	t.Run("may have answered a while ago", func(t *testing.T) {
		b := newBench(t, false)
		theirs, at := b.truth().Add(2*time.Second).Round(0), b.truth()
		b.pass(30 * time.Second)
		b.Heard(theirs, at)
		b.is(0, true)
		require.Equal(t, 2*time.Second, b.lead)
	})
}

// TestAClockBeyondAllMeasure: time.Now reads no monotonic clock when the wall clock stands
// there, so nothing could be compared with it.
func TestAClockBeyondAllMeasure(t *testing.T) {
	var beyond atomic.Bool
	c := New(Options{Stable: time.Nanosecond, every: time.Hour, Read: func() time.Time {
		if beyond.Load() {
			return time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		return time.Now()
	}})
	defer c.Close()
	beyond.Store(true)
	for range 3 {
		require.InDelta(t, 0, time.Until(c.Now()), float64(time.Second))
		require.False(t, c.Settled())
		c.look()
	}
	beyond.Store(false)
	c.look()
	require.True(t, c.Settled())
}

// TestTheTimeInUseNeverStraysUnproven: whatever the wall clock and sleeps do, the time in
// use changes its distance to the true one only to where the wall clock is, and only by
// little, by as much as the machine slept, or when the wall clock has been there for a
// minute (K1, K2).
func TestTheTimeInUseNeverStraysUnproven(t *testing.T) {
	for seed := range uint64(50) {
		b, r := newBench(t, false), rand.New(rand.NewPCG(seed, 1))
		places := []time.Duration{0, 5 * time.Second, time.Hour, -time.Hour, 3 * time.Hour}
		since, used := b.truth(), time.Duration(0)
		check := func(napped time.Duration) {
			now := b.Now()
			require.Zero(t, now.Sub(b.truth()))
			ahead := now.Round(0).Sub(b.truth().Round(0))
			if ahead == used {
				require.True(t, used == b.wall || b.state.Load().held)
			} else {
				require.Equal(t, b.wall, ahead)
				require.True(t, near(ahead-used) || near(ahead-used-napped) || b.truth().Sub(since) >= b.options.Stable,
					"seed %d: from %v to %v, where the wall clock has been for %v", seed, used, ahead, b.truth().Sub(since))
				used = ahead
			}
		}
		for range 300 {
			var napped time.Duration
			switch r.IntN(12) {
			case 0:
				to := places[r.IntN(len(places))] + b.slept
				if !near(to - b.wall) {
					since = b.truth()
				}
				b.wall = to
			case 1:
				napped = time.Duration(1+r.IntN(99)) * time.Minute
				b.slept += napped
				b.wall += napped
				if used != b.wall-napped { // it did not prove itself before, and now it has jumped again
					since, napped = b.truth(), 0
				}
			}
			check(napped)
			b.pass(time.Duration(1+r.IntN(20)) * time.Second)
			check(0)
		}
	}
}

func TestMetrics(t *testing.T) {
	b := newBench(t, false)
	registry := prometheus.NewPedanticRegistry()
	b.Register(registry)
	show := func() (values []float64) {
		families, err := registry.Gather()
		require.NoError(t, err)
		for _, f := range families { // by name, and then by label
			for _, m := range f.GetMetric() {
				values = append(values, m.GetGauge().GetValue()+m.GetCounter().GetValue())
			}
		}
		return values
	}
	require.Equal(t, []float64{0, 0, 0, 1}, show())
	b.wall = -time.Hour
	b.Now()
	require.Equal(t, []float64{-3600, 1, 0, 0}, show())
	b.wall = 0
	b.pass(time.Second)
	require.Equal(t, []float64{0, 1, 0, 1}, show())
}

func TestNowAllocatesNothing(t *testing.T) {
	c := New(Options{})
	defer c.Close()
	require.Zero(t, testing.AllocsPerRun(1000, func() { c.Now() }))
}

func BenchmarkNow(b *testing.B) {
	c := New(Options{})
	defer c.Close()
	b.Run("of the clock", func(b *testing.B) {
		for b.Loop() {
			c.Now()
		}
	})
	b.Run("of the machine", func(b *testing.B) {
		for b.Loop() {
			time.Now()
		}
	})
}
