package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
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

const (
	nodeStatusSQL = `
SELECT n.node_id, n.address, n.wire_version, n.level, n.ttl_ms, n.beat, n.state, n.started_at,
       greatest(0, extract(epoch FROM clock_timestamp() - n.seen_at))::double precision,
       (SELECT count(*) FROM paceboard.heads h WHERE h.owner = n.node_id),
       (SELECT count(*) FROM pg_stat_get_activity(NULL) a
        WHERE a.application_name = $1 || n.node_id AND a.datid = (SELECT oid FROM pg_database WHERE datname = current_database()))
FROM paceboard.nodes n`

	listNodesSQL = nodeStatusSQL + `
WHERE $2 OR n.state <> 'dead' OR EXISTS (SELECT FROM paceboard.heads h WHERE h.owner = n.node_id)
ORDER BY n.started_at, n.node_id`
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

// readNodes runs a statement that begins with nodeStatusSQL.
func readNodes(ctx context.Context, from querier, sql string, arguments ...any) (nodes []NodeStatus, err error) {
	rows, _ := from.Query(ctx, sql, arguments...) // ForEachRow tells its error
	var n NodeStatus
	var ttl int64
	var state string
	var silent float64
	_, err = pgx.ForEachRow(rows, []any{
		&n.ID, &n.Address, &n.WireVersion, &n.Level, &ttl, &n.Beat, &state, &n.Started, &silent, &n.Boards, &n.Sessions,
	}, func() error {
		n.State, _ = competition.ParseNodeState(state)
		n.TTL = time.Duration(ttl) * time.Millisecond
		n.Alone = n.Address == ""
		n.Silent = time.Duration(silent * float64(time.Second))
		nodes = append(nodes, n)
		return nil
	})
	return nodes, err
}
