package postgres

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/paceboard/paceboard/internal/worker"
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

// inDoubt reports whether something of an append that failed may still happen.
func inDoubt(err error) bool { return err != nil && refused(err) == nil && !pgconn.SafeToRetry(err) }

// enter notes the session of an append in doubt, by its connection's CustomData.
func (l *limbo) enter(data map[string]any) {
	if s, known := data[sessionKey].(session); known {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.sessions = append(l.sessions, s)
	}
}

func (l *limbo) inside() []session {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.sessions)
}

// leave forgets sessions that have settled.
func (l *limbo) leave(settled []session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sessions = slices.DeleteFunc(l.sessions, func(s session) bool { return slices.Contains(settled, s) })
}

// terminateSQL tells sessions to end, and says how many had not. One that is not
// there has ended, or belonged to another server.
const terminateSQL = `
SELECT count(pg_terminate_backend(a.pid))
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
	pauses := worker.Backoff{First: time.Millisecond, Max: 100 * time.Millisecond}
	for tries := 1; ; tries++ {
		var left int
		if err := s.read.QueryRow(ctx, terminateSQL, pids, began).Scan(&left); err != nil {
			return unavailable("find out what became of an append", err)
		}
		if left == 0 {
			break
		}
		if !worker.Pause(ctx, pauses.After(tries)) {
			return unavailable("find out what became of an append: its session does not end", context.Cause(ctx))
		}
	}
	s.limbo.leave(sessions)
	s.logger.InfoContext(ctx, "appends of unknown outcome are settled", "sessions", len(sessions))
	return nil
}
