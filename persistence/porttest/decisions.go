package porttest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// again is a game that goes on from what the store has, which is reopened: from
// a snapshot or from the journal alone.
func (h *harness) again(t *testing.T, g *Game, snapshot bool) *Game {
	t.Helper()
	if snapshot {
		require.NoError(t, g.Save(t.Context()))
	}
	h.reopen(t)
	resumed := h.resume(t, g.C.ID())
	require.Equal(t, g.C.Page(nil, 0, 100), resumed.C.Page(nil, 0, 100))
	require.Equal(t, g.C.Summary(), resumed.C.Summary())
	resumed.Now = g.Now
	audited(t, h, g.C.ID())
	return resumed
}

// Remove decides that the creator removes a user.
func (g *Game) Remove(user string) error {
	g.tick(user)
	_, err := (&competition.RemoveParticipant{Caller: competition.Caller{UserID: "creator"}, UserID: user, Reason: "rude, \"é\""}).Decide(g.C, g.Now)
	return err
}

// Accept decides that a user accepts an invitation that was made at a time.
func (g *Game) Accept(user string, invitedAt calendar.Millis) error {
	g.tick(user)
	_, err := (&competition.JoinCompetition{
		Caller: competition.Caller{UserID: user}, UserID: user, Invited: true, InvitedAt: invitedAt,
	}).Decide(g.C, g.Now)
	return err
}

// decisionRules hold what was decided about people through everything that a store
// does with it.
var decisionRules = []rule{
	{"who was removed stays so until they accept a newer invitation", func(t *testing.T, h *harness) {
		for _, snapshot := range []bool{true, false} {
			id := map[bool]string{true: "board", false: "journal"}[snapshot]
			g := h.begin(t, id)
			syncs(t, g, 1000, "anna", "bert", "carl")
			require.NoError(t, g.Leave("bert"))
			require.NoError(t, g.Leave("carl"))
			commit(t, g)
			removedAt := g.Now + 2000
			require.NoError(t, g.Remove("anna"))
			require.NoError(t, g.Remove("bert"), "who left can be kept out, too")
			commit(t, g)
			g = h.again(t, g, snapshot)
			for _, user := range []string{"anna", "bert"} {
				require.ErrorIs(t, g.Join(user, ""), competition.ErrInvitationRequired)
				require.ErrorIs(t, g.Accept(user, removedAt-1000), competition.ErrInvitationRequired)
				require.ErrorIs(t, g.Accept(user, 0), competition.ErrInvitationRequired, "a code")
				require.ErrorIs(t, g.Sync(user, 0, 2000), competition.ErrNotEnrolled)
				require.NotContains(t, tiedTo(must(h.store.OpenTies(t.Context(), user))(t)), id)
			}
			require.NoError(t, g.Join("carl", ""), "who left comes back alone")
			require.NoError(t, g.Accept("anna", removedAt+1))
			commit(t, g)
			g = h.again(t, g, snapshot)
			require.NoError(t, g.Sync("anna", 0, 2000))
			require.NoError(t, g.Leave("anna"))
			require.NoError(t, g.Join("anna", ""), "the removal is over")
			require.ErrorIs(t, g.Join("bert", ""), competition.ErrInvitationRequired)
			commit(t, g)
			require.Contains(t, tiedTo(must(h.store.OpenTies(t.Context(), "anna"))(t)), id)
			audited(t, h, id)
		}
	}},

	{"what was decided about somebody erased finds them, and nobody else", func(t *testing.T, h *harness) {
		for _, snapshot := range []bool{true, false} {
			id := map[bool]string{true: "board", false: "journal"}[snapshot]
			g := h.begin(t, id)
			syncs(t, g, 1000, "anna", "bert", "carl", "dora")
			require.NoError(t, g.Review("anna", 0))
			require.NoError(t, g.Review("bert", 2))
			require.NoError(t, g.Remove("carl"))
			commit(t, g)
			for n, user := range []string{"anna", "bert", "carl", "dora"} {
				require.NoError(t, g.Erase(gone(byte(n), user)))
			}
			commit(t, g)
			for _, user := range usersIn(t, h, id)[1:] {
				require.True(t, competition.IsPseudonym(user), user)
			}
			g = h.again(t, g, snapshot)
			require.ErrorIs(t, g.Sync("carl", 0, 1000), competition.ErrNotEnrolled)
			syncs(t, g, 5000, "anna", "bert", "dora", "emil")
			commit(t, g)
			g = h.again(t, g, snapshot)
			require.Equal(t, []string{"dora", "emil", "bert"}, ranked(g), "anna is excluded, and bert's day corrected")
			require.ErrorIs(t, g.Join("carl", ""), competition.ErrInvitationRequired)

			// In the end nobody is recognised any more.
			g.C.Tick(Definition("").End + msPerDay)
			require.NoError(t, g.Commit(t.Context()))
			require.NotZero(t, g.C.Summary().KeptUntil, "carl's")
			g.C.Tick(g.C.Summary().KeptUntil)
			commit(t, g)
			require.Zero(t, h.again(t, g, snapshot).C.Summary().KeptUntil)
		}
	}},

	{"in a settled competition an erased participant keeps the place", func(t *testing.T, h *harness) {
		for _, snapshot := range []bool{true, false} {
			id := map[bool]string{true: "board", false: "journal"}[snapshot]
			g := h.settled(t, id, false)
			before := g.C.Page(nil, 0, 100)
			require.Len(t, before.Entries, 3)
			e := gone(byte(len(id)), before.Entries[0].UserID)
			require.NoError(t, g.Erase(e))
			commit(t, g)
			g = h.again(t, g, snapshot)
			after := g.C.Page(nil, 0, 100)
			require.Equal(t, before.Total, after.Total)
			first := after.Entries[0]
			require.Equal(t, before.Entries[0].Score, first.Score)
			require.Equal(t, competition.Entry{
				UserID: e.Pseudonym, Score: first.Score, Rank: 1, UpdatedAt: first.UpdatedAt,
			}, first, "without name, days and times")
			require.Equal(t, before.Entries[1:], after.Entries[1:])
			require.Equal(t, e.Pseudonym, g.C.Prizes(1).Prizes[0].UserID)
			require.Len(t, prizesOf(t, h.store, e.Pseudonym, ledger.Place{}, 10), 1)
			require.NotContains(t, usersIn(t, h, id), e.UserID)
			ties := must(h.store.MembershipsOf(t.Context(), e.UserID, "", 1000))(t)
			for _, tie := range ties {
				require.NotEqual(t, id, tie.CompetitionID)
			}
			require.NoError(t, h.store.Load(t.Context(), id, func([]byte) error { return nil }, func(row competition.Row) error {
				if row.Review != nil && row.Review.Standing {
					require.Empty(t, row.Days)
				}
				return nil
			}))
		}
	}},
}

func tiedTo(ties []competition.Tie) (ids []string) {
	for i := range ties {
		ids = append(ids, ties[i].CompetitionID)
	}
	return ids
}

// ranked is who is on a board, the best first.
func ranked(g *Game) (users []string) {
	for _, entry := range g.C.Page(nil, 0, 100).Entries {
		users = append(users, entry.UserID)
	}
	return users
}
