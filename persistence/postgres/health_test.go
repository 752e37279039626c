package postgres

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// idle has a store forget what was stored last, as if nothing had been for long.
func idle(s *Store) {
	s.outcomes.mu.Lock()
	defer s.outcomes.mu.Unlock()
	s.outcomes.stored, s.outcomes.probed = time.Time{}, time.Time{}
}

// TestReadinessIsWhetherAppendsGo: what stops appends and is in no setting.
func TestReadinessIsWhetherAppendsGo(t *testing.T) {
	t.Parallel()
	type harm struct{ do, undo, says string }
	for name, h := range map[string]harm{
		"the journal is locked": {"BEGIN; LOCK TABLE paceboard.journal IN ACCESS EXCLUSIVE MODE", "ROLLBACK", "locked a table"},
		"heads are locked":      {"BEGIN; LOCK TABLE paceboard.heads IN SHARE MODE", "ROLLBACK", "locked a table"},
		"a table is gone": {
			"ALTER TABLE paceboard.journal RENAME TO journal_elsewhere", "ALTER TABLE paceboard.journal_elsewhere RENAME TO journal", "run paceboard migrate",
		},
		"the role may not write": {
			"REVOKE INSERT ON paceboard.journal FROM CURRENT_USER", "GRANT INSERT ON paceboard.journal TO CURRENT_USER", "permission denied",
		},
		"the schema was taken back": {
			"UPDATE paceboard.migrations SET version_id = -version_id WHERE version_id = (SELECT max(version_id) FROM paceboard.migrations)",
			"UPDATE paceboard.migrations SET version_id = -version_id WHERE version_id < 0", "run paceboard migrate",
		},
	} {
		for _, busy := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", busy", false: ", idle"}[busy], func(t *testing.T) {
				t.Parallel()
				databaseURL := newDatabase(t)
				if name == "the role may not write" {
					databaseURL = ownedBySomebody(t, databaseURL)
				}
				store := open(t, databaseURL)
				c := newCrew(t, store, 14, "a")
				_, err := c.round(t.Context())
				require.NoError(t, err)
				require.NoError(t, look(t.Context(), store))

				dba := connect(t, databaseURL)
				exec := func(sql string) {
					_, err := dba.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
					require.NoError(t, err)
				}
				exec(h.do)
				if busy && name != "the schema was taken back" { // an append has no use for what is gone then
					ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
					_, err := c.round(ctx)
					cancel()
					require.ErrorIs(t, err, errRefused)
				} else {
					idle(store)
				}
				for range 2 {
					err = look(t.Context(), store)
					for again := 0; again < 5 && errors.Is(err, context.DeadlineExceeded); again++ { // a busy machine
						err = look(t.Context(), store)
					}
					require.ErrorIs(t, err, competition.ErrUnavailable)
					require.ErrorContains(t, err, h.says)
				}
				exec(h.undo)
				require.NoError(t, look(t.Context(), store))
				c.catchUp(t, c.games)
				_, err = c.round(t.Context())
				require.NoError(t, err)
				c.verify(t, store)
			})
		}
	}
}

// ownedBySomebody gives the database's schema to a role that is no superuser.
func ownedBySomebody(t *testing.T, databaseURL string) string {
	t.Helper()
	_, err := connect(t, databaseURL).Exec(t.Context(), `
DO $$ BEGIN CREATE ROLE somebody LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$;
GRANT USAGE ON SCHEMA paceboard TO somebody; GRANT ALL ON ALL TABLES IN SCHEMA paceboard TO somebody;
DO $$ DECLARE t text; BEGIN
	FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'paceboard' LOOP EXECUTE 'ALTER TABLE paceboard.' || t || ' OWNER TO somebody'; END LOOP;
END $$`, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	return as(t, databaseURL, "somebody")
}

// refusal is a refusal of the server's.
func refusal(code string) error {
	return &pgconn.PgError{SeverityUnlocalized: "ERROR", Severity: "ERROR", Code: code}
}

// TestOutcomes: a competition that somebody else writes, or
// keeps locked, does not make the whole store unfit.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err                 error
		probe, large, ready bool
	}{
		"all is well":               {nil, false, false, true},
		"no such table, once":       {refusal(undefinedTable), true, true, true},
		"a duplicate":               {refusal(uniqueViolation), false, false, true},
		"a deadlock":                {refusal("40P01"), false, false, true},
		"a row somebody has locked": {refusal(lockNotAvailable), false, false, true},
		"nobody waits any more":     {context.Canceled, false, false, true},
		"no answer":                 {context.DeadlineExceeded, true, true, true},
	} {
		var o outcomes
		o.note(nil)
		o.note(c.err)
		probe, large := o.need()
		require.Equal(t, c.probe, probe, name)
		require.Equal(t, c.large, large, name)
		require.Equal(t, c.ready, o.probe(nil) == nil, name)
	}

	var o outcomes
	probe, _ := o.need()
	require.True(t, probe, "nothing is known")
	require.NoError(t, o.probe(nil))
	probe, _ = o.need()
	require.False(t, probe, "it went well a moment ago")
	for range refusals {
		o.note(refusal(diskFull))
	}
	require.ErrorContains(t, o.probe(nil), "refuses", "a probe does not see what appends meet")
	o.note(nil)
	require.NoError(t, o.probe(nil))
	require.Error(t, o.probe(refusal(diskFull)))
	o.stored = time.Time{}
	probe, _ = o.need()
	require.True(t, probe, "the last probe failed")
}
