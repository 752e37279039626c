package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/paceboard/paceboard/cmd/internal/durable"
)

const (
	stamp = "20060102T150405.000Z" // names sort as times do
	part  = ".part"                // ends the name of a backup that is not complete
)

// describe reads a file and hashes it.
func describe(name, from string) (File, error) {
	return readFile(name, from, func(r io.Reader) (int64, error) { return io.Copy(io.Discard, r) })
}

// copyFile copies a file, has the copy on the disk, and describes it.
func copyFile(name, from, to string) (File, error) { return readFile(name, from, into(to)) }

// readFile has a file taken somewhere, and describes what was taken.
func readFile(name, from string, take func(io.Reader) (int64, error)) (f File, err error) {
	file, err := os.Open(from) //nolint:gosec // G304: the operator's own path.
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return hashed(name, file, take)
}

// hashed describes what take reads.
func hashed(name string, from io.Reader, take func(io.Reader) (int64, error)) (File, error) {
	hash := sha256.New()
	n, err := take(io.TeeReader(from, hash))
	return File{Name: name, Bytes: n, SHA256: hex.EncodeToString(hash.Sum(nil))}, err
}

// into makes a file of what is read, and has it on the disk.
func into(path string) func(io.Reader) (int64, error) {
	return func(r io.Reader) (int64, error) {
		return durable.Write(path, func(w io.Writer) (int64, error) { return io.Copy(w, r) })
	}
}

func isStamp(name string) bool {
	_, err := time.Parse(stamp, name)
	return err == nil
}

// newest is the latest complete backup in a folder of backups that fits, if fits is not
// nil; empty if there is none.
func newest(backups string, fits func(*Manifest) bool) (dir string, err error) {
	entries, err := os.ReadDir(backups) // in the order of names
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	for _, e := range slices.Backward(entries) {
		if !e.IsDir() || !isStamp(e.Name()) {
			continue
		}
		dir = filepath.Join(backups, e.Name())
		if fits == nil {
			return dir, err
		}
		if m, err := readManifest(dir); err != nil || fits(m) {
			return dir, err
		}
	}
	return "", err
}
