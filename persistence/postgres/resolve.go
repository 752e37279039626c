package postgres

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/paceboard/paceboard/internal/worker"
)

// session is a server process of ours. Process ids come again, hence the time.
type session struct{ pid, began string }

const sessionKey = "paceboard session"

// doubts are the sessions that were sent an append and have not answered. A
// server that hung may get to it after its client has given up: while somebody
// reads identities, and then the journal, to find out what there is. So before
// reading anything (F3) these sessions are ended, and waited for, and then a commit
// of our own, by which all before it is durable.
type doubts struct {
	read   *pool
	logger *slog.Logger
	told   func() // is called when there is a new one

	mu       sync.Mutex
	sessions []session
}

// inDoubt reports whether something of an append that failed may still happen.
func inDoubt(err error) bool { return err != nil && refused(err) == nil && !pgconn.SafeToRetry(err) }

// add notes the session of an append in doubt, by its connection's CustomData.
func (d *doubts) add(data map[string]any) {
	if s, known := data[sessionKey].(session); known {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.sessions = append(d.sessions, s)
		d.told()
	}
}

func (d *doubts) all() []session {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.sessions)
}

// remove forgets sessions of which it is known what became of them.
func (d *doubts) remove(resolved []session) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sessions = slices.DeleteFunc(d.sessions, func(s session) bool { return slices.Contains(resolved, s) })
}

// terminateSQL tells sessions to end, and says how many had not. One that is not
// there has ended, or belonged to another server.
const terminateSQL = `
SELECT count(pg_terminate_backend(a.pid))
FROM unnest($1::text[], $2::text[]) AS s (pid, began)
JOIN pg_stat_get_activity(NULL) a ON a.pid = s.pid::integer AND (extract(epoch FROM a.backend_start) * 1000000)::bigint = s.began::bigint`

// resolve returns when no earlier append can be stored any more and what is stored
// is durable, at once if none is in doubt.
func (d *doubts) resolve(ctx context.Context) error {
	sessions := d.all()
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
		if err := d.read.QueryRow(ctx, terminateSQL, pids, began).Scan(&left); err != nil {
			return unavailable("find out what became of an append", err)
		}
		if left == 0 {
			break
		}
		if !worker.Pause(ctx, pauses.After(tries)) {
			return unavailable("find out what became of an append: its session does not end", context.Cause(ctx))
		}
	}
	// What those sessions committed without the synchronous standby can be read now; see commit.go.
	if _, err := d.read.Exec(ctx, settleSQL); err != nil {
		return unavailable("find out what became of an append: a commit does not become durable", err)
	}
	d.remove(sessions)
	d.logger.InfoContext(ctx, "appends in doubt are resolved", "sessions", len(sessions))
	return nil
}
