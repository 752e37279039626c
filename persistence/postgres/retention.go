package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// Retain removes journal records that are older than a time, of each competition
// from the beginning on and up to its snapshot's seq at most, so that recovery
// finds all it needs, and up to what every webhook that is not disabled was sent.
// The last record always stays. It removes step records in a
// transaction (0 means 1,000), so that nobody waits for it for long. It returns
// how many are gone, also when it fails; asking again goes on. Safe to run beside
// everything else. Errors: competition.ErrUnavailable.
func (s *Store) Retain(ctx context.Context, olderThan time.Time, step int) (deleted int64, err error) {
	if step <= 0 {
		step = 1000
	}
	err = s.eachRetainable(ctx, olderThan, func(c snapshotted) error {
		n, err := s.retain(ctx, c, olderThan, step)
		deleted += n
		return err
	})
	return deleted, err
}

// Retainable visits the competitions of which Retain would remove something, in the order
// of ids, with the number of records; it removes nothing.
func (s *Store) Retainable(ctx context.Context, olderThan time.Time, visit func(competitionID string, records uint64) error) error {
	return s.eachRetainable(ctx, olderThan, func(c snapshotted) error {
		var n int64
		if err := s.read.QueryRow(ctx, countRetainableSQL, c.id, c.seq, olderThan).Scan(&n); err != nil {
			return unavailable("count old records", err)
		}
		if n == 0 {
			return nil
		}
		return visit(c.id, uint64(n))
	})
}

// eachRetainable visits the competitions that may have old records, in the order of ids.
func (s *Store) eachRetainable(ctx context.Context, olderThan time.Time, visit func(snapshotted) error) error {
	for after := ""; ; {
		page, err := s.retainable(ctx, after, olderThan)
		if err != nil {
			return err
		}
		for _, c := range page {
			if err := visit(c); err != nil {
				return err
			}
			after = c.id
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

// snapshotted is a competition whose journal is needed after a seq.
type snapshotted struct {
	id  string
	seq int64
}

// retainable is the next competitions whose first record may go.
func (s *Store) retainable(ctx context.Context, after string, olderThan time.Time) (page []snapshotted, err error) {
	err = s.each(ctx, retainableSQL, func(row [][]byte) error {
		page = append(page, snapshotted{string(row[0]), bigint(row[1])})
		return nil
	}, after, olderThan, pageSize)
	return page, err
}

// retain removes a competition's old records. What is left has no gap, even if
// the clock that dated the records once went backwards.
func (s *Store) retain(ctx context.Context, c snapshotted, olderThan time.Time, step int) (deleted int64, err error) {
	for {
		done, err := s.write.Exec(ctx, retainSQL, c.id, c.seq, olderThan, step)
		if err != nil {
			return deleted, fmt.Errorf("%w: remove old records of competition %q: %w", competition.ErrUnavailable, c.id, err)
		}
		deleted += done.RowsAffected()
		if done.RowsAffected() < int64(step) {
			return deleted, nil
		}
	}
}

const (
	retainableSQL = `
SELECT s.competition_id, upto.seq
FROM paceboard.snapshots s
JOIN paceboard.heads h USING (competition_id)
CROSS JOIN LATERAL (
    SELECT seq, at FROM paceboard.journal j WHERE j.competition_id = s.competition_id ORDER BY seq LIMIT 1) first
CROSS JOIN LATERAL (SELECT LEAST(s.seq, h.last_seq - 1, (
    SELECT min(coalesce(c.seq, 0)) FROM paceboard.webhooks w
    LEFT JOIN paceboard.webhook_cursors c ON c.webhook_id = w.webhook_id AND c.competition_id = s.competition_id
    WHERE w.disabled_at IS NULL AND (w.competition_id IS NULL OR w.competition_id = s.competition_id))) AS seq) upto
WHERE s.competition_id > $1 AND first.seq <= upto.seq AND first.at < $2
ORDER BY s.competition_id
LIMIT $3`
	countRetainableSQL = `
SELECT count(*) FROM (
    SELECT bool_and(at < $3) OVER (ORDER BY seq) AS old FROM paceboard.journal WHERE competition_id = $1 AND seq <= $2
) f WHERE old`
	retainSQL = `
WITH first AS (
    SELECT seq, bool_and(at < $3) OVER (ORDER BY seq) AS old
    FROM (SELECT seq, at FROM paceboard.journal WHERE competition_id = $1 AND seq <= $2 ORDER BY seq LIMIT $4) f
)
DELETE FROM paceboard.journal j USING first WHERE j.competition_id = $1 AND j.seq = first.seq AND first.old`
)
