package backup

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/paceboard/paceboard/cmd/internal/durable"
)

// Checkpoint is what a backup is made of.
type Checkpoint struct {
	Dir      string
	Files    []string          // relative, with slashes
	Journals map[string]uint64 // see Manifest
	Program  string
	At       time.Time
	Progress func(bytes int) // may be nil
	Rest     int             // how many times as long as it works the backup rests, in turns, for a server beside it
}

func (c *Checkpoint) manifest() *Manifest {
	return &Manifest{Program: c.Program, MadeAt: c.At.UTC(), Journals: c.Journals}
}

func (c *Checkpoint) progress(n int64) {
	if c.Progress != nil {
		c.Progress(int(n))
	}
}

// Size returns how many bytes the files have.
func (c *Checkpoint) Size() (n int64, err error) {
	for _, name := range c.Files {
		info, err := os.Stat(filepath.Join(c.Dir, filepath.FromSlash(name)))
		if err != nil {
			return 0, err
		}
		n += info.Size()
	}
	return n, nil
}

// partBytes is how much of a copy is written between two syncs.
const partBytes = 1 << 20

// Written is a backup in a folder.
type Written struct {
	*Manifest

	Dir    string
	Linked int64 // bytes that the backup before has as well
}

// WriteFolder makes a backup in a folder of backups, which is made if it is not there.
// Either it is complete and on the disk, or it has another name, and goes the next time.
// One process at a time may write to a folder.
func WriteFolder(ctx context.Context, backups string, c *Checkpoint) (*Written, error) {
	if err := os.MkdirAll(backups, 0o700); err != nil {
		return nil, err
	}
	if err := removeParts(backups); err != nil {
		return nil, fmt.Errorf("remove a backup that was not finished: %w", err)
	}
	before, err := newest(backups, nil)
	if err != nil {
		return nil, err
	}
	w := &Written{Manifest: c.manifest(), Dir: filepath.Join(backups, c.At.UTC().Format(stamp))}
	unfinished := w.Dir + part
	if err := os.MkdirAll(filepath.Join(unfinished, "pebble"), 0o700); err != nil {
		return nil, err
	}
	err = w.fill(ctx, unfinished, c, readPrevious(before))
	if err == nil {
		err = durable.SyncFolders(filepath.Join(unfinished, "pebble"), unfinished)
	}
	if err == nil {
		err = os.Rename(unfinished, w.Dir)
	}
	if err == nil {
		err = durable.SyncFolders(backups)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(unfinished))
	}
	return w, nil
}

func (w *Written) fill(ctx context.Context, dir string, c *Checkpoint, previous *previous) error {
	for _, name := range c.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		from, to := filepath.Join(c.Dir, filepath.FromSlash(name)), filepath.Join(dir, filepath.FromSlash(name))
		f, linked, err := previous.link(name, from, to, c.Rest)
		if err == nil && !linked {
			f, err = readFile(name, from, c.Rest, into(to, partBytes))
		}
		if err != nil {
			return err
		}
		if linked {
			w.Linked += f.Bytes
		}
		w.Files = append(w.Files, f)
		c.progress(f.Bytes)
	}
	b, err := w.encode()
	if err != nil {
		return err
	}
	_, err = durable.Write(filepath.Join(dir, manifestName), func(to io.Writer) (int64, error) {
		n, err := to.Write(b)
		return int64(n), err
	})
	return err
}

// previous is the backup before; nil for none.
type previous struct {
	dir   string
	files map[string]File
}

// readPrevious reads the backup before. One that cannot be read is of no use here, and
// fails where it is restored or verified.
func readPrevious(dir string) *previous {
	if dir == "" {
		return nil
	}
	m, err := readManifest(dir)
	if err != nil {
		return nil
	}
	p := &previous{dir: dir, files: map[string]File{}}
	for _, f := range m.Files {
		p.files[f.Name] = f
	}
	return p
}

// link links a file to that of the backup before, if it is a table with the same bytes.
// The number in a table's name is not enough: a store that was restored uses it again.
func (p *previous) link(name, from, to string, rest int) (f File, linked bool, err error) {
	if p == nil || !strings.HasSuffix(name, ".sst") {
		return File{}, false, nil
	}
	before, there := p.files[name]
	info, err := os.Stat(from)
	if err != nil || !there || info.Size() != before.Bytes {
		return File{}, false, err
	}
	if f, err = readFile(name, from, rest, func(r io.Reader) (int64, error) { return io.Copy(io.Discard, r) }); err != nil || f != before {
		return File{}, false, err
	}
	if os.Link(filepath.Join(p.dir, filepath.FromSlash(name)), to) != nil { // a disk without links, or too many of them
		return File{}, false, nil //nolint:nilerr // it is copied instead
	}
	return f, true, nil
}

// WriteTar writes a backup as a tar, the manifest last.
func WriteTar(ctx context.Context, to io.Writer, c *Checkpoint) (*Manifest, error) {
	m, archive := c.manifest(), tar.NewWriter(to)
	for _, name := range c.Files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f, err := c.appendFile(archive, name, filepath.Join(c.Dir, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		m.Files = append(m.Files, f)
		c.progress(f.Bytes)
	}
	b, err := m.encode()
	if err != nil {
		return nil, err
	}
	if err := archive.WriteHeader(header(manifestName, int64(len(b)), c.At)); err != nil {
		return nil, err
	}
	if _, err := archive.Write(b); err != nil {
		return nil, err
	}
	return m, archive.Close()
}

func (c *Checkpoint) appendFile(archive *tar.Writer, name, from string) (File, error) {
	info, err := os.Stat(from)
	if err != nil {
		return File{}, err
	}
	if err := archive.WriteHeader(header(name, info.Size(), c.At)); err != nil {
		return File{}, err
	}
	return readFile(name, from, c.Rest, func(r io.Reader) (int64, error) { return io.Copy(archive, r) })
}

func header(name string, size int64, at time.Time) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: at.UTC(), Format: tar.FormatPAX}
}

// removeParts removes what a backup left that was cut short.
func removeParts(backups string) error {
	entries, err := os.ReadDir(backups)
	for _, e := range entries {
		if name, unfinished := strings.CutSuffix(e.Name(), part); unfinished && isStamp(name) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(backups, e.Name())))
		}
	}
	return err
}
