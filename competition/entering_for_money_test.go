package competition

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheCreatorDecidesNothingWhereThereIsMoney: neither who is invited nor that
// the creator takes part without an invitation.
func TestTheCreatorDecidesNothingWhereThereIsMoney(t *testing.T) {
	c := New("spring", countedKeys())
	d := spring(func(d *Definition) { d.Enrollment = Invite })
	d.Complete()
	now := d.Start - 1
	_, _, err := c.Create(now, &CreateCompetition{Caller: user("ann"), Definition: d})
	require.NoError(t, err)
	land(c, &Batch{})
	require.NoError(t, c.MayInvite(user("ann")))

	pool, currency := int64(1000), "EUR"
	_, err = c.Edit(now, &EditCompetition{Caller: Caller{Operator: true}, Patch: Patch{PrizePoolMinor: &pool, Currency: &currency}})
	require.NoError(t, err)
	land(c, &Batch{})
	require.ErrorIs(t, c.MayInvite(user("ann")), ErrForbidden)
	_, err = c.Join(now, &JoinCompetition{Caller: user("ann"), UserID: "ann"})
	require.ErrorIs(t, err, ErrInvitationRequired)
	_, err = c.Join(now, &JoinCompetition{Caller: user("ann"), UserID: "ann", Invited: true, InvitedAt: now})
	require.NoError(t, err)
}
