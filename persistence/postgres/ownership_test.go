package postgres

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/porttest"
)

// TestWhatTheOwnersWhereIsFor: without it, the test that every store passes finds
// appends of nodes that are owners no longer.
func TestWhatTheOwnersWhereIsFor(t *testing.T) {
	t.Parallel()
	without := func(sql, condition string) string {
		require.Equal(t, 1, strings.Count(sql, condition))
		return strings.Replace(sql, condition, "", 1)
	}
	unfenced := &appendStatements{
		events: without(appendEventsSQL, "AND h.owner = $11::text AND h.epoch = b.epoch"),
		all:    without(appendSQL, "h.owner = excluded.owner AND h.epoch = excluded.epoch AND"),
	}
	databaseURL := newDatabase(t)
	node := func() porttest.NodeStore {
		s := open(t, databaseURL)
		s.appends = unfenced
		return s
	}
	nodes := []porttest.NodeStore{node(), node(), node()}
	for seed := range uint64(100) {
		if err := porttest.PlayOwners(t.Context(), seed, nodes); err != nil {
			t.Log(err)
			return
		}
		for i := range nodes {
			if nodes[i] == nil {
				nodes[i] = node()
			}
		}
	}
	t.Fatal("nobody found out that whoever wants may append")
}

// lockRow has a foreign session lock a competition's row until the test ends or free is
// called.
func lockRow(t *testing.T, databaseURL, id string) (free func()) {
	t.Helper()
	tx, err := connect(t, databaseURL).Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `SELECT FROM paceboard.heads WHERE competition_id = $1 FOR UPDATE`, id)
	require.NoError(t, err)
	return func() { require.NoError(t, tx.Rollback(context.WithoutCancel(t.Context()))) }
}

func TestALockedRowHoldsUpItsOwnCompetitionAlone(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	store := open(t, databaseURL)
	locked, other := begin(t, store, "locked"), begin(t, store, "other")
	for _, g := range []*porttest.Game{locked, other} {
		require.NoError(t, g.Join("anna", "Anna"))
		require.NoError(t, g.Commit(t.Context()))
	}
	free := lockRow(t, databaseURL, "locked")
	for name, decide := range map[string]func(g *porttest.Game) error{
		"events": func(g *porttest.Game) error { return g.Sync("anna", 0, 100+int64(g.C.Seq())) },
		"people": func(g *porttest.Game) error { return g.Join(name(g), "Somebody") },
		"erasures": func(g *porttest.Game) error {
			return g.Erase(competition.Erasure{UserID: "anna", Pseudonym: competition.NewPseudonym([16]byte{1})})
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, decide(locked))
			require.NoError(t, decide(other))
			batches := []*competition.Batch{locked.Take(), other.Take()}
			errs := store.Append(t.Context(), batches) // The lock is not given up before this returns.
			require.Len(t, errs, 2)
			require.ErrorIs(t, errs[0], competition.ErrUnavailable)
			require.ErrorIs(t, errs[0], competition.ErrRowLocked)
			require.NoError(t, errs[1])
			locked.C.Rollback()
			require.NoError(t, other.Confirm(batches[1]))
		})
	}
	free()
	require.NoError(t, locked.C.CatchUp(t.Context(), store))
	require.NoError(t, locked.Sync("anna", 0, 1000))
	require.NoError(t, locked.Commit(t.Context()), "and then it goes on")
	porttest.RequireRecovers(t, store, locked)
	porttest.RequireRecovers(t, store, other)
}

func name(g *porttest.Game) string { return "new-" + g.C.ID() }

func TestProgramsThatKnowNoOwnersCannotAppend(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	store := open(t, databaseURL)
	begin(t, store, "board")
	conn := connect(t, databaseURL)
	for _, before := range []string{"", "SET paceboard.node = 'somebody'; RESET ALL"} {
		_, err := conn.Exec(t.Context(), before)
		require.NoError(t, err)
		for _, sql := range []string{
			`UPDATE paceboard.heads SET last_seq = last_seq WHERE competition_id = 'board'`,
			`INSERT INTO paceboard.heads (competition_id, first_seq, last_seq, last_hash) VALUES ('b', 1, 1, '')`,
			`INSERT INTO paceboard.heads AS h (competition_id, first_seq, last_seq, last_hash) VALUES ('board', 3, 3, '')
ON CONFLICT (competition_id) DO UPDATE SET last_seq = excluded.last_seq WHERE h.last_seq = excluded.first_seq - 1`,
		} {
			_, err := conn.Exec(t.Context(), sql)
			require.ErrorContains(t, err, "stop this program")
		}
	}
}

func TestABurialEndsWhatIsFrozen(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	frozen, other := open(t, databaseURL), open(t, databaseURL)
	g := begin(t, frozen, "board")

	// A process that is stopped keeps its transaction, and the row that it has locked.
	conn, err := frozen.write.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `SELECT FROM paceboard.heads WHERE competition_id = 'board' FOR UPDATE`)
	require.NoError(t, err)

	buried, err := other.Bury(t.Context(), frozen.Node(), 0)
	require.NoError(t, err)
	require.True(t, buried)
	next, err := porttest.Resume(t.Context(), other, "board") // It would wait for the lock for 30 s.
	require.NoError(t, err)
	require.Greater(t, next.Epoch, g.Epoch)
	require.Error(t, tx.Commit(t.Context()))
	require.NoError(t, next.Sync("anna", 0, 100))
	require.NoError(t, next.Commit(t.Context()))

	// It finds out by itself, without being told by a cluster.
	eventually(t, "the buried node's refusal", func() error {
		if frozen.refusal() == nil {
			return pgx.ErrNoRows
		}
		return nil
	})
	require.NoError(t, g.Sync("anna", 0, 200))
	require.ErrorIs(t, g.Commit(t.Context()), competition.ErrUnavailable)
	require.ErrorIs(t, frozen.Check(t.Context()), competition.ErrUnavailable)
}

func TestAClaimDoesNotWaitForLong(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	frozen, other := open(t, databaseURL), open(t, databaseURL)
	for _, id := range []string{"a", "b", "frozen"} {
		begin(t, frozen, id)
	}
	conn, err := frozen.write.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `SELECT FROM paceboard.heads WHERE competition_id = 'frozen' FOR UPDATE`)
	require.NoError(t, err)
	lockRow(t, databaseURL, "a")
	// Whoever buried it has not got round to its sessions.
	shared.Get(t).Exec(t, databaseURL, `UPDATE paceboard.nodes SET state = 'dead' WHERE node_id = $1`, frozen.Node())

	_, err = other.Claim(t.Context(), "frozen")
	require.ErrorIs(t, err, competition.ErrUnavailable)
	_, err = other.Claim(t.Context(), "frozen")
	require.NoError(t, err, "the sessions of the dead were ended")
	_, err = other.Claim(t.Context(), "a")
	require.ErrorIs(t, err, competition.ErrUnavailable, "somebody has it locked, and nobody knows who")
	_, err = other.Claim(t.Context(), "b")
	require.NoError(t, err)
}

func TestOperatorsSeeOwners(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	store := open(t, databaseURL)
	begin(t, store, "board")
	var owner, state string
	var epoch int64
	require.NoError(t, connect(t, databaseURL).QueryRow(t.Context(),
		`SELECT owner, epoch, state FROM paceboard.ownership WHERE competition_id = 'board' AND seen_at > now() - $1::interval`, time.Hour).
		Scan(&owner, &epoch, &state))
	require.Equal(t, []any{store.Node(), int64(1), "live"}, []any{owner, epoch, state})
}
