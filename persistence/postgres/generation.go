package postgres

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// generation is what was connected by one of a pool's pools, whoever has it now.
type generation struct {
	pool    *pgxpool.Pool
	retired time.Time // guarded by the pool's mutex; zero for the one in use

	mu    sync.Mutex
	conns map[*heardConn]struct{} // those that are open
}

// newGeneration makes a pool that notes its connections.
func newGeneration(ctx context.Context, config *pgxpool.Config) (*generation, error) {
	g := &generation{conns: map[*heardConn]struct{}{}}
	config = config.Copy()
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		c := &heardConn{Conn: conn, of: g}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.conns[c] = struct{}{}
		return c, nil
	}
	var err error
	g.pool, err = pgxpool.NewWithConfig(ctx, config)
	return g, err
}

// empty reports whether nothing is open.
func (g *generation) empty() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.conns) == 0
}

// hangUp closes what has heard nothing since a moment, and returns whether anything
// is open still.
func (g *generation) hangUp(since time.Time) (open bool) {
	g.mu.Lock()
	var silent []*heardConn
	for c := range g.conns {
		if time.Unix(0, c.heard.Load()).Before(since) {
			silent = append(silent, c)
		}
	}
	open = len(silent) < len(g.conns)
	g.mu.Unlock()
	for _, c := range silent {
		_ = c.Close()
	}
	return open
}

// heardConn is a connection that knows when it heard something last.
type heardConn struct {
	net.Conn

	of    *generation
	heard atomic.Int64 // Unix nanoseconds
}

// Read reads.
func (c *heardConn) Read(into []byte) (n int, err error) {
	n, err = c.Conn.Read(into)
	if n > 0 {
		c.heard.Store(time.Now().UnixNano())
	}
	return n, err
}

// Close closes the connection.
func (c *heardConn) Close() error {
	c.of.mu.Lock()
	delete(c.of.conns, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}
