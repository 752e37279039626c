package porttest

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// inviting asks for invitations to a competition an hour after Start; each guest's
// invitation has an id of its own, in the order of the calls.
type inviting struct {
	h    *harness
	made int
}

func (i *inviting) request(competitionID, by string, now calendar.Millis, users ...string) *competition.Inviting {
	r := &competition.Inviting{CompetitionID: competitionID, InvitedBy: by, Now: now, ExpiresAt: now + competition.InvitationLife}
	for _, user := range users {
		i.made++
		r.Guests = append(r.Guests, competition.Guest{UserID: user, InvitationID: fmt.Sprintf("%06d", i.made)})
	}
	return r
}

// race makes requests all at once, and returns how many were taken; the others are
// to be refused.
func (i *inviting) race(t *testing.T, requests []*competition.Inviting, refusal error) int {
	t.Helper()
	return race(t, len(requests), refusal, func(n int) error {
		_, err := i.h.store.Invite(t.Context(), requests[n])
		return err
	})
}

func (i *inviting) invite(t *testing.T, competitionID, by string, now calendar.Millis, users ...string) []competition.Invitation {
	t.Helper()
	list := must(i.h.store.Invite(t.Context(), i.request(competitionID, by, now, users...)))(t)
	require.Len(t, list, len(users))
	return list
}

func guests(from, n int) (users []string) {
	for i := range n {
		users = append(users, fmt.Sprintf("guest-%d", from+i))
	}
	return users
}

func invitationsTo(t *testing.T, s competition.Store, user string, after competition.InvitationPlace) []competition.Invitation {
	t.Helper()
	return gather(t, math.MaxInt, func(visit func(competition.Invitation) bool) error {
		return s.InvitationsTo(t.Context(), user, after, visit)
	})
}

func invitationsIn(t *testing.T, s competition.Store, id, after string, limit int) []competition.Invitation {
	t.Helper()
	return gather(t, limit, func(visit func(competition.Invitation) bool) error {
		return s.InvitationsIn(t.Context(), id, after, visit)
	})
}

const porttestHour = calendar.Millis(60 * 60 * 1000)

// invitationRules hold competition.InvitationStore.
var invitationRules = []rule{
	{"invitations are there again, for the user and for the competition", func(t *testing.T, h *harness) {
		i := &inviting{h: h}
		first := i.invite(t, "spring", "carol", Start, "bert", "anna")
		second := i.invite(t, "autumn", "", Start+1, "anna")
		for range 2 {
			require.Equal(t, []competition.Invitation{second[0], first[1]}, invitationsTo(t, h.store, "anna", competition.InvitationPlace{}))
			require.Equal(t, first[1:], invitationsTo(t, h.store, "anna", second[0].Place()))
			require.Empty(t, invitationsTo(t, h.store, "ann", competition.InvitationPlace{}))
			require.Equal(t, first, invitationsIn(t, h.store, "spring", "", 10))
			require.Equal(t, first[:1], invitationsIn(t, h.store, "spring", "", 1))
			require.Equal(t, first[1:], invitationsIn(t, h.store, "spring", first[0].ID, 10))
			found := must(h.store.FindInvitation(t.Context(), first[0].ID))(t)
			require.Equal(t, competition.Invitation{
				ID: "000001", CompetitionID: "spring", UserID: "bert", InvitedBy: "carol", State: competition.InvitationOpen,
				CreatedAt: Start, ExpiresAt: Start + competition.InvitationLife,
			}, found)
			require.Equal(t, first[1], must(h.store.LatestInvitation(t.Context(), "spring", "anna"))(t))
			_, err := h.store.LatestInvitation(t.Context(), "sprin", "anna")
			require.ErrorIs(t, err, competition.ErrUnknownInvitation)
			_, err = h.store.FindInvitation(t.Context(), "000009")
			require.ErrorIs(t, err, competition.ErrUnknownInvitation)
			h.reopen(t)
		}
	}},

	{"inviting twice gives the open one, and who declined is left alone for 30 days", func(t *testing.T, h *harness) {
		ctx, i := t.Context(), &inviting{h: h}
		first := i.invite(t, "spring", "carol", Start, "anna")[0]
		require.Equal(t, first, i.invite(t, "spring", "carol", Start+5, "anna")[0])
		declined := must(h.store.DecideInvitation(ctx, first.ID, Start+porttestHour, competition.InvitationDeclined))(t)
		require.Equal(t, Start+porttestHour, declined.DecidedAt)
		again := Start + porttestHour + competition.InvitationLife
		require.Equal(t, declined, i.invite(t, "spring", "carol", again-1, "anna")[0])
		require.NotEqual(t, first.ID, i.invite(t, "autumn", "carol", again-1, "anna")[0].ID)
		second := i.invite(t, "spring", "carol", again, "anna")[0]
		require.Equal(t, competition.InvitationOpen, second.State)
		require.NotEqual(t, first.ID, second.ID)
		// One that was withdrawn or has expired is no answer.
		must(h.store.DecideInvitation(ctx, second.ID, again+1, competition.InvitationWithdrawn))(t)
		third := i.invite(t, "spring", "carol", again+2, "anna")[0]
		require.NotEqual(t, second.ID, third.ID)
		fourth := i.invite(t, "spring", "carol", third.ExpiresAt, "anna")[0]
		require.NotEqual(t, third.ID, fourth.ID)
	}},

	{"an invitation is answered once", func(t *testing.T, h *harness) {
		ctx, i := t.Context(), &inviting{h: h}
		const (
			open, accepted      = competition.InvitationOpen, competition.InvitationAccepted
			declined, withdrawn = competition.InvitationDeclined, competition.InvitationWithdrawn
		)
		for n, c := range []struct {
			first, second competition.InvitationState
			want          error
		}{
			{accepted, declined, competition.ErrInvitationDecided},
			{accepted, withdrawn, competition.ErrInvitationDecided},
			{accepted, accepted, nil},
			{declined, withdrawn, competition.ErrInvitationDecided},
			{declined, declined, nil},
			{withdrawn, declined, competition.ErrInvitationDecided},
			{withdrawn, withdrawn, nil},
			{withdrawn, accepted, nil}, // the join took place
		} {
			one := i.invite(t, "spring", "", Start, fmt.Sprint("user-", n))[0]
			require.Equal(t, open, one.State)
			must(h.store.DecideInvitation(ctx, one.ID, Start+1, c.first))(t)
			_, err := h.store.DecideInvitation(ctx, one.ID, Start+2, c.second)
			require.ErrorIs(t, err, c.want, "%v after %v", c.second, c.first)
			found := must(h.store.FindInvitation(ctx, one.ID))(t)
			want := c.first
			if c.want == nil {
				want = c.second
			}
			require.Equal(t, want, found.State)
		}
		late := i.invite(t, "spring", "", Start, "late")[0]
		_, err := h.store.DecideInvitation(ctx, late.ID, late.ExpiresAt, declined)
		require.ErrorIs(t, err, competition.ErrUnknownInvitation)
		_, err = h.store.DecideInvitation(ctx, "999999", Start, declined)
		require.ErrorIs(t, err, competition.ErrUnknownInvitation)
	}},

	{"of those who answer at once one is first", func(t *testing.T, h *harness) {
		i := &inviting{h: h}
		one := i.invite(t, "spring", "", Start, "anna")[0]
		require.Equal(t, 4, race(t, 8, competition.ErrInvitationDecided, func(n int) error {
			to := competition.InvitationDeclined
			if n%2 == 0 {
				to = competition.InvitationWithdrawn
			}
			_, err := h.store.DecideInvitation(t.Context(), one.ID, Start+1, to)
			return err
		}))
	}},

	{"a competition has no more than 1,000 open ones, however many invite at once", func(t *testing.T, h *harness) {
		ctx, i := t.Context(), &inviting{h: h}
		list := i.invite(t, "spring", "", Start, guests(0, 990)...)
		requests := make([]*competition.Inviting, 6)
		for n := range requests {
			requests[n] = i.request("spring", "", Start+1, guests(1000+3*n, 3)...)
		}
		require.Equal(t, 3, i.race(t, requests, competition.ErrTooManyInvitations), "10 places are 3 requests of 3")
		must(h.store.DecideInvitation(ctx, list[0].ID, Start+2, competition.InvitationDeclined))(t)
		i.invite(t, "spring", "", Start+3, "x", "y")
		_, err := h.store.Invite(ctx, i.request("spring", "", Start+4, "z"))
		require.ErrorIs(t, err, competition.ErrTooManyInvitations)
		i.invite(t, "autumn", "", Start+4, "z")
		require.Equal(t, list[1], i.invite(t, "spring", "", Start+4, list[1].UserID)[0], "an open one is no new one")
		i.invite(t, "spring", "", Start+competition.InvitationLife+1, guests(0, 600)...)
	}},

	{"an athlete invites 100 an hour, to all competitions together", func(t *testing.T, h *harness) {
		ctx, i := t.Context(), &inviting{h: h}
		requests := make([]*competition.Inviting, 7)
		for n := range requests {
			requests[n] = i.request(fmt.Sprint("board-", n%3), "carol", Start, guests(20*n, 20)...)
		}
		require.Equal(t, 5, i.race(t, requests, competition.ErrInvitingTooFast))
		_, err := h.store.Invite(ctx, i.request("board-9", "carol", Start+porttestHour-1, "anna"))
		require.ErrorIs(t, err, competition.ErrInvitingTooFast)
		i.invite(t, "board-9", "dora", Start+porttestHour-1, "anna")
		i.invite(t, "board-9", "", Start+porttestHour-1, guests(500, 200)...)
		i.invite(t, "board-9", "carol", Start+porttestHour, guests(900, 100)...)
	}},

	{"what need not be kept is swept, some at a time", func(t *testing.T, h *harness) {
		ctx, i := t.Context(), &inviting{h: h}
		i.invite(t, "spring", "carol", Start, guests(0, 5)...)
		declined := i.invite(t, "spring", "carol", Start, "anna")[0]
		must(h.store.DecideInvitation(ctx, declined.ID, Start+porttestHour, competition.InvitationDeclined))(t)
		require.NoError(t, h.store.PutJoinCode(ctx, &competition.JoinCode{ID: "c", CompetitionID: "spring", Hash: competition.CodeHash{1}, Uses: 1, ExpiresAt: Start + 1}))
		end := Start + competition.InvitationLife
		var swept []int
		for _, now := range []calendar.Millis{end - 1, end - 1, end, end, end, end, end + porttestHour - 1, end + porttestHour} {
			n := must(h.store.SweepInvitations(ctx, now, 2))(t)
			swept = append(swept, n)
		}
		require.Equal(t, []int{1, 0, 2, 2, 1, 0, 0, 1}, swept)
		h.reopen(t)
		require.Empty(t, invitationsIn(t, h.store, "spring", "", 10))
		require.Empty(t, must(h.store.JoinCodesOf(ctx, "spring"))(t))
	}},

	{"it stays known whether an operator invited, or made the code", func(t *testing.T, h *harness) {
		ctx, i := t.Context(), &inviting{h: h}
		ask := func(by string, users ...string) []competition.Invitation {
			r := i.request("spring", by, Start, users...)
			r.ByOperator = by == ""
			list := must(h.store.Invite(ctx, r))(t)
			return list
		}
		carols := ask("carol", "anna", "bert", "dora")
		must(h.store.DecideInvitation(ctx, carols[2].ID, Start, competition.InvitationDeclined))(t)
		operators := ask("", "anna", "carl", "dora")
		raised := carols[0]
		raised.ByOperator = true
		require.Equal(t, raised, operators[0], "one that is open becomes the operators'")
		require.True(t, operators[1].ByOperator)
		require.False(t, operators[2].ByOperator, "what was declined stays what it was")
		require.Equal(t, carols[1:2], ask("carol", "bert"))
		require.Equal(t, operators[1:2], ask("carol", "carl"), "and the operators' stays theirs")

		for n, by := range []bool{false, true} {
			require.NoError(t, h.store.PutJoinCode(ctx, &competition.JoinCode{
				ID: fmt.Sprint("code", n), Hash: competition.CodeHash{byte(n + 1)}, CompetitionID: "autumn", ByOperator: by,
				Uses: 5, CreatedAt: Start, ExpiresAt: Start + porttestHour,
			}))
		}
		redeem := func(code byte, id, user string) (competition.Invitation, bool) {
			one, made, err := h.store.Redeem(ctx, &competition.Redemption{Hash: competition.CodeHash{code}, UserID: user, InvitationID: id, Now: Start + 1})
			require.NoError(t, err)
			return one, made
		}
		first, made := redeem(1, "r1", "anna")
		require.True(t, made)
		require.False(t, first.ByOperator)
		second, made := redeem(2, "r2", "anna")
		require.True(t, made, "the operators' counts for more than what is open")
		require.True(t, second.ByOperator)
		again, made := redeem(1, "r3", "anna")
		require.False(t, made)
		require.Equal(t, second, again)

		require.NoError(t, h.store.ForgetInvitations(ctx, "carol"))
		for range 2 {
			left := map[string]bool{}
			for _, one := range invitationsIn(t, h.store, "spring", "", 10) {
				require.Empty(t, one.InvitedBy)
				left[one.UserID] = one.ByOperator
			}
			require.Equal(t, map[string]bool{"anna": true, "bert": false, "carl": true, "dora": false}, left)
			for n, want := range []competition.Invitation{first, second} {
				require.Equal(t, want, must(h.store.FindInvitation(ctx, fmt.Sprint("r", n+1)))(t))
			}
			codes := must(h.store.JoinCodesOf(ctx, "autumn"))(t)
			require.Equal(t, []bool{false, true}, []bool{codes[0].ByOperator, codes[1].ByOperator})
			h.reopen(t)
		}
	}},

	{"nothing is left of who is forgotten", func(t *testing.T, h *harness) {
		ctx, i := t.Context(), &inviting{h: h}
		i.invite(t, "spring", "carol", Start, "anna", "bert")
		i.invite(t, "autumn", "anna", Start, "bert", "anna")
		for range 2 {
			require.NoError(t, h.store.ForgetInvitations(ctx, "anna"))
			require.NoError(t, h.store.Scrub(ctx))
			require.Empty(t, invitationsTo(t, h.store, "anna", competition.InvitationPlace{}))
			left := invitationsTo(t, h.store, "bert", competition.InvitationPlace{})
			require.Len(t, left, 2)
			require.Equal(t, []string{"", "carol"}, []string{left[0].InvitedBy, left[1].InvitedBy})
			require.Equal(t, left[1:], invitationsIn(t, h.store, "spring", "", 10))
			h.reopen(t)
		}
		_, err := h.store.LatestInvitation(ctx, "spring", "anna")
		require.ErrorIs(t, err, competition.ErrUnknownInvitation)
	}},
}
