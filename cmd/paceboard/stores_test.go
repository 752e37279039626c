package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/embedded"
	"github.com/paceboard/paceboard/persistence/postgres"
	"github.com/paceboard/paceboard/persistence/testservers"
)

// sharedPostgres is the PostgreSQL server of all tests that do it no harm; each
// has a database of its own on it. TestMain ends it.
var sharedPostgres testservers.SharedPostgres

// newDatabase is the URL of a database with the schema and nothing in it, as a copy of
// one: migrations take longer than most tests do.
func newDatabase(t *testing.T) string {
	t.Helper()
	return sharedPostgres.Copy(t, "migrated", func(url string) {
		_, err := postgres.Migrate(t.Context(), url)
		require.NoError(t, err)
	})
}

// emptyDatabase is the URL of a database without a schema.
func emptyDatabase(t *testing.T) string {
	t.Helper()
	return sharedPostgres.Get(t).NewDatabase(t, "")
}

// onEveryStore runs a test on each kind of store. The place where the store
// keeps its data, empty so far, is what startServer and openStoreAt take.
func onEveryStore(t *testing.T, test func(t *testing.T, where string)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) { test(t, t.TempDir()) })
	t.Run("postgres", func(t *testing.T) { test(t, newDatabase(t)) })
}

// isDatabase tells a PostgreSQL database's URL from a data folder.
func isDatabase(where string) bool { return strings.HasPrefix(where, "postgres://") }

// storeSettings are the variables by which the program finds a store.
func storeSettings(where string) []string {
	if isDatabase(where) {
		return []string{"DATABASE_URL=" + where}
	}
	return []string{"DATA_DIR=" + where}
}

// openStoreAt opens a store in this process, until the test ends.
func openStoreAt(t *testing.T, where string) competition.Store {
	t.Helper()
	var s competition.Store
	var err error
	if isDatabase(where) {
		s, err = postgres.Open(t.Context(), postgres.Options{URL: where, Migrate: true})
	} else {
		s, err = embedded.Open(t.Context(), embedded.Options{Dir: where, BallastBytes: -1})
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// readStoreAt opens a store in this process, beside servers if it is a database, until
// the test ends.
func readStoreAt(t *testing.T, where string) competition.Store {
	t.Helper()
	if !isDatabase(where) {
		return openStoreAt(t, where)
	}
	s, err := postgres.Open(t.Context(), postgres.Options{URL: where, ReadOnly: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}
