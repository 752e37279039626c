package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
)

var _ competition.Levels = (*Store)(nil)

// A node that raises the level and a node that registers both lock the row of
// paceboard.format, so that each sees what the other has done: a statement that waited for
// the lock would still see the nodes of its beginning, and so the lock is a statement of
// its own.
const (
	lockFormatSQL = `SELECT level FROM paceboard.format FOR UPDATE`

	olderNodeSQL = `SELECT node_id FROM paceboard.nodes WHERE state <> 'dead' AND level < $1 ORDER BY level, node_id LIMIT 1`

	// strangerSQL finds a node that does not understand, or is not understood by, one of
	// a wire version. One that was killed with all others is there until somebody buries
	// it, and must not keep a new version out.
	strangerSQL = `
SELECT node_id, wire_version FROM paceboard.nodes
WHERE state <> 'dead' AND abs(wire_version - $1) > 1 AND seen_at > clock_timestamp() - interval '1 minute'
ORDER BY node_id LIMIT 1`

	raiseLevelSQL = `UPDATE paceboard.format SET level = $1`
)

// Level returns the format level; see competition.Levels.
func (s *Store) Level() int { return int(s.level.Load()) }

// RaiseLevel raises the format level to this program's; see competition.Levels.
func (s *Store) RaiseLevel(ctx context.Context) error {
	err := s.durably(ctx, func(conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			var level int
			if err := tx.QueryRow(ctx, lockFormatSQL).Scan(&level); err != nil || level >= competition.FormatLevel {
				return err
			}
			var older string
			err := tx.QueryRow(ctx, olderNodeSQL, competition.FormatLevel).Scan(&older)
			if err == nil {
				return fmt.Errorf("%w: node %q is of an older version", competition.ErrDeploying, older)
			}
			if !errors.Is(err, pgx.ErrNoRows) {
				return err
			}
			_, err = tx.Exec(ctx, raiseLevelSQL, competition.FormatLevel)
			return err
		})
	})
	if err != nil {
		return unavailable("raise the format level", err)
	}
	if s.level.Swap(int64(competition.FormatLevel)) < int64(competition.FormatLevel) {
		s.logger.InfoContext(ctx, "the database holds events of this version from now on; older versions cannot use it any more", "format_level", competition.FormatLevel)
	}
	return nil
}

// admit refuses a node that cannot read what is stored, or that would not understand
// another node or not be understood by it. Errors: ErrNewer, ErrWireVersion.
func admit(ctx context.Context, tx pgx.Tx, n *competition.Node) error {
	var level int
	if err := tx.QueryRow(ctx, lockFormatSQL).Scan(&level); err != nil {
		return err
	}
	if level > n.Level {
		return fmt.Errorf("%w: its format level was raised to %d meanwhile, and this program knows %d; run the newer program", ErrNewer, level, n.Level)
	}
	return admitVersion(ctx, tx.Conn(), n.WireVersion)
}

// admitVersion refuses a wire version that a living node does not understand, or that does
// not understand it. Error: ErrWireVersion.
func admitVersion(ctx context.Context, conn *pgx.Conn, wireVersion int) error {
	var stranger string
	var version int
	switch err := conn.QueryRow(ctx, strangerSQL, wireVersion).Scan(&stranger, &version); {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return err
	default:
		return fmt.Errorf("%w: node %q speaks version %d and this program %d; deploy the versions in between first, or stop all nodes before this one starts",
			ErrWireVersion, stranger, version, wireVersion)
	}
}
