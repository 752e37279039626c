package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
)

// ReadEvents visits the published records between two seqs; see
// competition.FeedStore. Records of other kinds stay in the database.
func (s *Store) ReadEvents(ctx context.Context, competitionID string, after, upTo uint64, visit func(record []byte) error) error {
	return s.readRecords(ctx, competitionID, after, upTo, visit, readEventsSQL,
		competitionID, int64(after), int64(upTo), competition.KindOffset, competition.PublishedKinds())
}

// ReadRecords visits all records between two seqs; see competition.FeedStore.
func (s *Store) ReadRecords(ctx context.Context, competitionID string, after, upTo uint64, visit func(record []byte) error) error {
	return s.readRecords(ctx, competitionID, after, upTo, visit, readRecordsSQL, competitionID, int64(after), int64(upTo))
}

// readRecords visits the records between two seqs that a query finds.
func (s *Store) readRecords(ctx context.Context, competitionID string, after, upTo uint64, visit func(record []byte) error, sql string, arguments ...any) error {
	if after >= upTo {
		return nil
	}
	if err := s.doubts.resolve(ctx); err != nil {
		return err
	}
	last, err := s.lastSeq(ctx, competitionID)
	if err != nil {
		return err
	}
	if upTo > last {
		return corrupt(competitionID, last+1, "the journal should go on to seq %d", upTo)
	}
	err = s.each(ctx, sql, func(row [][]byte) error { return visit(row[0]) }, arguments...)
	if err != nil {
		return err
	}
	// Only now: records may have been removed meanwhile.
	var first int64
	switch err := s.read.QueryRow(ctx, firstSeqSQL, competitionID).Scan(&first); {
	case errors.Is(err, pgx.ErrNoRows):
		return corrupt(competitionID, after+1, "the journal should go on to seq %d", last)
	case err != nil:
		return unavailable("read where a journal begins", err)
	case uint64(first) > after+1:
		return &competition.EventsRemovedError{First: uint64(first)}
	}
	return nil
}

// IdentitiesOf returns some identity rows; see competition.FeedStore.
func (s *Store) IdentitiesOf(ctx context.Context, competitionID string, numbers []uint32) (rows []competition.Identity, err error) {
	wanted := make([]int64, len(numbers))
	for i, number := range numbers {
		wanted[i] = int64(number)
	}
	err = s.each(ctx, identitiesOfSQL, identityRows(competitionID, func(i competition.Identity) error {
		rows = append(rows, i)
		return nil
	}), competitionID, wanted)
	return rows, err
}

const (
	readEventsSQL = `
SELECT record FROM paceboard.journal
WHERE competition_id = $1 AND seq > $2 AND seq <= $3 AND get_byte(record, $4) = ANY($5::integer[])
ORDER BY seq`
	readRecordsSQL = `
SELECT record FROM paceboard.journal WHERE competition_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq`
	firstSeqSQL     = `SELECT seq FROM paceboard.journal WHERE competition_id = $1 ORDER BY seq LIMIT 1`
	identitiesOfSQL = `
SELECT number, key, user_id, user_name FROM paceboard.identities
WHERE competition_id = $1 AND number = ANY($2::bigint[]) ORDER BY number`
)
