package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/internal/worker"
)

// LongestTTL is the longest that a node may have.
const LongestTTL = 30 * time.Second

// holdNodeSQL has the node's beats wait. It lets claims pass, which refer to the row.
const holdNodeSQL = nodeStatusSQL + `
WHERE n.node_id = $2
FOR NO KEY UPDATE OF n`

// Evict makes a node dead, so that others may take its competitions, and ends its
// sessions. evicted is false if it was dead already. A node that beats is evicted by
// force alone. Errors: ErrUnknownNode, ErrBeats, ErrAlone, ErrSchema,
// competition.ErrUnavailable; if evicted is true, the node is dead and only its sessions
// could not be ended. It takes the node's TTL.
//
// An evicted node may answer from memory until its lease ends, as any node may that is
// buried (N2, N3 of package cluster). So a transaction holds the node's row for its TTL,
// during which no beat of it succeeds, and makes it dead in the end: by then its lease has
// ended. Until then nobody takes its competitions. The same transaction adds an entry to
// the audit log.
func Evict(ctx context.Context, databaseURL, id string, force bool) (evicted bool, err error) {
	conn, err := connectTool(ctx, databaseURL)
	if err != nil {
		return false, err
	}
	defer hangUp(ctx, conn)
	if evicted, err = evict(ctx, conn, id, force); err != nil || !evicted {
		return false, toolError(fmt.Sprintf("evict node %q", id), err)
	}
	var ended int
	err = conn.QueryRow(ctx, endSessionsSQL, []string{id}, applicationPrefix).Scan(&ended)
	return true, toolError(fmt.Sprintf("node %q is dead, but its sessions could not be ended", id), err)
}

func evict(ctx context.Context, conn *pgx.Conn, id string, force bool) (evicted bool, err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return false, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // The connection ends right after.
	found, err := readNodes(ctx, tx, holdNodeSQL, applicationPrefix, id)
	switch {
	case err != nil:
		return false, err
	case len(found) == 0:
		return false, ErrUnknownNode
	}
	n := found[0]
	ttl := n.TTL
	if ttl == 0 { // it was registered by a version that did not say
		ttl = LongestTTL
	}
	switch {
	case n.State == competition.NodeDead:
		return false, nil
	case n.Alone:
		return false, fmt.Errorf("%w, and answers without beats; it has %d sessions", ErrAlone, n.Sessions)
	case n.Silent < ttl && !force:
		return false, fmt.Errorf("%w: its last beat was %v ago", ErrBeats, n.Silent.Round(time.Millisecond))
	case !worker.Pause(ctx, ttl):
		return false, context.Cause(ctx)
	default:
		done, err := tx.Exec(ctx, burySQL, id, int64(n.Beat))
		evicted = done.RowsAffected() > 0
		if err == nil && evicted {
			err = noteEviction(ctx, tx, id)
		}
		if err == nil {
			err = confirm(unconfirmed(conn), tx.Commit(ctx))
		}
		return err == nil && evicted, err
	}
}

// noteEviction has the audit log say it: a node is dead if and only if the entry is there.
func noteEviction(ctx context.Context, tx pgx.Tx, id string) error {
	head, err := auditHead(ctx, tx, lockAuditHeadSQL)
	if err != nil {
		return err
	}
	return appendEntry(ctx, tx, &head, competition.NewAuditEviction(uuid.Must(uuid.NewV7()).String(), calendar.MillisOf(time.Now()), id))
}
