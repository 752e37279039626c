// Package durable makes files that outlive a power cut. It knows nothing of what is in them.
package durable

import (
	"errors"
	"io"
	"os"
)

// Write makes a file of what write writes, and returns once it is on the disk. It is an
// error if there is one already. The folder is not synced.
func Write(path string, write func(io.Writer) (int64, error)) (n int64, err error) {
	return create(path, func(file *os.File) (int64, error) { return write(file) })
}

// Copy is Write of what is read. It syncs after each part of so many bytes, so that others
// who write to the disk wait for a part at most; 0 syncs at the end alone.
func Copy(path string, from io.Reader, part int64) (n int64, err error) {
	return create(path, func(file *os.File) (n int64, err error) {
		if part == 0 {
			return io.Copy(file, from)
		}
		for err == nil {
			var some int64
			some, err = io.CopyN(file, from, part)
			n += some
			if err == nil {
				err = file.Sync()
			}
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return n, err
	})
}

func create(path string, write func(*os.File) (int64, error)) (n int64, err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // G304: the operator's own path.
	if err != nil {
		return 0, err
	}
	n, err = write(file)
	if err == nil {
		err = file.Sync()
	}
	return n, errors.Join(err, file.Close())
}

// SyncFolders returns once the names in some folders are on the disk.
func SyncFolders(paths ...string) error {
	for _, path := range paths {
		folder, err := os.Open(path) //nolint:gosec // G304: the operator's own path.
		if err == nil {
			err = errors.Join(folder.Sync(), folder.Close())
		}
		if err != nil {
			return err
		}
	}
	return nil
}
