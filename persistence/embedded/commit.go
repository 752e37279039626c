package embedded

import (
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// commit is one Pebble batch on its way.
type commit struct {
	batch      *pebble.Batch
	claims     []byte // for the commit watermark, once the batch is durable
	key, value []byte // scratch
	batches    int
	bytes      int
	done       chan error // capacity 1
}

func (c *commit) set(value []byte) error { return c.batch.Set(c.key, value, nil) }

// counters are written by the one goroutine that commits, free by the guard.
type counters struct {
	commits, batches, bytes atomic.Uint64
	last, mean              atomic.Int64 // nanoseconds
	began                   atomic.Int64 // of the commit under way, Unix nanoseconds; 0 when there is none
	free                    atomic.Uint64
}

func (c *counters) begin(now time.Time) { c.began.Store(now.UnixNano()) }

func (c *counters) end(done *commit, took time.Duration, err error) {
	c.began.Store(0)
	if err != nil {
		return
	}
	c.commits.Add(1)
	c.batches.Add(uint64(done.batches))
	c.bytes.Add(uint64(done.bytes))
	c.last.Store(int64(took))
	if c.mean.CompareAndSwap(0, int64(took)) {
		return
	}
	c.mean.Add((int64(took) - c.mean.Load()) / 16)
}

// waiting is how long the commit under way has been.
func (c *counters) waiting(now time.Time) time.Duration {
	if began := c.began.Load(); began != 0 {
		return time.Duration(now.UnixNano() - began)
	}
	return 0
}
