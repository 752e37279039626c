package embedded

import (
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
