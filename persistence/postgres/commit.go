package postgres

import (
	"errors"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Where a standby is synchronous, a commit waits until that has it. If something
// ends the wait, a cancel or the end of the session, the commit is there for all to
// see, and lost if the standby is promoted. The server says so in a warning alone,
// and the statement succeeds. So a statement with this warning is of unknown outcome,
// like one whose answer never came, and what can be read is not durable until a
// later commit of our own has waited: the standby takes commits in their order.

// errNotReplicated is given when the wait for the standby was ended.
var errNotReplicated = errors.New("the wait for the synchronous standby was ended; what was committed may be lost if the standby is promoted")

// settleSQL is a commit that waits, because it writes to the log, and nothing else.
const settleSQL = `SELECT pg_logical_emit_message(true, 'paceboard', '')`

// endedWait reports whether a warning says that a commit did not wait to the end.
// Its text is in the server's language; its function is not, and warnings that SQL
// raises come from another one. Unknown ones count.
func endedWait(severity, code, routine string) bool {
	if severity != "WARNING" {
		return false
	}
	return routine == "SyncRepWaitForLSN" || (code == warning || code == adminShutdown) && routine != "exec_stmt_raise"
}

// unconfirmedKey is the place of a connection's flag, an *atomic.Bool, which stays
// set: such a connection is not used again.
const unconfirmedKey = "paceboard unconfirmed"

// onNotice is told of all that the server says beside its answers.
func onNotice(conn *pgconn.PgConn, n *pgconn.Notice) {
	if endedWait(n.SeverityUnlocalized, n.Code, n.Routine) {
		if flag, begun := conn.CustomData()[unconfirmedKey].(*atomic.Bool); begun { // or it is about the session
			flag.Store(true)
		}
	}
}

// unconfirmed is the flag of a connection whose session has begun.
func unconfirmed(conn *pgx.Conn) *atomic.Bool {
	flag, _ := conn.PgConn().CustomData()[unconfirmedKey].(*atomic.Bool)
	return flag
}

// confirm is err, or what the connection was warned of.
func confirm(flag *atomic.Bool, err error) error {
	if err == nil && flag.Load() {
		return errNotReplicated
	}
	return err
}
