package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

var _ competition.Nodes = (*Store)(nil)

// Dead is final: no statement changes a row whose state is dead, and none adds a row in
// the place of another.
const (
	registerSQL = `INSERT INTO paceboard.nodes (node_id, address, wire_version, level, ttl_ms, beat) VALUES ($1, $2, $3, $4, $5, $6)`

	beatSQL = `
WITH beaten AS (
    UPDATE paceboard.nodes SET beat = beat + 1, seen_at = clock_timestamp() WHERE node_id = $1 AND state <> 'dead'
    RETURNING node_id, address, wire_version, level, ttl_ms, beat, state
), alive AS (
    SELECT * FROM beaten
    UNION ALL
    SELECT node_id, address, wire_version, level, ttl_ms, beat, state FROM paceboard.nodes WHERE state <> 'dead' AND node_id <> $1
)
SELECT node_id, address, wire_version, level, ttl_ms, beat, state, (extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM alive ORDER BY node_id`

	leaveSQL  = `UPDATE paceboard.nodes SET state = 'leaving' WHERE node_id = $1 AND state = 'live'`
	burySQL   = `UPDATE paceboard.nodes SET state = 'dead' WHERE node_id = $1 AND beat = $2 AND state <> 'dead'`
	retireSQL = `UPDATE paceboard.nodes SET state = 'dead' WHERE node_id = $1 AND state <> 'dead'`

	// livesSQL commits something that is nothing, as settleSQL does.
	livesSQL = `SELECT state <> 'dead', pg_logical_emit_message(true, 'paceboard', '') IS NOT NULL FROM paceboard.nodes WHERE node_id = $1`

	// buryAllSQL is for the process that has the database to itself: those of all other
	// rows have ended.
	buryAllSQL = `UPDATE paceboard.nodes SET state = 'dead' WHERE node_id <> $1 AND state <> 'dead' RETURNING node_id`

	// endSessionsSQL ends the sessions of nodes, as far as our role may.
	endSessionsSQL = `
SELECT count(pg_terminate_backend(a.pid))
FROM unnest($1::text[]) AS n (node_id)
JOIN pg_stat_get_activity(NULL) a ON a.application_name = $2 || n.node_id
WHERE a.datid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pg_has_role(a.usesysid, 'USAGE')`

	// pruneSQL deletes rows that nobody will ask for.
	pruneSQL = `
DELETE FROM paceboard.nodes n
WHERE state = 'dead' AND seen_at < now() - interval '7 days' AND NOT EXISTS (SELECT FROM paceboard.heads h WHERE h.owner = n.node_id)`
)

// Register adds a node; see competition.Nodes. Errors: ErrNewer, ErrWireVersion,
// competition.ErrUnavailable.
func (s *Store) Register(ctx context.Context, n competition.Node) error {
	err := s.durably(ctx, func(conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if err := admit(ctx, tx, &n); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, registerSQL, n.ID, n.Address, n.WireVersion, n.Level, n.TTL.Milliseconds(), int64(n.Beat))
			return err
		})
	})
	if errors.Is(err, ErrNewer) || errors.Is(err, ErrWireVersion) {
		return err
	}
	if err != nil {
		return unavailable(fmt.Sprintf("register node %q", n.ID), err)
	}
	if _, err := s.claims.Exec(ctx, pruneSQL); err != nil {
		s.logger.WarnContext(ctx, "the rows of nodes that ended long ago could not be deleted; the next node tries again", "error", err)
	}
	return nil
}

// Beat says that a node lives, and returns those that do; see competition.Nodes.
func (s *Store) Beat(ctx context.Context, id string) (alive []competition.Node, now calendar.Millis, err error) {
	err = s.durably(ctx, func(conn *pgx.Conn) error {
		rows, _ := conn.Query(ctx, beatSQL, id) // ForEachRow tells its error
		var n competition.Node
		var ttl int64
		var state string
		_, err := pgx.ForEachRow(rows, []any{&n.ID, &n.Address, &n.WireVersion, &n.Level, &ttl, &n.Beat, &state, &now}, func() error {
			n.TTL = time.Duration(ttl) * time.Millisecond
			n.State, _ = competition.ParseNodeState(state)
			alive = append(alive, n)
			return nil
		})
		return err
	})
	if err != nil {
		return nil, 0, unavailable(fmt.Sprintf("say that node %q lives", id), err)
	}
	return alive, now, nil
}

// Leave makes a live node a leaving one; see competition.Nodes.
func (s *Store) Leave(ctx context.Context, id string) error {
	_, err := s.changeNode(ctx, leaveSQL, id)
	return unavailable(fmt.Sprintf("let node %q leave", id), err)
}

// Bury makes a node dead whose beat stood still, and ends its sessions; see
// competition.Nodes.
func (s *Store) Bury(ctx context.Context, id string, seen uint64) (buried bool, err error) {
	if buried, err = s.changeNode(ctx, burySQL, id, int64(seen)); err != nil {
		return false, unavailable(fmt.Sprintf("bury node %q", id), err)
	}
	if buried {
		s.endSessions(ctx, id)
	}
	return buried, nil
}

// Lives reports whether a node is not dead; see competition.Nodes.
func (s *Store) Lives(ctx context.Context, id string) (lives bool, err error) {
	var committed bool
	err = s.durably(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, livesSQL, id).Scan(&lives, &committed)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return lives && err == nil, unavailable(fmt.Sprintf("ask whether node %q lives", id), err)
}

// Retire makes a node dead that has ended; see competition.Nodes.
func (s *Store) Retire(ctx context.Context, id string) error {
	_, err := s.changeNode(ctx, retireSQL, id)
	return unavailable(fmt.Sprintf("retire node %q", id), err)
}

// changeNode runs a statement about one node.
func (s *Store) changeNode(ctx context.Context, sql string, arguments ...any) (changed bool, err error) {
	err = s.durably(ctx, func(conn *pgx.Conn) error {
		done, err := conn.Exec(ctx, sql, arguments...)
		changed = done.RowsAffected() > 0
		return err
	})
	return changed && err == nil, err
}

// endSessions ends the sessions of dead nodes: one that is frozen would keep its locks.
// What fails is told to operators alone, because the nodes are dead all the same.
func (s *Store) endSessions(ctx context.Context, ids ...string) {
	var ended int
	if err := s.claims.QueryRow(ctx, endSessionsSQL, ids, applicationPrefix).Scan(&ended); err != nil {
		s.logger.WarnContext(ctx, "the sessions of dead nodes could not be ended; one that hangs may keep a competition locked", "nodes", ids, "error", err)
	} else if ended > 0 {
		s.logger.InfoContext(ctx, "sessions of dead nodes were ended", "nodes", ids, "sessions", ended)
	}
}

// registerAlone registers the process that has the database to itself, after burying all
// others.
func (s *Store) registerAlone(ctx context.Context) error {
	var dead []string
	err := s.durably(ctx, func(conn *pgx.Conn) (err error) {
		rows, _ := conn.Query(ctx, buryAllSQL, s.node) // CollectRows tells its error
		dead, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		return unavailable("bury the nodes that have ended", err)
	}
	if len(dead) > 0 {
		s.endSessions(ctx, dead...)
	}
	return s.Register(ctx, competition.Node{ID: s.node, Level: competition.FormatLevel})
}
