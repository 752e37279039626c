package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
)

// verifyFormat refuses a database that a newer version has used, whose journals
// may hold what this one cannot read, and notes this version's level and what its
// events are called.
func (s *Store) verifyFormat(ctx context.Context) error {
	var level int
	err := s.write.QueryRow(ctx, `SELECT level FROM paceboard.format`).Scan(&level)
	switch {
	case err != nil && !errors.Is(err, pgx.ErrNoRows):
		return unavailable("look at the format level", err)
	case level > competition.FormatLevel:
		return fmt.Errorf("%w: it has format level %d and this program knows %d; run the newer program", ErrNewer, level, competition.FormatLevel)
	case level == competition.FormatLevel:
		return nil
	}
	err = pgx.BeginFunc(ctx, s.write, func(tx pgx.Tx) error {
		for kind, name := range competition.EventNames() {
			if name == "" {
				continue
			}
			if _, err := tx.Exec(ctx, `
INSERT INTO paceboard.kinds (kind, name) VALUES ($1, $2)
ON CONFLICT (kind) DO UPDATE SET name = excluded.name`, kind, name); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `
INSERT INTO paceboard.format (level) VALUES ($1)
ON CONFLICT (only_row) DO UPDATE SET level = greatest(paceboard.format.level, excluded.level)`, competition.FormatLevel)
		return err
	})
	return unavailable("note the format level", err)
}
