package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/paceboard/paceboard/cmd/internal/archive"
	"github.com/paceboard/paceboard/cmd/internal/backup"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/config"
	"github.com/paceboard/paceboard/persistence/embedded"
)

// pointInTime is a point to which journals are restored, and from where.
type pointInTime struct {
	archive.Target

	from         string // a backup, or a folder of backups; empty for none
	untilSegment uint64 // 0 for all
}

func (t *pointInTime) given() bool {
	return t.from != "" || t.untilSegment != 0 || !t.Time.IsZero() || len(t.Seqs) > 0
}

func (t *pointInTime) flags(f *flag.FlagSet) {
	f.StringVar(&t.from, "from", "", "`BACKUP` to begin with, or a folder of them, of which the latest before the point is taken")
	f.Func("until", "no events after this `TIME`, such as 2026-11-27T06:15:00Z", func(text string) (err error) {
		t.Time, err = time.Parse(time.RFC3339Nano, text)
		return err
	})
	f.Func("until-seq", "a competition only up to an event, `ID=SEQ`; may be repeated", func(text string) error {
		id, digits, found := strings.Cut(text, "=")
		seq, err := strconv.ParseUint(digits, 10, 64)
		if err != nil || !found || seq == 0 {
			return errors.New("write it as spring=4711")
		}
		if t.Seqs == nil {
			t.Seqs = map[string]uint64{}
		}
		t.Seqs[id] = seq
		return nil
	})
	f.Uint64Var(&t.untilSegment, "until-segment", 0, "read the archive only up to segment `N`: to have a future back that a restore gave up")
}

// fits reports whether a backup is from before the point.
func (t *pointInTime) fits(m *backup.Manifest) bool {
	for id, seq := range t.Seqs {
		if m.Journals[id] > seq {
			return false
		}
	}
	return t.Time.IsZero() || !m.MadeAt.After(t.Time)
}

// archiveFolder is where segments are while they are read, in the folder that is restored.
const archiveFolder = "archive-segments"

// restoreArchive makes a data folder of a backup and an archive.
func (p *program) restoreArchive(ctx context.Context, settings *config.Settings, t pointInTime, o embedded.Options) (err error) {
	bucket, err := openBucket(settings)
	if err != nil {
		return err
	}
	defer bucket.Close()
	var extended archive.Extended
	var plan *archive.Plan
	extend := func(ctx context.Context, s *embedded.Store) (err error) {
		plan, extended, err = p.extend(ctx, bucket, s, t, filepath.Join(o.Dir, archiveFolder))
		return err
	}
	began := "nothing"
	if t.from == "" {
		_, err = embedded.Restore(ctx, o, func(string) error { return nil }, extend)
	} else {
		source, opening := backup.Open(t.from, p.in, t.fits)
		if opening != nil {
			return opening
		}
		defer func() { err = errors.Join(err, source.Close()) }()
		err = p.restoreSource(ctx, source, o, extend)
		if m := source.Manifest; m != nil {
			began = fmt.Sprintf("%d competitions, %d events of a backup as of %s", len(m.Journals), m.Events(), m.MadeAt.UTC().Format(time.RFC3339))
		}
	}
	if err != nil {
		return fmt.Errorf("%w; %s is not whole, and refused by the server; the same command begins again", err, o.Dir)
	}
	fmt.Fprintf(p.out, "restored  %s\n", began)
	fmt.Fprintf(p.out, "extended  %d competitions by %d events of the archive, up to segment %d, to %s\n", extended.Competitions, extended.Events, plan.Position.Segment, o.Dir)
	if t.Time.IsZero() && !plan.Through.IsZero() {
		fmt.Fprintf(p.out, "complete  what was acknowledged before %s is there\n", plan.Through.UTC().Format(time.RFC3339Nano))
	}
	if t.from == "" {
		fmt.Fprintln(p.out, "lacking   what is beside journals: invitations, join codes, board links, API keys, the log of operators' actions, what the payment provider was told; --from a backup has them")
	}
	fmt.Fprintf(p.out, "next      DATA_DIR=%s paceboard audit, and then start the server on it; each board goes on under a new epoch\n", o.Dir)
	return nil
}

// extend has the journals of a store that was restored go on as the archive has them.
func (p *program) extend(ctx context.Context, bucket archive.Bucket, s *embedded.Store, t pointInTime, spool string) (plan *archive.Plan, done archive.Extended, err error) {
	if err := os.MkdirAll(spool, 0o700); err != nil { //nolint:gosec // G703: the operator's own path.
		return nil, done, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(spool)) }() //nolint:gosec // G703: as above.
	position, err := s.ArchivePosition()
	if err != nil {
		return nil, done, err
	}
	if last, err := s.LastRestore(); err != nil || position.Archive != "" && last != position.Declared {
		return nil, done, errors.Join(err, fmt.Errorf("%w: it was made after a restore, before the archive was told of that; take an older one, or restore it without the archive", archive.ErrOtherHistory))
	}
	ends, err := journalEnds(ctx, s)
	if err != nil {
		return nil, done, err
	}
	if err := notAfter(ctx, s, ends, t); err != nil {
		return nil, done, err
	}
	bar := newProgress(p.err, "restore", -1, "segments")
	plan, err = archive.ReadPlan(ctx, bucket, archive.PlanOptions{Dir: spool, Position: position, Ends: ends, UntilSegment: t.untilSegment, Fetched: bar.addN})
	bar.finish()
	if err == nil {
		err = plan.Check(t.Target)
	}
	if err != nil {
		return nil, done, err
	}
	bar = newProgress(p.err, "restore", -1, "events")
	done, err = plan.Extend(ctx, s, t.Target, bar.addN)
	bar.finish()
	if err == nil {
		err = forget(ctx, s, done.Gone)
	}
	if err == nil {
		err = s.SaveArchived(plan.Position, done.Ends, false)
	}
	return plan, done, err
}

// notAfter returns an error if a backup goes beyond the point.
func notAfter(ctx context.Context, s *embedded.Store, ends map[string]competition.Chain, t pointInTime) error {
	for id, end := range ends {
		if seq, bySeq := t.Seqs[id]; bySeq {
			if end.Seq > seq {
				return fmt.Errorf("the backup has competition %q up to seq %d already; take an older backup", id, end.Seq)
			}
			continue
		}
		if t.Time.IsZero() || end.Seq == 0 {
			continue
		}
		err := s.ReadRecords(ctx, id, end.Seq-1, end.Seq, func(record []byte) error {
			at, err := competition.TimeOf(record)
			if err == nil && at > calendar.MillisOf(t.Time) {
				err = fmt.Errorf("the backup has an event of competition %q of %s; take an older backup", id, at.Time().UTC().Format(time.RFC3339Nano))
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// forget does for people whom the archive's events have erased what an erasure does beside
// journals, if they have no tie left.
func forget(ctx context.Context, s *embedded.Store, gone []competition.Erasure) error {
	if len(gone) == 0 {
		return nil
	}
	users := map[string]bool{}
	for _, e := range gone {
		users[e.UserID] = true
	}
	for userID := range users {
		ties, err := s.MembershipsOf(ctx, userID, "", 1)
		if err != nil {
			return err
		}
		if len(ties) > 0 {
			continue // they came back, or `paceboard erasures apply` is still to erase them elsewhere
		}
		var random [16]byte
		rand.Read(random[:]) // never fails, see crypto/rand
		e := competition.Erasure{UserID: userID, Pseudonym: competition.NewPseudonym(random)}
		if err := competition.ForgetOutside(ctx, s, e, calendar.MillisOf(time.Now()), newID); err != nil {
			return err
		}
	}
	return s.Scrub(ctx)
}

// newID returns a UUIDv7 (RFC 9562, section 5.7), so that ids order by time.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
