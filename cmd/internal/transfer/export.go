package transfer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/paceboard/paceboard/competition"
)

// Store is what is exported from and imported into.
type Store interface {
	competition.Source
	Find(ctx context.Context, competitionID string) (competition.Summary, error)
	List(ctx context.Context, after string, visit func(competition.Summary) bool) error
	Save(ctx context.Context, s *competition.Snapshot) error
	Claim(ctx context.Context, competitionID string) (epoch uint64, err error)

	// Span returns where a competition's journal begins and ends; 0 if there is none.
	Span(ctx context.Context, competitionID string) (first, last uint64, err error)
	// MembershipsIn visits all ties to a competition in the order of user ids.
	MembershipsIn(ctx context.Context, competitionID string, visit func(competition.Membership) error) error
	// Graft appends the first batch of a journal, which may begin with any seq.
	Graft(ctx context.Context, b *competition.Batch) error
}

// Export is some competitions of a store on their way out.
type Export struct {
	IDs      []string         // of the competitions
	Events   int              // of all of them, as of the plan
	Written  int              // events so far
	Progress func(events int) // called for each competition that was written; may be nil

	store Store
}

// PlanExport finds out what there is to write of a store: one competition, or all
// for an empty id.
func PlanExport(ctx context.Context, from Store, only string) (*Export, error) {
	x := &Export{store: from}
	if only != "" {
		if _, err := from.Find(ctx, only); err != nil {
			return nil, fmt.Errorf("competition %q: %w", only, err)
		}
		x.IDs = []string{only}
	} else if err := from.List(ctx, "", func(s competition.Summary) bool {
		x.IDs = append(x.IDs, s.Definition.ID)
		return true
	}); err != nil {
		return nil, err
	}
	for _, id := range x.IDs {
		first, last, err := from.Span(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("competition %q: %w", id, err)
		}
		x.Events += int(last - first + 1)
	}
	return x, nil
}

// Write writes the export, verified. What it wrote before an error is no export.
func (x *Export) Write(ctx context.Context, w io.Writer) (err error) {
	s, err := newSpool()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	to := bufio.NewWriterSize(w, 1<<20)
	put := func(l *line) error {
		raw, err := l.encode()
		if err == nil {
			_, err = to.Write(raw)
		}
		return err
	}
	if err := put(&line{Paceboard: "export", Version: version}); err != nil {
		return err
	}
	for _, id := range x.IDs {
		if err := x.gather(ctx, s, id); err != nil {
			return fmt.Errorf("competition %q: %w", id, err)
		}
		if _, err := io.Copy(to, s.whole()); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	n := len(x.IDs)
	if err := put(&line{Competitions: &n}); err != nil {
		return err
	}
	return to.Flush()
}

// gather writes a competition into the spool, verified. Its rows are read one
// kind after another, so that a running server may change it in between; then
// it is read again.
func (x *Export) gather(ctx context.Context, s *spool, id string) error {
	const tries = 5
	var last error
	for range tries {
		_, before, err := x.store.Span(ctx, id)
		if err != nil {
			return err
		}
		if err := s.reset(); err != nil {
			return err
		}
		if err := x.read(ctx, s, id); err != nil {
			return err
		}
		counted := 0
		if last = s.verify(ctx, func(n int) { counted += n }); last == nil {
			x.Written += counted
			if x.Progress != nil {
				x.Progress(counted)
			}
			return nil
		}
		if _, after, err := x.store.Span(ctx, id); err != nil || after == before {
			return errors.Join(last, err) // nobody changed it: it is as it is
		}
	}
	return fmt.Errorf("it was changed each time it was read; stop the servers: %w", last)
}

// read writes a competition into the spool as it is.
func (x *Export) read(ctx context.Context, s *spool, id string) error {
	summary, err := x.store.Find(ctx, id)
	if err != nil {
		return err
	}
	first, _, err := x.store.Span(ctx, id)
	if err != nil {
		return err
	}
	if err := s.write(&line{Competition: id, Summary: competition.AppendSummary(nil, &summary), FirstSeq: first}); err != nil {
		return err
	}
	if err := x.readPeople(ctx, s, id); err != nil {
		return err
	}
	if first > 1 {
		if err := x.readSnapshot(ctx, s, id); err != nil {
			return err
		}
	}
	return x.readJournal(ctx, s, id, first)
}

func (x *Export) readPeople(ctx context.Context, s *spool, id string) error {
	w := lineWriter{to: s}
	err := x.store.ReadIdentities(ctx, id, func(i competition.Identity) error {
		w.line.Identities = append(w.line.Identities, identity{Number: i.Number, Key: i.Key[:], UserID: i.UserID, UserName: i.UserName})
		return w.added(0)
	})
	if err := w.flush(err); err != nil {
		return err
	}
	err = x.store.MembershipsIn(ctx, id, func(m competition.Membership) error {
		w.line.Memberships = append(w.line.Memberships, membership{UserID: m.UserID, Number: m.Number, Present: m.Present, Creator: m.Creator})
		return w.added(0)
	})
	return w.flush(err)
}

func (x *Export) readSnapshot(ctx context.Context, s *spool, id string) error {
	w := lineWriter{to: s}
	return w.flush(x.store.Load(ctx, id,
		func(header []byte) error { return s.write(&line{Snapshot: header}) },
		func(r competition.Row) error {
			packed := competition.AppendRow(nil, &r)
			w.line.Rows = append(w.line.Rows, packed)
			return w.added(len(packed))
		}))
}

func (x *Export) readJournal(ctx context.Context, s *spool, id string, first uint64) error {
	w := lineWriter{to: s}
	chain := competition.Chain{}
	err := x.store.Read(ctx, id, first-1, func(records []byte) error {
		return eachRecord(records, func(record []byte) (err error) {
			if chain.Seq == 0 {
				if chain, err = competition.ChainBefore(id, record); err != nil {
					return err
				}
			}
			if _, _, err = chain.Next(record); err != nil {
				return err
			}
			w.line.Records = append(w.line.Records, record...)
			return w.added(len(record))
		})
	})
	if err := w.flush(err); err != nil {
		return err
	}
	return s.write(&line{End: id, LastSeq: chain.Seq, Hash: chain.Hash[:], SHA256: s.sum.Sum(nil)})
}

// lineWriter writes lines of several items each.
type lineWriter struct {
	to          *spool
	line        line // gathers
	items, size int  // in it
}

// added writes the line if the item that was added to it, of so many bytes, fills it.
func (w *lineWriter) added(size int) error {
	w.items++
	w.size += size
	if w.items < lineItems && w.size < lineBytes {
		return nil
	}
	return w.flush(nil)
}

// flush writes what is left, unless there was an error before.
func (w *lineWriter) flush(err error) error {
	if err != nil || w.items == 0 {
		return err
	}
	defer func() { w.line, w.items, w.size = line{Records: w.line.Records[:0]}, 0, 0 }()
	return w.to.write(&w.line)
}
