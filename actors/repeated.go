package actors

import (
	"context"
	"time"
)

// repeated is something that the engine does again and again, until it is closed.
type repeated struct {
	stop context.CancelFunc
	done chan struct{}
}

// repeat does something after each interval, one at a time. Its context ends when
// it is closed, or with the engine's life.
func repeat(life context.Context, every time.Duration, do func(context.Context)) *repeated {
	ctx, cancel := context.WithCancel(life)
	r := &repeated{stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		ticks := time.NewTicker(every)
		defer ticks.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
				do(ctx)
			}
		}
	}()
	return r
}

// close waits for what is being done.
func (r *repeated) close() {
	r.stop()
	<-r.done
}
