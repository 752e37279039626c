package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// errPooler is what a pooler in transaction mode is refused with. Such a pooler
// gives each transaction any of its sessions: settings and prepared statements are
// lost, an advisory lock stays on a session that is somebody else's next, and
// whom to end when an append is in doubt (F3) cannot be known.
var errPooler = fmt.Errorf("%w: DATABASE_URL leads through a pooler in transaction mode, which gives each transaction another session; "+
	"connect to the server itself or through a pooler in session mode (PgBouncer: pool_mode = session; Supabase: port 5432 instead of 6543)", ErrSettings)

// refusePooler looks whether two connections have a session each, of their own and
// for good. No name or port tells that. Poolers hand out the session that came back
// last, or the one that has waited longest; the order here shows both.
func refusePooler(ctx context.Context, config *pgconn.Config) (err error) {
	var both [2]*pgconn.PgConn
	var pids [2]string
	defer func() {
		for _, conn := range both {
			if conn != nil {
				_ = conn.Close(ctx) // It ends, or is ended by the server when this process does.
			}
		}
	}()
	for i := range both {
		conn, err := pgconn.ConnectConfig(ctx, config)
		if err != nil {
			return unavailable("connect to the database", err)
		}
		both[i] = conn
		pids[i] = conn.CustomData()[sessionKey].(session).pid
	}
	if pids[0] == pids[1] {
		return errPooler
	}
	const first, second = 0, 1
	for _, step := range []struct {
		who int
		sql string
	}{
		{first, `BEGIN; SELECT pg_backend_pid()::text`},
		{second, `SELECT pg_backend_pid()::text`},
		{first, `COMMIT; SELECT pg_backend_pid()::text`},
		{first, `SELECT pg_backend_pid()::text`},
		{first, `SELECT pg_backend_pid()::text`},
		{second, `SELECT pg_backend_pid()::text`},
	} {
		pid, err := answer(ctx, both[step.who], step.sql)
		if violation := (*pgconn.PgError)(nil); errors.As(err, &violation) && violation.Code == protocolViolation {
			return errPooler // it is in statement mode and knows no transactions
		}
		if err != nil {
			return unavailable("look for a pooler", err)
		}
		if pid != pids[step.who] {
			return errPooler
		}
	}
	return nil
}

// answer is the one value that the last of some statements gives.
func answer(ctx context.Context, conn *pgconn.PgConn, sql string) (string, error) {
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return "", err
	}
	if rows := results[len(results)-1].Rows; len(rows) == 1 && len(rows[0]) == 1 {
		return string(rows[0][0]), nil
	}
	return "", errors.New("the server gave no answer")
}
