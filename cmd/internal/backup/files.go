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

// readFile has a file taken somewhere, and describes what was taken; see Checkpoint.Rest.
func readFile(name, from string, rest int, take func(io.Reader) (int64, error)) (f File, err error) {
	file, err := os.Open(from) //nolint:gosec // G304: the operator's own path.
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return hashed(name, &paced{from: file, rest: rest, since: time.Now()}, take)
}

// paced reads in turns with others: it rests so many times as long as was worked.
type paced struct {
	from  io.Reader
	rest  int
	since time.Time // the end of the last rest
}

const (
	turn     = 5 * time.Millisecond // how long is worked between two rests, about
	mostRest = time.Second          // after a turn that took long since the disk was busy
)

// Read implements io.Reader.
func (p *paced) Read(b []byte) (int, error) {
	if worked := time.Since(p.since); p.rest > 0 && worked > turn {
		time.Sleep(min(time.Duration(p.rest)*worked, mostRest)) //nolint:forbidigo // a short rest, which ends with the process
		p.since = time.Now()
	}
	return p.from.Read(b)
}

// hashed describes what take reads.
func hashed(name string, from io.Reader, take func(io.Reader) (int64, error)) (File, error) {
	hash := sha256.New()
	n, err := take(io.TeeReader(from, hash))
	return File{Name: name, Bytes: n, SHA256: hex.EncodeToString(hash.Sum(nil))}, err
}

// into makes a file of what is read, and has it on the disk; part is durable.Copy's.
func into(path string, part int64) func(io.Reader) (int64, error) {
	return func(r io.Reader) (int64, error) { return durable.Copy(path, r, part) }
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
