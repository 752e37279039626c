package embedded

import (
	"errors"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// exists reports whether there is a file of that name.
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
