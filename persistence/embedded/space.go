package embedded

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/paceboard/paceboard/competition"
)

// The ballast is a file that only takes up space, so that there is some to give
// back: Pebble cannot open on a full disk, because replaying its log writes
// tables. It is given up at an Open that finds less than MinFreeBytes, and made
// again at one that finds plenty. While the store runs it is left alone: then it
// is MinFreeBytes that keeps the disk from running full.
const ballastFile = "ballast"

// makeRoom sees to it that there is space enough to open Pebble.
func makeRoom(o *Options) error {
	free, known, err := freeBytes(o.FS, o.Dir)
	if err != nil || !known {
		return err
	}
	path := o.FS.PathJoin(o.Dir, ballastFile)
	there, err := exists(o.FS, path)
	if err != nil {
		return err
	}
	need, err := replayBytes(o)
	if err != nil {
		return err
	}
	short := free < max(o.MinFreeBytes, need)
	switch {
	case short && there:
		if err := o.FS.Remove(path); err != nil {
			return err
		}
		if free, _, err = freeBytes(o.FS, o.Dir); err != nil {
			return err
		}
		o.Logger.Warn("the disk is nearly full: the ballast was given up to open the data folder", "free", readable(free))
	case !short && !there && o.BallastBytes > 0 && free >= max(o.MinFreeBytes, need)+2*uint64(o.BallastBytes):
		makeBallast(o, path)
	}
	if free < need {
		return fmt.Errorf("%w: %s is free, and replaying the log takes %s; free some space and start again", ErrFull, readable(free), readable(need))
	}
	return nil
}

// makeBallast reserves the space. Doing without is no reason not to start.
func makeBallast(o *Options, path string) {
	f, err := o.FS.Create(path, vfs.WriteCategoryUnspecified)
	if err == nil {
		err = errors.Join(f.Preallocate(0, o.BallastBytes), f.Sync(), f.Close())
	}
	if err != nil {
		o.Logger.Warn("no space could be reserved for a full disk", "error", errors.Join(err, o.FS.Remove(path)))
	}
}

// replayBytes is about how much Pebble writes when it opens: its logs, as
// tables. Not more than two of them are alive; older ones wait for new use.
func replayBytes(o *Options) (uint64, error) {
	const overhead, mostLogs = 1 << 20, 2 * memTableBytes
	path := o.FS.PathJoin(o.Dir, pebbleFolder)
	names, err := o.FS.List(path)
	if err != nil {
		return 0, err
	}
	var logs uint64
	for _, name := range names {
		if !strings.HasSuffix(name, logSuffix) {
			continue
		}
		info, err := o.FS.Stat(o.FS.PathJoin(path, name))
		if err != nil {
			return 0, err
		}
		logs += uint64(info.Size())
	}
	return overhead + min(logs, mostLogs), nil
}

// freeBytes is the space that this process can use; known is false on a file
// system that does not tell.
func freeBytes(files vfs.FS, dir string) (free uint64, known bool, err error) {
	usage, err := files.GetDiskUsage(dir)
	if errors.Is(err, vfs.ErrUnsupported) {
		return 0, false, nil
	}
	return usage.AvailBytes, err == nil, err
}

// measure looks at the free space and notes whether writes can be taken.
func (s *Store) measure() {
	free, known, err := freeBytes(s.options.FS, s.options.Dir)
	switch {
	case err != nil:
		s.refuse(fmt.Errorf("%w: the disk of DATA_DIR (%s) does not answer: %w", competition.ErrUnavailable, s.options.Dir, err))
		return
	case known && free < s.options.MinFreeBytes:
		s.refuse(fmt.Errorf("%w: only %s free on the disk of DATA_DIR (%s), below MIN_FREE_DISK (%s): make room, and writes are taken again by themselves",
			competition.ErrUnavailable, readable(free), s.options.Dir, readable(s.options.MinFreeBytes)))
	default:
		s.refuse(nil)
	}
	s.counters.free.Store(free)
}

// refuse sets why no writes are taken; nil takes them.
func (s *Store) refuse(why error) {
	if why == nil {
		if s.refusal.Swap(nil) != nil {
			s.options.Logger.Info("the data folder takes writes again")
		}
		return
	}
	if s.refusal.Swap(&why) == nil {
		s.options.Logger.Error("the data folder takes no writes", "reason", why)
	}
}

// readable is a size for people, rounded down.
func readable(n uint64) string {
	const unit = 1024
	if n < unit {
		return strconv.FormatUint(n, 10) + " B"
	}
	prefix := 0
	for n >= unit*unit {
		n /= unit
		prefix++
	}
	return fmt.Sprintf("%d.%d %ciB", n/unit, n%unit*10/unit, "KMGTPE"[prefix])
}
