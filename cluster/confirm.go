package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

// confirmations ask the store whether this node lives, for readers that do not rely on the
// lease. Readers that come while a question is under way wait for the next one, which they
// share: an answer proves nothing to a reader that came after the question.
// Safe for concurrent use.
type confirmations struct {
	ask   func() error
	wake  worker.Signal
	ended <-chan struct{} // nothing is asked any more

	mu    sync.Mutex
	next  *confirmation // that waits to be asked; nil is none
	asked uint64
}

// confirmation is one question and its answer.
type confirmation struct {
	done chan struct{} // closed when err is set
	err  error
}

// confirmBackoff is how a reader waits between questions that fail.
var confirmBackoff = worker.Backoff{First: 10 * time.Millisecond, Max: 200 * time.Millisecond, Jitter: 0.5}

var errNotAlive = fmt.Errorf("%w: the others count this node as dead", competition.ErrUnavailable)

// run asks whenever somebody waits, until ctx ends.
func (c *confirmations) run(ctx context.Context) {
	c.wake.Drain(ctx, func() (did bool) {
		c.mu.Lock()
		one := c.next
		c.next = nil
		if one != nil {
			c.asked++
		}
		c.mu.Unlock()
		if one == nil || ctx.Err() != nil {
			return false
		}
		one.err = c.ask()
		close(one.done)
		return true
	})
}

// await is [Node.Confirm].
func (c *confirmations) await(deadline time.Time) error {
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	for failures := 1; ; failures++ {
		one := c.join()
		select {
		case <-one.done:
		case <-c.ended:
			return errNotAlive
		case <-timer.C:
			return fmt.Errorf("%w: the store has not confirmed in time that this node lives", competition.ErrUnavailable)
		}
		pause := confirmBackoff.After(failures)
		if one.err == nil || errors.Is(one.err, errNotAlive) || time.Until(deadline) < pause {
			return one.err
		}
		worker.Pause(context.Background(), pause)
	}
}

// join returns the question that is asked next.
func (c *confirmations) join() *confirmation {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next == nil {
		c.next = &confirmation{done: make(chan struct{})}
		c.wake.Set()
	}
	return c.next
}

// count is how often the store was asked.
func (c *confirmations) count() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}
