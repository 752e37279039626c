package postgres

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// connectTimeout bounds an attempt to connect. Attempts go on when those who asked for
// them have given up, and have places in the pool: after a failover they may lead to the
// old server.
const connectTimeout = 2 * time.Second

// pool is a pool of connections that can be replaced by another one to the same
// address: after a failover the places of the old one may be held for long by
// attempts to connect, and to say goodbye, to a server that is not there any more.
// Statements and transactions succeed only if their commits waited, see confirm; who
// acquires a connection looks at that.
type pool struct {
	config  *pgxpool.Config
	current atomic.Pointer[generation]

	mu       sync.Mutex
	replaced time.Time
	retired  []*generation // that may have something open
	closed   bool
	closing  sync.WaitGroup // the retired ones
}

func newPool(ctx context.Context, config *pgxpool.Config, size int) (*pool, error) {
	p := &pool{config: config.Copy()}
	p.config.MaxConns = int32(size)
	first, err := newGeneration(ctx, p.config)
	if err != nil {
		return nil, err
	}
	p.current.Store(first)
	return p, nil
}

const (
	// replaceEvery is the shortest time between two replacements: many connections
	// may find out about a failover at once.
	replaceEvery = 250 * time.Millisecond
	// silence is how long a connection of a pool that was replaced may be silent,
	// while the server answers on others, until it is given up: it leads elsewhere.
	silence = time.Second
)

// replace has what is done next be done over new connections. What is under way
// goes on over the old ones, which are closed then.
func (p *pool) replace() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.closed || now.Sub(p.replaced) < replaceEvery {
		return
	}
	next, err := newGeneration(context.Background(), p.config)
	if err != nil { // it would have refused the first one, too
		return
	}
	old := p.current.Swap(next)
	old.retired, p.replaced = now, now
	p.retired = append(slices.DeleteFunc(p.retired, (*generation).empty), old)
	p.closing.Go(old.pool.Close)
}

// abandon ends what is under way over connections that were replaced and are silent,
// so that nobody waits for it until a deadline. Call it when the server answers.
func (p *pool) abandon() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retired = slices.DeleteFunc(p.retired, func(g *generation) bool {
		return time.Since(g.retired) >= silence && !g.hangUp(g.retired)
	})
}

// close waits for what is under way and ends the connections.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.current.Load().pool.Close()
	p.closing.Wait()
}

// Acquire takes a connection out of the pool.
func (p *pool) Acquire(ctx context.Context) (*pgxpool.Conn, error) {
	return p.current.Load().pool.Acquire(ctx)
}

// Query runs a query that writes nothing.
func (p *pool) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return p.current.Load().pool.Query(ctx, sql, args...)
}

// SendBatch runs queries that write nothing.
func (p *pool) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	return p.current.Load().pool.SendBatch(ctx, b)
}

// Exec runs a statement.
func (p *pool) Exec(ctx context.Context, sql string, args ...any) (tag pgconn.CommandTag, err error) {
	err = p.current.Load().pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) (err error) {
		tag, err = conn.Exec(ctx, sql, args...)
		return confirm(unconfirmed(conn.Conn()), err)
	})
	return tag, err
}

// QueryRow runs a statement that answers with a row; its Scan must be called.
func (p *pool) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	conn, err := p.Acquire(ctx)
	if err != nil {
		return confirmedRow{err: err}
	}
	return confirmedRow{conn: conn, row: conn.QueryRow(ctx, sql, args...)}
}

type confirmedRow struct {
	conn *pgxpool.Conn
	row  pgx.Row
	err  error
}

// Scan reads the row, and gives the connection back.
func (r confirmedRow) Scan(into ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.conn.Release()
	return confirm(unconfirmed(r.conn.Conn()), r.row.Scan(into...))
}

// Begin begins a transaction.
func (p *pool) Begin(ctx context.Context) (pgx.Tx, error) { return p.BeginTx(ctx, pgx.TxOptions{}) }

// BeginTx begins a transaction of some kind.
func (p *pool) BeginTx(ctx context.Context, o pgx.TxOptions) (pgx.Tx, error) {
	tx, err := p.current.Load().pool.BeginTx(ctx, o)
	if err != nil {
		return nil, err
	}
	return confirmedTx{Tx: tx, flag: unconfirmed(tx.Conn())}, nil
}

type confirmedTx struct {
	pgx.Tx
	flag *atomic.Bool
}

// Commit commits.
func (t confirmedTx) Commit(ctx context.Context) error { return confirm(t.flag, t.Tx.Commit(ctx)) }
