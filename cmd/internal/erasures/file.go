package erasures

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/paceboard/paceboard/cmd/internal/durable"
)

// Kept is how long entries are kept: longer than any backup should be.
const Kept = 400 * 24 * time.Hour

// Entry says that somebody was erased in a competition at a time.
type Entry struct {
	At            time.Time // to the millisecond
	CompetitionID string
	MAC           [sha256.Size]byte // see MAC
}

// MAC returns what an entry has in the place of the user: the HMAC-SHA-256 of the
// competition and the user id, so that entries of one person do not show that they are.
func MAC(key []byte, competitionID, userID string) (mac [sha256.Size]byte) {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(competitionID))
	h.Write([]byte{0}) // which neither of them has
	h.Write([]byte(userID))
	h.Sum(mac[:0])
	return mac
}

// ErrDamaged is returned for a file with a line that cannot be read.
var ErrDamaged = errors.New("the file of erasures is damaged")

// timeFormat is that of an entry's time.
const timeFormat = "2006-01-02T15:04:05.000Z"

// line writes an entry: time, competition, HMAC and a checksum of these, with blanks
// between.
func (e *Entry) line() string {
	said := e.At.UTC().Format(timeFormat) + " " + e.CompetitionID + " " + hex.EncodeToString(e.MAC[:])
	return fmt.Sprintf("%s %08x\n", said, crc32.ChecksumIEEE([]byte(said)))
}

func parse(line string) (e Entry, ok bool) {
	fields := strings.Fields(line)
	if len(fields) != 4 {
		return e, false
	}
	at, err := time.Parse(timeFormat, fields[0])
	mac, err2 := hex.DecodeString(fields[2])
	if err != nil || err2 != nil || len(mac) != len(e.MAC) {
		return e, false
	}
	e = Entry{At: at, CompetitionID: fields[1]}
	copy(e.MAC[:], mac)
	return e, e.line() == line+"\n"
}

// File is a file to which entries are added. Several processes may add to one file. Safe
// for concurrent use.
type File struct {
	path string
	key  []byte
	mu   sync.Mutex
}

// Open returns the file, which it makes if it is not there, once it is clear that entries
// can be added and all that are there can be read.
func Open(path string, key []byte) (*File, error) {
	f := &File{path: path, key: key}
	if _, err := Read(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return f, f.add("")
}

// Note adds an entry for each of the competitions, and returns once they are on disk.
func (f *File) Note(userID string, competitionIDs []string, at time.Time) error {
	var lines strings.Builder
	for _, id := range competitionIDs {
		e := Entry{At: at, CompetitionID: id, MAC: MAC(f.key, id, userID)}
		lines.WriteString(e.line())
	}
	return f.add(lines.String())
}

// add adds lines at the end. What a crash has left of a line, whose erasure was not
// answered, is ended first.
func (f *File) add(lines string) (err error) {
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	file, err := os.OpenFile(f.path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open the file of erasures: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	last := []byte{'\n'}
	if size > 0 {
		if _, err := file.ReadAt(last, size-1); err != nil {
			return fmt.Errorf("read the file of erasures: %w", err)
		}
	}
	if last[0] != '\n' {
		lines = "\n" + lines
	}
	if _, err := file.WriteString(lines); err != nil {
		return fmt.Errorf("add to the file of erasures: %w", err)
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("add to the file of erasures: %w", err)
	}
	if size == 0 {
		return durable.SyncFolders(filepath.Dir(f.path))
	}
	return nil
}

// Prune removes entries from before a time, and returns how many.
func (f *File) Prune(before time.Time) (removed int, err error) {
	unlock, err := f.lock()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	all, err := Read(f.path)
	if err != nil {
		return 0, err
	}
	var kept bytes.Buffer
	for i := range all {
		if all[i].At.Before(before) {
			removed++
			continue
		}
		kept.WriteString(all[i].line())
	}
	if removed == 0 {
		return 0, nil
	}
	draft := f.path + ".new"
	if err := os.Remove(draft); err != nil && !errors.Is(err, fs.ErrNotExist) { // a crash left it
		return 0, fmt.Errorf("rewrite the file of erasures: %w", err)
	}
	if _, err := durable.Write(draft, kept.WriteTo); err != nil {
		return 0, errors.Join(fmt.Errorf("rewrite the file of erasures: %w", err), os.Remove(draft))
	}
	if err := os.Rename(draft, f.path); err != nil {
		return 0, fmt.Errorf("rewrite the file of erasures: %w", err)
	}
	return removed, durable.SyncFolders(filepath.Dir(f.path))
}

// lock keeps other goroutines and processes from the file until it is unlocked: it may
// be replaced, so the lock is a file beside it.
func (f *File) lock() (unlock func() error, err error) {
	f.mu.Lock()
	lock, err := os.OpenFile(f.path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		if err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
			err = errors.Join(err, lock.Close())
		}
	}
	if err != nil {
		f.mu.Unlock()
		return nil, fmt.Errorf("lock the file of erasures: %w", err)
	}
	return func() error {
		defer f.mu.Unlock()
		return lock.Close() // which unlocks
	}, nil
}

// Read returns the entries of a file, in its order. A line without its end is what a
// crash has left of an entry whose erasure was not answered. Error: ErrDamaged.
func Read(path string) (all []Entry, err error) {
	file, err := os.Open(path) //nolint:gosec // G304: the operator's own path.
	if err != nil {
		return nil, fmt.Errorf("open the file of erasures: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	lines := bufio.NewReader(file)
	torn := false
	for number := 1; ; number++ {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the file of erasures: %w", err)
		}
		e, ok := parse(strings.TrimSuffix(line, "\n"))
		switch {
		case ok:
			all = append(all, e)
		case torn || !mayBeTorn(line):
			return nil, fmt.Errorf("%w: %s, line %d; take the line out if nobody was erased by it", ErrDamaged, path, number)
		}
		torn = !ok
	}
}

// mayBeTorn reports whether a line can be what a crash has left of one: shorter than any
// whole one.
func mayBeTorn(line string) bool {
	const shortest = len(timeFormat) + 1 + 1 + 1 + 2*sha256.Size + 1 + 8
	fields := strings.Fields(line)
	return len(fields) < 4 || len(fields[3]) < 8 || len(line) < shortest
}
