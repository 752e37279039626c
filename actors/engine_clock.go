package actors

import (
	"container/heap"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/internal/worker"
)

// clock wakes each competition when time changes its status, in memory or not. The
// store has the list of what is due, by an index: the clock looks at it every
// pollEvery, as far ahead as horizon, and so knows what other processes and imports
// have made. It forgets what is further ahead. So a start brings nothing into memory
// that is not due, and nothing grows with the number of competitions.
type clock struct {
	env     clockEnv
	mu      sync.Mutex
	due     dueHeap
	at      map[string]calendar.Millis // the valid entry of each competition
	wake    worker.Signal
	ticking chan struct{} // a place for each tick that is not handled yet
	read    chan struct{} // closed when the list could be read for the first time
	loop    *worker.Loop  // nil before start

	// The loop's own.
	pollAt calendar.Millis // when to look at the list next
	polled competition.Due // where the look under way is; zero when none is
	pace   worker.Pace     // of the log's lines that it cannot be read
}

// clockEnv is what a clock needs.
type clockEnv struct {
	store   competition.Catalog
	timeout time.Duration // of one look at the list
	now     func() calendar.Millis
	settled func() bool // the time is certain: nobody is woken while it is not
	logger  *slog.Logger
	// tick sends a tick to a competition, which it brings into memory if need be.
	// Each that was sent is answered by a call of ticked.
	tick func(id string) error
}

const (
	pollEvery  = 10 * time.Second
	horizon    = 2 * pollEvery // a look that fails for pollEvery makes nothing late
	pollRetry  = time.Second
	settling   = time.Second // how often to see whether the time is certain
	duePage    = 256         // of a look; it goes on when these are woken
	maxTicking = 64          // ticks that may wait for their competitions to be recovered
)

// due is when a competition is to be woken; only the entry that clock.at agrees
// with counts.
type due struct {
	at calendar.Millis
	id string
}

type dueHeap []due

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].at < h[j].at }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)        { *h = append(*h, x.(due)) } //nolint:forcetypeassert // heap.Interface has no better type
func (h *dueHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

func newClock(env clockEnv) *clock {
	return &clock{
		env: env, at: map[string]calendar.Millis{}, wake: worker.NewSignal(),
		ticking: make(chan struct{}, maxTicking), read: make(chan struct{}),
	}
}

func (c *clock) start(life context.Context) { c.loop = worker.Start(life, c.run) }

func (c *clock) close() { c.loop.Stop() }

// hasRead reports whether the list could be read: from then on, competitions that are
// due have moved on when a request sees them.
func (c *clock) hasRead() bool {
	select {
	case <-c.read:
		return true
	default:
		return false
	}
}

// schedule sets when a competition is woken next, in place of an earlier call. What
// is further ahead than horizon the clock finds in the store in time.
func (c *clock) schedule(id string, at calendar.Millis) {
	far := at > c.env.now()+calendar.Millis(horizon.Milliseconds())
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case far:
		delete(c.at, id)
	case c.at[id] != at:
		c.at[id] = at
		heap.Push(&c.due, due{at: at, id: id})
		c.wake.Set()
	}
}

// next takes a competition that is due; if none is, it says how long until one
// will be.
func (c *clock) next(now calendar.Millis) (id string, wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.due) > 0 {
		first := c.due[0]
		if c.at[first.id] != first.at {
			heap.Pop(&c.due) // rescheduled since
			continue
		}
		if first.at > now {
			// A long wait is cut: the wall clock may be set meanwhile.
			return "", min(time.Duration(first.at-now)*time.Millisecond, time.Minute)
		}
		heap.Pop(&c.due)
		delete(c.at, first.id)
		return first.id, 0
	}
	return "", time.Minute
}

func (c *clock) run(ctx context.Context) {
	for ctx.Err() == nil {
		now, id, wait := c.env.now(), "", settling
		switch {
		case c.env.settled():
			id, wait = c.next(now)
		case c.hasRead():
			c.wake.Wait(ctx, settling)
			continue
		}
		setBack := c.pollAt > now+calendar.Millis(pollEvery.Milliseconds())
		switch {
		case id != "":
			c.wakeUp(ctx, id)
		case c.polled != competition.Due{}, now >= c.pollAt, setBack:
			c.poll(ctx, now)
		default:
			c.wake.Wait(ctx, min(wait, time.Duration(c.pollAt-now)*time.Millisecond))
		}
	}
}

// poll schedules the next page of what the store says is due soon.
func (c *clock) poll(life context.Context, now calendar.Millis) {
	ctx, cancel := context.WithTimeout(life, c.env.timeout)
	defer cancel()
	page, err := c.env.store.DueBefore(ctx, c.polled, now+calendar.Millis(horizon.Milliseconds()), duePage)
	if err != nil {
		if _, due := c.pace.Due(time.Now()); due && life.Err() == nil {
			c.env.logger.ErrorContext(life, "the list of what is due cannot be read yet", "error", err)
		}
		c.pollAt, c.polled = now+calendar.Millis(pollRetry.Milliseconds()), competition.Due{}
		return
	}
	c.pace.Reset()
	for _, d := range page {
		c.schedule(d.CompetitionID, max(d.At, 1))
	}
	c.pollAt, c.polled = now+calendar.Millis(pollEvery.Milliseconds()), competition.Due{}
	if len(page) == duePage {
		c.polled = page[duePage-1]
	}
	if !c.hasRead() {
		close(c.read)
	}
}

// wakeUp sends a tick to a competition, as soon as there is a place for one.
func (c *clock) wakeUp(ctx context.Context, id string) {
	select {
	case c.ticking <- struct{}{}:
	case <-ctx.Done():
		return
	}
	if err := c.env.tick(id); err != nil {
		c.ticked()
		if errors.Is(err, competition.ErrNotOwner) {
			return // until the next look at the list
		}
		c.env.logger.WarnContext(ctx, "a competition could not be woken for its change of status", "competition", id, "error", err)
		c.schedule(id, c.env.now()+1000)
	}
}

// ticked gives the place of a tick back.
func (c *clock) ticked() { <-c.ticking }
