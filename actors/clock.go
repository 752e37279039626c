package actors

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// clock wakes each competition when time changes its status, in memory or not,
// and tells the competitions in memory to tidy up now and then. It first reads
// from the store which competitions are still to change, and recovers those
// that take syncs.
type clock struct {
	engine *Engine
	mu     sync.Mutex
	due    dueHeap
	at     map[string]competition.Millis // the valid entry of each competition
	wake   chan struct{}                 // capacity 1
	ctx    context.Context
	stop   context.CancelFunc
	parts  sync.WaitGroup
}

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
	c := &clock{engine: e, at: map[string]competition.Millis{}, wake: make(chan struct{}, 1)}
	c.ctx, c.stop = context.WithCancel(e.life)
	return c
}

func (c *clock) start() { c.parts.Go(c.run) }

// schedule sets when a competition is woken next, in place of an earlier call.
func (c *clock) schedule(id string, at competition.Millis) {
	c.mu.Lock()
	if c.at[id] != at {
		c.at[id] = at
		heap.Push(&c.due, due{at: at, id: id})
	}
	c.mu.Unlock()
	c.poke()
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
	open, ok := c.load()
	if !ok {
		return
	}
	c.parts.Go(func() { c.recoverAll(open) })
	sweeps := time.NewTicker(max(min(c.engine.IdleAfter/4, time.Minute), 10*time.Millisecond))
	defer sweeps.Stop()
	for {
		id, wait := c.next(c.engine.now())
		if id != "" {
			c.wakeUp(id)
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-c.wake:
		case <-sweeps.C:
			for _, h := range c.engine.registry.all() {
				c.engine.tell(h, &sweep{})
			}
		case <-c.ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// wakeUp sends a tick to a competition, bringing it into memory if need be. The
// actor is the one to let the tick leave.
func (c *clock) wakeUp(id string) {
	h, err := c.engine.enter(id, c.engine.deadline())
	if err != nil {
		c.engine.Logger.Warn("a competition could not be woken for its change of status", "competition", id, "error", err)
		c.schedule(id, c.engine.now()+1000)
		return
	}
	c.engine.tell(h, &tick{})
	c.engine.dismiss()
}

// load reads the list of competitions as soon as the store lets it. False means
// stopped.
func (c *clock) load() (open []string, ok bool) {
	for {
		open, err := c.list()
		if err == nil {
			return open, true
		}
		c.engine.Logger.Error("the list of competitions cannot be read yet", "error", err)
		select {
		case <-c.ctx.Done():
			return nil, false
		case <-time.After(time.Second):
		}
	}
}

// list schedules every change of status to come, and returns the ids of the
// competitions that take syncs.
func (c *clock) list() (open []string, err error) {
	ctx, cancel := context.WithTimeout(c.ctx, c.engine.RecoveryTimeout)
	defer cancel()
	now := c.engine.now()
	err = c.engine.Store.List(ctx, "", func(s competition.Summary) bool {
		_, at, changes := s.Definition.Next(s.Status)
		if changes {
			c.schedule(s.Definition.ID, max(at, 1))
		}
		if s.Status.Open() || s.Status == competition.Upcoming && at <= now {
			open = append(open, s.Definition.ID)
		}
		return true
	})
	return open, err
}

// recoverAll brings competitions into memory, one after another, and waits until
// they answer; then the engine is ready.
func (c *clock) recoverAll(ids []string) {
	for _, id := range ids {
		if c.ctx.Err() != nil {
			return
		}
		h, err := c.engine.enter(id, c.engine.deadline())
		if err != nil {
			c.engine.Logger.Error("a competition could not be recovered", "competition", id, "error", err)
			continue
		}
		v := c.engine.newEnvelope()
		v.command = &getSummary{caller: competition.Caller{Operator: true}}
		c.engine.tell(h, v)
		select {
		case <-v.done:
			c.engine.release(v)
		case <-c.ctx.Done():
		case <-time.After(c.engine.RecoveryTimeout):
		}
		c.engine.leave(h)
	}
	c.engine.recovered.Store(true)
}
