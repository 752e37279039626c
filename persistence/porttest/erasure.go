package porttest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/ledger"
)

func usersIn(t *testing.T, h *harness, id string) (users []string) {
	t.Helper()
	require.NoError(t, h.store.ReadIdentities(t.Context(), id, func(i competition.Identity) error {
		users = append(users, i.UserID)
		return nil
	}))
	return users
}

// erasureRules hold Batch.Erasures and competition.ErasureStore.
var erasureRules = []rule{
	{"an erasure leaves the pseudonym alone, in this competition alone", func(t *testing.T, h *harness) {
		g, other := h.begin(t, "board"), h.begin(t, "other")
		for _, each := range []*Game{g, other} {
			require.NoError(t, each.Sync("anna", 0, 1000))
			require.NoError(t, each.Sync("bert", 0, 900))
			commit(t, each)
		}
		e := gone(1, "anna")
		require.NoError(t, g.Erase(e))
		commit(t, g)
		for range 2 {
			require.Equal(t, []string{"creator", e.Pseudonym, "bert"}, usersIn(t, h, "board"))
			require.Equal(t, []string{"creator", "anna", "bert"}, usersIn(t, h, "other"))
			require.Equal(t, []competition.Membership{{UserID: "anna", CompetitionID: "other", Number: 1, Present: true}}, must(h.store.MembershipsOf(t.Context(), "anna", "", 1000))(t))
			require.Empty(t, must(h.store.MembershipsOf(t.Context(), e.Pseudonym, "", 1000))(t))
			audited(t, h, "board")
			audited(t, h, "other")
			h.reopen(t)
		}
	}},

	{"the creator, and who comes back in the same batch", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		require.NoError(t, g.Sync("creator", 0, 1000))
		commit(t, g)
		e := gone(1, "creator")
		require.NoError(t, g.Erase(e))
		require.NoError(t, g.Sync("creator", 0, 10))
		commit(t, g)
		require.Equal(t, []string{e.Pseudonym, e.Pseudonym, "creator"}, usersIn(t, h, "board"))
		require.Equal(t, []competition.Membership{{UserID: "creator", CompetitionID: "board", Number: 2, Present: true}}, must(h.store.MembershipsOf(t.Context(), "creator", "", 1000))(t))
		audited(t, h, "board")
	}},

	{"money stays, under the pseudonym", func(t *testing.T, h *harness) {
		g := h.settled(t, "board", true)
		h.settled(t, "board-2", false)
		require.ErrorIs(t, g.Erase(gone(9, "anna")), competition.ErrPrizePending)
		require.NoError(t, h.store.SaveHandover(t.Context(), &ledger.Handover{Prize: ledger.PrizeID{CompetitionID: "board", Number: 1}, Attempts: 1, Error: "anna?"}, 0))
		require.NoError(t, g.ConfirmPrize(1))
		require.NoError(t, g.FailPrize(2, "no account"))
		require.NoError(t, g.ConfirmPrize(3))
		commit(t, g)
		before := transactionsOf(t, h.store, "anna", ledger.Place{}, 100)
		for i, user := range []string{"anna", "bert", "carl", "dora"} {
			e := gone(byte(i), user)
			require.NoError(t, g.Erase(e))
			commit(t, g)
			for _, transaction := range transactionsOf(t, h.store, user, ledger.Place{}, 100) {
				require.Equal(t, "board-2", transaction.ID.CompetitionID)
			}
			for _, prize := range prizesOf(t, h.store, user, ledger.Place{}, 100) {
				require.Equal(t, "board-2", prize.CompetitionID)
			}
		}
		for range 2 {
			var kept []ledger.UserTransaction
			for _, transaction := range before {
				if transaction.ID.CompetitionID == "board" {
					kept = append(kept, transaction)
				}
			}
			require.Equal(t, kept, transactionsOf(t, h.store, gone(0, "").Pseudonym, ledger.Place{}, 100))
			require.Len(t, prizesOf(t, h.store, gone(0, "").Pseudonym, ledger.Place{}, 100), 1)
			for _, transaction := range ledgerOf(t, h.store, "board").Transactions {
				for _, p := range transaction.Postings {
					require.True(t, !p.Account.OfUser() || competition.IsPseudonym(p.Account.Owner), "%v", p.Account)
				}
			}
			audited(t, h, "board")
			audited(t, h, "board-2")
			h.reopen(t)
		}
	}},

	{"a batch that does not come next erases nothing", func(t *testing.T, h *harness) {
		g := h.settled(t, "board", false)
		late := h.twin(t, g)
		require.NoError(t, late.Erase(gone(1, "anna")))
		require.NoError(t, g.Erase(gone(2, "bert")))
		commit(t, g)
		require.ErrorIs(t, late.Commit(t.Context()), competition.ErrConflict)
		require.Len(t, must(h.store.MembershipsOf(t.Context(), "anna", "", 1000))(t), 1)
		require.NotEmpty(t, transactionsOf(t, h.store, "anna", ledger.Place{}, 10))
		audited(t, h, "board")
	}},

	{"no projection, of whatever age, gives a pseudonym days", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		require.NoError(t, g.Sync("anna", 0, 1000))
		require.NoError(t, g.Sync("bert", 0, 900))
		commit(t, g)
		s := h.snapshot(t, g)
		e := gone(1, "anna")
		require.NoError(t, g.Erase(e))
		commit(t, g)
		require.NoError(t, h.store.Project(t.Context(), projectionOf(t, s)))
		require.NoError(t, h.store.ForgetLifetime(t.Context(), "anna"))
		require.Empty(t, lifetime(t, h, e.Pseudonym).Days)
		require.Empty(t, lifetime(t, h, "anna").Days)
		require.Equal(t, []int64{900}, stepsOf(lifetime(t, h, "bert")))
	}},

	{"a snapshot from before an erasure is stale for the person alone, until a newer one", func(t *testing.T, h *harness) {
		stale := func(user string, want ...string) {
			t.Helper()
			require.Equal(t, want, must(h.store.StaleSnapshots(t.Context(), user))(t), user)
		}
		var games []*Game
		for _, id := range []string{"c", "a", "b", "unsaved"} {
			g := h.begin(t, id)
			require.NoError(t, g.Sync("anna", 0, 1000))
			require.NoError(t, g.Sync("bert", 0, 900))
			commit(t, g)
			if id != "unsaved" {
				require.NoError(t, g.Save(t.Context()))
			}
			games = append(games, g)
		}
		stale("anna")
		before := games[0].Snapshot()
		for i, g := range games {
			require.NoError(t, g.Erase(gone(1, "anna")))
			if i == 0 {
				require.NoError(t, g.Erase(gone(2, "bert")))
			}
			commit(t, g)
		}
		refused := h.twin(t, games[1])
		require.NoError(t, refused.Sync("carl", 0, 5))
		commit(t, refused)
		require.NoError(t, games[1].Erase(gone(3, "bert")))
		require.ErrorIs(t, games[1].Commit(t.Context()), competition.ErrConflict)
		games[1] = h.twin(t, refused)
		for range 2 {
			stale("anna", "a", "b", "c") // of "unsaved" there are no rows
			stale("bert", "c")
			stale("creator")
			stale(gone(1, "").Pseudonym)
			h.reopen(t)
		}
		for _, g := range games {
			g.Store = h.store
			require.NoError(t, g.Claim(t.Context()))
		}
		before.Epoch = games[0].Epoch
		require.ErrorIs(t, h.store.Save(t.Context(), &before), competition.ErrConflict)
		stale("anna", "a", "b", "c")
		require.NoError(t, games[0].Save(t.Context()))
		stale("anna", "a", "b")
		stale("bert")
		_, rows := load(t, h.store, "c")
		require.Empty(t, rows[0].Days)

		// Whoever is erased again is so after the newer snapshot.
		require.NoError(t, games[0].Sync("anna", 0, 7))
		commit(t, games[0])
		require.NoError(t, games[0].Erase(gone(4, "anna")))
		commit(t, games[0])
		later := games[0].Snapshot()
		require.NoError(t, games[0].Sync("bert", 0, 9))
		require.NoError(t, games[0].Erase(gone(5, "bert")))
		commit(t, games[0])
		stale("anna", "a", "b", "c")
		stale("bert", "c")
		require.NoError(t, h.store.Save(t.Context(), &later))
		stale("anna", "a", "b")
		stale("bert", "c")
		for _, g := range games {
			require.NoError(t, g.Save(t.Context()))
		}
		stale("anna")
		stale("bert")
	}},

	{"the API keys that the user made name the pseudonym, and no others", func(t *testing.T, h *harness) {
		ctx := t.Context()
		role := competition.Subject{Kind: competition.RoleSubject, ID: competition.ServiceRole}
		for id, by := range map[string]competition.Subject{"k": user(role.ID), "l": user("ada"), "m": role} {
			require.NoError(t, h.store.PutAPIKey(ctx, competition.APIKey{ID: id, CreatedBy: by, CreatedAt: 1}))
		}
		e := gone(1, role.ID)
		for range 2 {
			pseudonymise(t, h, e)
		}
		keys := must(h.store.APIKeys(ctx))(t)
		require.Equal(t, []competition.Subject{user(e.Pseudonym), user("ada"), role}, []competition.Subject{keys[0].CreatedBy, keys[1].CreatedBy, keys[2].CreatedBy})
	}},

	{"a scrub changes nothing that anybody can ask for, and may be repeated", func(t *testing.T, h *harness) {
		g := h.settled(t, "board", false)
		require.NoError(t, h.store.Scrub(t.Context()))
		require.NoError(t, g.Save(t.Context()))
		require.NoError(t, g.Erase(gone(1, "anna")))
		commit(t, g)
		require.NoError(t, h.store.ForgetLifetime(t.Context(), "anna"))
		want := audited(t, h, "board")
		for range 2 {
			require.NoError(t, h.store.Scrub(t.Context()))
			require.Equal(t, want, audited(t, h, "board"))
		}
		h.reopen(t)
		require.Equal(t, want, audited(t, h, "board"))
	}},
}
