package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// durably runs a statement that commits by itself, on one of the connections that
// appends and readers leave alone, and looks whether its commit waited as it should.
func (s *Store) durably(ctx context.Context, do func(*pgx.Conn) error) error {
	if s.claims == nil {
		return errReadOnly
	}
	conn, err := s.claims.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return confirm(unconfirmed(conn.Conn()), do(conn.Conn()))
}
