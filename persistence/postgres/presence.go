package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

// presence is a process's claim to use the database: an advisory lock, held by a session
// of its own for as long as the process lives. A process that is alone holds it
// exclusively, the nodes of a cluster share it, so that both kinds keep each other out.
// PostgreSQL drops the lock when the session ends, and so when the process is killed.
//
// A session may end although its process lives: PostgreSQL is restarted, or another
// server takes its place. Then the lock is taken again. If another process was faster,
// or has buried this one, this one is lost: it writes no more, and must be started again
// under a new id. What it does in between does no harm, because each append is
// compared with the competition's owner (F5).
type presence struct {
	connect func(context.Context) (*pgx.Conn, error)
	node    string
	shared  bool
	logger  *slog.Logger
	onLost  func(error) // may be nil

	wake  worker.Signal // has it look at once; see doubt
	conn  *pgx.Conn     // the loop's
	away  atomic.Bool
	lost  atomic.Pointer[error]
	loop  *worker.Loop
	retry worker.Backoff
}

const (
	presenceLock  = 0x70616365626f6172 // any number that is ours
	presencePause = 20 * time.Millisecond
	// presenceWait is how long a start waits for the process before it to vanish.
	presenceWait = 2 * time.Second
	// presenceLook is how often a process looks whether it has the lock and was not buried,
	// if no other session of it ends.
	presenceLook = 5 * time.Second
)

const (
	lockAloneSQL  = `SELECT pg_try_advisory_lock($1)`
	lockSharedSQL = `SELECT pg_try_advisory_lock_shared($1)`

	// holdersSQL tells of those who hold the lock; $2 is the application_name of the
	// sessions that do not count.
	holdersSQL = `
SELECT a.pid, coalesce(a.application_name, ''), coalesce(host(a.client_addr), 'this machine'), a.backend_start
FROM pg_locks l
JOIN pg_stat_get_activity(NULL) a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.classid::bigint = $1::bigint >> 32 AND l.objid::bigint = $1::bigint & 4294967295 AND l.objsubid = 1
  AND a.application_name IS DISTINCT FROM $2
ORDER BY a.backend_start LIMIT 3`

	endOwnSQL = `
SELECT count(pg_terminate_backend(l.pid))
FROM pg_locks l
JOIN pg_stat_get_activity(NULL) a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.classid::bigint = $1::bigint >> 32 AND l.objid::bigint = $1::bigint & 4294967295
  AND a.application_name = $2 AND l.pid <> pg_backend_pid()`

	nodeStateSQL = `SELECT state FROM paceboard.nodes WHERE node_id = $1`
)

// newPresence is the presence of a node, which has not entered yet. All sessions of the
// configuration name the node.
func newPresence(config *pgxpool.Config, node string, shared bool, logger *slog.Logger) *presence {
	config.ConnConfig.RuntimeParams["application_name"] = applicationPrefix + node
	own := config.ConnConfig.Copy() // what the pools add to it later does not concern its session
	return &presence{
		wake: worker.NewSignal(), node: node, shared: shared, logger: logger,
		connect: func(ctx context.Context) (*pgx.Conn, error) { return pgx.ConnectConfig(ctx, own) },
	}
}

// enter takes the lock, as soon as those before have vanished. Errors:
// competition.ErrUnavailable, ErrInUse.
func (p *presence) enter(ctx context.Context) error {
	var err error
	if p.conn, err = p.connect(ctx); err != nil {
		return unavailable("connect to the database", err)
	}
	for deadline := time.Now().Add(presenceWait); ; {
		taken, err := p.take(ctx, p.conn)
		switch {
		case err != nil:
			return errors.Join(unavailable("take the database's lock", err), p.conn.Close(ctx))
		case taken:
			return nil
		case time.Now().After(deadline):
			return errors.Join(p.holders(ctx, p.conn), p.conn.Close(ctx))
		}
		if !worker.Pause(ctx, presencePause) {
			return errors.Join(unavailable("take the database's lock", context.Cause(ctx)), p.conn.Close(ctx))
		}
	}
}

func (p *presence) take(ctx context.Context, conn *pgx.Conn) (taken bool, err error) {
	sql := lockAloneSQL
	if p.shared {
		sql = lockSharedSQL
	}
	err = conn.QueryRow(ctx, sql, pgx.QueryExecModeSimpleProtocol, int64(presenceLock)).Scan(&taken)
	return taken, err
}

// holders is the error that names who else uses the database.
func (p *presence) holders(ctx context.Context, conn *pgx.Conn) error {
	rows, _ := conn.Query(ctx, holdersSQL, int64(presenceLock), applicationPrefix+p.node) // ForEachRow tells its error
	var all []string
	var pid int32
	var application, address string
	var since time.Time
	_, err := pgx.ForEachRow(rows, []any{&pid, &application, &address, &since}, func() error {
		name, ours := strings.CutPrefix(application, applicationPrefix)
		if ours {
			name = "node " + name
		} else if name == "" {
			name = "a session of another role"
		}
		all = append(all, fmt.Sprintf("%s (from %s, since %s, process %d of the server)", name, address, since.UTC().Format(time.RFC3339), pid))
		return nil
	})
	switch {
	case err != nil:
		return unavailable("find out who uses the database", err)
	case len(all) == 0:
		all = []string{"one that has just ended; try again"}
	}
	advice := "stop it first; several processes can use one database only as nodes of a cluster, each with CLUSTER_LISTEN"
	if p.shared {
		advice = "stop it first; a cluster's nodes and a process without CLUSTER_LISTEN, or a tool that writes, cannot use one database at a time"
	}
	return fmt.Errorf("%w: %s; %s", ErrInUse, strings.Join(all, ", "), advice)
}

// watch begins to look after the lock, until leave.
func (p *presence) watch() {
	p.retry = worker.Backoff{First: presencePause, Max: time.Second, Jitter: 0.2}
	p.loop = worker.Start(context.Background(), func(ctx context.Context) {
		for ctx.Err() == nil && p.lost.Load() == nil {
			p.attend(ctx)
		}
	})
}

// leave gives the lock up.
func (p *presence) leave() {
	if p.loop != nil {
		p.loop.Stop()
	}
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	_ = p.conn.Close(ctx) // The server sees to the rest.
}

// doubt has the process look now whether it still has its place: another session of it
// has ended. A nil presence is of a process that only reads.
func (p *presence) doubt() {
	if p != nil {
		p.wake.Set()
	}
}

// attend waits for a doubt, or for a while, and looks whether the process still has its
// place.
func (p *presence) attend(ctx context.Context) {
	if p.wake.Wait(ctx, presenceLook); ctx.Err() != nil {
		return
	}
	looking, cancel := context.WithTimeout(ctx, presenceLook)
	dead, err := p.buried(looking, p.conn)
	cancel()
	switch {
	case ctx.Err() != nil:
		return
	case dead:
		p.lose(errors.New("another process has declared this one dead"))
		return
	case err == nil:
		return
	}
	p.away.Store(true)
	p.logger.WarnContext(ctx, "the session that holds the database's lock has ended; it is taken again", "error", err)
	_ = p.conn.Close(ctx)
	p.takeAgain(ctx)
}

// buried reports whether somebody has declared this node dead.
func (p *presence) buried(ctx context.Context, conn *pgx.Conn) (bool, error) {
	var state string
	err := conn.QueryRow(ctx, nodeStateSQL, pgx.QueryExecModeSimpleProtocol, p.node).Scan(&state)
	if errors.Is(err, pgx.ErrNoRows) { // a node of a cluster that has not registered yet
		return false, nil
	}
	return state == competition.NodeDead.String(), err
}

// takeAgain takes the lock again as soon as there is a server, unless another process
// has it.
func (p *presence) takeAgain(ctx context.Context) {
	for tries := 1; ; tries++ {
		trying, cancel := context.WithTimeout(ctx, presenceLook)
		back, err := p.tryAgain(trying)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, ErrInUse):
			p.lose(err)
			return
		case back:
			p.away.Store(false)
			p.logger.InfoContext(ctx, "the database's lock is taken again")
			return
		}
		if !worker.Pause(ctx, p.retry.After(tries)) {
			return
		}
	}
}

func (p *presence) tryAgain(ctx context.Context) (back bool, err error) {
	conn, err := p.connect(ctx)
	if err != nil {
		return false, err
	}
	taken, err := p.take(ctx, conn)
	if err == nil && !taken {
		// The session before may not have noticed its end.
		if _, err = conn.Exec(ctx, endOwnSQL, int64(presenceLock), applicationPrefix+p.node); err == nil {
			err = p.othersHold(ctx, conn)
		}
	}
	var dead bool
	if err == nil && taken {
		dead, err = p.buried(ctx, conn)
	}
	if dead {
		err = fmt.Errorf("%w: another process took it, and has declared this one dead", ErrInUse)
	}
	if err != nil || !taken {
		return false, errors.Join(err, conn.Close(ctx))
	}
	p.conn = conn
	return true, nil
}

// othersHold is an error if another process has the lock; nil if this one had it.
func (p *presence) othersHold(ctx context.Context, conn *pgx.Conn) error {
	rows, _ := conn.Query(ctx, holdersSQL, int64(presenceLock), applicationPrefix+p.node) // its error comes with Next
	others := rows.Next()
	rows.Close()
	if err := rows.Err(); err != nil || !others {
		return err
	}
	return p.holders(ctx, conn)
}

// lose ends this process's part in the database.
func (p *presence) lose(why error) {
	err := fmt.Errorf("%w: this process has lost the database, and must be started again: %w", competition.ErrUnavailable, why)
	p.lost.Store(&err)
	p.logger.Error("this process has lost the database: it writes nothing any more, and must be started again", "error", why)
	if p.onLost != nil {
		p.onLost(err)
	}
}

// refusal is why nothing may be written any more; nil if all is well.
func (p *presence) refusal() error {
	if err := p.lost.Load(); err != nil {
		return *err
	}
	return nil
}
