package postgres

import (
	"context"
	"log/slog"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/persistence/testservers"
)

// hostileSQL are settings of a role and its database as they are found in the
// field, each of which stopped the store or changed what it does.
const hostileSQL = `
CREATE SCHEMA evil;
CREATE FUNCTION evil.current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT 'off'::text $$;
ALTER ROLE CURRENT_USER IN DATABASE hostile SET statement_timeout = '50ms';
ALTER ROLE CURRENT_USER IN DATABASE hostile SET lock_timeout = '1ms';
ALTER ROLE CURRENT_USER IN DATABASE hostile SET idle_session_timeout = '100ms';
ALTER ROLE CURRENT_USER IN DATABASE hostile SET idle_in_transaction_session_timeout = '1ms';
ALTER DATABASE hostile SET client_encoding = 'LATIN1';
ALTER DATABASE hostile SET standard_conforming_strings = off;
ALTER DATABASE hostile SET search_path = evil, pg_catalog;
ALTER DATABASE hostile SET default_transaction_isolation = 'serializable';
ALTER DATABASE hostile SET default_transaction_deferrable = on`

// sessionSettings are what sessions of ours must have.
var sessionSettings = map[string]string{
	"statement_timeout": "0", "lock_timeout": "30s", "idle_session_timeout": "0", "idle_in_transaction_session_timeout": "1min",
	"client_encoding": "UTF8", "standard_conforming_strings": "on", "search_path": "pg_catalog",
	"default_transaction_isolation": "read committed", "default_transaction_deferrable": "off",
}

func TestSettingsOfRolesAndDatabasesDoNotReachUs(t *testing.T) {
	t.Parallel()
	server := testservers.Postgres(t)
	server.Exec(t, server.URL(), `CREATE DATABASE hostile`)
	databaseURL := testservers.Database(server.URL(), "hostile")
	conn := connect(t, databaseURL)
	_, err := conn.Exec(t.Context(), hostileSQL, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)

	store := open(t, databaseURL) // the migrations, too
	for name, pool := range map[string]*pool{"write": store.write, "read": store.read} {
		for setting, want := range sessionSettings {
			var got string
			require.NoError(t, pool.QueryRow(t.Context(), `SELECT pg_catalog.current_setting($1)`, setting).Scan(&got))
			require.Equal(t, want, got, "%s: %s", name, setting)
		}
	}
	var echo string
	require.NoError(t, store.write.QueryRow(t.Context(), `SELECT $1::text`, "Zoë 日本").Scan(&echo))
	require.Equal(t, "Zoë 日本", echo)
	c := newCrew(t, store, 9, "a")
	for range 3 {
		_, err := c.round(t.Context())
		require.NoError(t, err)
		require.NoError(t, c.games[0].Save(t.Context()))
		// Longer than idle sessions are left in peace by the role's settings.
		_, err = conn.Exec(t.Context(), `SET statement_timeout = 0; SELECT pg_sleep(0.2)`, pgx.QueryExecModeSimpleProtocol)
		require.NoError(t, err)
	}
	c.verify(t, store)
}

func TestMigrationsWaitForLocksAsLongAsTheirCaller(t *testing.T) {
	t.Parallel()
	config, err := configure(newDatabase(t), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	conn, err := pgx.ConnectConfig(t.Context(), config.ConnConfig)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) }()
	require.NoError(t, waitForLocks(t.Context(), conn))
	var got string
	require.NoError(t, conn.QueryRow(t.Context(), `SHOW lock_timeout`).Scan(&got))
	require.Equal(t, "0", got)
}

// TestASchemaMadeBySomebodyElse: the role may make tables in the schema and nothing else.
func TestASchemaMadeBySomebodyElse(t *testing.T) {
	t.Parallel()
	server := testservers.Postgres(t)
	server.Exec(t, server.URL(), `CREATE ROLE app LOGIN`)
	server.Exec(t, server.URL(), `REVOKE ALL ON DATABASE postgres FROM PUBLIC`)
	server.Exec(t, server.URL(), `GRANT CONNECT ON DATABASE postgres TO app`)
	databaseURL := as(t, server.URL(), "app")

	_, err := Open(t.Context(), Options{URL: databaseURL, Migrate: true})
	require.ErrorContains(t, err, "CREATE SCHEMA paceboard AUTHORIZATION")
	server.Exec(t, server.URL(), `CREATE SCHEMA paceboard AUTHORIZATION app`)
	store := open(t, databaseURL)
	c := newCrew(t, store, 10, "a")
	_, err = c.round(t.Context())
	require.NoError(t, err)
	require.NoError(t, c.games[0].Save(t.Context()))
	c.verify(t, store)
}

// as returns a URL with another user.
func as(tb testing.TB, databaseURL, user string) string {
	tb.Helper()
	u, err := url.Parse(databaseURL)
	require.NoError(tb, err)
	u.User = url.User(user)
	return u.String()
}

// with returns a URL with another parameter.
func with(tb testing.TB, databaseURL, name, value string) string {
	tb.Helper()
	u, err := url.Parse(databaseURL)
	require.NoError(tb, err)
	query := u.Query()
	query.Set(name, value)
	u.RawQuery = query.Encode()
	return u.String()
}
