package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/paceboard/paceboard/competition"
)

// Append makes the batches durable in one transaction and one round trip; see
// competition.Journal. Cost: a commit, and some 10 µs of the server's for each
// event; the caller gathers what should share the commit.
func (s *Store) Append(ctx context.Context, batches []*competition.Batch) []error {
	answer := make(chan []error, 1)
	s.AppendNext(ctx, batches, func(errs []error) { answer <- errs })
	return <-answer
}

// AppendNext is Append that does not wait; see competition.Pipeline. Batches that
// are events alone, as nearly all are, follow one another in the pipeline: while the
// server waits for its disk it has the next ones already. Others wait until those
// are answered, and the caller with them.
func (s *Store) AppendNext(ctx context.Context, batches []*competition.Batch, answered func([]error)) {
	a := s.newAppending(batches, answered)
	if len(batches) > 0 && a.rows.onlyEvents() {
		s.pipeline.send(ctx, a.rows, func(verdicts []verdict, err error) { a.end(ctx, verdicts, err) })
		return
	}
	s.pipeline.afterAll(func() { a.alone(ctx) })
}

// appending is one append under way.
type appending struct {
	store    *Store
	batches  []*competition.Batch
	errs     []error // of the batches
	rows     *appendRows
	answered func([]error)
}

func (s *Store) newAppending(batches []*competition.Batch, answered func([]error)) *appending {
	a := &appending{store: s, batches: batches, errs: make([]error, len(batches)), rows: newAppendRows(s.node, s.appends, batches), answered: answered}
	for i, b := range batches {
		if previous, records, err := split(b); err != nil {
			a.errs[i] = fmt.Errorf("append to competition %q: %w", b.CompetitionID, err)
		} else {
			a.rows.add(int32(i), b, previous, records)
		}
	}
	return a
}

// alone stores the batches by the statement for rows of every kind.
func (a *appending) alone(ctx context.Context) {
	switch {
	case len(a.rows.place) == 0:
		a.answered(compact(a.errs))
	case len(a.rows.erasures) > 0 && len(a.batches) > 1:
		a.oneByOne(ctx)
	default:
		verdicts, err := a.store.store(ctx, a.rows)
		a.end(ctx, verdicts, err)
	}
}

// end answers with what became of the statement.
func (a *appending) end(ctx context.Context, verdicts []verdict, err error) {
	if err != nil && len(a.batches) > 1 && blamesOne(err) {
		a.oneByOne(ctx)
		return
	}
	if err == nil && len(verdicts) != len(a.rows.place) {
		err = fmt.Errorf("the server told of %d of %d batches", len(verdicts), len(a.rows.place))
	}
	if err != nil || slices.ContainsFunc(verdicts, verdict.stored) {
		a.store.outcomes.note(err)
	}
	if err != nil {
		for i := range a.batches {
			a.fail(i, failure(err))
		}
		verdicts = nil
	}
	for _, v := range verdicts {
		a.fail(int(v.place), v.err(a.store.node))
	}
	a.answered(compact(a.errs))
}

// fail notes why a batch was not stored, unless it is known already; nil is no reason.
func (a *appending) fail(i int, err error) {
	if b := a.batches[i]; err != nil && a.errs[i] == nil {
		a.errs[i] = fmt.Errorf("append seq %d to %d: %w", b.FirstSeq, b.LastSeq, err)
	}
}

// oneByOne stores each batch by itself: those of which the server stored none
// because of one, and those of which one erases somebody, which is rare.
func (a *appending) oneByOne(ctx context.Context) {
	for i := range a.batches {
		a.store.newAppending(a.batches[i:i+1], func(errs []error) {
			if errs != nil {
				a.errs[i] = errs[0]
			}
		}).alone(ctx)
	}
	a.answered(compact(a.errs))
}

// failure is why a batch was not stored, or may not have been: err is what the
// statement gave.
func failure(err error) error {
	if refusal := refused(err); refusal != nil && refusal.Code == uniqueViolation { // F2
		return fmt.Errorf("%w: %w", competition.ErrConflict, err)
	}
	return fmt.Errorf("%w: %w", competition.ErrUnavailable, err)
}

// compact is nil if every error is.
func compact(errs []error) []error {
	if slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
		return errs
	}
	return nil
}

// store runs the statement for rows of every kind and returns what became of the
// batches. They are stored only if the error is nil: that comes with the server's last
// word, which follows the commit.
func (s *Store) store(ctx context.Context, rows *appendRows) (verdicts []verdict, err error) {
	conn, err := s.write.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	if len(rows.erasures) > 0 {
		verdicts, err = erase(ctx, conn.Conn(), rows)
	} else {
		verdicts, err = appendAll(ctx, conn.Conn(), rows)
	}
	if err = confirm(unconfirmed(conn.Conn()), err); err != nil {
		verdicts = nil
	}
	if inDoubt(err) {
		s.doubts.add(conn.Conn().PgConn().CustomData())
	}
	if conn.Conn().IsClosed() {
		conn.Hijack() // It is closing, which may take long; the pool must not wait for its place.
	} else {
		conn.Release()
	}
	return verdicts, err
}

// errShape is given for a batch that is not what the core makes.
var errShape = errors.New("the batch's records, events and seqs do not agree")

// split is the batch's records, one for each event, and the hash of the record
// that they follow.
func split(b *competition.Batch) (previous competition.Hash, records [][]byte, err error) {
	if !competition.ValidID(b.CompetitionID) {
		return previous, nil, fmt.Errorf("%w: that is no competition id", competition.ErrUnknownCompetition)
	}
	if b.FirstSeq == 0 || b.LastSeq < b.FirstSeq {
		return previous, nil, fmt.Errorf("%w: seq %d to %d never come next", competition.ErrConflict, b.FirstSeq, b.LastSeq)
	}
	before, err := competition.ChainBefore(b.CompetitionID, b.Records)
	if err != nil {
		return previous, nil, fmt.Errorf("%w: %w", errShape, err)
	}
	records = make([][]byte, 0, len(b.Events))
	for rest := b.Records; len(rest) > 0; {
		var record []byte
		if record, rest, err = competition.SplitRecord(rest); err != nil {
			return previous, nil, fmt.Errorf("%w: %w", errShape, err)
		}
		records = append(records, record)
	}
	if n := len(records); n != len(b.Events) || b.LastSeq-b.FirstSeq+1 != uint64(n) {
		return previous, nil, errShape
	}
	return before.Hash, records, nil
}
