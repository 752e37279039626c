package embedded

import (
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// orderedFS syncs a folder before a marker is made in it. Pebble names its
// newest MANIFEST by a marker file, and makes both before it syncs the folder
// once: after a power loss, a disk that does not keep the order of entries
// could have the marker and not the MANIFEST, and nothing would open. It happens
// once for each start and each new MANIFEST.
type orderedFS struct{ vfs.FS }

// Create implements vfs.FS.
func (f orderedFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.HasPrefix(f.PathBase(name), "marker.") {
		if err := syncDir(f.FS, f.PathDir(name)); err != nil {
			return nil, err
		}
	}
	return f.FS.Create(name, category)
}
