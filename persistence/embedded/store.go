package embedded

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/paceboard/paceboard/competition"
)

// Store keeps all competitions in one folder. All methods but Close are safe for
// concurrent use.
//
// Invariants:
//
//	S1  at most one commit is under way, and whoever reads or writes heads, or
//	    takes a view, holds the slot
//	S2  heads[id], if there, is the last seq of the competition's journal, counting
//	    the commit under way
//	S3  damaged does not change after Open
type Store struct {
	options Options
	log     *pebbleLog
	db      *pebble.DB
	lock    *pebble.Lock
	mark    *watermark
	damaged map[string]*competition.CorruptError

	bulks   chan struct{} // of reads of many rows; see bulk
	slot    chan struct{} // capacity 1, full while somebody holds the slot
	commits chan *commit  // capacity 1
	heads   map[string]uint64
	spare   sync.Pool // of *commit

	saving        turns         // in which a Save compares and writes
	projecting    turns         // in which a Project reads, joins and writes
	handing       turns         // in which a SaveHandover compares and writes
	administering turns         // in which a PutAPIKey writes, and a Pseudonymise reads and writes
	inviting      turns         // in which whoever writes invitations reads and writes
	linking       turns         // in which whoever writes board links reads and writes
	hooking       turns         // in which whoever writes webhooks or their cursors reads and writes
	auditing      turns         // in which somebody appends to the audit log or removes from it
	scrubbing     chan struct{} // capacity 1, full while a scrub is at work
	checkpointing chan struct{} // capacity 1, full while there is a checkpoint
	scrubs        sync.Mutex    // whoever reads or writes waiting holds it
	waiting       *scrubRun     // the scrub that has not begun; nil for none
	renewing      *atomic.Bool  // see orderedFS
	refusal       atomic.Pointer[error]
	counters      counters
	claimed       int64 // bytes of the MANIFEST file when it was last looked at

	closing context.Context // ends with Close
	close   context.CancelFunc
	running sync.WaitGroup
}

var _ competition.Store = (*Store)(nil)

func (s *Store) acquire(ctx context.Context) error {
	select {
	case <-s.log.dead:
		return errStopped
	case <-ctx.Done():
		return outOfTime(ctx, "nothing was begun")
	default:
	}
	select {
	case s.slot <- struct{}{}:
		return nil
	case <-s.log.dead:
		return errStopped
	case <-ctx.Done():
		return outOfTime(ctx, "the write before this one has not come back from the disk")
	}
}

func (s *Store) release() { <-s.slot }

// hung is how long a commit may take before Check says so. A healthy disk takes
// a millisecond.
const hung = 2 * time.Second

// Check reports whether writes are taken, from memory; see competition.Store.
func (s *Store) Check(context.Context) error {
	select {
	case <-s.log.dead:
		return errStopped
	default:
	}
	if refusal := s.refusal.Load(); refusal != nil {
		return *refusal
	}
	if waiting := s.counters.waiting(time.Now()); waiting > hung {
		return fmt.Errorf("%w: the disk of DATA_DIR (%s) has not confirmed a write for %s: look after the disk",
			competition.ErrUnavailable, s.options.Dir, waiting.Round(time.Second))
	}
	return nil
}

// turns lets one at a time read and write what belongs together. Nobody waits for
// it beyond a deadline, as one would for a mutex: a disk that hangs under the first
// of them must not keep the others' callers.
type turns chan struct{} // capacity 1, full while it is somebody's turn

// scrubRun is a scrub that is wanted, under way or over.
type scrubRun struct {
	over chan struct{} // closed when it is
	err  error
}

const (
	pebbleFolder   = "pebble"
	memTableBytes  = 64 << 20 // 4 MiB and 256 MiB are both slower for small synced commits
	cacheBytes     = 64 << 20
	manifestBytes  = 1 // a new one whenever more tables came than there are: it is read again and again, and Scrub needs to be rid of old ones
	defaultBallast = 64 << 20
)

// Options say where the store is and how it behaves.
type Options struct {
	Dir          string                     // the data folder; it is made if it is not there
	FS           vfs.FS                     // nil means the real disk
	MinFreeBytes uint64                     // less free space than this, and no write is taken; 0 never refuses
	BallastBytes int64                      // 0 means 64 MiB, less than 0 no ballast
	Logger       *slog.Logger               // nil discards
	OnFatal      func(message string)       // a write cannot be made durable: end the process and do not return; nil logs and exits with status 1
	OnAppend     func(b *competition.Batch) // is told of each batch that is about to be committed, and must be quick; may be nil. Who takes a view after that sees it, or it was not stored
	Archived     bool                       // Retain removes nothing that is not in the archive; see [Store.SaveArchived]
	NoTimers     bool                       // for tests whose time is not real: nothing happens by the clock alone, so the disk's free space is not watched

	restoring bool                  // the folder is being restored from a backup
	tune      func(*pebble.Options) // for tests
}

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

func newTurns() turns { return make(turns, 1) }

// take waits for the caller's turn, which lasts until done is called.
func (t turns) take(ctx context.Context, s *Store) (done func(), err error) {
	if ctx.Err() != nil {
		return nil, outOfTime(ctx, "nothing was begun")
	}
	if refusal := s.refusal.Load(); refusal != nil {
		return nil, *refusal
	}
	select {
	case t <- struct{}{}:
		return func() { <-t }, nil
	case <-s.log.dead:
		return nil, errStopped
	case <-ctx.Done():
		return nil, outOfTime(ctx, "the write before this one is not over")
	}
}

// write fills a batch while it is the caller's turn, and commits it with an fsync,
// unless it stays empty. It returns by ctx's deadline: what the disk has not
// confirmed by then may or may not be stored, and keeps the turn until it is over.
func (s *Store) write(ctx context.Context, t turns, fill func(batch *pebble.Batch) error) error {
	done, err := t.take(ctx, s)
	if err != nil {
		return err
	}
	batch := s.db.NewBatch()
	if err := fill(batch); err != nil || batch.Empty() {
		defer done()
		closeAfter(batch, &err)
		return err
	}
	written := make(chan error, 1)
	s.running.Go(func() {
		defer done()
		written <- s.apply(batch)
	})
	select {
	case err := <-written:
		return err
	case <-ctx.Done():
		return outOfTime(ctx, "the disk has not confirmed the write")
	}
}

// apply commits with an fsync. What Pebble cannot write it reports by Fatalf, or,
// once a write has failed already, by a panic.
func (s *Store) apply(batch *pebble.Batch) error {
	defer func() {
		if failure := recover(); failure != nil {
			s.log.Fatalf("commit: %v", failure)
		}
	}()
	return s.db.Apply(batch, pebble.Sync)
}
