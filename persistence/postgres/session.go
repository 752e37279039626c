package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// A server that is not there any more and does not say so is found out within
	// half a minute; calls in between end by their own deadlines.
	keepAliveIdle     = 15 * time.Second
	keepAliveInterval = 5 * time.Second
	keepAliveCount    = 3
)

// sessionSQL is what every session is told first, and what it answers. What a
// role's or a database's settings could change under us is set here.
//
//   - Plans are made once: those of appends take longer to make than to run, and
//     no statement here has parameters for which another plan would be better.
//   - All of them go by an index. Tables that were small when a plan was made
//     would make the planner think otherwise, and the plan stays.
//   - A client that vanishes must not hold locks; the server looks after it too.
//   - Statements have no time limit of the server's: each call has a deadline of its
//     own, which ends the session, and a recovery that reads a million rows may take
//     as long as its reader does. A wait for a lock ends after any call's deadline.
//   - An idle session is not ended: the pool and the pipeline keep theirs.
//   - Text is UTF-8 and names mean the schemas that we write before them.
//
// default_transaction_read_only is not set: those who forbid writes, as some
// providers do when a disk fills up, are obeyed, and Check says so.
const sessionSQL = `
SET statement_timeout = 0; SET lock_timeout = '30s'; SET idle_session_timeout = 0;
SET idle_in_transaction_session_timeout = '60s';
SET client_encoding = 'UTF8'; SET standard_conforming_strings = on;
SET search_path = pg_catalog;
SET default_transaction_isolation = 'read committed'; SET default_transaction_deferrable = off;
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off;
SET jit = off;
SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
SET tcp_user_timeout = 30000;
SELECT set_config('transaction_timeout', '0', false) WHERE current_setting('transaction_timeout', true) IS NOT NULL;
SELECT pid::text, (extract(epoch FROM backend_start) * 1000000)::bigint::text, pg_is_in_recovery()::text FROM pg_stat_get_activity(pg_backend_pid())`

// prepare has connections notice a dead server, take no standby, and be told
// what we rely on; see sessionSQL.
func prepare(config *pgxpool.Config) {
	conn := config.ConnConfig
	if conn.ConnectTimeout <= 0 {
		conn.ConnectTimeout = connectTimeout
	}
	conn.DialFunc = (&net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: keepAliveIdle, Interval: keepAliveInterval, Count: keepAliveCount,
	}}).DialContext
	if _, given := conn.RuntimeParams["application_name"]; !given {
		conn.RuntimeParams["application_name"] = "paceboard"
	}
	// A startup parameter that a role's settings cannot override, and the server
	// needs to understand sessionSQL, whatever the role says.
	conn.RuntimeParams["client_encoding"] = "UTF8"
	conn.ValidateConnect = beginSession // of several hosts, the first that passes is taken
}

// beginSession is told of each new connection, whatever it is for.
func beginSession(ctx context.Context, conn *pgconn.PgConn) error {
	results, err := conn.Exec(ctx, sessionSQL).ReadAll()
	if err != nil {
		return fmt.Errorf("begin a session: %w", err)
	}
	row := results[len(results)-1].Rows
	if len(row) != 1 {
		return errors.New("begin a session: the server does not know it; is there a pooler in transaction mode?")
	}
	if strings.HasPrefix(string(row[0][2]), "t") {
		return durability{standby: true}.refusal()
	}
	conn.CustomData()[unconfirmedKey] = new(atomic.Bool)
	conn.CustomData()[sessionKey] = session{pid: string(row[0][0]), began: string(row[0][1])}
	return nil
}
