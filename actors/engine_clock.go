package actors

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// clock wakes each competition when time changes its status, in memory or not,
// and tells the competitions in memory to tidy up now and then. The store has the
// list of what is due, by an index: the clock looks at it every pollEvery, as far
// ahead as horizon, and so knows what other processes and imports have made. What
// lies further ahead it forgets. So a start brings nothing into memory that is not
// due, and nothing grows with the number of competitions.
type clock struct {
	engine  *Engine
	mu      sync.Mutex
	due     dueHeap
	at      map[string]competition.Millis // the valid entry of each competition
	wake    chan struct{}                 // capacity 1
	ticking chan struct{}                 // a place for each tick that is not handled yet
	ctx     context.Context
	stop    context.CancelFunc
	parts   sync.WaitGroup

	// The loop's own.
	pollAt competition.Millis // when to look at the list next
	polled competition.Due    // where the look under way is; zero when none is
}

const (
	pollEvery  = 10 * time.Second
	horizon    = 2 * pollEvery // a look that fails for pollEvery makes nothing late
	pollRetry  = time.Second
	duePage    = 256 // of a look; it goes on when these are woken
	maxTicking = 64  // ticks that may wait for their competitions to be recovered
)

// due is when a competition is to be woken; only the entry that clock.at agrees
// with counts.
type due struct {
	at competition.Millis
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

func newClock(e *Engine) *clock {
	c := &clock{
		engine: e, at: map[string]competition.Millis{}, wake: make(chan struct{}, 1), ticking: make(chan struct{}, maxTicking),
	}
	c.ctx, c.stop = context.WithCancel(e.life)
	return c
}

func (c *clock) start() {
	c.parts.Go(c.run)
	c.parts.Go(c.sweep)
}

// schedule sets when a competition is woken next, in place of an earlier call. What
// is further ahead than horizon the clock finds in the store in time.
func (c *clock) schedule(id string, at competition.Millis) {
	far := at > c.engine.now()+competition.Millis(horizon.Milliseconds())
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case far:
		delete(c.at, id)
	case c.at[id] != at:
		c.at[id] = at
		heap.Push(&c.due, due{at: at, id: id})
		c.poke()
	}
}

// poke has the clock look at the time.
func (c *clock) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// next takes a competition that is due; if none is, it says how long until one
// will be.
func (c *clock) next(now competition.Millis) (id string, wait time.Duration) {
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

func (c *clock) close() {
	c.stop()
	c.parts.Wait()
}

func (c *clock) run() {
	for c.ctx.Err() == nil {
		now := c.engine.now()
		id, wait := c.next(now)
		switch {
		case id != "":
			c.wakeUp(id)
			continue
		case c.polled != competition.Due{}, now >= c.pollAt:
			c.poll(now)
			continue
		}
		timer := time.NewTimer(min(wait, time.Duration(c.pollAt-now)*time.Millisecond))
		select {
		case <-timer.C:
		case <-c.wake:
		case <-c.ctx.Done():
		}
		timer.Stop()
	}
}

// poll schedules the next page of what the store says is due soon. As soon as that
// could be read the engine is ready: whoever asks for a competition that is due
// finds it moved on.
func (c *clock) poll(now competition.Millis) {
	ctx, cancel := context.WithTimeout(c.ctx, c.engine.StoreTimeout)
	defer cancel()
	page, err := c.engine.Store.DueBefore(ctx, c.polled, now+competition.Millis(horizon.Milliseconds()), duePage)
	if err != nil {
		if c.ctx.Err() == nil {
			c.engine.Logger.Error("the list of what is due cannot be read yet", "error", err)
		}
		c.pollAt, c.polled = now+competition.Millis(pollRetry.Milliseconds()), competition.Due{}
		return
	}
	for _, d := range page {
		c.schedule(d.CompetitionID, max(d.At, 1))
	}
	c.pollAt, c.polled = now+competition.Millis(pollEvery.Milliseconds()), competition.Due{}
	if len(page) == duePage {
		c.polled = page[duePage-1]
	}
	c.engine.recovered.Store(true)
}

// sweep tells the competitions in memory to tidy up.
func (c *clock) sweep() {
	sweeps := time.NewTicker(max(min(c.engine.IdleAfter/4, time.Minute), 10*time.Millisecond))
	defer sweeps.Stop()
	for {
		select {
		case <-sweeps.C:
			for _, h := range c.engine.registry.all() {
				c.engine.tell(h, &sweep{})
			}
		case <-c.ctx.Done():
			return
		}
	}
}

// wakeUp sends a tick to a competition, bringing it into memory if need be, as soon
// as there is a place for one. The actor is the one to let the tick leave.
func (c *clock) wakeUp(id string) {
	select {
	case c.ticking <- struct{}{}:
	case <-c.ctx.Done():
		return
	}
	before := c.engine.registry.find(id)
	used := before != nil && before.used.Load()
	h, err := c.engine.enter(id, c.engine.deadline())
	if err != nil {
		c.ticked()
		c.engine.Logger.Warn("a competition could not be woken for its change of status", "competition", id, "error", err)
		c.schedule(id, c.engine.now()+1000)
		return
	}
	if !used {
		h.used.Store(false) // a tick is no use; see competitionActor.tick
	}
	c.engine.tell(h, &tick{})
	c.engine.dismiss()
}

// ticked gives the place of a tick back.
func (c *clock) ticked() { <-c.ticking }
