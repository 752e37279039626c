package embedded

import (
	"context"
	"errors"
	"time"

	"github.com/paceboard/paceboard/internal/worker"
)

// start begins the store's own goroutines.
func (s *Store) start() {
	s.running.Go(s.runCommits)
	if !s.options.NoTimers {
		s.running.Go(s.runGuard)
	}
}

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
