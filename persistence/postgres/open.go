package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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

	// Cluster says which node of a cluster the process is. Nil: it has the database to
	// itself, and is refused where another process has.
	Cluster *ClusterOptions

	// ReadOnly opens the store for a tool that only reads, beside whatever runs. The
	// schema must be up to date; what would write fails.
	ReadOnly bool

	// Lost is called once, by a goroutine of the store's, when another process has taken
	// the database, or has declared this one dead: it writes no more, and must be started
	// again. It must not close the store itself. Nil is fine.
	Lost func(err error)

	// Heard, if not nil, is called at each Check that hears what the database's clock
	// showed, and when: at has a reading of the monotonic clock and is right within a second.
	Heard func(theirs, at time.Time)
}

// ClusterOptions are about a node of a cluster. The store does not register the node:
// that is for those who let its beats follow.
type ClusterOptions struct {
	Node competition.Node
}

const (
	// writeConns serve appends that are not the pipeline's, of which the engine has one
	// under way, snapshots and checks, so that these never wait for somebody who
	// reads a million rows.
	writeConns       = 4
	defaultReadConns = 8
	// claimConns serve claims, releases, beats and questions whether the node lives, also once the process has lost the
	// database: so that a node hears from the database that it is dead. A competition that
	// somebody has locked must not keep beats waiting, so claims get fewer.
	claimConns = 4
	// claimsAtOnce leaves one for beats and one for those questions.
	claimsAtOnce = claimConns - 2
	// claimLockTimeout is how long a claim waits for a row that somebody has locked: others
	// wait behind it.
	claimLockTimeout = "1s"
)

// Open connects to a database and looks whether it can be relied on. It returns
// by ctx's deadline; afterwards ctx means nothing to the store. Errors:
// competition.ErrUnavailable, ErrSettings, ErrSchema, ErrNewer, ErrInUse, and those of
// Migrate.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.ReadConns <= 0 {
		o.ReadConns = defaultReadConns
	}
	config, err := configure(o.URL, o.Logger)
	if err != nil {
		return nil, err
	}
	if err := refusePooler(ctx, &config.ConnConfig.Config); err != nil { // before anything is locked
		return nil, err
	}
	s := &Store{logger: o.Logger, readOnly: o.ReadOnly, appends: &ownersOnly, heard: o.Heard}
	if err := s.open(ctx, config, &o); err != nil {
		return nil, errors.Join(err, s.Close()) //nolint:contextcheck // It has deadlines of its own.
	}
	return s, nil
}

// open takes what a store consists of, one after the other.
func (s *Store) open(ctx context.Context, config *pgxpool.Config, o *Options) (err error) {
	if o.ReadOnly {
		tell(config, "SET default_transaction_read_only = on")
	} else if err := s.enter(ctx, config, o); err != nil {
		return err
	}
	if o.Migrate && !o.ReadOnly {
		applied, err := migrate(ctx, o.URL)
		for _, m := range applied {
			o.Logger.InfoContext(ctx, "the database was migrated", "version", m.Version, "name", m.Name)
		}
		if err != nil {
			return err
		}
	}
	s.watch(config) //nolint:contextcheck // It outlives Open.
	if s.write, err = s.newWritePool(ctx, config, writeConns); err != nil {
		return err
	}
	if s.read, err = newPool(ctx, config, o.ReadConns); err != nil {
		return err
	}
	if !o.ReadOnly {
		claims := config.Copy()
		tell(claims, nameSQL(s.node)+"; SET lock_timeout = '"+claimLockTimeout+"'")
		if s.claims, err = newPool(ctx, claims, claimConns); err != nil {
			return err
		}
	}
	if !o.ReadOnly && !s.alone {
		s.holds = newHolder(config.ConnConfig.Copy(), s.refusal, s.logger) //nolint:contextcheck // It outlives Open.
	}
	s.doubts = &doubts{read: s.read, logger: s.logger, told: s.presence.doubt}
	s.pipeline = newPipeline(s.write, s.doubts, s.refusal,
		func() { s.reconnect("the server takes no writes any more") }) //nolint:contextcheck // So does this.
	if err := s.verify(ctx); err != nil {
		return err
	}
	if o.ReadOnly {
		return nil
	}
	if s.alone {
		if err := s.registerAlone(ctx); err != nil {
			return err
		}
	}
	s.claiming = make(chan struct{}, claimsAtOnce)
	s.presence.watch() //nolint:contextcheck // and this
	return nil
}

// enter takes the process's place in the database, and has all its sessions name it.
func (s *Store) enter(ctx context.Context, config *pgxpool.Config, o *Options) error {
	s.node, s.alone = NewNodeID(), o.Cluster == nil
	if !s.alone {
		s.node = o.Cluster.Node.ID
	}
	if !validNodeID.MatchString(s.node) {
		return fmt.Errorf("open the database: the id of node %q must have 1 to 53 letters, digits, dots, hyphens and underscores", s.node)
	}
	p := newPresence(config, s.node, !s.alone, s.logger)
	p.onLost = o.Lost
	// Sessions say which node they belong to: to other nodes, which end those of a dead
	// one, and to the schema, which lets nobody write who says nothing.
	tell(config, nameSQL(s.node))
	if err := p.enter(ctx); err != nil {
		return err
	}
	s.presence = p
	return nil
}

func nameSQL(node string) string { return "SET paceboard.node = '" + node + "'" }

// tell has each session of a pool be told something, once it has begun.
func tell(config *pgxpool.Config, sql string) {
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sql)
		return err
	}
}

// newWritePool is a pool that refuses everybody once the process has lost the database.
func (s *Store) newWritePool(ctx context.Context, config *pgxpool.Config, size int) (*pool, error) {
	config = config.Copy()
	config.PrepareConn = func(context.Context, *pgx.Conn) (bool, error) { return true, s.refusal() }
	return newPool(ctx, config, size)
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

// verifyFormat refuses a database whose journals may hold what this version cannot
// read, and notes what this version's events are called. A process that has the database
// to itself raises the format level at once; nodes of a cluster, beside which older ones
// may run, when they need it.
func (s *Store) verifyFormat(ctx context.Context) error {
	var level int
	err := s.write.QueryRow(ctx, `SELECT level FROM paceboard.format`).Scan(&level)
	switch {
	case err != nil && !errors.Is(err, pgx.ErrNoRows):
		return unavailable("look at the format level", err)
	case level > competition.FormatLevel:
		return fmt.Errorf("%w: it has format level %d and this program knows %d; run the newer program", ErrNewer, level, competition.FormatLevel)
	}
	s.level.Store(int64(level))
	if level == competition.FormatLevel || s.readOnly {
		return nil
	}
	raise := competition.FormatLevel
	if !s.alone && level > 0 {
		raise = level
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
		return tx.QueryRow(ctx, `
INSERT INTO paceboard.format (level) VALUES ($1)
ON CONFLICT (only_row) DO UPDATE SET level = greatest(paceboard.format.level, excluded.level)
RETURNING level`, raise).Scan(&level)
	})
	if err == nil {
		s.level.Store(int64(min(level, competition.FormatLevel)))
	}
	return unavailable("note the format level", err)
}
