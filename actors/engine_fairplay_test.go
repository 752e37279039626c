package actors

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// TestFlagsAreCountedAndListed, for operators, and the sync is answered as any
// other.
func TestFlagsAreCountedAndListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := startEngine(t, newMemoryStore(), nil)
		create(t, e, running("c"))
		submit(t, e, "c", steps("ann", 1000))
		reply, err := e.SubmitSync("c", steps("ann", 50_000))
		require.NoError(t, err)
		require.True(t, reply.Changed)

		list, next, err := e.Flags("c", operator, 0, 10)
		require.NoError(t, err)
		require.Zero(t, next)
		require.Len(t, list, 1)
		require.Equal(t, "ann", list[0].UserID)
		require.Equal(t, map[competition.FlagReason]uint64{competition.RateFlag: 1, competition.OwnDaysFlag: 0}, e.Health().Flagged)

		ann := competition.Caller{UserID: "ann"}
		_, _, err = e.Flags("c", ann, 0, 10)
		require.ErrorIs(t, err, competition.ErrForbidden)
		x, err := e.Explain("c", ann, "ann", competition.AllDays)
		require.NoError(t, err)
		require.Len(t, x.Days[0].Flags, 1)
		_, err = e.Explain("c", ann, "bob", competition.AllDays)
		require.ErrorIs(t, err, competition.ErrForbidden)
	})
}
