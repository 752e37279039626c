package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/config"
)

// imports is the command import: it takes what export wrote into a store.
func imports(ctx context.Context, p *program, args []string) (err error) {
	var only string
	cmd := config.Command{
		Name: "import",
		Summary: "Take competitions that `paceboard export` wrote into a store, from a file or from standard input. Each is verified before " +
			"any of it is stored. One that is there already is left alone if it is the same, and refused if it is not, so that an import " +
			"that was interrupted can be repeated. With the embedded store, stop the server first.",
		Arguments: "[FILE]",
		Example:   "DATABASE_URL=postgres://… paceboard import all.jsonl",
		Optional:  storeSettingNames,
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&only, "competition", "", "`ID` of the only competition to take")
		},
	}
	settings, files, err := cmd.Load(args, p.environ, p.envFile)
	if err != nil {
		return err
	}
	input := p.in
	switch len(files) {
	case 0:
	case 1:
		file, err := os.Open(files[0])
		if err != nil {
			return fmt.Errorf("open the export: %w", err)
		}
		defer func() { _ = file.Close() }()
		input = file
	default:
		return errors.New("name one file, or none for standard input")
	}
	to, err := openStore(ctx, settings, newLogger(p.err, settings))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	m := &importer{
		program: p, store: to, only: only,
		lines: lineReader{from: bufio.NewReaderSize(input, 64<<10)},
		bar:   newProgress(p.err, "import", -1, "events"),
	}
	err = m.run(ctx)
	m.bar.finish()
	if err != nil {
		line := m.lines.number
		if placed, ok := errors.AsType[*lineError](err); ok {
			line = placed.line
		}
		return fmt.Errorf("line %d: %w", line, err)
	}
	fmt.Fprintf(p.out, "imported  %d competitions, %d events; %d were there already\n", m.taken, m.events, m.there)
	return nil
}

// importer reads an export and stores what is in it.
type importer struct {
	*program
	store store
	only  string
	lines lineReader
	bar   *progress

	taken, there, events int
}

func (m *importer) run(ctx context.Context) (err error) {
	_, head, err := m.lines.next()
	switch {
	case err != nil:
		return fmt.Errorf("this is no export: %w", err)
	case head.Paceboard != "export":
		return errors.New("this is no export: it does not begin with its version")
	case head.Version != exportVersion:
		return fmt.Errorf("the export has version %d, and this program reads %d; use the program that wrote it, or a newer one", head.Version, exportVersion)
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
		if m.only != "" && m.only != id {
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

// finish holds the last line against what came before it.
func (m *importer) finish(said, seen int) error {
	if said != seen {
		return fmt.Errorf("the export should have %d competitions and has %d", said, seen)
	}
	if m.only != "" && m.taken+m.there == 0 {
		return fmt.Errorf("competition %q is not in this export", m.only)
	}
	if _, _, err := m.lines.next(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the end of the export")
	}
	return nil
}

// gather reads the lines of a competition into the spool.
func (m *importer) gather(s *spool, raw []byte, l *exportLine) error {
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

// errAnother is given where a competition's place is taken.
var errAnother = errors.New("another competition has this id in the store; nothing of this one was stored")

// take stores a verified competition, unless it is there.
func (m *importer) take(ctx context.Context, s *spool) error {
	id := s.begin.Competition
	switch _, err := m.store.Find(ctx, id); {
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
	w := &storing{importer: m, spool: s, summary: &summary}
	switch err := w.run(ctx); {
	case errors.Is(err, errAnother):
		return err
	case err != nil:
		return fmt.Errorf("it was not stored whole, and nobody sees it; repeat the import: %w", err)
	}
	m.taken++
	return nil
}

// compare holds what is in the store against the spool.
func (m *importer) compare(ctx context.Context, s *spool) (err error) {
	id := s.begin.Competition
	there, err := newSpool()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, there.close()) }()
	x := &exporter{store: m.store, bar: newProgress(io.Discard, "", -1, "")}
	err = x.gather(ctx, there, id)
	if errors.Is(err, errBeginning) && s.hasSnapshot() {
		// An import may have been interrupted between the journal and its snapshot.
		if err = (&storing{importer: m, spool: s}).save(ctx); err == nil {
			err = x.gather(ctx, there, id)
		}
	}
	if err != nil {
		return fmt.Errorf("it is in the store already, and cannot be compared: %w", err)
	}
	same, err := sameBytes(s.whole(), there.whole())
	switch {
	case err != nil:
		return err
	case !same:
		return errAnother
	}
	m.there++
	fmt.Fprintf(m.out, "%q is there already, the same to the last byte\n", id)
	return nil
}

func sameBytes(a, b io.Reader) (bool, error) {
	one, other := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, err := readFull(a, one)
		if err != nil {
			return false, err
		}
		k, err := readFull(b, other)
		if err != nil || !bytes.Equal(one[:n], other[:k]) {
			return false, err
		}
		if n == 0 {
			return true, nil
		}
	}
}

// readFull fills b, or what there is left to fill of it.
func readFull(from io.Reader, b []byte) (n int, err error) {
	n, err = io.ReadFull(from, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return n, err
}

// storing is a competition on its way into the store: the journal in several
// appends, and with the last one all other rows, so that nobody sees it before.
type storing struct {
	*importer
	spool   *spool
	summary *competition.Summary

	chain   competition.Chain
	deriver *competition.LedgerDeriver
	users   map[uint32]string

	snapshot competition.Chain // where the snapshot stands, if there is one

	stored competition.Chain  // where an interrupted import ended
	held   *competition.Batch // not stored yet: whether it is the last one is not known yet
}

func (w *storing) run(ctx context.Context) error {
	s, id := w.spool, w.spool.begin.Competition
	var err error
	if w.stored, err = w.standing(ctx); err != nil {
		return err
	}
	w.deriver, w.users = competition.NewLedgerDeriver(id), map[uint32]string{}
	err = s.ReadIdentities(ctx, id, func(i competition.Identity) error {
		w.users[i.Number] = i.UserID
		return nil
	})
	if err != nil {
		return err
	}
	if header, err := s.header(ctx); err != nil {
		return err
	} else if header != nil {
		if w.snapshot, err = competition.SnapshotChain(id, header); err != nil {
			return err
		}
	}
	w.chain = competition.NewChain(id)
	err = s.each(ctx, partRecords, func(l *exportLine) error { return w.add(ctx, l.Records) })
	if err != nil {
		return err
	}
	if w.held == nil {
		return errAnother // a journal that has all of it belongs to somebody
	}
	return w.finish(ctx)
}

// standing is where the journal ends that an interrupted import left.
func (w *storing) standing(ctx context.Context) (chain competition.Chain, err error) {
	id := w.spool.begin.Competition
	first, _, err := w.store.Span(ctx, id)
	if err != nil || first == 0 {
		return chain, err
	}
	err = w.store.Read(ctx, id, first-1, func(records []byte) (err error) {
		if chain.Seq == 0 {
			if chain, err = competition.ChainBefore(id, records); err != nil {
				return err
			}
		}
		for len(records) > 0 && err == nil {
			_, records, err = chain.Next(records)
		}
		return err
	})
	return chain, err
}

// add takes the records of a line, and stores those of the line before. A batch
// ends at the snapshot, too, because recovery reads from there on.
func (w *storing) add(ctx context.Context, records []byte) (err error) {
	if w.chain.Seq == 0 && w.spool.begin.FirstSeq > 1 {
		if w.chain, err = competition.ChainBefore(w.chain.CompetitionID, records); err != nil {
			return err
		}
		if there := w.stored; there.Seq > 0 && (there.Seq < w.chain.Seq || there.Seq == w.chain.Seq && there.Hash != w.chain.Hash) {
			return errAnother
		}
	}
	b := w.newBatch()
	for len(records) > 0 {
		event, rest, err := w.chain.Next(records)
		if err != nil {
			return err
		}
		rows := &b.LedgerRows
		if w.chain.Seq <= w.stored.Seq {
			if w.chain.Seq == w.stored.Seq && w.chain.Hash != w.stored.Hash {
				return errAnother
			}
			rows = &competition.LedgerRows{} // it is there
		} else {
			b.Records = append(b.Records, records[:len(records)-len(rest)]...)
			b.Events = append(b.Events, event)
			b.LastSeq, b.Hash = w.chain.Seq, w.chain.Hash
		}
		if w.spool.begin.FirstSeq == 1 {
			if err := w.deriver.Derive(rows, &event, func(number uint32) string { return w.users[number] }); err != nil {
				return err
			}
		}
		if w.chain.Seq == w.snapshot.Seq {
			if err := w.hold(ctx, b); err != nil {
				return err
			}
			b = w.newBatch()
		}
		records = rest
	}
	return w.hold(ctx, b)
}

// newBatch goes on from where the chain is.
func (w *storing) newBatch() *competition.Batch {
	return &competition.Batch{CompetitionID: w.chain.CompetitionID, FirstSeq: max(w.chain.Seq, w.stored.Seq) + 1}
}

// hold keeps a batch, and stores the one kept before.
func (w *storing) hold(ctx context.Context, b *competition.Batch) error {
	if b.Empty() {
		return nil
	}
	err := w.append(ctx)
	w.held = b
	return err
}

// append stores what is held.
func (w *storing) append(ctx context.Context) error {
	b := w.held
	if b == nil {
		return nil
	}
	w.held = nil
	if err := w.store.Graft(ctx, b); err != nil {
		return err
	}
	w.events += len(b.Events)
	w.bar.addN(len(b.Events))
	return nil
}

// finish stores the last of the journal with everything else.
func (w *storing) finish(ctx context.Context) error {
	err := w.spool.ReadIdentities(ctx, w.chain.CompetitionID, func(i competition.Identity) error {
		w.held.Identities = append(w.held.Identities, i)
		return nil
	})
	if err == nil {
		err = w.spool.memberships(ctx, func(m competition.Membership) error {
			w.held.Memberships = append(w.held.Memberships, m)
			return nil
		})
	}
	if err != nil {
		return err
	}
	w.held.Summary = w.summary
	if err := w.append(ctx); err != nil {
		return err
	}
	return w.save(ctx)
}

// save stores the snapshot that a journal without its beginning stands on.
func (w *storing) save(ctx context.Context) error {
	if !w.spool.hasSnapshot() {
		return nil
	}
	snapshot := competition.Snapshot{CompetitionID: w.spool.begin.Competition}
	err := w.spool.Load(ctx, snapshot.CompetitionID,
		func(header []byte) error {
			chain, err := competition.SnapshotChain(snapshot.CompetitionID, header)
			snapshot.Header, snapshot.Seq = header, chain.Seq
			return err
		},
		func(r competition.Row) error {
			snapshot.Rows = append(snapshot.Rows, r)
			return nil
		})
	if err != nil {
		return err
	}
	return w.store.Save(ctx, &snapshot)
}
