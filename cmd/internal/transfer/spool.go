package transfer

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/paceboard/paceboard/competition"
)

// spool holds one competition of an export in a temporary file, so that all of
// it can be verified before any of it goes further, whatever its size. It is a
// competition.Source. Its files hold what the store holds; only their owner may
// read them. It is not safe for concurrent use.
type spool struct {
	file  *os.File
	to    *bufio.Writer
	size  int64
	sum   hash.Hash    // SHA-256 of the lines so far
	at    part         // of the last line
	ends  [parts]int64 // where the lines of each part end
	lines [parts]int   // how many lines there are up to that end
	first int          // number of the first line in the file that it came from; 0 if from none
	begin line
	end   line
}

func newSpool() (*spool, error) {
	file, err := os.CreateTemp("", "paceboard-export-*")
	if err != nil {
		return nil, fmt.Errorf("make a temporary file: %w; TMPDIR chooses another folder", err)
	}
	return &spool{file: file, to: bufio.NewWriterSize(file, 1<<20), sum: sha256.New()}, nil
}

func (s *spool) close() error { return errors.Join(s.file.Close(), os.Remove(s.file.Name())) }

func (s *spool) reset() error {
	*s = spool{file: s.file, to: s.to, sum: sha256.New()}
	_, err := s.file.Seek(0, io.SeekStart)
	s.to.Reset(s.file)
	return errors.Join(err, s.file.Truncate(0))
}

// write adds a line that is made here.
func (s *spool) write(l *line) error {
	raw, err := l.encode()
	if err != nil {
		return err
	}
	return s.add(raw, l)
}

// add adds a line in its place. The line that ends the competition ends the
// spool as well.
func (s *spool) add(raw []byte, l *line) error {
	p := l.part()
	once := p == partBegin || p == partSnapshot || p == partEnd
	if p == partNone || s.at == partNone && p != partBegin || p < s.at || p == s.at && once {
		return errors.New("it is out of place")
	}
	if p == partEnd && !bytes.Equal(l.SHA256, s.sum.Sum(nil)) {
		return errors.New("the competition that ends here has been altered: its lines have another SHA-256")
	}
	s.sum.Write(raw)
	if _, err := s.to.Write(raw); err != nil {
		return fmt.Errorf("write to a temporary file: %w", err)
	}
	s.size += int64(len(raw))
	for i := p; i < parts; i++ {
		s.ends[i] = s.size
		s.lines[i]++
	}
	s.at = p
	switch p {
	case partBegin:
		s.begin = *l
	case partEnd:
		s.end = *l
		if err := s.to.Flush(); err != nil {
			return fmt.Errorf("write to a temporary file: %w", err)
		}
	default:
	}
	return nil
}

func (s *spool) hasSnapshot() bool { return s.ends[partSnapshot] > s.ends[partSnapshot-1] }

// reader reads the lines of a part as they are.
func (s *spool) reader(p part) io.Reader {
	return io.NewSectionReader(s.file, s.ends[p-1], s.ends[p]-s.ends[p-1])
}

// whole reads all lines as they are.
func (s *spool) whole() io.Reader { return io.NewSectionReader(s.file, 0, s.size) }

// each visits the lines of a part.
func (s *spool) each(ctx context.Context, p part, visit func(*line) error) error {
	lines := lineReader{from: bufio.NewReaderSize(s.reader(p), 64<<10)}
	for {
		_, l, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = visit(l)
		}
		var placed *lineError
		switch {
		case err == nil:
		case s.first == 0, errors.As(err, &placed):
			return err
		default:
			return &lineError{s.first + s.lines[p-1] + lines.number - 1, err}
		}
	}
}

// header returns the snapshot's; nil if there is none.
func (s *spool) header(ctx context.Context) (header []byte, err error) {
	err = s.each(ctx, partSnapshot, func(l *line) error {
		header = l.Snapshot
		return nil
	})
	return header, err
}

// Load is part of competition.Source.
func (s *spool) Load(ctx context.Context, _ string, header func([]byte) error, row func(competition.Row) error) error {
	b, err := s.header(ctx)
	if err != nil || b == nil {
		return err
	}
	if err := header(b); err != nil {
		return err
	}
	return s.each(ctx, partRows, func(l *line) error {
		for _, packed := range l.Rows {
			r, err := competition.ParseRow(packed)
			if err != nil {
				return err
			}
			if err := row(r); err != nil {
				return err
			}
		}
		return nil
	})
}

// ReadIdentities is part of competition.Source.
func (s *spool) ReadIdentities(ctx context.Context, _ string, visit func(competition.Identity) error) error {
	return s.each(ctx, partIdentities, func(l *line) error {
		for _, i := range l.Identities {
			identity := competition.Identity{Number: i.Number, UserID: i.UserID, UserName: i.UserName}
			if copy(identity.Key[:], i.Key) != len(i.Key) || len(i.Key) != len(identity.Key) {
				return fmt.Errorf("the identity of participant %d has a key of %d bytes", i.Number, len(i.Key))
			}
			if err := visit(identity); err != nil {
				return err
			}
		}
		return nil
	})
}

// memberships visits those as the file has them.
func (s *spool) memberships(ctx context.Context, visit func(competition.Membership) error) error {
	return s.each(ctx, partMemberships, func(l *line) error {
		for _, m := range l.Memberships {
			err := visit(competition.Membership{
				UserID: m.UserID, CompetitionID: s.begin.Competition, Number: m.Number, Present: m.Present, Creator: m.Creator,
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Read is part of competition.Source; after may be any seq.
func (s *spool) Read(ctx context.Context, _ string, after uint64, visit func(records []byte) error) error {
	next := s.begin.FirstSeq
	return s.each(ctx, partRecords, func(l *line) error {
		rest := l.Records
		for len(rest) > 0 && next <= after {
			var err error
			if _, rest, err = competition.SplitRecord(rest); err != nil {
				return err
			}
			next++
		}
		if len(rest) == 0 {
			return nil
		}
		return visit(rest)
	})
}
