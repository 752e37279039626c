package archive

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// batchBytes is about how many bytes of records are appended at a time.
const batchBytes = 1 << 20

// Target is a point to which journals are restored. Its zero value is the end of the archive.
type Target struct {
	Time time.Time         // no events after that
	Seqs map[string]uint64 // the last event of some competitions
}

// Extended is what became of a store.
type Extended struct {
	Competitions, Events int
	Ends                 []competition.Chain   // of the journals that have gone on
	Gone                 []competition.Erasure // people whom the events erased, and whom the backup knew
}

// RestoredStore is a store that was restored from a backup.
type RestoredStore interface {
	competition.Source
	competition.Ownership
	Append(ctx context.Context, batches []*competition.Batch) []error
	Save(ctx context.Context, s *competition.Snapshot) error
}

// Check returns an error unless the plan comes to a target. Errors: ErrShort, ErrOtherHistory.
func (p *Plan) Check(t Target) error {
	if !t.Time.IsZero() && !p.Closed && p.Through.Add(-settled).Before(t.Time) {
		return fmt.Errorf("%w: events are certainly complete until %s; name that, or leave the time out, to have everything that there is",
			ErrShort, p.Through.Add(-settled).UTC().Format(time.RFC3339))
	}
	for _, id := range slices.Sorted(maps.Keys(t.Seqs)) {
		j, seq := p.journals[id], t.Seqs[id]
		switch {
		case j == nil:
			return fmt.Errorf("%w: there is no competition %q", ErrShort, id)
		case seq > j.tip.Seq:
			return fmt.Errorf("%w: competition %q ends with seq %d", ErrShort, id, j.tip.Seq)
		case seq < j.base.Seq:
			return fmt.Errorf("the backup has competition %q up to seq %d already; take an older backup", id, j.base.Seq)
		}
	}
	return nil
}

// Extend has the journals of a store go on, from where the plan begins, up to a target.
// progress is told of events that were appended.
func (p *Plan) Extend(ctx context.Context, store RestoredStore, t Target, progress func(events int)) (done Extended, err error) {
	for _, id := range slices.Sorted(maps.Keys(p.journals)) {
		j := p.journals[id]
		pieces, err := p.until(j, id, t)
		if err != nil {
			return done, err
		}
		if len(pieces) == 0 {
			continue
		}
		e := extending{plan: p, store: store, progress: progress}
		if err := e.run(ctx, j.base, pieces); err != nil {
			return done, fmt.Errorf("competition %q: %w", id, err)
		}
		done.Competitions++
		done.Events += int(e.core.Seq() - j.base.Seq)
		done.Ends = append(done.Ends, e.core.JournalEnd())
		done.Gone = append(done.Gone, e.gone...)
	}
	return done, nil
}

// until returns the pieces of a journal up to a target.
func (p *Plan) until(j *journal, id string, t Target) (pieces []piece, err error) {
	seq, bySeq := t.Seqs[id]
	for _, next := range j.pieces {
		if bySeq && next.Last > seq {
			if next.First > seq {
				return pieces, nil
			}
			if next, _, err = p.split(next, seq); err != nil {
				return nil, err
			}
			return append(pieces, next), nil
		}
		if at := calendar.MillisOf(t.Time); !bySeq && !t.Time.IsZero() && next.Newest > at {
			records, err := p.records(&next)
			if err != nil {
				return nil, err
			}
			kept, err := competition.CutAfter(records, at)
			if err != nil || len(kept) == 0 {
				return pieces, err
			}
			read, err := competition.ReadPart(id, kept)
			if err != nil {
				return nil, err
			}
			if next, _, err = p.split(next, read.End.Seq); err != nil {
				return nil, err
			}
			return append(pieces, next), nil
		}
		pieces = append(pieces, next)
	}
	return pieces, nil
}

// extending is a journal that goes on.
type extending struct {
	plan     *Plan
	store    RestoredStore
	progress func(events int)
	core     *competition.Competition
	epoch    uint64
	gone     []competition.Erasure
}

func (e *extending) run(ctx context.Context, base competition.Chain, pieces []piece) (err error) {
	id := base.CompetitionID
	if e.epoch, err = e.store.Claim(ctx, id); err != nil {
		return err
	}
	if e.core, err = competition.Recover(ctx, id, e.store, func() competition.Key { return competition.Key{} }, nil); err != nil {
		return err
	}
	if e.core.JournalEnd() != base {
		return fmt.Errorf("%w: it ends with seq %d, and should end with seq %d", ErrDamaged, e.core.Seq(), base.Seq)
	}
	rows, err := rowsAsOf(pieces)
	if err != nil {
		return err
	}
	x := e.core.Extend(rows)
	var b competition.Batch
	for i := range pieces {
		records, err := e.plan.records(&pieces[i])
		if err != nil {
			return err
		}
		for len(records) > 0 {
			var some []byte
			if some, records, err = firstRecords(records, batchBytes-len(b.Records)); err != nil {
				return err
			}
			if err := x.Add(&b, some); err != nil {
				return err
			}
			if last := i == len(pieces)-1 && len(records) == 0; last {
				err = x.End(&b)
			} else if len(b.Records) < batchBytes {
				continue
			}
			if err == nil {
				err = e.append(ctx, &b)
			}
			if err != nil {
				return err
			}
			b = competition.Batch{}
		}
	}
	if e.gone = x.Gone(); len(e.gone) > 0 { // or the snapshot has what they did
		snapshot := e.core.Snapshot()
		snapshot.Epoch = e.epoch
		return e.store.Save(ctx, &snapshot)
	}
	return nil
}

func (e *extending) append(ctx context.Context, b *competition.Batch) error {
	b.Epoch = e.epoch
	if errs := e.store.Append(ctx, []*competition.Batch{b}); errs != nil {
		return errs[0]
	}
	e.core.Applied(b)
	e.progress(len(b.Events))
	return ctx.Err()
}

// rowsAsOf returns the identity rows as of the end of the pieces.
func rowsAsOf(pieces []piece) (map[uint32]competition.Identity, error) {
	latest := map[uint32]*row{}
	for i := range pieces {
		for n := range pieces[i].Rows {
			r := &pieces[i].Rows[n]
			latest[r.Number] = r
		}
	}
	rows := make(map[uint32]competition.Identity, len(latest))
	for number, r := range latest {
		if r.Lost {
			return nil, fmt.Errorf("%w: who participant %d was between seq %d and the next event about that was replaced before it could be archived; choose an earlier or a later point", ErrMissing, number, r.Seq)
		}
		rows[number] = r.identity()
	}
	return rows, nil
}

// firstRecords splits records after some bytes, one record at least.
func firstRecords(records []byte, most int) (some, rest []byte, err error) {
	n := 0
	for len(records) > n {
		record, _, err := competition.SplitRecord(records[n:])
		if err != nil {
			return nil, nil, err
		}
		if n > 0 && n+len(record) > most {
			break
		}
		n += len(record)
	}
	return records[:n], records[n:], nil
}
