package postgres

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/persistence/testservers"
)

func TestPoolersInTransactionModeAreRefused(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	for name, c := range map[string]struct {
		mode     string
		settings []string
	}{
		"the session that came back last":     {"transaction", nil},
		"the session that has waited longest": {"transaction", []string{"server_round_robin = 1", "min_pool_size = 3"}},
		"one session for all":                 {"transaction", []string{"default_pool_size = 1"}},
		"a session for each statement":        {"statement", nil},
		"sessions that were there before":     {"transaction", []string{"min_pool_size = 5"}},
		"settings are kept, sessions are not": {"transaction", []string{"ignore_startup_parameters = extra_float_digits"}},
	} {
		throughURL := testservers.PgBouncer(t, databaseURL, c.mode, c.settings...)
		for what, do := range map[string]func() error{
			"open":    func() error { _, err := Open(t.Context(), Options{URL: throughURL}); return err },
			"serve":   func() error { _, err := Open(t.Context(), Options{URL: throughURL, Migrate: true}); return err },
			"migrate": func() error { _, err := Migrate(t.Context(), throughURL); return err },
			"status":  func() error { _, err := Status(t.Context(), throughURL); return err },
		} {
			err := do()
			require.ErrorIs(t, err, ErrSettings, "%s: %s", name, what)
			require.ErrorContains(t, err, "pool_mode = session", "%s: %s", name, what)
		}
	}
	// No lock was left on a session of somebody else's.
	_, err := Migrate(t.Context(), databaseURL)
	require.NoError(t, err)
}

func TestPoolersInSessionModeWork(t *testing.T) {
	t.Parallel()
	store := open(t, testservers.PgBouncer(t, newDatabase(t), "session"))
	c := newCrew(t, store, 16, "a", "b")
	for range 5 {
		_, err := c.round(t.Context())
		require.NoError(t, err)
		require.NoError(t, c.games[0].Save(t.Context()))
	}
	require.NoError(t, store.Check(t.Context()))
	c.catchUp(t, c.games)
	c.verify(t, store)
}
