package porttest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// joinCodeRules hold the part of competition.InvitationStore that is about codes.
var joinCodeRules = []rule{
	{"a code is used as often as it may be, once by each user", func(t *testing.T, h *harness) {
		ctx := t.Context()
		code := competition.JoinCode{ID: "c1", Hash: competition.CodeHash{7}, CompetitionID: "spring", Uses: 3, CreatedAt: Start, ExpiresAt: Start + porttestHour}
		require.NoError(t, h.store.PutJoinCode(ctx, &code))
		redeem := func(n int, user string) (competition.Invitation, bool, error) {
			return h.store.Redeem(ctx, &competition.Redemption{Hash: code.Hash, UserID: user, InvitationID: fmt.Sprintf("%06d", n), Now: Start + 1})
		}
		one, made, err := redeem(1, "anna")
		require.NoError(t, err)
		require.True(t, made)
		require.Equal(t, competition.Invitation{
			ID: "000001", CompetitionID: "spring", UserID: "anna", Code: code.Hash, State: competition.InvitationOpen, CreatedAt: Start + 1, ExpiresAt: code.ExpiresAt,
		}, one)
		again, made, err := redeem(2, "anna")
		require.NoError(t, err)
		require.False(t, made)
		require.Equal(t, one, again)
		require.Equal(t, 2, race(t, 8, competition.ErrUnknownCode, func(n int) error {
			_, _, err := redeem(10+n, fmt.Sprint("user-", n))
			return err
		}))
		h.reopen(t)
		codes := must(h.store.JoinCodesOf(ctx, "spring"))(t)
		used := code
		used.Uses = 0
		require.Equal(t, []competition.JoinCode{used}, codes)
		require.Equal(t, used, must(h.store.FindJoinCode(ctx, code.Hash))(t))

		// A use that came to nothing is given back, once.
		for range 2 {
			require.NoError(t, h.store.Unredeem(ctx, one.ID))
		}
		require.Empty(t, invitationsTo(t, h.store, "anna", competition.InvitationPlace{}))
		back, made, err := redeem(20, "bert")
		require.NoError(t, err)
		require.True(t, made)
		_, _, err = redeem(21, "carl")
		require.ErrorIs(t, err, competition.ErrUnknownCode)
		must(h.store.DecideInvitation(ctx, back.ID, Start+2, competition.InvitationAccepted))(t)
		require.NoError(t, h.store.Unredeem(ctx, back.ID))
		_, _, err = redeem(22, "carl")
		require.ErrorIs(t, err, competition.ErrUnknownCode, "what was accepted is used")
		_, made, err = redeem(23, "bert")
		require.NoError(t, err)
		require.False(t, made, "who joined by it may come again")
	}},

	{"a code that is wrong, expired, deleted or another competition's is unknown", func(t *testing.T, h *harness) {
		ctx := t.Context()
		code := competition.JoinCode{ID: "c1", Hash: competition.CodeHash{7}, CompetitionID: "spring", Uses: 3, CreatedAt: Start, ExpiresAt: Start + porttestHour}
		require.NoError(t, h.store.PutJoinCode(ctx, &code))
		good := competition.Redemption{Hash: code.Hash, CompetitionID: "spring", UserID: "anna", InvitationID: "1", Now: Start}
		wrong, late, elsewhere := good, good, good
		wrong.Hash[31], late.Now, elsewhere.CompetitionID = 1, code.ExpiresAt, "autumn"
		for _, r := range []competition.Redemption{wrong, late, elsewhere} {
			_, _, err := h.store.Redeem(ctx, &r)
			require.ErrorIs(t, err, competition.ErrUnknownCode, "%+v", r)
		}
		require.ErrorIs(t, h.store.DeleteJoinCode(ctx, "autumn", "c1"), competition.ErrUnknownInvitation)
		_, made, err := h.store.Redeem(ctx, &good)
		require.NoError(t, err)
		require.True(t, made)
		require.NoError(t, h.store.DeleteJoinCode(ctx, "spring", "c1"))
		require.ErrorIs(t, h.store.DeleteJoinCode(ctx, "spring", "c1"), competition.ErrUnknownInvitation)
		_, err = h.store.FindJoinCode(ctx, code.Hash)
		require.ErrorIs(t, err, competition.ErrUnknownCode)
		good.UserID, good.InvitationID = "bert", "2"
		_, _, err = h.store.Redeem(ctx, &good)
		require.ErrorIs(t, err, competition.ErrUnknownCode)
		require.NoError(t, h.store.Unredeem(ctx, "1"), "of a code that is gone")
	}},

	{"a competition has no more than 100 codes at a time, and codes hash alike in all processes", func(t *testing.T, h *harness) {
		ctx := t.Context()
		put := func(n int, now calendar.Millis) error {
			return h.store.PutJoinCode(ctx, &competition.JoinCode{
				ID: fmt.Sprintf("c%03d", n), Hash: competition.CodeHash{1, byte(n)}, CompetitionID: "spring", Uses: 1, CreatedAt: now, ExpiresAt: now + 10,
			})
		}
		require.Equal(t, 100, race(t, 104, competition.ErrTooManyInvitations, func(n int) error { return put(n, Start) }))
		require.NoError(t, put(200, Start+10))
		key := must(h.store.CodeKey(ctx))(t)
		require.NotZero(t, key)
		h.reopen(t)
		require.Equal(t, key, must(h.store.CodeKey(ctx))(t))
	}},
}
