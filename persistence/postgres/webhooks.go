package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

const (
	webhookColumns = `webhook_id, coalesce(owner, ''), coalesce(competition_id, ''), url, secret, old_secret, old_until, created_at, disabled_at, reason, version`

	findWebhookSQL  = `SELECT ` + webhookColumns + ` FROM paceboard.webhooks WHERE webhook_id = $1`
	listWebhooksSQL = `SELECT ` + webhookColumns + ` FROM paceboard.webhooks WHERE webhook_id > $1 COLLATE "C" ORDER BY webhook_id LIMIT $2`
	webhooksOfSQL   = `SELECT ` + webhookColumns + ` FROM paceboard.webhooks WHERE owner = $1 ORDER BY webhook_id`

	countWebhooksSQL = `
SELECT count(*) FILTER (WHERE owner IS NOT DISTINCT FROM nullif($1, '')), count(owner) FROM paceboard.webhooks`
	insertWebhookSQL = `
INSERT INTO paceboard.webhooks (webhook_id, owner, competition_id, url, secret, old_secret, old_until, created_at, disabled_at, reason, version)
VALUES ($1, nullif($2, ''), nullif($3, ''), $4, $5, $6, $7, $8, $9, $10, $11 + 1)`
	updateWebhookSQL = `
UPDATE paceboard.webhooks SET url = $4, secret = $5, old_secret = $6, old_until = $7, disabled_at = $9, reason = $10, version = version + 1
WHERE webhook_id = $1 AND version = $11 AND owner IS NOT DISTINCT FROM nullif($2, '') AND competition_id IS NOT DISTINCT FROM nullif($3, '')
    AND created_at = $8`

	restartCursorsSQL = `
UPDATE paceboard.webhook_cursors SET version = version + 1, attempts = 0, failing_since = NULL, next_at = NULL, error = ''
WHERE webhook_id = $1`
	endCursorsSQL = `
INSERT INTO paceboard.webhook_cursors AS c (webhook_id, competition_id, seq, version)
SELECT w.webhook_id, h.competition_id, h.last_seq, 1 FROM paceboard.webhooks w
JOIN paceboard.heads h ON w.competition_id IS NULL OR h.competition_id = w.competition_id
WHERE w.webhook_id = $1
ON CONFLICT (webhook_id, competition_id) DO UPDATE
    SET seq = excluded.seq, version = c.version + 1, attempts = 0, failing_since = NULL, next_at = NULL, error = ''`

	cursorColumns = `h.competition_id, coalesce(c.seq, 0), h.last_seq, coalesce(c.version, 0), c.delivered_at, coalesce(c.attempts, 0), c.failing_since, c.next_at, coalesce(c.error, '')`

	// Endpoints for all competitions are joined to all of them in the order of the
	// primary keys, until enough are found; those for one to that one.
	cursorsSQL = `
SELECT w.webhook_id, p.* FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS f (webhook_id, after, n)
JOIN paceboard.webhooks w USING (webhook_id)
CROSS JOIN LATERAL (
    (SELECT ` + cursorColumns + ` FROM paceboard.heads h
    LEFT JOIN paceboard.webhook_cursors c ON c.webhook_id = w.webhook_id AND c.competition_id = h.competition_id
    WHERE w.competition_id IS NULL AND h.competition_id > f.after COLLATE "C" AND ($3 OR h.last_seq <> coalesce(c.seq, 0) AND coalesce(c.next_at <= $4, true))
    ORDER BY h.competition_id LIMIT $5)
    UNION ALL
    SELECT ` + cursorColumns + ` FROM paceboard.heads h
    LEFT JOIN paceboard.webhook_cursors c ON c.webhook_id = w.webhook_id AND c.competition_id = h.competition_id
    WHERE h.competition_id = w.competition_id AND h.competition_id > f.after COLLATE "C" AND ($3 OR h.last_seq <> coalesce(c.seq, 0) AND coalesce(c.next_at <= $4, true))) p
ORDER BY f.n, p.competition_id`

	insertCursorSQL = `
INSERT INTO paceboard.webhook_cursors (webhook_id, competition_id, seq, version, delivered_at, attempts, failing_since, next_at, error)
SELECT $1, $2, $3, $4 + 1, $5, $6, $7, $8, $9 FROM paceboard.webhooks WHERE webhook_id = $1
ON CONFLICT DO NOTHING`
	updateCursorSQL = `
UPDATE paceboard.webhook_cursors
SET seq = $3, version = version + 1, delivered_at = $5, attempts = $6, failing_since = $7, next_at = $8, error = $9
WHERE webhook_id = $1 AND competition_id = $2 AND version = $4`

	webhookFailuresSQL = `
SELECT count(*), min(c.failing_since) FROM paceboard.webhook_cursors c
JOIN paceboard.webhooks w USING (webhook_id)
WHERE c.failing_since IS NOT NULL AND w.disabled_at IS NULL`
)

// PutWebhook stores an endpoint; see competition.WebhookStore. Whoever counts endpoints
// holds their lock until the commit.
func (s *Store) PutWebhook(ctx context.Context, w *competition.Webhook, cursors competition.CursorChange) error {
	err := pgx.BeginFunc(ctx, s.write, func(tx pgx.Tx) error {
		if err := putWebhook(ctx, tx, w); err != nil {
			return err
		}
		var err error
		switch cursors {
		case competition.RestartCursors:
			_, err = tx.Exec(ctx, restartCursorsSQL, w.ID)
		case competition.EndCursors:
			_, err = tx.Exec(ctx, endCursorsSQL, w.ID)
		case competition.KeepCursors:
		}
		return err
	})
	if err == nil {
		w.Version++
	}
	return webhookFailure("write a webhook", err)
}

func putWebhook(ctx context.Context, tx pgx.Tx, w *competition.Webhook) error {
	sql := updateWebhookSQL
	if w.Version == 0 {
		sql = insertWebhookSQL
		if _, err := tx.Exec(ctx, lockSQL, "webhooks"); err != nil {
			return err
		}
		var own, all int
		if err := tx.QueryRow(ctx, countWebhooksSQL, w.Owner).Scan(&own, &all); err != nil {
			return err
		}
		if err := w.Admit(own, all); err != nil {
			return err
		}
	}
	done, err := tx.Exec(ctx, sql, w.ID, w.Owner, w.CompetitionID, w.URL, w.Secret, w.OldSecret, instantOrNull(w.OldUntil),
		w.CreatedAt.Time(), instantOrNull(w.DisabledAt), w.Reason, int64(w.Version))
	if err != nil || done.RowsAffected() == 1 {
		return err
	}
	if _, err := webhooks(ctx, tx, findWebhookSQL, w.ID); err != nil {
		return err
	}
	return competition.ErrConflict
}

// webhooks reads all that a query finds. Error: competition.ErrUnknownWebhook if that is
// nothing.
func webhooks(ctx context.Context, from querier, sql string, arguments ...any) ([]competition.Webhook, error) {
	rows, _ := from.Query(ctx, sql, arguments...) // CollectRows tells its error
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (w competition.Webhook, err error) {
		var created time.Time
		var until, disabled *time.Time
		err = row.Scan(&w.ID, &w.Owner, &w.CompetitionID, &w.URL, &w.Secret, &w.OldSecret, &until, &created, &disabled, &w.Reason, &w.Version)
		w.OldUntil, w.CreatedAt, w.DisabledAt = millisOrZero(until), calendar.MillisOf(created), millisOrZero(disabled)
		return w, err
	})
	if err == nil && len(list) == 0 {
		err = competition.ErrUnknownWebhook
	}
	return list, err
}

// FindWebhook returns one endpoint; see competition.WebhookStore.
func (s *Store) FindWebhook(ctx context.Context, id string) (competition.Webhook, error) {
	found, err := webhooks(ctx, s.read, findWebhookSQL, id)
	if err != nil {
		return competition.Webhook{}, webhookFailure("read a webhook", err)
	}
	return found[0], nil
}

// Webhooks returns endpoints by id; see competition.WebhookStore.
func (s *Store) Webhooks(ctx context.Context, after string, limit int) ([]competition.Webhook, error) {
	return s.listWebhooks(ctx, listWebhooksSQL, after, limit)
}

// WebhooksOf returns a creator's endpoints; see competition.WebhookStore.
func (s *Store) WebhooksOf(ctx context.Context, owner string) ([]competition.Webhook, error) {
	return s.listWebhooks(ctx, webhooksOfSQL, owner)
}

func (s *Store) listWebhooks(ctx context.Context, sql string, arguments ...any) ([]competition.Webhook, error) {
	list, err := webhooks(ctx, s.read, sql, arguments...)
	if errors.Is(err, competition.ErrUnknownWebhook) {
		return nil, nil
	}
	return list, webhookFailure("list webhooks", err)
}

// DeleteWebhook deletes an endpoint; see competition.WebhookStore.
func (s *Store) DeleteWebhook(ctx context.Context, id string) error {
	done, err := s.write.Exec(ctx, `DELETE FROM paceboard.webhooks WHERE webhook_id = $1`, id)
	if err == nil && done.RowsAffected() == 0 {
		err = competition.ErrUnknownWebhook
	}
	return webhookFailure("delete a webhook", err)
}

// ForgetWebhooks deletes what a user owns; see competition.WebhookStore.
func (s *Store) ForgetWebhooks(ctx context.Context, userID string) error {
	_, err := s.write.Exec(ctx, `DELETE FROM paceboard.webhooks WHERE owner = $1`, userID)
	return unavailable("forget webhooks", err)
}

// WebhookCursors returns an endpoint's cursors; see competition.WebhookStore.
func (s *Store) WebhookCursors(ctx context.Context, from competition.WebhookPlace, limit int) ([]competition.WebhookCursor, error) {
	return s.cursors(ctx, []competition.WebhookPlace{from}, true, 0, limit)
}

// WebhookBacklog returns the cursors at which there is something to do; see
// competition.WebhookStore.
func (s *Store) WebhookBacklog(ctx context.Context, from []competition.WebhookPlace, now calendar.Millis, limit int) ([]competition.WebhookCursor, error) {
	return s.cursors(ctx, from, false, now, limit)
}

func (s *Store) cursors(ctx context.Context, from []competition.WebhookPlace, all bool, now calendar.Millis, limit int) ([]competition.WebhookCursor, error) {
	ids, after := make([]string, len(from)), make([]string, len(from))
	for i, place := range from {
		ids[i], after[i] = place.WebhookID, place.CompetitionID
	}
	rows, _ := s.read.Query(ctx, cursorsSQL, ids, after, all, now.Time(), limit) // CollectRows tells its error
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c competition.WebhookCursor, err error) {
		var delivered, failing, next *time.Time
		err = row.Scan(&c.WebhookID, &c.CompetitionID, &c.Seq, &c.LastSeq, &c.Version, &delivered, &c.Attempts, &failing, &next, &c.Error)
		c.DeliveredAt, c.FailingSince, c.NextAt = millisOrZero(delivered), millisOrZero(failing), millisOrZero(next)
		return c, err
	})
	return list, unavailable("read the cursors of webhooks", err)
}

// SaveWebhookCursor stores a cursor; see competition.WebhookStore.
func (s *Store) SaveWebhookCursor(ctx context.Context, c *competition.WebhookCursor) error {
	sql := updateCursorSQL
	if c.Version == 0 {
		sql = insertCursorSQL
	}
	done, err := s.write.Exec(ctx, sql, c.WebhookID, c.CompetitionID, int64(c.Seq), int64(c.Version), instantOrNull(c.DeliveredAt),
		c.Attempts, instantOrNull(c.FailingSince), instantOrNull(c.NextAt), c.Error)
	switch {
	case isForeign(err) || err == nil && done.RowsAffected() == 0:
		return competition.ErrConflict
	case err != nil:
		return unavailable("write the cursor of a webhook", err)
	}
	c.Version++
	return nil
}

// isForeign reports whether a row was refused because the one that it names has just
// been deleted.
func isForeign(err error) bool {
	refusal := refused(err)
	return refusal != nil && refusal.Code == foreignKeyViolation
}

// WebhookFailures counts the cursors that are failing; see competition.WebhookStore.
func (s *Store) WebhookFailures(ctx context.Context) (f competition.WebhookFailures, err error) {
	var since *time.Time
	err = s.read.QueryRow(ctx, webhookFailuresSQL).Scan(&f.Cursors, &since)
	f.Since = millisOrZero(since)
	return f, unavailable("count the failing webhooks", err)
}

// webhookFailure leaves the core's own refusals as they are.
func webhookFailure(what string, err error) error {
	return unlessRefusal(what, err, competition.ErrUnknownWebhook, competition.ErrTooManyWebhooks, competition.ErrConflict)
}
