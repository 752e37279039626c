package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/paceboard/paceboard/competition"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	migrationsTable = "paceboard.migrations"
	migrationLock   = 0x7061636562 // any number that is ours
)

// Migration is a step of the schema's history.
type Migration struct {
	Version   int64
	Name      string    // of its file
	AppliedAt time.Time // zero if the database has not got it
	Loses     string    // what is lost with the data when it is taken back, in words for operators
}

// Migrate brings the schema up to date, each step in a transaction of its own,
// and returns the steps that it took. Of several processes one works and the
// others wait for it. If there is anything to do, no process may have the database to
// itself meanwhile; nodes of a cluster may run. Errors: competition.ErrUnavailable,
// ErrInUse; what was returned is applied all the same.
func Migrate(ctx context.Context, databaseURL string) (applied []Migration, err error) {
	all, err := Status(ctx, databaseURL)
	if err != nil || !slices.ContainsFunc(all, func(m Migration) bool { return m.AppliedAt.IsZero() }) {
		return nil, err
	}
	err = inPlace(ctx, databaseURL, true, func() error {
		applied, err = migrate(ctx, databaseURL)
		return err
	})
	return applied, err
}

// inPlace does something while no process has the database to itself, or, unless it is
// shared, while no other process writes at all.
func inPlace(ctx context.Context, databaseURL string, shared bool, do func() error) error {
	config, err := configure(databaseURL, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	if err := refusePooler(ctx, &config.ConnConfig.Config); err != nil { // before anything is locked
		return err
	}
	p := newPresence(config, NewNodeID(), shared, slog.New(slog.DiscardHandler))
	if err := p.enter(ctx); err != nil {
		return err
	}
	defer p.leave() //nolint:contextcheck // It has a deadline of its own.
	return do()
}

// migrate is Migrate for those who have their place in the database.
func migrate(ctx context.Context, databaseURL string) (applied []Migration, err error) {
	err = migrating(ctx, databaseURL, func(p *goose.Provider) error {
		results, err := p.Up(ctx)
		for _, r := range results {
			applied = append(applied, Migration{Version: r.Source.Version, Name: path.Base(r.Source.Path), AppliedAt: time.Now()})
		}
		return err
	})
	return applied, err
}

// Status is all steps that this version of the program knows, oldest first. It
// makes the table in which they are noted if there is none.
func Status(ctx context.Context, databaseURL string) (all []Migration, err error) {
	err = migrating(ctx, databaseURL, func(p *goose.Provider) error {
		found, err := p.Status(ctx)
		for _, m := range found {
			name := path.Base(m.Source.Path)
			all = append(all, Migration{Version: m.Source.Version, Name: name, AppliedAt: m.AppliedAt, Loses: loses(name)})
		}
		return err
	})
	return all, err
}

// Down takes a step back, WITH THE DATA THAT ONLY IT HAS A PLACE FOR: taking the
// first one back leaves nothing. The step must be the newest that the database
// has, so that nobody takes back another one than was meant; ErrSchema otherwise. No
// other process may write meanwhile: ErrInUse.
func Down(ctx context.Context, databaseURL string, step Migration) error {
	return inPlace(ctx, databaseURL, false, func() error { return down(ctx, databaseURL, step) })
}

func down(ctx context.Context, databaseURL string, step Migration) error {
	return migrating(ctx, databaseURL, func(p *goose.Provider) error {
		switch newest, err := p.GetDBVersion(ctx); {
		case err != nil:
			return err
		case newest != step.Version:
			return fmt.Errorf("%w: its newest step is %d, not %d", ErrSchema, newest, step.Version)
		}
		_, err := p.Down(ctx)
		return err
	})
}

// losesMark begins the line in which a migration says what taking it back loses.
const losesMark = "-- Loses: "

// loses returns what taking a migration back loses, as its file says.
func loses(name string) string {
	file, _ := fs.ReadFile(migrations, "migrations/"+name) // A test ranges over them.
	text := string(file)
	if name == auditSource {
		text = auditDownSQL
	}
	for line := range strings.Lines(text) {
		if what, ok := strings.CutPrefix(line, losesMark); ok {
			return strings.TrimSpace(what)
		}
	}
	return ""
}

// migrating does something with the schema that nobody else must do meanwhile.
func migrating(ctx context.Context, databaseURL string, do func(*goose.Provider) error) (err error) {
	config, err := configure(databaseURL, slog.New(slog.DiscardHandler)) // Open tells of what it ignores
	if err != nil {
		return err
	}
	if err := refusePooler(ctx, &config.ConnConfig.Config); err != nil {
		return err
	}
	db := stdlib.OpenDB(*config.ConnConfig, stdlib.OptionAfterConnect(waitForLocks))
	defer func() { err = errors.Join(err, db.Close()) }()
	lock, err := db.Conn(ctx)
	if err != nil {
		return unavailable("migrate the database", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := prepareSchema(ctx, lock); err != nil {
		return unavailable("migrate the database", err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithTableName(migrationsTable),
		goose.WithDisableGlobalRegistry(true), goose.WithGoMigrations(auditMigration()))
	if err != nil {
		return err
	}
	if err := do(provider); err != nil {
		return fmt.Errorf("%w: migrate the database: %w", competition.ErrUnavailable, err)
	}
	return nil
}

// waitForLocks lets a session wait for locks as long as its caller does: of several
// processes that migrate, one works.
func waitForLocks(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SET lock_timeout = 0`)
	return err
}

// prepareSchema takes the lock, which the session holds until it ends, and makes
// the schema. One that is there may have been made by somebody who does not let us
// make others.
func prepareSchema(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, int64(migrationLock)); err != nil {
		return err
	}
	var there bool
	err := conn.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'paceboard')`).Scan(&there)
	if err != nil || there {
		return err
	}
	_, err = conn.ExecContext(ctx, `CREATE SCHEMA IF NOT EXISTS paceboard`)
	if refusal := refused(err); refusal != nil && refusal.Code == insufficientPrivilege {
		return fmt.Errorf("%w; let the owner of the database run CREATE SCHEMA paceboard AUTHORIZATION <user>", err)
	}
	return err
}

// verifySchema looks whether the database has the schema of this version.
func (s *Store) verifySchema(ctx context.Context) error {
	var found int64
	err := s.write.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM `+migrationsTable).Scan(&found)
	if refusal := refused(err); refusal != nil && refusal.Code == undefinedTable {
		found, err = 0, nil
	}
	if err != nil {
		return unavailable("look at the schema", err)
	}
	switch want := newest(); {
	case found < want:
		return fmt.Errorf("%w: it has version %d and %d is needed; run paceboard migrate", ErrSchema, found, want)
	case found > want:
		return fmt.Errorf("%w: its schema has version %d and this program knows %d; run the newer program", ErrNewer, found, want)
	}
	return nil
}

// newest is the last version among the migrations.
func newest() (version int64) {
	version = auditVersion
	files, _ := fs.Glob(migrations, "migrations/*.sql") // The pattern is sound.
	for _, file := range files {
		if n, err := goose.NumericComponent(strings.TrimPrefix(file, "migrations/")); err == nil {
			version = max(version, n)
		}
	}
	return version
}
