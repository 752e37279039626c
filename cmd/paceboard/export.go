package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/config"
)

// export writes competitions down, so that another store can take them.
func export(ctx context.Context, p *program, args []string) (err error) {
	var only string
	cmd := config.Command{
		Name: "export",
		Summary: "Write one competition or all of them as JSON lines, to a file or to standard output. What is written was verified. " +
			"It holds everybody's names and days: keep it like the database. With the embedded store, stop the server first.",
		Arguments: "[FILE]",
		Example:   "DATA_DIR=./data paceboard export all.jsonl",
		Optional:  storeSettingNames,
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&only, "competition", "", "`ID` of the only competition to write")
		},
	}
	settings, files, err := cmd.Load(args, p.environ, p.envFile)
	if err != nil {
		return err
	}
	if len(files) > 1 {
		return errors.New("name one file, or none for standard output")
	}
	from, err := openExisting(ctx, p, settings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	x := &exporter{store: from}
	if err := x.plan(ctx, only); err != nil {
		return err
	}
	x.bar = newProgress(p.err, "export", x.total, "events")
	if len(files) == 0 {
		err = x.write(ctx, p.out)
	} else {
		err = writeWhole(files[0], func(w io.Writer) error { return x.write(ctx, w) })
	}
	x.bar.finish()
	if err == nil {
		fmt.Fprintf(p.err, "exported  %d competitions, %d events\n", len(x.ids), x.done)
	}
	return err
}

// storeSettingNames are the settings of tools that open a store.
var storeSettingNames = []string{"DATA_DIR", "DATABASE_URL", "MIN_FREE_DISK", "LOG_LEVEL", "LOG_FORMAT"}

// openExisting opens the store that the settings choose, if there is one.
func openExisting(ctx context.Context, p *program, settings config.Settings) (store, error) {
	if settings.DatabaseURL == "" { // opening would make an empty one
		if _, err := os.Stat(settings.DataDir); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no store in %s; set DATA_DIR or DATABASE_URL as for the server", settings.DataDir)
		}
	}
	return openStore(ctx, settings, newLogger(p.err, settings))
}

// writeWhole makes a file that is there only once it is complete.
func writeWhole(path string, write func(io.Writer) error) (err error) {
	unfinished := path + ".part"
	file, err := os.OpenFile(unfinished, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // G304: the operator's own path.
	if err != nil {
		return fmt.Errorf("make the file: %w", err)
	}
	err = write(file)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(unfinished))
	}
	return os.Rename(unfinished, path)
}

// exporter writes competitions of a store.
type exporter struct {
	store store
	ids   []string
	total int // events, as of the plan
	done  int
	bar   *progress
}

// plan finds out what there is to write.
func (x *exporter) plan(ctx context.Context, only string) error {
	if only != "" {
		if _, err := x.store.Find(ctx, only); err != nil {
			return fmt.Errorf("competition %q: %w", only, err)
		}
		x.ids = []string{only}
	} else if err := x.store.List(ctx, "", func(s competition.Summary) bool {
		x.ids = append(x.ids, s.Definition.ID)
		return true
	}); err != nil {
		return err
	}
	for _, id := range x.ids {
		first, last, err := x.store.Span(ctx, id)
		if err != nil {
			return fmt.Errorf("competition %q: %w", id, err)
		}
		x.total += int(last - first + 1)
	}
	return nil
}

func (x *exporter) write(ctx context.Context, w io.Writer) (err error) {
	s, err := newSpool()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	to := bufio.NewWriterSize(w, 1<<20)
	put := func(l *exportLine) error {
		raw, err := l.encode()
		if err == nil {
			_, err = to.Write(raw)
		}
		return err
	}
	if err := put(&exportLine{Paceboard: "export", Version: exportVersion}); err != nil {
		return err
	}
	for _, id := range x.ids {
		if err := x.gather(ctx, s, id); err != nil {
			return fmt.Errorf("competition %q: %w", id, err)
		}
		if _, err := io.Copy(to, s.whole()); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	n := len(x.ids)
	if err := put(&exportLine{Competitions: &n}); err != nil {
		return err
	}
	return to.Flush()
}

// gather writes a competition into the spool, verified. Its rows are read one
// kind after another, so that a running server may change it in between; then
// it is read again.
func (x *exporter) gather(ctx context.Context, s *spool, id string) error {
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
			x.done += counted
			x.bar.addN(counted)
			return nil
		}
		if _, after, err := x.store.Span(ctx, id); err != nil || after == before {
			return errors.Join(last, err) // nobody changed it: it is as it is
		}
	}
	return fmt.Errorf("it was changed each time it was read; stop the servers: %w", last)
}

// read writes a competition into the spool as it is.
func (x *exporter) read(ctx context.Context, s *spool, id string) error {
	summary, err := x.store.Find(ctx, id)
	if err != nil {
		return err
	}
	first, _, err := x.store.Span(ctx, id)
	if err != nil {
		return err
	}
	if err := s.write(&exportLine{Competition: id, Summary: competition.AppendSummary(nil, &summary), FirstSeq: first}); err != nil {
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

func (x *exporter) readPeople(ctx context.Context, s *spool, id string) error {
	var l exportLine
	err := x.store.ReadIdentities(ctx, id, func(i competition.Identity) error {
		l.Identities = append(l.Identities, exportIdentity{Number: i.Number, Key: i.Key[:], UserID: i.UserID, UserName: i.UserName})
		if len(l.Identities) < lineItems {
			return nil
		}
		defer func() { l = exportLine{} }()
		return s.write(&l)
	})
	if err == nil && l.Identities != nil {
		err = s.write(&l)
	}
	if err != nil {
		return err
	}
	l = exportLine{}
	err = x.store.MembershipsIn(ctx, id, func(m competition.Membership) error {
		l.Memberships = append(l.Memberships, exportMembership{UserID: m.UserID, Number: m.Number, Present: m.Present, Creator: m.Creator})
		if len(l.Memberships) < lineItems {
			return nil
		}
		defer func() { l = exportLine{} }()
		return s.write(&l)
	})
	if err == nil && l.Memberships != nil {
		err = s.write(&l)
	}
	return err
}

func (x *exporter) readSnapshot(ctx context.Context, s *spool, id string) error {
	var l exportLine
	size := 0
	err := x.store.Load(ctx, id,
		func(header []byte) error { return s.write(&exportLine{Snapshot: header}) },
		func(r competition.Row) error {
			packed := competition.AppendRow(nil, &r)
			l.Rows = append(l.Rows, packed)
			if size += len(packed); size < lineBytes && len(l.Rows) < lineItems {
				return nil
			}
			defer func() { l, size = exportLine{}, 0 }()
			return s.write(&l)
		})
	if err == nil && l.Rows != nil {
		err = s.write(&l)
	}
	return err
}

func (x *exporter) readJournal(ctx context.Context, s *spool, id string, first uint64) error {
	var l exportLine
	chain := competition.Chain{}
	count := 0
	put := func() error {
		defer func() { l.Records, count = l.Records[:0], 0 }()
		return s.write(&l)
	}
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
			l.Records = append(l.Records, record...)
			if count++; len(l.Records) < lineBytes && count < lineItems {
				return nil
			}
			return put()
		})
	})
	if err == nil && count > 0 {
		err = put()
	}
	if err != nil {
		return err
	}
	return s.write(&exportLine{End: id, LastSeq: chain.Seq, Hash: chain.Hash[:], SHA256: s.sum.Sum(nil)})
}
