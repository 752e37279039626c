package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

const (
	// format grows with every change that older programs cannot read.
	format = 1
	// segmentBytes is what a segment's records and rows have at most, except for a single record.
	segmentBytes = 8 << 20
	// rowBytes is about what a row or a part takes in the header.
	rowBytes = 200

	segmentPrefix = "segments/"
	segmentSuffix = ".seg"
)

// header is what a segment says of itself: a line of JSON. The records of its parts
// follow, one part after another, and then the SHA-256 of everything before.
type header struct {
	Paceboard string        `json:"paceboard"` // segment
	Format    int           `json:"format"`
	Archive   string        `json:"archive"`
	Number    uint64        `json:"number"`
	Before    []byte        `json:"before"` // the SHA-256 with which the segment before ends
	MadeAt    time.Time     `json:"made_at"`
	Program   string        `json:"program"` // the version that made it
	History   *history      `json:"history,omitempty"`
	Parts     []journalPart `json:"parts"`
}

// history is in segments that begin a new history after a restore. Their parts are where
// each journal goes on, without records. Journals that none of them names do not exist in it.
type history struct {
	Restore string `json:"restore"` // its name
	Begins  bool   `json:"begins,omitempty"`
	Ends    bool   `json:"ends,omitempty"` // all of them were named
}

// journalPart is a part of a journal.
type journalPart struct {
	Competition string          `json:"competition"`
	First       uint64          `json:"first"`
	Last        uint64          `json:"last"`   // First-1 for a part without records
	Before      hash            `json:"before"` // of the record before the first
	End         hash            `json:"end"`    // of the last record
	Newest      calendar.Millis `json:"newest"` // the latest time of its events
	Bytes       int             `json:"bytes"`
	Rows        []row           `json:"rows,omitempty"` // by seq
}

// row is an identity row as an event left it.
type row struct {
	Seq      uint64 `json:"seq"` // of the event
	Number   uint32 `json:"number"`
	Key      hash   `json:"key,omitzero"`
	UserID   string `json:"user_id"`
	UserName string `json:"user_name,omitempty"`
	Lost     bool   `json:"lost,omitempty"` // it had been replaced when the segment was made
}

func (p *journalPart) end() competition.Chain {
	return competition.Chain{CompetitionID: p.Competition, Seq: p.Last, Hash: competition.Hash(p.End)}
}

// before is where the part begins.
func (p *journalPart) before() competition.Chain {
	return competition.Chain{CompetitionID: p.Competition, Seq: p.First - 1, Hash: competition.Hash(p.Before)}
}

func (r *row) identity() competition.Identity {
	return competition.Identity{Number: r.Number, Key: competition.Key(r.Key), UserID: r.UserID, UserName: r.UserName}
}

// hash is 32 bytes, in base64.
type hash [32]byte

// MarshalText implements encoding.TextMarshaler.
func (h hash) MarshalText() ([]byte, error) {
	return base64.RawStdEncoding.AppendEncode(nil, h[:]), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *hash) UnmarshalText(text []byte) error {
	b, err := base64.RawStdEncoding.DecodeString(string(text))
	if err == nil && copy(h[:], b) != len(b) || len(b) != len(h) {
		err = fmt.Errorf("%q is no hash", text)
	}
	return err
}

func segmentName(number uint64) string {
	return fmt.Sprintf("%s%012d%s", segmentPrefix, number, segmentSuffix)
}

func segmentNumber(name string) (number uint64, ok bool) {
	digits, isSegment := strings.CutSuffix(strings.TrimPrefix(name, segmentPrefix), segmentSuffix)
	_, err := fmt.Sscanf(digits, "%d", &number)
	return number, isSegment && err == nil && segmentName(number) == name
}

// encode returns the bytes of a segment, and the checksum at their end.
func (h *header) encode(records []byte) (b, sum []byte, err error) {
	h.Paceboard, h.Format = "segment", format
	line, err := json.Marshal(h)
	if err != nil {
		return nil, nil, err
	}
	b = make([]byte, 0, len(line)+1+len(records)+sha256.Size)
	b = append(append(append(b, line...), '\n'), records...)
	hash := sha256.Sum256(b)
	return append(b, hash[:]...), hash[:], nil
}

// segment is a segment that was read.
type segment struct {
	header

	records []byte
	sum     []byte
}

// parseSegment reads a segment, of which the number is known from its name. Error: ErrDamaged.
func parseSegment(number uint64, b []byte) (*segment, error) {
	damaged := func(what string, args ...any) error {
		return fmt.Errorf("%w: segment %d %s", ErrDamaged, number, fmt.Sprintf(what, args...))
	}
	if len(b) < sha256.Size {
		return nil, damaged("is cut short")
	}
	s := &segment{sum: b[len(b)-sha256.Size:]}
	b = b[:len(b)-sha256.Size]
	if hash := sha256.Sum256(b); !bytes.Equal(hash[:], s.sum) {
		return nil, damaged("is not what was written")
	}
	line, records, found := bytes.Cut(b, []byte("\n"))
	if err := json.Unmarshal(line, &s.header); !found || err != nil {
		return nil, damaged("cannot be read: %v", err)
	}
	if s.Format > format {
		return nil, fmt.Errorf("segment %d was made by a newer paceboard (%s); use that", number, s.Program)
	}
	s.records = records
	if s.Number != number {
		return nil, damaged("is segment %d", s.Number)
	}
	size := 0
	for i := range s.Parts {
		p := &s.Parts[i]
		if p.Bytes < 0 || p.First == 0 || p.Last+1 < p.First || (p.Bytes == 0) != (p.Last < p.First) {
			return nil, damaged("has an impossible part of %q", p.Competition)
		}
		size += p.Bytes
	}
	if size != len(records) {
		return nil, damaged("has %d bytes of records, and should have %d", len(records), size)
	}
	return s, nil
}

// archiveFile and headFile are the objects besides segments.
const (
	archiveName = "archive.json"
	headName    = "head.json"
)

// identityFile is archiveName.
type identityFile struct {
	Paceboard string    `json:"paceboard"` // archive
	Format    int       `json:"format"`
	ID        string    `json:"id"`
	MadeAt    time.Time `json:"made_at"`
}

// head is headName.
type head struct {
	Archive string    `json:"archive"`
	Segment uint64    `json:"segment"` // the last one
	SHA256  []byte    `json:"sha256"`  // of that
	Through time.Time `json:"through"` // A2
	Closed  bool      `json:"closed"`  // the server has stopped, and nothing came after Through
	At      time.Time `json:"at"`
}
