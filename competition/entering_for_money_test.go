package competition

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition/calendar"
)

// TestTheCreatorDecidesNothingWhereThereIsMoney: neither who is invited nor that
// the creator takes part without an invitation.
func TestTheCreatorDecidesNothingWhereThereIsMoney(t *testing.T) {
	c := New("spring", countedKeys())
	d := spring(func(d *Definition) { d.Enrollment = Invite })
	d.Complete()
	now := d.Start - 1
	_, err := (&CreateCompetition{Caller: user("ann"), Definition: d}).Decide(c, now)
	require.NoError(t, err)
	land(c, &Batch{})
	require.NoError(t, c.MayInvite(user("ann")))

	pool, currency := int64(1000), "EUR"
	_, err = (&EditCompetition{Caller: Caller{Operator: true}, Patch: Patch{PrizePoolMinor: &pool, Currency: &currency}}).Decide(c, now)
	require.NoError(t, err)
	land(c, &Batch{})
	require.ErrorIs(t, c.MayInvite(user("ann")), ErrForbidden)
	_, err = (&JoinCompetition{Caller: user("ann"), UserID: "ann"}).Decide(c, now)
	require.ErrorIs(t, err, ErrInvitationRequired)
	// What the creator handed out before there was money lets nobody in either, and
	// is refused like a join without it.
	for _, at := range []calendar.Millis{now, 0} { // an invitation, and a code
		for _, id := range []string{"ann", "bob"} {
			j := &JoinCompetition{Caller: user(id), UserID: id, Invited: true, InvitedAt: at}
			_, err = j.Decide(c, now)
			require.ErrorIs(t, err, ErrInvitationRequired)
			require.ErrorIs(t, err, ErrOperatorInvites)
		}
	}
	for _, id := range []string{"ann", "bob"} {
		_, err = (&JoinCompetition{Caller: user(id), UserID: id, Invited: true, InvitedAt: now, ByOperator: true}).Decide(c, now)
		require.NoError(t, err)
	}
}
