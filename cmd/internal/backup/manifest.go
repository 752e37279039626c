package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

const (
	manifestName = "manifest.json"
	// format grows with every change that older programs cannot read.
	format = 1
	// maxManifest is how large a manifest may be: of some millions of competitions.
	maxManifest = 1 << 30
)

// ErrDamaged is returned for a backup that is not what was written.
var ErrDamaged = errors.New("the backup is damaged")

// Manifest says what is in a backup.
type Manifest struct {
	Format   int               `json:"format"`
	Program  string            `json:"program"` // the version that made it
	MadeAt   time.Time         `json:"made_at"`
	Files    []File            `json:"files"`
	Journals map[string]uint64 `json:"journals"` // the last seq of each competition
	SHA256   string            `json:"sha256"`   // of the manifest without this
}

// File is a file of a backup.
type File struct {
	Name   string `json:"name"` // with slashes, relative
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Bytes returns the size of all files together.
func (m *Manifest) Bytes() (n int64) {
	for i := range m.Files {
		n += m.Files[i].Bytes
	}
	return n
}

// Events returns the last seqs of all journals together.
func (m *Manifest) Events() (n uint64) {
	for _, seq := range m.Journals {
		n += seq
	}
	return n
}

func (m *Manifest) sum() (string, error) {
	bare := *m
	bare.SHA256 = ""
	b, err := json.Marshal(&bare)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), err
}

// encode returns the manifest's file.
func (m *Manifest) encode() (b []byte, err error) {
	m.Format = format
	if m.SHA256, err = m.sum(); err != nil {
		return nil, err
	}
	return json.MarshalIndent(m, "", " ")
}

func parseManifest(b []byte) (*Manifest, error) {
	m := &Manifest{}
	if err := json.Unmarshal(b, m); err != nil {
		return nil, fmt.Errorf("%w: its manifest cannot be read: %w", ErrDamaged, err)
	}
	if m.Format > format {
		return nil, fmt.Errorf("the backup was made by a newer paceboard (%s); use that to restore it", m.Program)
	}
	sum, err := m.sum()
	if err != nil {
		return nil, err
	}
	if sum != m.SHA256 {
		return nil, fmt.Errorf("%w: its manifest was altered", ErrDamaged)
	}
	seen := map[string]bool{}
	for i := range m.Files {
		name := m.Files[i].Name
		if !soundName(name) || seen[name] {
			return nil, fmt.Errorf("%w: its manifest names the file %q", ErrDamaged, name)
		}
		seen[name] = true
	}
	return m, nil
}

// soundName reports whether a file's name stays inside the folder that it is put into,
// and is no more than one folder deep, as those of a data folder are.
func soundName(name string) bool {
	return name != "" && name == path.Clean(name) && !strings.HasPrefix(name, "/") && !strings.HasPrefix(name, "..") &&
		!strings.Contains(name, "\\") && strings.Count(name, "/") <= 1 && name != manifestName && name != "."
}

func readManifest(dir string) (*Manifest, error) {
	file, err := os.Open(filepath.Join(dir, manifestName)) //nolint:gosec // G304: the operator's own path.
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(file, maxManifest))
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	return parseManifest(b)
}
