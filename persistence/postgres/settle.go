package postgres

import (
	"context"
	"errors"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// session is a server process of ours. Process ids come again, hence the time.
type session struct{ pid, began string }

const sessionKey = "paceboard session"

// limbo holds the sessions that were sent an append and have not answered. A
// server that hung may get to it after its client has given up: while somebody
// reads identities, and then the journal, to find out what there is. So before
// reading anything (F3) these sessions are ended, and waited for.
type limbo struct {
	mu       sync.Mutex
	sessions []session
}

// enter notes the session of an append that failed, unless it is certain that
// nothing of it will happen any more.
func (l *limbo) enter(conn *pgx.Conn, err error) {
	if refused(err) != nil || pgconn.SafeToRetry(err) {
		return
	}
	if s, known := conn.PgConn().CustomData()[sessionKey].(session); known {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.sessions = append(l.sessions, s)
	}
}

func (l *limbo) inside() (sessions []session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append(sessions, l.sessions...)
}

// leave forgets the first n sessions of those that were inside.
func (l *limbo) leave(settled []session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	gone := make(map[session]bool, len(settled))
	for _, s := range settled {
		gone[s] = true
	}
	kept := l.sessions[:0]
	for _, s := range l.sessions {
		if !gone[s] {
			kept = append(kept, s)
		}
	}
	l.sessions = kept
}

// terminateSQL ends sessions and waits for each a second at most. A session that
// is not there, because it ended or the server is another one, has settled.
const terminateSQL = `
SELECT coalesce(bool_and(pg_terminate_backend(a.pid, 1000)), true)
FROM unnest($1::text[], $2::text[]) AS s (pid, began)
JOIN pg_stat_get_activity(NULL) a ON a.pid = s.pid::integer AND (extract(epoch FROM a.backend_start) * 1000000)::bigint = s.began::bigint`

// settle returns when no append of before can be stored any more, at once if
// there is none in doubt.
func (s *Store) settle(ctx context.Context) error {
	sessions := s.limbo.inside()
	if len(sessions) == 0 {
		return nil
	}
	pids, began := make([]string, len(sessions)), make([]string, len(sessions))
	for i, session := range sessions {
		pids[i], began[i] = session.pid, session.began
	}
	var ended bool
	err := s.write.QueryRow(ctx, terminateSQL, pids, began).Scan(&ended)
	if err == nil && !ended {
		err = errors.New("a session of ours does not end")
	}
	if err != nil {
		return unavailable(ctx, "find out what became of an append", err)
	}
	s.limbo.leave(sessions)
	s.Logger.Info("appends of unknown outcome are settled", "sessions", len(sessions))
	return nil
}
