package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// Statements of the lifetime statistics. Names of sources have no control
// characters, so that a line each keeps them apart.
const (
	// projectingSQL lets one Project or ForgetLifetime of all processes at it, to
	// the end of its transaction. Statements after it see what those before did.
	projectingSQL = `SELECT pg_advisory_xact_lock($1)`

	checkpointSQL = `SELECT seq FROM paceboard.lifetime_checkpoints WHERE competition_id = $1`

	whoSQL = `
SELECT r.row, i.user_id
FROM unnest($2::integer[], $3::bigint[]) AS r (row, number)
JOIN paceboard.identities i ON i.competition_id = $1 AND i.number = r.number`

	monthsSQL = `
SELECT l.user_id, l.month, l.synced_at, l.sources, l.days
FROM unnest($1::text[], $2::date[]) AS r (user_id, month)
JOIN paceboard.lifetime l ON l.user_id = r.user_id COLLATE "C" AND l.month = r.month`

	saveMonthsSQL = `
INSERT INTO paceboard.lifetime AS l (user_id, month, synced_at, sources, days)
SELECT user_id, month, timestamptz 'epoch' + nullif(synced_at, 0) * interval '1 millisecond', string_to_array(sources, E'\n'), days
FROM unnest($1::text[], $2::date[], $3::bigint[], $4::text[], $5::bytea[]) AS r (user_id, month, synced_at, sources, days)
ON CONFLICT (user_id, month) DO UPDATE
    SET synced_at = excluded.synced_at, sources = excluded.sources, days = excluded.days`

	saveCheckpointSQL = `
INSERT INTO paceboard.lifetime_checkpoints AS c (competition_id, seq, projected_at) VALUES ($1, $2, now())
ON CONFLICT (competition_id) DO UPDATE
    SET seq = excluded.seq, projected_at = excluded.projected_at
    WHERE c.seq < excluded.seq`

	laggingSQL = `
SELECT m.competition_id
FROM paceboard.memberships m
JOIN paceboard.heads h USING (competition_id)
LEFT JOIN paceboard.lifetime_checkpoints c USING (competition_id)
WHERE m.user_id = $1 AND m.number > 0 AND coalesce(c.seq, 0) < h.last_seq
ORDER BY m.competition_id`

	tiesSQL     = `SELECT count(*) FROM paceboard.memberships WHERE user_id = $1`
	lifetimeSQL = `SELECT user_id, month, synced_at, sources, days FROM paceboard.lifetime WHERE user_id = $1 ORDER BY month`

	unprojectedSQL = `
SELECT s.competition_id
FROM paceboard.snapshots s
LEFT JOIN paceboard.lifetime_checkpoints c USING (competition_id)
WHERE coalesce(c.seq, 0) < s.seq
ORDER BY s.competition_id`
)

const projectingLock = 0x7061636c // any number that is ours

// Project joins a part of a snapshot into the lifetime statistics, in one
// transaction; see competition.LifetimeStore. Calls take turns, those of other
// processes included. Cost: five round trips, and some 40 µs for each row and
// month.
func (s *Store) Project(ctx context.Context, p *competition.Projection) error {
	err := pgx.BeginFunc(ctx, s.write, func(tx pgx.Tx) error { return project(ctx, tx, p) })
	if err != nil && !errors.Is(err, competition.ErrConflict) && !errors.Is(err, competition.ErrCorrupt) {
		err = unavailable("project a snapshot into the lifetime statistics", err)
	}
	return err
}

func project(ctx context.Context, tx pgx.Tx, p *competition.Projection) error {
	if _, err := tx.Exec(ctx, projectingSQL, int64(projectingLock)); err != nil {
		return err
	}
	var checkpoint uint64
	if err := tx.QueryRow(ctx, checkpointSQL, p.CompetitionID).Scan(&checkpoint); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	if checkpoint < p.From {
		return fmt.Errorf("project what came after seq %d over %d: %w", p.From, checkpoint, competition.ErrConflict)
	}
	parts, err := partsOf(ctx, tx, p)
	if err != nil {
		return err
	}
	if err := joinParts(ctx, tx, parts); err != nil {
		return err
	}
	if p.To > checkpoint {
		_, err = tx.Exec(ctx, saveCheckpointSQL, p.CompetitionID, int64(p.To))
	}
	return err
}

// monthKey is the primary key of the table lifetime.
type monthKey struct {
	userID string
	month  calendar.Month
}

// partsOf is what the rows say of each user and month, for those rows that have
// days and an identity.
func partsOf(ctx context.Context, tx pgx.Tx, p *competition.Projection) (map[monthKey]competition.History, error) {
	places, numbers := make([]int32, 0, len(p.Rows)), make([]int64, 0, len(p.Rows))
	for i := range p.Rows {
		if len(p.Rows[i].Days) > 0 {
			places, numbers = append(places, int32(i)), append(numbers, int64(p.Rows[i].Number))
		}
	}
	if len(places) == 0 {
		return nil, nil
	}
	parts := make(map[monthKey]competition.History, len(places))
	rows, _ := tx.Query(ctx, whoSQL, p.CompetitionID, places, numbers) // ForEachRow tells its error
	var place int32
	var userID string
	_, err := pgx.ForEachRow(rows, []any{&place, &userID}, func() error {
		for month, part := range p.History(&p.Rows[place], userID).Months() {
			key := monthKey{userID, month}
			if known, twice := parts[key]; twice {
				known.Merge(part)
				part = known
			}
			parts[key] = part
		}
		return nil
	})
	return parts, err
}

// joinParts joins parts into the stored months, and writes those that changed.
func joinParts(ctx context.Context, tx pgx.Tx, parts map[monthKey]competition.History) error {
	if len(parts) == 0 {
		return nil
	}
	users, months := make([]string, 0, len(parts)), make([]time.Time, 0, len(parts))
	for key := range parts {
		users, months = append(users, key.userID), append(months, key.month.First().Time())
	}
	rows, _ := tx.Query(ctx, monthsSQL, users, months) // collectMonths tells its error
	stored, err := collectMonths(rows)
	if err != nil {
		return err
	}
	known := make(map[monthKey]competition.History, len(stored))
	for _, m := range stored {
		known[m.monthKey] = m.History
	}
	users, months = users[:0], months[:0]
	var synced []int64
	var sources []string
	var days [][]byte
	for key, part := range parts {
		joined := known[key]
		if !joined.Merge(part) {
			continue
		}
		users, months = append(users, key.userID), append(months, key.month.First().Time())
		synced, days = append(synced, int64(joined.SyncedAt)), append(days, joined.Days)
		sources = append(sources, strings.Join(joined.Sources, "\n"))
	}
	if len(users) == 0 {
		return nil
	}
	_, err = tx.Exec(ctx, saveMonthsSQL, users, months, synced, sources, days)
	return err
}

// storedMonth is a row of the table lifetime.
type storedMonth struct {
	monthKey
	competition.History
}

func collectMonths(rows pgx.Rows) (all []storedMonth, err error) {
	var month time.Time
	var synced *time.Time
	var m storedMonth
	_, err = pgx.ForEachRow(rows, []any{&m.userID, &month, &synced, &m.Sources, (*[]byte)(&m.Days)}, func() error {
		m.month = calendar.DayOf(month).Month()
		if synced != nil {
			m.SyncedAt = calendar.MillisOf(*synced)
		}
		if err := m.Check(m.month); err != nil {
			return fmt.Errorf("%w: lifetime statistics of %s cannot be read: %w", competition.ErrCorrupt, month.Format("2006-01"), err)
		}
		all = append(all, m)
		m = storedMonth{}
		return nil
	})
	return all, err
}

// LifetimeOf is a user's days; see competition.LifetimeStore. Cost: one round
// trip, linear in the user's months and competitions.
func (s *Store) LifetimeOf(ctx context.Context, userID string) (months []competition.History, lagging []string, ties int, err error) {
	// In this order: what did not lag before has its days among those read
	// after.
	batch := &pgx.Batch{}
	batch.Queue(laggingSQL, userID).Query(func(rows pgx.Rows) error {
		lagging, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	batch.Queue(tiesSQL, userID).QueryRow(func(row pgx.Row) error { return row.Scan(&ties) })
	batch.Queue(lifetimeSQL, userID).Query(func(rows pgx.Rows) error {
		stored, err := collectMonths(rows)
		for _, m := range stored {
			months = append(months, m.History)
		}
		return err
	})
	if err := s.read.SendBatch(ctx, batch).Close(); err != nil {
		if !errors.Is(err, competition.ErrCorrupt) {
			err = unavailable("read lifetime statistics", err)
		}
		return nil, nil, 0, err
	}
	return months, lagging, ties, nil
}

// Unprojected visits the competitions that the lifetime statistics lag;
// see competition.LifetimeStore. Cost: linear in all competitions.
func (s *Store) Unprojected(ctx context.Context, visit func(competitionID string)) error {
	return s.each(ctx, unprojectedSQL, func(row [][]byte) error {
		visit(string(row[0]))
		return nil
	})
}

// ForgetLifetime deletes a user's days; see competition.LifetimeStore.
func (s *Store) ForgetLifetime(ctx context.Context, userID string) error {
	err := pgx.BeginFunc(ctx, s.write, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, projectingSQL, int64(projectingLock)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM paceboard.lifetime WHERE user_id = $1`, userID)
		return err
	})
	return unavailable("delete lifetime statistics", err)
}
