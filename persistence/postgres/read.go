package postgres

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
)

// visitBytes is how many bytes of records Read gathers for a visit.
const visitBytes = 64 << 10

// Read visits the records after a seq, up to the journal's end as it was at the
// beginning; see competition.Journal. Cost: linear in the records, which are
// streamed.
func (s *Store) Read(ctx context.Context, competitionID string, after uint64, visit func(records []byte) error) error {
	if err := s.doubts.resolve(ctx); err != nil {
		return err
	}
	last, err := s.lastSeq(ctx, competitionID)
	if err != nil {
		return err
	}
	switch {
	case after > last:
		return corrupt(competitionID, last+1, "the journal ends before seq %d, which was read already", after)
	case after == last:
		return nil
	}
	next := after + 1
	visited := make([]byte, 0, visitBytes)
	err = s.each(ctx, readSQL,
		func(row [][]byte) error {
			if seq := uint64(bigint(row[0])); seq != next {
				return corrupt(competitionID, next, "it is missing; the next record has seq %d", seq)
			}
			next++
			visited = append(visited, row[1]...)
			if len(visited) < visitBytes {
				return nil
			}
			defer func() { visited = visited[:0] }()
			return visit(visited)
		}, competitionID, int64(after), int64(last))
	if err != nil {
		return err
	}
	if len(visited) > 0 {
		if err := visit(visited); err != nil {
			return err
		}
	}
	if next != last+1 {
		return corrupt(competitionID, next, "the journal should go on to seq %d", last)
	}
	return nil
}

const (
	readSQL       = `SELECT seq, record FROM paceboard.journal WHERE competition_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq`
	identitiesSQL = `SELECT number, key, user_id, user_name FROM paceboard.identities WHERE competition_id = $1 ORDER BY number`
)

// lastSeq is where a journal ends; 0 if there is none.
func (s *Store) lastSeq(ctx context.Context, id string) (last uint64, err error) {
	err = s.read.QueryRow(ctx, `SELECT last_seq FROM paceboard.heads WHERE competition_id = $1`, id).Scan(&last)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, unavailable("read the head of a journal", err)
	}
	return last, nil
}

// unsorted are transactions that read many rows of one competition along the index that has
// them in order. The planner counts on competitions of average size, and without
// statistics, such as soon after an import, on small ones: it would read and sort all rows
// of a large one before it answers with the first.
var unsorted = pgx.TxOptions{BeginQuery: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL enable_sort = off"}

// ReadIdentities visits a competition's identity rows by number; see
// competition.Journal.
func (s *Store) ReadIdentities(ctx context.Context, competitionID string, visit func(competition.Identity) error) error {
	if err := s.doubts.resolve(ctx); err != nil {
		return err
	}
	tx, err := s.read.BeginTx(ctx, unsorted)
	if err != nil {
		return unavailable("read identities", err)
	}
	defer func() { _ = tx.Rollback(ctx) }() // There is nothing to lose.
	return eachOf(ctx, tx, identitiesSQL, identityRows(competitionID, visit), competitionID)
}

// identityRows has a visitor see identity rows.
func identityRows(competitionID string, visit func(competition.Identity) error) func(row [][]byte) error {
	return func(row [][]byte) error {
		identity := competition.Identity{Number: uint32(bigint(row[0])), UserID: string(row[2]), UserName: string(row[3])}
		if copy(identity.Key[:], row[1]) != len(row[1]) || len(row[1]) != len(identity.Key) {
			return corrupt(competitionID, 1, "the key of the identity row of participant %d has %d bytes", identity.Number, len(row[1]))
		}
		return visit(identity)
	}
}

// each visits the rows of a query; see eachOf.
func (s *Store) each(ctx context.Context, sql string, visit func(row [][]byte) error, args ...any) error {
	return eachOf(ctx, s.read, sql, visit, args...)
}

// eachOf visits the rows of a query as they arrive, in PostgreSQL's binary form,
// which are the visitor's until it returns. Its errors are the visitor's, and
// competition.ErrUnavailable.
func eachOf(ctx context.Context, from querier, sql string, visit func(row [][]byte) error, args ...any) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	rows, err := from.Query(ctx, sql, append([]any{pgx.QueryResultFormats{pgx.BinaryFormatCode}}, args...)...)
	if err != nil {
		return unavailable("read", err)
	}
	for rows.Next() {
		if err := visit(rows.RawValues()); err != nil {
			cancel() // Or all that is left would have to be read first.
			rows.Close()
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return unavailable("read", err)
	}
	return nil
}

// pageSize is how many rows are read at a time.
const pageSize = 256

// pages visits the rows of one page after another until one is not full, or the
// visitor has enough: so a slow visitor keeps nobody waiting.
func pages[T any](read func() ([]T, error), visit func(T) bool) error {
	for {
		page, err := read()
		for _, row := range page {
			if !visit(row) {
				return err
			}
		}
		if err != nil || len(page) < pageSize {
			return err
		}
	}
}

func integer(b []byte) int32 { return int32(binary.BigEndian.Uint32(b)) }

func bigint(b []byte) int64 { return int64(binary.BigEndian.Uint64(b)) }
