package embedded

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

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
	auditing      turns         // in which somebody appends to the audit log or removes from it
	scrubbing     chan struct{} // capacity 1, full while a scrub is at work
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

// acquire takes the slot.
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
