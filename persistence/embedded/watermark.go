package embedded

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/paceboard/paceboard/competition/wire"
)

// A claim says that something was durable; doc.go says what follows from that.
//
//	crc   4 bytes, little endian, CRC-32C of what follows
//	size  1 byte, of what follows
//	kind  1 byte
//	upTo  uvarint: the last seq, or the number of bytes
//	name  the competition's id, or the MANIFEST's file name
//
// Each stands alone: a reader looks for the next one after what it cannot read.
const (
	claimHeader = 5

	claimJournal  byte = 1
	claimManifest byte = 2
)

// claim is a claim read back.
type claim struct {
	kind byte
	upTo uint64
	name string
}

func appendClaim(dst []byte, kind byte, upTo uint64, name string) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0, 0, kind)
	dst = append(binary.AppendUvarint(dst, upTo), name...)
	dst[start+wire.ChecksumSize] = byte(len(dst) - start - claimHeader)
	wire.Seal(dst[start:])
	return dst
}

// parseClaim reads the claim at the front of b and its size; size is 0 if there
// is none.
func parseClaim(b []byte) (c claim, size int) {
	if len(b) < claimHeader || len(b) < claimHeader+int(b[wire.ChecksumSize]) {
		return claim{}, 0
	}
	size = claimHeader + int(b[wire.ChecksumSize])
	body, _ := wire.Unseal(b[:size])
	r := wire.NewReader(body)
	r.Byte() // the size
	c = claim{kind: r.Byte(), upTo: r.Uvarint(), name: string(r.Rest())}
	if c.name == "" { // as after any failure
		return claim{}, 0
	}
	return c, size
}

// claims are what a commit watermark says, folded.
type claims struct {
	journals map[string]uint64 // by competition
	manifest claim             // the last one
	skipped  int               // bytes that were no claim
}

func foldClaims(b []byte) claims {
	c := claims{journals: map[string]uint64{}}
	for len(b) > 0 {
		one, size := parseClaim(b)
		if size == 0 {
			b = b[1:]
			c.skipped++
			continue
		}
		b = b[size:]
		switch one.kind {
		case claimJournal:
			c.journals[one.name] = max(c.journals[one.name], one.upTo)
		case claimManifest:
			c.manifest = one
		default: // of a later version
		}
	}
	return c
}

// append writes the claims down again, a line of each competition.
func (c *claims) append(dst []byte) []byte {
	if c.manifest.name != "" {
		dst = appendClaim(dst, claimManifest, c.manifest.upTo, c.manifest.name)
	}
	for _, id := range slices.Sorted(maps.Keys(c.journals)) {
		dst = appendClaim(dst, claimJournal, c.journals[id], id)
	}
	return dst
}

// watermark is the commit watermark: the file of claims, open for more.
type watermark struct {
	fs     vfs.FS
	dir    string
	logger *slog.Logger

	mu      sync.Mutex
	file    vfs.File
	end     int64  // where the next claim goes
	limit   int64  // the size at which to rewrite it
	pending []byte // what the disk refused so far
	refused bool   // the last write failed
}

const (
	watermarkFile    = "witness" // as data folders have it
	newWatermarkFile = "witness.new"
	watermarkLimit   = 1 << 20
)

// readWatermark is what the file in a folder says; nothing if there is none.
func readWatermark(files vfs.FS, dir string) (c claims, found bool, err error) {
	f, err := files.Open(files.PathJoin(dir, watermarkFile), vfs.SequentialReadsOption)
	if errors.Is(err, fs.ErrNotExist) {
		return foldClaims(nil), false, nil
	}
	if err != nil {
		return claims{}, false, fmt.Errorf("read the commit watermark: %w", err)
	}
	b, err := io.ReadAll(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return claims{}, false, fmt.Errorf("read the commit watermark: %w", err)
	}
	return foldClaims(b), true, nil
}

// add writes claims at the end. It does not fail: what the disk refuses is kept
// for the next time.
func (w *watermark) add(claims []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.pending) > 0 {
		w.pending = append(w.pending, claims...)
		claims = w.pending
	}
	if _, err := w.file.WriteAt(claims, w.end); err != nil {
		w.refuse(claims, err)
		return
	}
	w.end += int64(len(claims))
	w.pending = w.pending[:0]
	if w.refused {
		w.refused = false
		w.logger.Info("the commit watermark takes claims again")
	}
	if w.end > w.limit {
		if err := w.compact(); err != nil {
			w.limit *= 2
			w.logger.Warn("the commit watermark could not be rewritten and grows on", "error", err)
		}
	}
}

// refuse keeps claims that could not be written. They are folded once there are
// many, so that they stay few.
func (w *watermark) refuse(claims []byte, err error) {
	if len(w.pending) == 0 {
		w.pending = append(w.pending, claims...)
	}
	if len(w.pending) > watermarkLimit {
		c := foldClaims(w.pending)
		w.pending = c.append(nil)
	}
	if !w.refused {
		w.refused = true
		w.logger.Warn("the disk takes no claims: events stay durable, but their loss would go unnoticed until it does", "error", err)
	}
}

// compact folds the file.
func (w *watermark) compact() error {
	c, _, err := readWatermark(w.fs, w.dir)
	if err != nil {
		return err
	}
	return w.write(c)
}

// write replaces the file by one that holds just c, open for more. After an
// error the old file goes on, or, if only the folder could not be synced, the
// new one: either may be there after a power loss, and both are true.
func (w *watermark) write(c claims) error {
	path := w.fs.PathJoin(w.dir, newWatermarkFile)
	b := c.append(nil)
	size := int64(len(b))
	if err := writeFile(w.fs, path, b); err != nil {
		return fmt.Errorf("write the commit watermark: %w", err)
	}
	f, err := w.fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("open the commit watermark: %w", err)
	}
	if err := w.fs.Rename(path, w.fs.PathJoin(w.dir, watermarkFile)); err != nil {
		return errors.Join(fmt.Errorf("replace the commit watermark: %w", err), f.Close())
	}
	if w.file != nil {
		err = w.file.Close()
	}
	w.file, w.end, w.limit = f, size, max(watermarkLimit, 2*size)
	return errors.Join(err, syncDir(w.fs, w.dir))
}

// close ends the file; what is pending is tried once more.
func (w *watermark) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var err error
	if len(w.pending) > 0 {
		_, err = w.file.WriteAt(w.pending, w.end)
	}
	return errors.Join(err, w.file.Close())
}

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
