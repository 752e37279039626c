package embedded

import (
	"sync/atomic"
	"time"
)

// Stats are the store's figures since Open.
type Stats struct {
	Commits    uint64        // successful ones
	Batches    uint64        // in them
	Bytes      uint64        // of records in them
	LastCommit time.Duration // fsync included
	MeanCommit time.Duration // moving average that forgets after some 16 commits
	DiskBytes  uint64        // that Pebble's files take
	FreeBytes  uint64        // on the folder's disk a second ago at most; 0 if it does not tell
	Damaged    int           // competitions that lost acknowledged events
}

// Stats are the figures now. Cost: some microseconds, for Pebble's own.
func (s *Store) Stats() Stats {
	return Stats{
		Commits:    s.counters.commits.Load(),
		Batches:    s.counters.batches.Load(),
		Bytes:      s.counters.bytes.Load(),
		LastCommit: time.Duration(s.counters.last.Load()),
		MeanCommit: time.Duration(s.counters.mean.Load()),
		DiskBytes:  s.db.Metrics().DiskSpaceUsage(),
		FreeBytes:  s.counters.free.Load(),
		Damaged:    len(s.damaged),
	}
}

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
