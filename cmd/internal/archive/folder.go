package archive

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paceboard/paceboard/cmd/internal/durable"
)

// folder is a Bucket in a folder.
type folder string

// part ends the name of an object that is not complete.
const part = ".part"

func (f folder) path(name string) string { return filepath.Join(string(f), filepath.FromSlash(name)) }

func (f folder) Put(_ context.Context, name string, content []byte) error {
	unfinished, err := f.write(name, content)
	if err != nil {
		return err
	}
	err = os.Link(unfinished, f.path(name)) // unlike a rename, it replaces nothing
	if errors.Is(err, fs.ErrExist) {
		err = errExists
	} else if err != nil { // a disk without links
		if _, there := os.Stat(f.path(name)); there == nil {
			err = errExists
		} else {
			return f.rename(unfinished, name)
		}
	}
	return errors.Join(err, os.Remove(unfinished), durable.SyncFolders(filepath.Dir(f.path(name))))
}

func (f folder) Replace(_ context.Context, name string, content []byte) error {
	unfinished, err := f.write(name, content)
	if err != nil {
		return err
	}
	return f.rename(unfinished, name)
}

func (f folder) rename(unfinished, name string) error {
	return errors.Join(os.Rename(unfinished, f.path(name)), durable.SyncFolders(filepath.Dir(f.path(name))))
}

// write has content on the disk under another name.
func (f folder) write(name string, content []byte) (unfinished string, err error) {
	unfinished = f.path(name) + part
	if err := os.MkdirAll(filepath.Dir(unfinished), 0o700); err != nil {
		return "", err
	}
	if err := os.Remove(unfinished); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	_, err = durable.Write(unfinished, func(w io.Writer) (int64, error) {
		n, err := w.Write(content)
		return int64(n), err
	})
	return unfinished, err
}

func (f folder) Get(_ context.Context, name string) ([]byte, error) {
	b, err := os.ReadFile(f.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNotThere
	}
	return b, err
}

func (f folder) List(_ context.Context, prefix, after string, visit func(name string) error) error {
	dir := filepath.Dir(f.path(prefix + "x"))
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	from, _ := slices.BinarySearchFunc(entries, after, func(e fs.DirEntry, after string) int { return strings.Compare(prefix+e.Name(), after) })
	for _, e := range entries[from:] {
		name := prefix + e.Name()
		if name <= after || strings.HasSuffix(name, part) {
			continue
		}
		if err := visit(name); err != nil {
			return err
		}
	}
	return nil
}

func (folder) Close() {}
