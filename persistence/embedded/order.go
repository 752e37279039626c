package embedded

import (
	"errors"
	"io/fs"
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
