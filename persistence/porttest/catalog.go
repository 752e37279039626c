package porttest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

var catalogRules = []rule{
	{"a competition that was never created is unknown", func(t *testing.T, h *harness) {
		_, err := h.store.Find(t.Context(), "nobody")
		require.ErrorIs(t, err, competition.ErrUnknownCompetition)
		require.Empty(t, must(h.store.MembershipsOf(t.Context(), "nobody", "", 1000))(t))
		require.Empty(t, list(t, h.store, "", 10))
	}},

	{"a summary is as it was written last", func(t *testing.T, h *harness) {
		g := h.begin(t, "board")
		require.Equal(t, competition.Summary{Definition: Definition("board"), Status: competition.Active}, must(h.store.Find(t.Context(), "board"))(t))
		require.NoError(t, g.Join("anna", "Anna"))
		require.NoError(t, g.Join("bert", ""))
		commit(t, g)
		require.Equal(t, competition.Summary{Definition: Definition("board"), Status: competition.Active, Participants: 2}, must(h.store.Find(t.Context(), "board"))(t))
	}},

	{"a journal's first record says when a competition was created", func(t *testing.T, h *harness) {
		require.Empty(t, must(h.store.Created(t.Context(), nil))(t))
		h.begin(t, "board")
		h.begin(t, "other")
		created := must(h.store.Created(t.Context(), []string{"other", "nobody", "board", "boar"}))(t)
		want := []calendar.Millis{0, 0, 0, 0}
		for i, id := range []string{"other", "", "board", ""} {
			if id == "" {
				continue
			}
			require.NoError(t, h.store.Read(t.Context(), id, 0, func(records []byte) error {
				if want[i] == 0 {
					chain := competition.NewChain(id)
					e, _, err := chain.Next(records)
					want[i] = e.At
					return err
				}
				return nil
			}))
		}
		require.NotZero(t, want[0])
		require.Equal(t, want, created)
	}},

	{"a list is in the byte order of ids, from after any of them, until the visitor has enough", func(t *testing.T, h *harness) {
		ids := []string{"-", "10", "9", "Z", "_", "a", "a-", "a-b", "aa", "b"}
		for i := range ids { // stored in another order
			h.begin(t, ids[(i*7)%len(ids)])
		}
		require.Equal(t, ids, list(t, h.store, "", 100))
		for i, id := range ids {
			require.Equal(t, append([]string{}, ids[i+1:]...), list(t, h.store, id, 100), "after %s", id)
		}
		require.Equal(t, ids[:3], list(t, h.store, "", 3))
		require.Equal(t, ids[6:], list(t, h.store, "a+", 100), "after an id that is not there")
	}},

	{"memberships come a page at a time, and summaries for the ids that are asked for", func(t *testing.T, h *harness) {
		ids := []string{"-", "10", "9", "Z", "_", "a", "a-", "a-b", "aa", "b"}
		for _, id := range ids {
			g := h.begin(t, id)
			require.NoError(t, g.Join("anna", "Anna"))
			require.NoError(t, g.Join("ann", "Ann"))
			commit(t, g)
		}
		for limit := 1; limit <= len(ids)+1; limit++ {
			var walked []string
			for after := ""; ; after = walked[len(walked)-1] {
				page := must(h.store.MembershipsOf(t.Context(), "ann", after, limit))(t)
				require.LessOrEqual(t, len(page), limit)
				for _, m := range page {
					require.Equal(t, "ann", m.UserID)
					walked = append(walked, m.CompetitionID)
				}
				if len(page) < limit {
					break
				}
			}
			require.Equal(t, ids, walked, "%d at a time", limit)
		}
		require.Equal(t, "a-", must(h.store.MembershipsOf(t.Context(), "ann", "a+", 2))(t)[0].CompetitionID, "after an id that is not there")

		found := must(h.store.Summaries(t.Context(), []string{"b", "nobody", "9", "b"}))(t)
		for i, id := range []string{"b", "", "9", "b"} {
			require.Equal(t, id, found[i].Definition.ID)
		}
		require.Equal(t, 2, found[0].Participants)
		require.Empty(t, must(h.store.Summaries(t.Context(), nil))(t))
	}},

	{"memberships are in the order of ids, each as it was written last", func(t *testing.T, h *harness) {
		b, a, c := h.begin(t, "b"), h.begin(t, "a"), h.begin(t, "c")
		require.NoError(t, b.Join("anna", "Anna"))
		require.NoError(t, a.Join("ann", "Ann"))
		require.NoError(t, a.Join("anna", "Anna"))
		for _, g := range []*Game{b, a} {
			commit(t, g)
		}
		require.NoError(t, b.Leave("anna"))
		commit(t, b)
		require.NoError(t, c.Join("creator", "Creator"))
		commit(t, c)
		h.reopen(t)

		of := func(user string) []competition.Membership {
			return must(h.store.MembershipsOf(t.Context(), user, "", 1000))(t)
		}
		require.Equal(t, []competition.Membership{
			{UserID: "anna", CompetitionID: "a", Number: 2, Present: true},
			{UserID: "anna", CompetitionID: "b", Number: 1},
		}, of("anna"))
		require.Equal(t, []competition.Membership{{UserID: "ann", CompetitionID: "a", Number: 1, Present: true}}, of("ann"))
		require.Equal(t, []competition.Membership{
			{UserID: "creator", CompetitionID: "a", Creator: true},
			{UserID: "creator", CompetitionID: "b", Creator: true},
			{UserID: "creator", CompetitionID: "c", Number: 1, Present: true, Creator: true},
		}, of("creator"))
	}},
}

// list is the ids after one, limit at most.
func list(t *testing.T, store competition.Store, after string, limit int) []string {
	t.Helper()
	return listedIDs(gather(t, limit, func(visit func(competition.Summary) bool) error { return store.List(t.Context(), after, visit) }))
}
