package postgres

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/porttest"
	"github.com/paceboard/paceboard/persistence/testservers"
)

func begin(t *testing.T, store *Store, id string) *porttest.Game {
	t.Helper()
	g, err := porttest.Begin(t.Context(), store, id)
	require.NoError(t, err)
	return g
}

// connect is a connection behind the store's back.
func connect(t *testing.T, databaseURL string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), databaseURL)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) })
	return conn
}

func TestAppend(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	store := open(t, databaseURL)

	t.Run("a batch that the server cannot take fails alone", func(t *testing.T) {
		bad, good := begin(t, store, "bad"), begin(t, store, "good")
		require.NoError(t, bad.Join("anna", "Anna"))
		require.NoError(t, good.Join("anna", "Anna"))
		batches := []*competition.Batch{bad.Take(), good.Take()}
		batches[0].Identities[0].UserName = "not UTF-8: \xff" // which the core would not let in
		errs := store.Append(t.Context(), batches)
		require.Len(t, errs, 2)
		require.ErrorIs(t, errs[0], competition.ErrUnavailable)
		require.NoError(t, errs[1])
		require.NoError(t, good.Confirm(batches[1]))
		bad.C.Rollback()
		for _, g := range []*porttest.Game{bad, good} {
			porttest.RequireRecovers(t, store, g)
		}
	})

	t.Run("of rows that a batch names twice the last word counts", func(t *testing.T) {
		g := begin(t, store, "twice")
		require.NoError(t, g.Join("anna", "First"))
		require.NoError(t, g.Join("anna", "Second"))
		require.NoError(t, g.Leave("anna"))
		require.NoError(t, g.Commit(t.Context()))
		identities := porttest.Identities(t, store, "twice")
		require.Equal(t, "Second", identities[1].UserName)
		memberships, err := store.MembershipsOf(t.Context(), "anna", "", 1000)
		require.NoError(t, err)
		require.Contains(t, memberships, competition.Membership{UserID: "anna", CompetitionID: "twice", Number: 1})
		porttest.RequireRecovers(t, store, g)
	})

	t.Run("F2: the journal refuses a seq that it has, whatever the head says", func(t *testing.T) {
		g, other := begin(t, store, "doubted"), begin(t, store, "sound")
		zombie, err := g.Twin(t.Context())
		require.NoError(t, err)
		require.NoError(t, g.Sync("anna", 0, 100))
		require.NoError(t, g.Commit(t.Context()))
		shared.Get(t).Exec(t, databaseURL, `
SET paceboard.node = 'test';
UPDATE paceboard.heads SET first_seq = 1, last_seq = 2, last_hash = (
    SELECT sha256(substr(record, 9)) FROM paceboard.journal WHERE competition_id = 'doubted' AND seq = 2)
WHERE competition_id = 'doubted'`)
		require.NoError(t, zombie.Sync("zed", 0, 100))
		require.NoError(t, other.Sync("anna", 0, 100))
		batches := []*competition.Batch{zombie.Take(), other.Take()}
		errs := store.Append(t.Context(), batches)
		require.Len(t, errs, 2)
		require.ErrorIs(t, errs[0], competition.ErrConflict)
		require.NoError(t, errs[1])
	})

	t.Run("a batch whose parts disagree is refused before anything is sent", func(t *testing.T) {
		g, other := begin(t, store, "torn"), begin(t, store, "whole")
		require.NoError(t, g.Sync("anna", 0, 100))
		require.NoError(t, other.Sync("anna", 0, 100))
		torn, whole := g.Take(), other.Take()
		torn.Records = torn.Records[:len(torn.Records)-1]
		errs := store.Append(t.Context(), []*competition.Batch{torn, whole})
		require.Len(t, errs, 2)
		require.ErrorIs(t, errs[0], errShape)
		require.NoError(t, errs[1])
	})
}

func TestWhatIsReadAfterAnAppendOfUnknownOutcomeStaysTrue(t *testing.T) { // F3
	t.Parallel()
	databaseURL := newDatabase(t)
	proxy, throughURL := testservers.NewProxy(t, databaseURL)
	store := open(t, throughURL)
	g := begin(t, store, "board")

	// Somebody holds the table that the append needs, so that it hangs in the server.
	holder := connect(t, databaseURL)
	tx, err := holder.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `LOCK TABLE paceboard.journal IN SHARE MODE`)
	require.NoError(t, err)
	require.NoError(t, g.Join("anna", "Anna"))
	proxy.CutNext(testservers.CutAtOnce)
	require.ErrorIs(t, g.Commit(t.Context()), competition.ErrUnavailable)
	hanging := func() (n int) {
		const waiting = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
		require.NoError(t, holder.QueryRow(t.Context(), waiting).Scan(&n))
		return n
	}
	eventually(t, "the append that hangs", func() error {
		if hanging() == 0 {
			return errors.New("it is not there yet")
		}
		return nil
	})

	require.NoError(t, g.C.CatchUp(t.Context(), store))
	seq := g.C.Seq()
	require.Zero(t, hanging(), "the append can still happen")
	require.NoError(t, tx.Commit(t.Context()))
	require.NoError(t, g.Join("bert", "Bert"))
	require.NoError(t, g.Commit(t.Context()))
	require.Greater(t, g.C.Seq(), seq)
	porttest.RequireRecovers(t, store, g)
}
