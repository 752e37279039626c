package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/internal/worker"
)

// NodeStatus is a node as operators see it.
type NodeStatus struct {
	competition.Node
	Alone    bool // it has the database to itself, and sends no beats
	Started  time.Time
	Silent   time.Duration // since its last beat, or its start, by the server's clock
	Boards   int           // the competitions that it owns
	Sessions int           // that it has with the server
}

// What Evict gives, besides competition.ErrUnavailable.
var (
	// ErrUnknownNode is returned for a node that the database does not know.
	ErrUnknownNode = errors.New("there is no such node")
	// ErrBeats is returned for a node that has beaten within its TTL.
	ErrBeats = errors.New("the node says that it lives")
	// ErrAlone is returned for a process that has the database to itself.
	ErrAlone = errors.New("the process has the database to itself")
)

// LongestTTL is the longest that a node may have.
const LongestTTL = 30 * time.Second

const (
	nodeStatusSQL = `
SELECT n.node_id, n.address, n.wire_version, n.level, n.ttl_ms, n.beat, n.state, n.started_at,
       greatest(0, extract(epoch FROM clock_timestamp() - n.seen_at))::double precision,
       (SELECT count(*) FROM paceboard.heads h WHERE h.owner = n.node_id),
       (SELECT count(*) FROM pg_stat_get_activity(NULL) a
        WHERE a.application_name = $1 || n.node_id AND a.datid = (SELECT oid FROM pg_database WHERE datname = current_database()))
FROM paceboard.nodes n`

	// toolSQL has a session wait for no lock as long as those behind it would, and commit as
	// those of servers do, which refuse weaker settings.
	toolSQL = `
SET lock_timeout = '3s';
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')`

	listNodesSQL = nodeStatusSQL + `
WHERE $2 OR n.state <> 'dead' OR EXISTS (SELECT FROM paceboard.heads h WHERE h.owner = n.node_id)
ORDER BY n.started_at, n.node_id`

	// holdNodeSQL has the node's beats wait. It lets claims pass, which refer to the row.
	holdNodeSQL = nodeStatusSQL + `
WHERE n.node_id = $2
FOR NO KEY UPDATE OF n`
)

// ListNodes returns the nodes that are not dead and those that own something, or all
// that the database remembers, in the order of their starts. It changes nothing. Errors:
// competition.ErrUnavailable, ErrSchema.
func ListNodes(ctx context.Context, databaseURL string, all bool) (nodes []NodeStatus, err error) {
	conn, err := connectTool(ctx, databaseURL)
	if err != nil {
		return nil, err
	}
	defer hangUp(ctx, conn)
	nodes, err = readNodes(ctx, conn, listNodesSQL, applicationPrefix, all)
	return nodes, toolError("list the nodes", err)
}

// Evict makes a node dead, so that others may take its competitions, and ends its
// sessions. evicted is false if it was dead already. A node that beats is evicted by
// force alone.
//
// Whoever is evicted may answer from memory until its lease ends, as any other node may
// that is buried (N2, N3 of package cluster). So a transaction holds the node's row for
// its TTL, during which no beat of it succeeds, and makes it dead in the end: by then each
// lease has ended. Until then nobody takes its competitions. The same transaction adds
// an entry to the audit log.
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

// connectTool begins a session of a tool that needs no place of its own in the database.
func connectTool(ctx context.Context, databaseURL string) (*pgx.Conn, error) {
	config, err := configure(databaseURL, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	if err := refusePooler(ctx, &config.ConnConfig.Config); err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return nil, unavailable("connect to the database", err)
	}
	if _, err := conn.Exec(ctx, toolSQL); err != nil {
		hangUp(ctx, conn)
		return nil, unavailable("connect to the database", err)
	}
	return conn, nil
}

func hangUp(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()
	_ = conn.Close(ctx) // The server sees to the rest.
}

// toolError says what to do about an error, as far as that is known.
func toolError(what string, err error) error {
	refusal := refused(err)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrUnknownNode), errors.Is(err, ErrBeats), errors.Is(err, ErrAlone):
		return fmt.Errorf("%s: %w", what, err)
	case refusal != nil && refusal.Code == undefinedTable:
		return fmt.Errorf("%s: %w: it has no table of nodes; run paceboard migrate up: %w", what, ErrSchema, err)
	case refusal != nil && refusal.Code == lockNotAvailable:
		return unavailable(what+": somebody has locked its row, or that of the audit log's head; see pg_locks and pg_stat_activity", err)
	}
	return unavailable(what, err)
}

func readNodes(ctx context.Context, from querier, sql string, arguments ...any) (nodes []NodeStatus, err error) {
	rows, _ := from.Query(ctx, sql, arguments...) // ForEachRow tells its error
	var n NodeStatus
	var ttl int64
	var state string
	var silent float64
	_, err = pgx.ForEachRow(rows, []any{
		&n.ID, &n.Address, &n.WireVersion, &n.Level, &ttl, &n.Beat, &state, &n.Started, &silent, &n.Boards, &n.Sessions,
	}, func() error {
		for s, name := range stateNames {
			if name == state {
				n.State = s
			}
		}
		n.TTL = time.Duration(ttl) * time.Millisecond
		n.Alone = n.Address == ""
		n.Silent = time.Duration(silent * float64(time.Second))
		nodes = append(nodes, n)
		return nil
	})
	return nodes, err
}
