package embedded

import (
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// checkManifest holds Pebble's MANIFEST, as it is about to be opened, against
// the last claim made of one.
func checkManifest(files vfs.FS, path string, claimed claim) error {
	current := files.PathBase(path)
	switch {
	case claimed.name == "" || newerManifest(current, claimed.name):
		return nil // A new MANIFEST begins with all that the old one said.
	case current != claimed.name:
		return fmt.Errorf("%w: %s was in use, and now it is the older %s", ErrDamaged, claimed.name, current)
	}
	sound, err := soundBytes(files, path)
	if err != nil {
		return err
	}
	if uint64(sound) < claimed.upTo {
		return fmt.Errorf("%w: %s is sound for %d bytes of at least %d", ErrDamaged, current, sound, claimed.upTo)
	}
	return nil
}

// newerManifest reports whether a MANIFEST's file name has a higher number. The
// numbers have six digits or more.
func newerManifest(a, b string) bool {
	if len(a) != len(b) {
		return len(a) > len(b)
	}
	return a > b
}

// soundBytes is how far a MANIFEST can be read.
func soundBytes(files vfs.FS, path string) (int64, error) {
	f, err := files.Open(path, vfs.SequentialReadsOption)
	if err != nil {
		return 0, err
	}
	edits := record.NewReader(f, 0)
	var sound int64
	for {
		edit, err := edits.Next()
		if err == nil {
			_, err = io.Copy(io.Discard, edit)
		}
		switch {
		case err == nil:
			sound = edits.Offset()
		case errors.Is(err, io.EOF), record.IsInvalidRecord(err):
			return sound, f.Close()
		default:
			return 0, errors.Join(err, f.Close())
		}
	}
}
