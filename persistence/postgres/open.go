package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

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

	// A server that is not there any more and does not say so is found out within
	// half a minute; calls in between end by their own deadlines.
	keepAliveIdle     = 15 * time.Second
	keepAliveInterval = 5 * time.Second
	keepAliveCount    = 3
	connectTimeout    = 5 * time.Second
)

// sessionSQL is what every session is told first, and what it answers.
//
//   - Plans are made once: those of appends take longer to make than to run, and
//     no statement here has parameters for which another plan would be better.
//   - All of them go by an index. Tables that were small when a plan was made
//     would make the planner think otherwise, and the plan stays.
//   - A client that vanishes must not hold locks; the server looks after it too.
const sessionSQL = `
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off;
SET jit = off;
SET default_transaction_isolation = 'read committed';
SET idle_in_transaction_session_timeout = '60s';
SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
SET tcp_user_timeout = 30000;
SELECT pid::text, (extract(epoch FROM backend_start) * 1000000)::bigint::text FROM pg_stat_get_activity(pg_backend_pid())`

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
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, err // It leaves the password out.
	}
	prepare(config)
	s := &Store{logger: o.Logger}
	if s.write, err = newPool(ctx, config, writeConns); err != nil {
		return nil, err
	}
	if s.read, err = newPool(ctx, config, o.ReadConns); err != nil {
		s.write.Close()
		return nil, err
	}
	s.doubts = &doubts{read: s.read, logger: s.logger}
	s.pipeline = newPipeline(s.write, s.doubts)
	if err := s.verify(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// prepare makes connections notice a dead server, and sessions what we rely on.
func prepare(config *pgxpool.Config) {
	conn := config.ConnConfig
	if conn.ConnectTimeout <= 0 {
		conn.ConnectTimeout = connectTimeout
	}
	conn.DialFunc = (&net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: keepAliveIdle, Interval: keepAliveInterval, Count: keepAliveCount,
	}}).DialContext
	if _, given := conn.RuntimeParams["application_name"]; !given {
		conn.RuntimeParams["application_name"] = "paceboard"
	}
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		results, err := conn.PgConn().Exec(ctx, sessionSQL).ReadAll()
		if err != nil {
			return fmt.Errorf("begin a session: %w", err)
		}
		row := results[len(results)-1].Rows
		if len(row) != 1 {
			return errors.New("begin a session: the server does not know it; is there a pooler in transaction mode?")
		}
		conn.PgConn().CustomData()[sessionKey] = session{pid: string(row[0][0]), began: string(row[0][1])}
		return nil
	}
}

func newPool(ctx context.Context, config *pgxpool.Config, size int) (*pgxpool.Pool, error) {
	config = config.Copy()
	config.MaxConns = int32(size)
	return pgxpool.NewWithConfig(ctx, config)
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
	if err := s.Check(ctx); err != nil {
		return err
	}
	if err := s.verifySchema(ctx); err != nil {
		return err
	}
	return s.verifyFormat(ctx)
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
