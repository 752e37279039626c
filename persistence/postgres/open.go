package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
)

// Options say where the store is and how it behaves.
type Options struct {
	URL       string       // postgres://user:password@host:5432/database, with any parameter that libpq knows
	Migrate   bool         // bring the schema up to date first; several processes may, one of them does
	ReadConns int          // connections that recoveries and lists share; 0 means 8
	Logger    *slog.Logger // nil discards
}

const (
	// writeConns serve appends that are not the pipeline's, of which the engine has one
	// under way, snapshots and checks, so that these never wait for somebody who
	// reads a million rows.
	writeConns       = 4
	defaultReadConns = 8
)

// Open connects to a database and looks whether it can be relied on. It returns
// by ctx's deadline; afterwards ctx means nothing to the store. Errors:
// competition.ErrUnavailable, ErrSettings, ErrSchema, ErrNewer, and those of Migrate.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.ReadConns <= 0 {
		o.ReadConns = defaultReadConns
	}
	if o.Migrate {
		applied, err := Migrate(ctx, o.URL)
		for _, m := range applied {
			o.Logger.InfoContext(ctx, "the database was migrated", "version", m.Version, "name", m.Name)
		}
		if err != nil {
			return nil, err
		}
	}
	config, err := configure(o.URL, o.Logger)
	if err != nil {
		return nil, err
	}
	if !o.Migrate { // or it was looked at already
		if err := refusePooler(ctx, &config.ConnConfig.Config); err != nil {
			return nil, err
		}
	}
	s := &Store{logger: o.Logger}
	s.watch(config)
	if s.write, err = newPool(ctx, config, writeConns); err != nil {
		return nil, err
	}
	if s.read, err = newPool(ctx, config, o.ReadConns); err != nil {
		s.write.close()
		return nil, err
	}
	s.doubts = &doubts{read: s.read, logger: s.logger}
	s.pipeline = newPipeline(s.write, s.doubts, func() { s.reconnect("the server takes no writes any more") })
	if err := s.verify(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// verify looks at the server once, for what does not change while it runs, and
// what Check looks at.
func (s *Store) verify(ctx context.Context) error {
	var found serverFacts
	err := s.write.QueryRow(ctx, `
SELECT current_setting('server_version_num')::integer, current_setting('server_encoding'), current_setting('data_checksums')`).
		Scan(&found.version, &found.encoding, &found.checksums)
	if err != nil {
		return unavailable("look at the database", err)
	}
	if err := found.refusal(); err != nil {
		return err
	}
	if found.checksums != "on" {
		s.logger.WarnContext(ctx, "the database has no data checksums: a page that the disk damages may go unnoticed; see pg_checksums")
	}
	if err := s.settings(ctx); err != nil {
		return err
	}
	if err := s.verifySchema(ctx); err != nil {
		return err
	}
	if err := s.verifyFormat(ctx); err != nil {
		return err
	}
	// A commit: whatever an earlier process left is durable then, see commit.go.
	return s.Check(ctx)
}

// serverFacts are what a server is; see durability for what it is set to.
type serverFacts struct {
	version             int
	encoding, checksums string
}

const oldest = 15

func (f serverFacts) refusal() error {
	switch {
	case f.version < oldest*10_000:
		return fmt.Errorf("%w: it is PostgreSQL %d, and %d or later is needed", ErrSettings, f.version/10_000, oldest)
	case !strings.EqualFold(f.encoding, "UTF8"):
		return fmt.Errorf("%w: its encoding is %s; create it with ENCODING 'UTF8' TEMPLATE template0", ErrSettings, f.encoding)
	}
	return nil
}

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
