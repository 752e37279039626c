package embedded

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
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

// start begins the store's own goroutines.
func (s *Store) start() {
	s.running.Go(s.runCommits)
	if !s.options.NoTimers {
		s.running.Go(s.runGuard)
	}
}

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

// runGuard looks after the disk, off the path of the commits.
func (s *Store) runGuard() {
	for worker.Pause(s.closing, time.Second) {
		select {
		case <-s.log.dead:
			return
		default:
			s.measure()
			s.claimManifest()
		}
	}
}

// claimManifest claims what the MANIFEST has grown by. How far it can be read
// is found out first, and then it is synced, so that W1 holds although Pebble
// may be writing to it.
func (s *Store) claimManifest() {
	path := *s.log.manifest.Load()
	files := s.options.FS
	info, err := files.Stat(path)
	if err == nil && info.Size() == s.claimed {
		return
	}
	var sound int64
	if err == nil {
		sound, err = soundBytes(files, path)
	}
	if err == nil {
		err = syncDir(files, path) // It does for a file as well.
	}
	if err != nil { // It may just have been replaced.
		s.options.Logger.Debug("the MANIFEST was not claimed", "error", err)
		return
	}
	s.claimed = info.Size()
	s.mark.add(appendClaim(nil, claimManifest, uint64(sound), files.PathBase(path)))
}

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

// Close waits for the commit under way and ends the store. After a write that
// could not be made durable there is nothing to end but the process.
func (s *Store) Close() error {
	s.close()
	if err := s.acquire(context.Background()); err != nil {
		return err
	}
	close(s.commits)
	s.running.Wait()
	err := s.db.Close()
	if err == nil {
		s.claimManifest()
	}
	return errors.Join(err, s.mark.close(), s.lock.Close())
}
