// Package transfer moves competitions between stores without loss: [Export]
// writes them as JSON lines, [Import] verifies each and stores it. It knows how an
// export is written and how to tell that one is whole; what a competition is it
// leaves to the core, and flags, files and what is printed to the program.
//
// Reading starts at [PlanExport] and [Import.Run]. A competition is never trusted
// on its way: both gather it in a spool, a temporary file, and verify it there.
package transfer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/paceboard/paceboard/competition"
)

// An export is JSON lines:
//
//	{"paceboard":"export","version":1}
//	{"competition":"spring","summary":"…","first_seq":1}     of each competition
//	{"identities":[…]}                                       any number of these
//	{"memberships":[…]}                                      and these
//	{"snapshot":"…"} {"rows":["…"]}                          only where the journal's beginning was removed
//	{"records":"…"}                                          the journal, verbatim
//	{"end":"spring","last_seq":4711,"hash":"…","sha256":"…"}
//	{"competitions":1}                                       the export is complete
//
// Bytes are base64. The lines depend on what there is to say alone, not on the
// store that says it: the same competitions make the same export.
const version = 1

// line is any of them; a line has the fields of one kind only.
type line struct {
	Paceboard string `json:"paceboard,omitempty"`
	Version   int    `json:"version,omitempty"`

	Competition string `json:"competition,omitempty"`
	Summary     []byte `json:"summary,omitempty"` // competition.AppendSummary
	FirstSeq    uint64 `json:"first_seq,omitempty"`

	Identities  []identity   `json:"identities,omitempty"`
	Memberships []membership `json:"memberships,omitempty"`
	Snapshot    []byte       `json:"snapshot,omitempty"` // its header
	Rows        [][]byte     `json:"rows,omitempty"`     // competition.AppendRow
	Records     []byte       `json:"records,omitempty"`  // whole ones, one after another

	End     string `json:"end,omitempty"`
	LastSeq uint64 `json:"last_seq,omitempty"`
	Hash    []byte `json:"hash,omitempty"`   // of the last record
	SHA256  []byte `json:"sha256,omitempty"` // of the competition's lines before this one

	Competitions *int `json:"competitions,omitempty"`
}

type identity struct {
	Number   uint32 `json:"number"`
	Key      []byte `json:"key"`
	UserID   string `json:"user_id"`
	UserName string `json:"user_name,omitempty"`
}

type membership struct {
	UserID  string `json:"user_id"`
	Number  uint32 `json:"number"`
	Present bool   `json:"present,omitempty"`
	Creator bool   `json:"creator,omitempty"`
}

const (
	// lineBytes and lineItems are what a line has at most, except for a single record or row.
	lineBytes = 48 << 10
	lineItems = 256
	// maxLine is longer than any line: a record has 32 MiB at most.
	maxLine = 64 << 20
)

// part is what a line of a competition tells; they come in this order.
type part int

const (
	partNone part = iota
	partBegin
	partIdentities
	partMemberships
	partSnapshot
	partRows
	partRecords
	partEnd
	parts
)

// part returns the kind of a line; partNone if it is not one of a competition.
func (l *line) part() part {
	switch {
	case l.Competition != "":
		return partBegin
	case l.Identities != nil:
		return partIdentities
	case l.Memberships != nil:
		return partMemberships
	case l.Snapshot != nil:
		return partSnapshot
	case l.Rows != nil:
		return partRows
	case l.Records != nil:
		return partRecords
	case l.End != "":
		return partEnd
	default:
		return partNone
	}
}

// encode returns the line with its newline.
func (l *line) encode() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(l)
	return b.Bytes(), err
}

// decodeLine reads a line strictly: what this version does not know it must not
// drop in silence.
func decodeLine(raw []byte) (*line, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	l := &line{}
	if err := decoder.Decode(l); err != nil {
		return nil, fmt.Errorf("it is no line of an export: %w", err)
	}
	if again, err := l.encode(); err != nil || !bytes.Equal(again, raw) {
		return nil, errors.New("it is not as an export writes it")
	}
	return l, nil
}

// lineReader reads lines and knows where it is.
type lineReader struct {
	from   *bufio.Reader
	number int // of the line read last
}

// next returns the next line, as it is and decoded; io.EOF after the last one.
func (r *lineReader) next() (raw []byte, l *line, err error) {
	r.number++
	for {
		piece, err := r.from.ReadSlice('\n')
		raw = append(raw, piece...)
		switch {
		case err == nil:
			l, err = decodeLine(raw)
			return raw, l, err
		case errors.Is(err, bufio.ErrBufferFull) && len(raw) < maxLine:
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, nil, fmt.Errorf("it is longer than %d bytes", maxLine)
		case errors.Is(err, io.EOF) && len(raw) > 0:
			return nil, nil, errors.New("it is cut off")
		default:
			return nil, nil, err
		}
	}
}

// lineError says which line of a file an error is about.
type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return e.err.Error() }
func (e *lineError) Unwrap() error { return e.err }

// eachRecord visits records one by one.
func eachRecord(records []byte, visit func(record []byte) error) error {
	for len(records) > 0 {
		record, rest, err := competition.SplitRecord(records)
		if err != nil {
			return err
		}
		if err := visit(record); err != nil {
			return err
		}
		records = rest
	}
	return nil
}
