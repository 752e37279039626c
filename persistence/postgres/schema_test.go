package postgres

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// objects is how many tables, views and indexes the schema has besides the
// table of migrations.
func objects(t *testing.T, databaseURL string) (n int) {
	t.Helper()
	require.NoError(t, connect(t, databaseURL).QueryRow(t.Context(), `
SELECT count(*) FROM pg_class WHERE relnamespace = 'paceboard'::regnamespace AND relkind IN ('r', 'v') AND relname <> 'migrations'`).Scan(&n))
	return n
}

func TestMigrations(t *testing.T) {
	t.Parallel()
	databaseURL := shared.Get(t).NewDatabase(t, "")

	_, err := Open(t.Context(), Options{URL: databaseURL})
	require.ErrorIs(t, err, ErrSchema)
	require.ErrorContains(t, err, "run paceboard migrate")

	status, err := Status(t.Context(), databaseURL)
	require.NoError(t, err)
	require.NotEmpty(t, status)
	for _, m := range status {
		require.Zero(t, m.AppliedAt, "%s is not applied yet", m.Name)
	}
	require.Zero(t, objects(t, databaseURL))

	var running sync.WaitGroup
	applied := make([][]Migration, 4)
	errs := make([]error, len(applied))
	for i := range applied { // as processes that start at once
		running.Go(func() { applied[i], errs[i] = Migrate(t.Context(), databaseURL) })
	}
	running.Wait()
	steps := 0
	for i := range applied {
		require.NoError(t, errs[i])
		steps += len(applied[i])
	}
	require.Len(t, status, steps, "each step is taken once")
	require.Equal(t, 28+13, objects(t, databaseURL), "28 tables and 13 views")

	status, err = Status(t.Context(), databaseURL)
	require.NoError(t, err)
	for _, m := range status {
		require.NotZero(t, m.AppliedAt)
	}
	require.Equal(t, newest(), status[len(status)-1].Version)
	require.NoError(t, reopen(t, databaseURL).Close())

	shared.Get(t).Exec(t, databaseURL, `INSERT INTO paceboard.migrations (version_id, is_applied) VALUES (99, true)`)
	_, err = Open(t.Context(), Options{URL: databaseURL})
	require.ErrorIs(t, err, ErrNewer)
	require.ErrorContains(t, err, "run the newer program")
	shared.Get(t).Exec(t, databaseURL, `DELETE FROM paceboard.migrations WHERE version_id = 99`)

	err = Down(t.Context(), databaseURL, status[0])
	require.ErrorIs(t, err, ErrSchema, "only the newest step can be taken back")
	for _, m := range slices.Backward(status) {
		require.Regexp(t, `^[a-z].*\.$`, m.Loses, "%s says what taking it back loses", m.Name)
		require.NoError(t, Down(t.Context(), databaseURL, m))
	}
	require.Zero(t, objects(t, databaseURL))
	err = Down(t.Context(), databaseURL, status[0])
	require.ErrorIs(t, err, ErrSchema, "there is nothing left to take back")

	s, err := Open(t.Context(), Options{URL: databaseURL, Migrate: true})
	require.NoError(t, err)
	require.NoError(t, s.Close())
}

// TestTheScopesOfKeysAreExplained: the comment of the column says what each bit is.
func TestTheScopesOfKeysAreExplained(t *testing.T) {
	t.Parallel()
	var comment string
	require.NoError(t, connect(t, newDatabase(t)).QueryRow(t.Context(), `
SELECT col_description('paceboard.api_keys'::regclass, attnum) FROM pg_attribute
WHERE attrelid = 'paceboard.api_keys'::regclass AND attname = 'scopes'`).Scan(&comment))
	var bits []string
	for name := range strings.SplitSeq(competition.AllScopeNames(), ", ") {
		scope, ok := competition.ParseScope(name)
		require.True(t, ok)
		bits = append(bits, fmt.Sprintf("%d %s", scope, name))
	}
	require.Equal(t, "added up: "+strings.Join(bits, ", "), comment)
}

func TestOpenRefusesADatabaseThatForgets(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ setting, advice string }{
		"commits that do not wait for the disk": {"synchronous_commit = off", "SET synchronous_commit = on"},
		"commits that a standby has not got":    {"synchronous_commit = local", "SET synchronous_commit = on"},
		"no writes":                             {"default_transaction_read_only = on", "set default_transaction_read_only = off"},
	} {
		t.Run(name, func(t *testing.T) {
			databaseURL := newDatabase(t)
			conn := connect(t, databaseURL)
			_, err := conn.Exec(t.Context(), `ALTER ROLE postgres IN DATABASE `+conn.Config().Database+` SET `+c.setting)
			require.NoError(t, err)
			_, err = Open(t.Context(), Options{URL: databaseURL})
			require.ErrorIs(t, err, ErrSettings)
			require.ErrorIs(t, err, competition.ErrUnavailable)
			require.ErrorContains(t, err, c.advice)
		})
	}

	t.Run("a server that is not there", func(t *testing.T) {
		_, err := Open(t.Context(), Options{URL: "postgres://somebody:secret@127.0.0.1:1/nowhere"})
		require.ErrorIs(t, err, competition.ErrUnavailable)
		require.NotContains(t, err.Error(), "secret")
	})
	t.Run("a URL that is none", func(t *testing.T) {
		_, err := Open(t.Context(), Options{URL: "postgres://somebody:secret@127.0.0.1:port/nowhere"})
		require.Error(t, err)
		require.NotContains(t, err.Error(), "secret")
	})
}

func TestRefusals(t *testing.T) {
	good := durability{readOnly: "off", synchronousCommit: "on", fsync: "on"}
	require.NoError(t, good.refusal())
	with := func(change func(*durability)) durability { d := good; change(&d); return d }
	require.NoError(t, with(func(d *durability) { d.synchronousCommit = "remote_apply" }).refusal(), "stronger is fine")
	for name, d := range map[string]durability{
		"a standby":             with(func(d *durability) { d.standby = true }),
		"read-only":             with(func(d *durability) { d.readOnly = "on" }),
		"no fsync":              with(func(d *durability) { d.fsync = "off" }),
		"asynchronous commits":  with(func(d *durability) { d.synchronousCommit = "off" }),
		"a standby is not told": with(func(d *durability) { d.synchronousCommit = "remote_write" }),
	} {
		require.ErrorIs(t, d.refusal(), ErrSettings, name)
	}

	require.NoError(t, serverFacts{version: 150_000, encoding: "UTF8"}.refusal())
	require.NoError(t, serverFacts{version: 180_001, encoding: "utf8"}.refusal())
	require.ErrorIs(t, serverFacts{version: 149_999, encoding: "UTF8"}.refusal(), ErrSettings)
	require.ErrorIs(t, serverFacts{version: 150_000, encoding: "SQL_ASCII"}.refusal(), ErrSettings)
}
