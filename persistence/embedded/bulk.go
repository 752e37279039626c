package embedded

import (
	"context"
	"runtime"
)

// A read of very many rows is work for milliseconds. If there are as many of them at
// once as processors, everybody else waits for whole such reads: the runtime looks
// for what the network brings when a processor has nothing to run. So beyond the
// first rows half of the processors are for them, and those that are not at work
// wait. Whoever reads few rows notices nothing.
const (
	bulkFrom  = 64 // rows
	bulkYield = 16 // rows, after which others may run
)

// bulkPlaces is how many of them may be at work.
func bulkPlaces() int { return max(runtime.GOMAXPROCS(0)/2, 1) }

// bulk is a read of rows of which nobody knows how many they are. A nil one never
// waits.
type bulk struct {
	places chan struct{}
	rows   int
	held   bool
}

func (s *Store) newBulk() *bulk { return &bulk{places: s.bulks} }

// row is called before each row is read. Error: competition.ErrUnavailable at
// ctx's deadline.
func (b *bulk) row(ctx context.Context) error {
	if b == nil {
		return nil
	}
	b.rows++
	switch {
	case b.rows == bulkFrom:
		select {
		case b.places <- struct{}{}:
			b.held = true
		case <-ctx.Done():
			return outOfTime(ctx, "other reads of many rows are not over")
		}
	case b.held && b.rows%bulkYield == 0:
		runtime.Gosched()
	}
	return nil
}

// end gives the place back.
func (b *bulk) end() {
	if b != nil && b.held {
		<-b.places
		b.held = false
	}
}
