package backup

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Source is a backup that is read.
type Source struct {
	Manifest *Manifest // of a tar, nil until Fetch has returned
	dir      string    // else a tar
	tar      io.Reader
	close    func() error
}

// Open opens a backup: its folder, a folder of backups, of which the latest is taken that
// fits (nil: all do), a tar, or - for a tar from in.
func Open(path string, in io.Reader, fits func(*Manifest) bool) (*Source, error) {
	nothing := func() error { return nil }
	if path == "-" {
		return &Source{tar: in, close: nothing}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		file, err := os.Open(path) //nolint:gosec // G304: the operator's own path.
		if err != nil {
			return nil, err
		}
		return &Source{tar: file, close: file.Close}, nil
	}
	if _, err := os.Stat(filepath.Join(path, manifestName)); errors.Is(err, fs.ErrNotExist) {
		latest, err := newest(path, fits)
		if err != nil {
			return nil, err
		}
		if latest == "" {
			return nil, fmt.Errorf("there is no complete backup in %s%s", path, map[bool]string{true: " from before that point"}[fits != nil])
		}
		path = latest
	}
	m, err := readManifest(path)
	return &Source{Manifest: m, dir: path, close: nothing}, err
}

// Close closes the backup.
func (s *Source) Close() error { return s.close() }

// Name is where the backup is.
func (s *Source) Name() string { return s.dir }

// Fetch copies the backup's files into a folder, which has the folders that they need,
// and has them on the disk. A file that is not what the manifest says, or is missing, is
// an error: ErrDamaged.
func (s *Source) Fetch(ctx context.Context, to string, progress func(bytes int)) error {
	if s.tar != nil {
		return s.unpack(ctx, to, progress)
	}
	for _, f := range s.Manifest.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := filepath.FromSlash(f.Name)
		got, err := readFile(f.Name, filepath.Join(s.dir, name), 0, into(filepath.Join(to, name), 0))
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: %s is missing", ErrDamaged, f.Name)
		}
		if err != nil {
			return err
		}
		if got != f {
			return fmt.Errorf("%w: %s is not what was written", ErrDamaged, f.Name)
		}
		progress(int(f.Bytes))
	}
	return nil
}

// unpack is Fetch from a tar, whose manifest comes last.
func (s *Source) unpack(ctx context.Context, to string, progress func(bytes int)) error {
	got := map[string]File{}
	archive := tar.NewReader(s.tar)
	for s.Manifest == nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return fmt.Errorf("%w: it ends before its manifest", ErrDamaged)
		case errors.Is(err, tar.ErrHeader):
			return fmt.Errorf("%w: it is no tar: %w", ErrDamaged, err)
		case err != nil:
			return err
		}
		if h.Name == manifestName {
			if s.Manifest, err = readPacked(archive); err != nil {
				return err
			}
			continue
		}
		if !soundName(h.Name) || h.Typeflag != tar.TypeReg {
			return fmt.Errorf("%w: it holds %q", ErrDamaged, h.Name)
		}
		f, err := hashed(h.Name, archive, into(filepath.Join(to, filepath.FromSlash(h.Name)), 0))
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("%w: it ends in %s", ErrDamaged, h.Name)
		}
		if err != nil {
			return err
		}
		got[f.Name] = f
		progress(int(f.Bytes))
	}
	if len(got) != len(s.Manifest.Files) {
		return fmt.Errorf("%w: it has %d files of %d", ErrDamaged, len(got), len(s.Manifest.Files))
	}
	for _, f := range s.Manifest.Files {
		if got[f.Name] != f {
			return fmt.Errorf("%w: %s is not what was written", ErrDamaged, f.Name)
		}
	}
	return nil
}

func readPacked(archive io.Reader) (*Manifest, error) {
	b, err := io.ReadAll(io.LimitReader(archive, maxManifest))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("%w: it ends in its manifest", ErrDamaged)
	}
	if err != nil {
		return nil, err
	}
	return parseManifest(b)
}
