package embedded

import (
	"errors"
	"io/fs"
	"math"
	"strings"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// orderedFS syncs a folder before a marker is made in it. Pebble names its
// newest MANIFEST by a marker file, and makes both before it syncs the folder
// once: after a power loss, a disk that does not keep the order of entries
// could have the marker and not the MANIFEST, and nothing would open. It happens
// once for each start and each new MANIFEST.
//
// It fills logs ahead, see filledLog. While renewing is set it makes new ones
// instead of reusing old ones with their bytes after the end.
type orderedFS struct {
	vfs.FS
	renewing *atomic.Bool
}

const logSuffix = ".log"

// Create implements vfs.FS.
func (f orderedFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.HasPrefix(f.PathBase(name), "marker.") {
		if err := syncDir(f.FS, f.PathDir(name)); err != nil {
			return nil, err
		}
	}
	file, err := f.FS.Create(name, category)
	if err != nil || !strings.HasSuffix(name, logSuffix) {
		return file, err
	}
	return fillAhead(f.FS, name, file, category)
}

// ReuseForWrite implements vfs.FS. A log that waited for new use is gone if
// Scrub has been there.
func (f orderedFS) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if f.renewing.Load() {
		if err := f.Remove(oldname); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		return f.Create(newname, category)
	}
	file, err := f.FS.ReuseForWrite(oldname, newname, category)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f.Create(newname, category)
	case err != nil:
		return nil, err
	}
	return fillAhead(f.FS, newname, file, category)
}

// filledLog is a log of Pebble's that has zeros where it will be written next.
// A sync of bytes that were there already is cheaper than one of bytes that the
// file system must first note down as having become part of the file: alone, a
// commit takes 0.28 instead of 0.34 ms (ext4). Zeros are what Pebble finds after
// the end of a log anyhow.
type filledLog struct {
	vfs.File          // what Pebble writes to
	ahead    vfs.File // the same, for the zeros
	end      int64    // of what Pebble wrote
	filled   int64    // up to here there is something
}

// A log is filled by what has been written to it, within these limits, so that a
// small one stays small and no commit waits for long.
const (
	leastAhead = 64 << 10
	mostAhead  = 1 << 20
)

var zeros [mostAhead]byte

// fillAhead makes a filledLog of a file just made, or reused.
func fillAhead(files vfs.FS, name string, log vfs.File, category vfs.DiskWriteCategory) (vfs.File, error) {
	info, err := log.Stat()
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	ahead, err := files.OpenReadWrite(name, category)
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return &filledLog{File: log, ahead: ahead, filled: info.Size()}, nil
}

// Write implements vfs.File.
func (l *filledLog) Write(p []byte) (int, error) {
	n, err := l.File.Write(p)
	if l.end += int64(n); l.end > l.filled {
		l.fill()
	}
	return n, err
}

// fill writes zeros after the end. When the disk does not take them, the log
// goes on without: whether there is room for what matters, Write finds out.
func (l *filledLog) fill() {
	n, err := l.ahead.WriteAt(zeros[:min(max(l.end, leastAhead), mostAhead)], l.end)
	l.filled = l.end + int64(n)
	if err != nil {
		l.filled = math.MaxInt64
	}
}

// Close implements vfs.File.
func (l *filledLog) Close() error { return errors.Join(l.File.Close(), l.ahead.Close()) }

func exists(files vfs.FS, path string) (bool, error) {
	_, err := files.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// makeDir makes a folder, and what it lies in, and syncs the entries of those
// that were not there.
func makeDir(files vfs.FS, path string) error {
	there, err := exists(files, path)
	if there || err != nil {
		return err
	}
	parent := files.PathDir(path)
	if parent != path {
		if err := makeDir(files, parent); err != nil {
			return err
		}
	}
	if err := files.MkdirAll(path, 0o750); err != nil {
		return err
	}
	return syncDir(files, parent)
}

// writeFile makes a file of these bytes, and has them on disk.
func writeFile(files vfs.FS, path string, b []byte) error {
	f, err := files.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func syncDir(files vfs.FS, path string) error {
	d, err := files.OpenDir(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
