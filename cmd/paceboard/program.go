package main

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/paceboard/paceboard/cmd/internal/logging"
	"github.com/paceboard/paceboard/cmd/internal/transfer"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/config"
	"github.com/paceboard/paceboard/persistence/embedded"
	"github.com/paceboard/paceboard/persistence/postgres"
	"github.com/paceboard/paceboard/persistence/redis"
)

// program is what the commands need of the process.
type program struct {
	in       io.Reader
	out, err io.Writer
	environ  []string
	envFile  string

	failed   func(error)        // says why a command failed; nil: it is printed
	redirect func(*slog.Logger) // has libraries log there, for the whole process; nil: they print

	wall   func() time.Time // the machine's clock; time.Now when nil, as except in tests
	stable time.Duration    // how long it must be stable after a jump; the clock's default when 0
}

// newLogger makes the program's logger. level is settings.LogLevel, or what may become another.
func newLogger(w io.Writer, settings config.Settings, level slog.Leveler) *slog.Logger {
	return logging.New(w, logsJSON(w, settings), level)
}

// logsJSON reports whether the log that is written to w is one of JSON.
func logsJSON(w io.Writer, settings config.Settings) bool {
	return settings.LogFormat == config.LogJSON || settings.LogFormat == config.LogAuto && !isTerminal(w)
}

// store is what both stores can do besides the ports of the core, for the
// program's own tools.
type store interface {
	competition.Store
	transfer.Store

	// Retain removes old journal that no recovery needs, some records at a time.
	Retain(ctx context.Context, olderThan time.Time, step int) (deleted int64, err error)

	// Retainable visits the competitions of which Retain would remove something.
	Retainable(ctx context.Context, olderThan time.Time, visit func(competitionID string, records uint64) error) error
}

var (
	_ store = (*embedded.Store)(nil)
	_ store = (*postgres.Store)(nil)
)

// openStore opens the store that the settings choose, for this process alone;
// PostgreSQL's schema is brought up to date first.
func openStore(ctx context.Context, settings config.Settings, logger *slog.Logger) (store, error) {
	return openWith(ctx, settings, postgres.Options{Migrate: true, Logger: logger})
}

// openForReading opens the store for a tool that changes nothing in it. On PostgreSQL
// it may run beside servers; the schema must be this program's.
func openForReading(ctx context.Context, settings config.Settings, logger *slog.Logger) (store, error) {
	return openWith(ctx, settings, postgres.Options{ReadOnly: true, Logger: logger})
}

// openWith opens PostgreSQL with some options, or else the embedded store.
func openWith(ctx context.Context, settings config.Settings, o postgres.Options) (store, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	logger := o.Logger
	if settings.DatabaseURL != "" {
		o.URL = settings.DatabaseURL.Reveal()
		return opened(postgres.Open(ctx, o))
	}
	return opened(embedded.Open(ctx, embedded.Options{Dir: settings.DataDir, MinFreeBytes: uint64(settings.MinFreeDisk), Logger: logger}))
}

// opened has no store where there is an error: a nil *Store in an interface
// would be something to close.
func opened[S store](s S, err error) (store, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// openMirror makes the mirror that the settings choose; nil is none. Whether
// Redis can be reached is found out later: nothing waits for it.
func openMirror(settings config.Settings) (*redis.Mirror, error) {
	if settings.RedisURL == "" {
		return nil, nil //nolint:nilnil // nil is no mirror
	}
	return redis.Open(redis.Options{URL: settings.RedisURL.Reveal()})
}
