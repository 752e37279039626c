package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
)

// toolSQL has a session wait for no lock as long as those behind it would, and commit as
// those of servers do, which refuse weaker settings.
const toolSQL = `
SET lock_timeout = '3s';
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')`

// connectTool begins a session of a tool that needs no place of its own in the database.
func connectTool(ctx context.Context, databaseURL string) (*pgx.Conn, error) {
	config, err := configure(databaseURL, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	if err := refusePooler(ctx, &config.ConnConfig.Config); err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return nil, unavailable("connect to the database", err)
	}
	if _, err := conn.Exec(ctx, toolSQL); err != nil {
		hangUp(ctx, conn)
		return nil, unavailable("connect to the database", err)
	}
	return conn, nil
}

// hangUp ends a session of a tool, also after the tool's time is over.
func hangUp(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()
	_ = conn.Close(ctx) // The server sees to the rest.
}

// toolError says what to do about an error, as far as that is known.
func toolError(what string, err error) error {
	refusal := refused(err)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrUnknownNode), errors.Is(err, ErrBeats), errors.Is(err, ErrAlone):
		return fmt.Errorf("%s: %w", what, err)
	case refusal != nil && refusal.Code == undefinedTable:
		return fmt.Errorf("%s: %w: it has no table of nodes; run paceboard migrate up: %w", what, ErrSchema, err)
	case refusal != nil && refusal.Code == lockNotAvailable:
		return unavailable(what+": somebody has locked its row, or that of the audit log's head; see pg_locks and pg_stat_activity", err)
	}
	return unavailable(what, err)
}
