package postgres

import (
	"context"
	_ "embed" // append.sql
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
)

//go:embed append.sql
var appendSQL string

// Append makes the batches durable in one transaction and one round trip; see
// competition.Journal. Cost: a commit, and some 10 µs of the server's for each
// event; the caller gathers what should share the commit.
func (s *Store) Append(ctx context.Context, batches []*competition.Batch) []error {
	if len(batches) == 0 {
		return nil
	}
	errs := make([]error, len(batches))
	rows := newAppendRows(batches)
	for i, b := range batches {
		if records, err := split(b); err != nil {
			errs[i] = fmt.Errorf("append to competition %q: %w", b.CompetitionID, err)
		} else {
			rows.add(int32(i), b, records)
		}
	}
	if len(rows.erasures) > 0 && len(batches) > 1 {
		return s.appendEach(ctx, batches)
	}
	stored, err := s.store(ctx, rows)
	if err != nil && len(batches) > 1 && blamesOne(err) {
		return s.appendEach(ctx, batches)
	}
	for i, b := range batches {
		if errs[i] == nil && (err != nil || !slices.Contains(stored, int32(i))) {
			errs[i] = fmt.Errorf("append seq %d to %d: %w", b.FirstSeq, b.LastSeq, failure(err))
		}
	}
	return compact(errs)
}

// appendEach appends batches one by one: those of which the server stored none
// because of one, and those of which one erases somebody, which is rare.
func (s *Store) appendEach(ctx context.Context, batches []*competition.Batch) []error {
	errs := make([]error, len(batches))
	for i := range batches {
		if alone := s.Append(ctx, batches[i:i+1]); alone != nil {
			errs[i] = alone[0]
		}
	}
	return compact(errs)
}

// failure is why a batch was not stored, or may not have been: err is what the
// statement gave, nil if it just left the batch out.
func failure(err error) error {
	refusal := refused(err)
	switch {
	case err == nil:
		return competition.ErrConflict
	case refusal != nil && refusal.Code == uniqueViolation: // F2
		return fmt.Errorf("%w: %w", competition.ErrConflict, err)
	default:
		return fmt.Errorf("%w: %w", competition.ErrUnavailable, err)
	}
}

// compact is nil if every error is.
func compact(errs []error) []error {
	if slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
		return errs
	}
	return nil
}

// blamesOne reports whether the server refused the statement for what is in it.
func blamesOne(err error) bool {
	refusal := refused(err)
	return refusal != nil && slices.Contains([]string{classCardinality, classData, classIntegrity, classRollback}, refusal.Code[:2])
}

// store runs the statement and returns the places of the batches stored. They
// are stored only if the error is nil: that comes with the server's last word,
// which follows the commit.
func (s *Store) store(ctx context.Context, rows *appendRows) (stored []int32, err error) {
	conn, err := s.write.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case len(rows.erasures) > 0:
		stored, err = erase(ctx, conn.Conn(), rows)
	case rows.onlyEvents():
		stored, err = appendEvents(ctx, conn.Conn(), rows)
	default:
		stored, err = appendAll(ctx, conn.Conn(), rows)
	}
	if err != nil {
		s.limbo.enter(conn.Conn(), err)
	}
	if conn.Conn().IsClosed() {
		conn.Hijack() // It is closing, which may take long; the pool must not wait for its place.
	} else {
		conn.Release()
	}
	return stored, err
}

// appendAll runs append.sql, or what it is with the ledger's rows.
func appendAll(ctx context.Context, on querier, rows *appendRows) ([]int32, error) {
	statement, arguments, err := rows.statement()
	if err != nil {
		return nil, err
	}
	answer, err := on.Query(ctx, statement, arguments...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(answer, pgx.RowTo[int32])
}

// errShape is given for a batch that is not what the core makes.
var errShape = errors.New("the batch's records, events and seqs do not agree")

// split is the batch's records, one for each event.
func split(b *competition.Batch) ([][]byte, error) {
	if !competition.ValidID(b.CompetitionID) {
		return nil, fmt.Errorf("%w: that is no competition id", competition.ErrUnknownCompetition)
	}
	if b.FirstSeq == 0 || b.LastSeq < b.FirstSeq {
		return nil, fmt.Errorf("%w: seq %d to %d never come next", competition.ErrConflict, b.FirstSeq, b.LastSeq)
	}
	records := make([][]byte, 0, len(b.Events))
	for rest := b.Records; len(rest) > 0; {
		var record []byte
		var err error
		if record, rest, err = competition.SplitRecord(rest); err != nil {
			return nil, fmt.Errorf("%w: %w", errShape, err)
		}
		records = append(records, record)
	}
	if n := len(records); n != len(b.Events) || b.LastSeq-b.FirstSeq+1 != uint64(n) {
		return nil, errShape
	}
	return records, nil
}
