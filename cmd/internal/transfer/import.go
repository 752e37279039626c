package transfer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/paceboard/paceboard/competition"
)

// Import takes competitions into a store. Its functions may be nil.
type Import struct {
	Store    Store
	Only     string                     // the only competition to take; empty takes all
	Progress func(events int)           // is told of each batch that was stored
	Same     func(competitionID string) // is told of each competition that was there already, the same to the last byte

	Taken, There, Events int // competitions that were stored and that were there already, and events stored

	lines lineReader
}

// Run takes what an export says. Each competition is verified before any of it is
// stored; one that is there already is left alone if it is the same, and gives
// ErrAnother if it is not. So an import that was cut short can be repeated. Errors
// name the line.
func (m *Import) Run(ctx context.Context, from io.Reader) error {
	m.lines = lineReader{from: bufio.NewReaderSize(from, 64<<10)}
	err := m.run(ctx)
	if err == nil {
		return nil
	}
	line := m.lines.number
	if placed, ok := errors.AsType[*lineError](err); ok {
		line = placed.line
	}
	return fmt.Errorf("line %d: %w", line, err)
}

func (m *Import) run(ctx context.Context) (err error) {
	_, head, err := m.lines.next()
	switch {
	case err != nil:
		return fmt.Errorf("this is no export: %w", err)
	case head.Paceboard != "export":
		return errors.New("this is no export: it does not begin with its version")
	case head.Version != version:
		return fmt.Errorf("the export has version %d, and this program reads %d; use the program that wrote it, or a newer one", head.Version, version)
	}
	s, err := newSpool()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	for seen := 0; ; seen++ {
		raw, l, err := m.lines.next()
		switch {
		case errors.Is(err, io.EOF):
			return errors.New("the export is cut off: its last line is missing; what came before is stored, and importing the whole of it goes on from there")
		case err != nil:
			return err
		case l.Competitions != nil:
			return m.finish(*l.Competitions, seen)
		case l.part() != partBegin:
			return errors.New("a competition should begin here")
		}
		id := l.Competition
		if err := m.gather(s, raw, l); err != nil {
			return fmt.Errorf("competition %q: %w; nothing of it was stored", id, err)
		}
		if m.Only != "" && m.Only != id {
			continue
		}
		var placed *lineError
		switch err := s.verify(ctx, func(int) {}); {
		case errors.As(err, &placed):
			return fmt.Errorf("competition %q: %w; nothing of it was stored", id, err)
		case err != nil:
			return fmt.Errorf("competition %q, which ends here: %w; nothing of it was stored", id, err)
		}
		if err := m.take(ctx, s); err != nil {
			return fmt.Errorf("competition %q, which ends here: %w", id, err)
		}
	}
}

func (m *Import) report(events int) {
	m.Events += events
	if m.Progress != nil {
		m.Progress(events)
	}
}

// finish checks the last line against what came before it.
func (m *Import) finish(said, seen int) error {
	if said != seen {
		return fmt.Errorf("the export should have %d competitions and has %d", said, seen)
	}
	if m.Only != "" && m.Taken+m.There == 0 {
		return fmt.Errorf("competition %q is not in this export", m.Only)
	}
	if _, _, err := m.lines.next(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the end of the export")
	}
	return nil
}

// gather reads the lines of a competition into the spool.
func (m *Import) gather(s *spool, raw []byte, l *line) error {
	if err := s.reset(); err != nil {
		return err
	}
	s.first = m.lines.number
	for {
		if err := s.add(raw, l); err != nil {
			return err
		}
		if l.part() == partEnd {
			return nil
		}
		var err error
		if raw, l, err = m.lines.next(); errors.Is(err, io.EOF) {
			return errors.New("the export is cut off in the middle of it")
		} else if err != nil {
			return err
		}
	}
}

// take stores a verified competition, unless it is there.
func (m *Import) take(ctx context.Context, s *spool) error {
	id := s.begin.Competition
	switch _, err := m.Store.Find(ctx, id); {
	case err == nil:
		return m.compare(ctx, s)
	case !errors.Is(err, competition.ErrUnknownCompetition):
		return err
	}
	summary, err := competition.ParseSummary(s.begin.Summary)
	if err != nil {
		return err
	}
	if d := &summary.Definition; s.hasSnapshot() && d.EntryFeeMinor+d.PrizePoolMinor > 0 {
		return errors.New("it has money, and the beginning of its journal was removed (JOURNAL_RETENTION), " +
			"so that its ledger cannot be worked out; nothing of it was stored")
	}
	w := &graft{store: m.Store, spool: s, summary: &summary, report: m.report}
	switch err := w.run(ctx); {
	case errors.Is(err, ErrAnother):
		return err
	case err != nil:
		return fmt.Errorf("it was not stored whole, and nobody sees it; repeat the import: %w", err)
	}
	m.Taken++
	return nil
}

// compare compares the store with the spool.
func (m *Import) compare(ctx context.Context, s *spool) (err error) {
	id := s.begin.Competition
	there, err := newSpool()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, there.close()) }()
	x := &Export{store: m.Store}
	err = x.gather(ctx, there, id)
	if errors.Is(err, errBeginning) && s.hasSnapshot() {
		// An import may have been interrupted between the journal and its snapshot.
		w := &graft{store: m.Store, spool: s}
		if w.epoch, err = m.Store.Claim(ctx, id); err == nil {
			err = w.save(ctx)
		}
		if err == nil {
			err = x.gather(ctx, there, id)
		}
	}
	if err != nil {
		return fmt.Errorf("it is in the store already, and cannot be compared: %w", err)
	}
	if !bytes.Equal(s.end.SHA256, there.end.SHA256) {
		return ErrAnother
	}
	m.There++
	if m.Same != nil {
		m.Same(id)
	}
	return nil
}
