package main

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
	"slices"

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
	begin exportLine
	end   exportLine
}

func newSpool() (*spool, error) {
	file, err := os.CreateTemp("", "paceboard-export-*")
	if err != nil {
		return nil, fmt.Errorf("make a temporary file: %w; TMPDIR chooses another folder", err)
	}
	return &spool{file: file, to: bufio.NewWriterSize(file, 1<<20), sum: sha256.New()}, nil
}

func (s *spool) close() error { return errors.Join(s.file.Close(), os.Remove(s.file.Name())) }

// reset empties the spool.
func (s *spool) reset() error {
	*s = spool{file: s.file, to: s.to, sum: sha256.New()}
	_, err := s.file.Seek(0, io.SeekStart)
	s.to.Reset(s.file)
	return errors.Join(err, s.file.Truncate(0))
}

// write adds a line that is made here.
func (s *spool) write(l *exportLine) error {
	raw, err := l.encode()
	if err != nil {
		return err
	}
	return s.add(raw, l)
}

// add adds a line in its place. The line that ends the competition ends the
// spool as well.
func (s *spool) add(raw []byte, l *exportLine) error {
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

// hasSnapshot reports whether there is one.
func (s *spool) hasSnapshot() bool { return s.ends[partSnapshot] > s.ends[partSnapshot-1] }

// reader reads the lines of a part as they are.
func (s *spool) reader(p part) io.Reader {
	return io.NewSectionReader(s.file, s.ends[p-1], s.ends[p]-s.ends[p-1])
}

// whole reads all lines as they are.
func (s *spool) whole() io.Reader { return io.NewSectionReader(s.file, 0, s.size) }

// each visits the lines of a part.
func (s *spool) each(ctx context.Context, p part, visit func(*exportLine) error) error {
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

// lineError says which line of a file an error is about.
type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return e.err.Error() }
func (e *lineError) Unwrap() error { return e.err }

// header is the snapshot's; nil if there is none.
func (s *spool) header(ctx context.Context) (header []byte, err error) {
	err = s.each(ctx, partSnapshot, func(l *exportLine) error {
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
	return s.each(ctx, partRows, func(l *exportLine) error {
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
	return s.each(ctx, partIdentities, func(l *exportLine) error {
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
	return s.each(ctx, partMemberships, func(l *exportLine) error {
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
	return s.each(ctx, partRecords, func(l *exportLine) error {
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

// verify holds all that the spool has against itself: checksums and the chain
// of the whole journal, and that snapshot, journal, identities, memberships and
// summary are of one state. Cost: linear, twice; the state is in memory.
func (s *spool) verify(ctx context.Context, progress func(records int)) error {
	id := s.begin.Competition
	if !competition.ValidID(id) || s.begin.FirstSeq == 0 {
		return fmt.Errorf("%q is no competition that begins with seq %d", id, s.begin.FirstSeq)
	}
	if s.at != partEnd || s.end.End != id {
		return fmt.Errorf("it does not end with its own end, but with %q", s.end.End)
	}
	if err := s.verifyChain(ctx, progress); err != nil {
		return err
	}
	c, err := competition.Recover(ctx, id, s, func() competition.Key { return competition.Key{} }, nil)
	if err != nil {
		return err
	}
	summary := c.Summary()
	if !bytes.Equal(s.begin.Summary, competition.AppendSummary(nil, &summary)) {
		return errors.New("its summary is not what its journal comes to")
	}
	return s.verifyMemberships(ctx, c)
}

// errBeginning is given for a journal whose beginning is missing without a
// reason, or was not removed although there is one.
var errBeginning = errors.New("it must have a snapshot where the beginning of its journal was removed, and only there")

// verifyChain follows the journal from its first record to its last one. One
// whose beginning was removed is proved by the hash that its snapshot has.
func (s *spool) verifyChain(ctx context.Context, progress func(records int)) error {
	id := s.begin.Competition
	var proof competition.Chain
	if header, err := s.header(ctx); err != nil {
		return err
	} else if header != nil {
		if proof, err = competition.SnapshotChain(id, header); err != nil {
			return err
		}
	}
	if (s.begin.FirstSeq > 1) != s.hasSnapshot() {
		return errBeginning
	}
	chain := competition.NewChain(id)
	proved := s.begin.FirstSeq == 1
	err := s.each(ctx, partRecords, func(l *exportLine) (err error) {
		if chain.Seq == 0 && s.begin.FirstSeq > 1 {
			if chain, err = competition.ChainBefore(id, l.Records); err != nil {
				return err
			}
			if chain.Seq+1 != s.begin.FirstSeq {
				return fmt.Errorf("its journal begins with seq %d and should begin with %d", chain.Seq+1, s.begin.FirstSeq)
			}
			proved = chain.Seq == proof.Seq && chain.Hash == proof.Hash
		}
		count := 0
		for rest := l.Records; len(rest) > 0; count++ {
			if _, rest, err = chain.Next(rest); err != nil {
				return err
			}
			proved = proved || chain.Seq == proof.Seq && chain.Hash == proof.Hash
		}
		progress(count)
		return nil
	})
	switch {
	case err != nil:
		return err
	case chain.Seq != s.end.LastSeq || !bytes.Equal(chain.Hash[:], s.end.Hash):
		return fmt.Errorf("its journal ends with seq %d, and should end with %d and another hash", chain.Seq, s.end.LastSeq)
	case !proved:
		return fmt.Errorf("its snapshot, of seq %d, is not of this journal", proof.Seq)
	}
	return nil
}

// verifyMemberships holds each tie against the state and the identities.
func (s *spool) verifyMemberships(ctx context.Context, c *competition.Competition) error {
	want := map[string]competition.Membership{}
	last := int64(-1)
	err := s.ReadIdentities(ctx, c.ID(), func(i competition.Identity) error {
		if int64(i.Number) <= last {
			return fmt.Errorf("the identity of participant %d is out of place", i.Number)
		}
		last = int64(i.Number)
		if competition.IsPseudonym(i.UserID) {
			return nil // who was erased has no ties
		}
		m := want[i.UserID]
		m.UserID, m.CompetitionID, m.Number = i.UserID, c.ID(), max(m.Number, i.Number)
		m.Creator = m.Creator || i.Number == 0
		m.Present = c.TakesPart(i.UserID)
		want[i.UserID] = m
		return nil
	})
	if err != nil {
		return err
	}
	var users []string
	err = s.memberships(ctx, func(m competition.Membership) error {
		if want[m.UserID] != m {
			return fmt.Errorf("the membership of user %q is not what its journal comes to", m.UserID)
		}
		users = append(users, m.UserID)
		return nil
	})
	if err == nil && (len(users) != len(want) || !slices.IsSorted(users)) {
		err = fmt.Errorf("it has %d memberships of %d, or not in order", len(users), len(want))
	}
	return err
}
