package clock

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/internal/worker"
)

const (
	// Tolerance is how far a clock may move against another one without having jumped.
	Tolerance = 10 * time.Second
	// agrees is how close the database's clock must be to a time to confirm it.
	agrees = 5 * time.Second
)

// Options of a Clock. All have defaults.
type Options struct {
	Logger *slog.Logger
	Stable time.Duration    // how long a jumped clock must stay where it is before it is in use; default a minute
	Read   func() time.Time // the wall clock with the monotonic one, as time.Now reads them, which is the default

	// Bound means that the database's clock decides, since others go by it as well:
	// nothing is settled while it is far from the time in use.
	Bound bool

	asleep func() time.Duration // how long the machine has been asleep since it was started
	every  time.Duration        // how often the clocks are compared even if nobody asks for the time; default a second
}

// Clock gives the time. Its methods are safe for concurrent use.
//
// Invariants:
//
//	K1  a time that Now returns is at most Tolerance away from one that the machine's
//	    clock showed within the second before, or goes on from such a time by the
//	    monotonic clock
//	K2  the differences between two times that Now returned are those of the monotonic
//	    clock, by Sub and Before, whatever the wall clock does in between
//	K3  while held, the anchor stays where it is, so that the time in use has no part in
//	    what the wall clock does
type Clock struct {
	options Options
	state   atomic.Pointer[state]
	settled atomic.Bool

	mu    sync.Mutex    // while state changes; for the rest of the fields
	heard bool          // the database's clock was heard of
	lead  time.Duration // of the database's clock over the time in use, as last heard, but while held as of before
	apart time.Time     // when lead was first seen to have changed by too much; zero if it is small, or was stable since

	forward, back prometheus.Counter
	loop          *worker.Loop
}

// state is what the time is made of; it is not changed.
type state struct {
	anchor time.Time // a reading at which the wall clock was in use
	asleep time.Duration
	held   bool // the wall clock has jumped, and is not in use

	// While held.
	by           time.Duration // the wall clock is ahead of the time in use
	since        time.Time     // when that was first seen
	contradicted bool          // the database agrees with the time in use
}

// New makes a clock that goes by the machine's, and begins to look at it. Close ends that.
func New(o Options) *Clock {
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	o.Stable, o.every = cmp.Or(o.Stable, time.Minute), cmp.Or(o.every, time.Second)
	if o.Read == nil {
		o.Read = time.Now
	}
	if o.asleep == nil {
		o.asleep = asleep
	}
	jumps := func(direction string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{
			Name: "paceboard_clock_jumps_total", Help: "Times that this machine's clock moved by more than 10 s against its monotonic clock.",
			ConstLabels: prometheus.Labels{"direction": direction},
		})
	}
	c := &Clock{options: o, forward: jumps("forward"), back: jumps("back")}
	c.state.Store(&state{anchor: o.Read(), asleep: o.asleep()})
	c.settled.Store(true)
	c.loop = worker.Every(context.Background(), worker.Interval{Then: o.every}, func(context.Context) { c.look() })
	return c
}

// Close ends the looking; Now still notices jumps.
func (c *Clock) Close() { c.loop.Stop() }

// Now returns the time, with a reading of the monotonic clock. While the wall clock is in
// use it costs no more than time.Now and a comparison.
func (c *Clock) Now() time.Time {
	s := c.state.Load()
	t := c.options.Read()
	if !s.held && !near(s.moved(t)) {
		s = c.look()
	}
	return s.inUse(t)
}

// Settled reports whether the time is certain enough for what cannot be taken back.
func (c *Clock) Settled() bool { return c.settled.Load() }

// inUse is the time in use at a reading.
func (s *state) inUse(t time.Time) time.Time {
	if s.held {
		return s.anchor.Add(s.elapsed(t))
	}
	return t
}

// moved is how far the wall clock has moved against the monotonic clock.
func (s *state) moved(t time.Time) time.Duration {
	return t.Round(0).Sub(s.anchor.Round(0)) - s.elapsed(t)
}

// elapsed is the time since the anchor by the monotonic clock.
func (s *state) elapsed(t time.Time) time.Duration {
	if hasMonotonic(t) {
		return t.Sub(s.anchor)
	}
	return time.Since(s.anchor)
}

// hasMonotonic reports whether a reading has one of the monotonic clock: time.Now has none
// to give where the wall clock stands before 1885 or after 2157.
func hasMonotonic(t time.Time) bool { return t != t.Round(0) }

// near reports whether two clocks that are so far apart have kept pace.
func near(d time.Duration) bool { return d.Abs() <= Tolerance }

// look compares the wall clock with the monotonic one.
func (c *Clock) look() *state {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.compare(c.options.Read())
	return c.state.Load()
}

// compare is look at a reading; c.mu is held.
func (c *Clock) compare(t time.Time) {
	s, asleep := *c.state.Load(), c.options.asleep()
	moved := s.moved(t)
	slept := asleep - s.asleep
	switch log := c.options.Logger; {
	case near(moved):
		if s.held {
			log.Info("the machine's clock has come back and is in use again", "was_ahead_by", round(s.by))
		}
		c.state.Store(&state{anchor: t, asleep: asleep})
	case !s.held && near(moved-slept):
		log.Info("the machine was asleep", "for", round(slept))
		c.state.Store(&state{anchor: t, asleep: asleep})
	case !s.held, !near(moved - s.by):
		jumped := moved - s.by // it may have jumped before
		if jumped > 0 {
			c.forward.Inc()
		} else {
			c.back.Inc()
		}
		s.held, s.by, s.since, s.contradicted = true, moved, t, false
		log.Warn("the machine's clock has jumped: its time is not used, and no competition changes its status, until it was stable for a while or the database agrees with it",
			"jumped_by", round(jumped), "stable_for", c.options.Stable.String(), "time_in_use", s.inUse(t).Round(0))
		c.state.Store(&s)
	case !s.contradicted && s.elapsed(t)-s.elapsed(s.since) >= c.options.Stable:
		c.accept(&s, t, "it was stable")
	}
	c.judge(t)
}

// accept has the wall clock be in use from now on; c.mu is held.
func (c *Clock) accept(s *state, t time.Time, why string) {
	if !hasMonotonic(t) {
		return // whatever says so: nothing could be compared with it
	}
	c.options.Logger.Warn("the machine's clock is in use again, at its new time", "changed_by", round(s.by), "why", why)
	if c.heard {
		c.lead -= s.by
	}
	c.state.Store(&state{anchor: t, asleep: c.options.asleep()})
}

// Heard notes what the database's clock showed at an instant of the monotonic clock.
func (c *Clock) Heard(theirs, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.options.Read()
	c.compare(t)
	s := *c.state.Load()
	lead := theirs.Round(0).Sub(s.inUse(t).Round(0).Add(s.elapsed(at) - s.elapsed(t)))
	kept := near(lead - c.lead) // against the time in use, so against the monotonic clock
	switch {
	case s.held && kept && c.heard && (lead-s.by).Abs() <= agrees:
		c.accept(&s, t, "the database agrees with it")
	case s.held:
		if contradicted := near(lead); contradicted != s.contradicted {
			s.contradicted, s.since = contradicted, t
			c.state.Store(&s)
		}
	default:
		if !kept && lead.Abs() > agrees {
			c.apart = t
			c.options.Logger.Warn("the database's clock is not where this machine's is: no competition changes its status until both have been stable for a while",
				"database_ahead_by", round(lead), "stable_for", c.options.Stable.String())
		}
		c.heard, c.lead = true, lead
	}
	c.judge(t)
}

// judge says whether the time is settled; c.mu is held.
func (c *Clock) judge(t time.Time) {
	s := c.state.Load()
	if c.lead.Abs() <= agrees || !c.apart.IsZero() && t.Sub(c.apart) >= c.options.Stable {
		c.apart = time.Time{}
	}
	settled := c.apart.IsZero()
	switch {
	case s.held:
		settled = s.contradicted
	case c.options.Bound:
		settled = c.lead.Abs() <= agrees
	}
	c.settled.Store(settled)
}

// round is a duration for the log.
func round(d time.Duration) string { return d.Round(time.Millisecond).String() }
