package competition

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition/ledger"
)

// TestTheReasonOfAFailedPrizeIsLikeOthers: it stays in the journal, too. It may be
// left out.
func TestTheReasonOfAFailedPrizeIsLikeOthers(t *testing.T) {
	now := instant("2026-05-01T12:00:00Z")
	competitionWith := func(t *testing.T, prize bool) *Competition {
		t.Helper()
		c := New("spring", countedKeys())
		_, err := (&CreateCompetition{Caller: operator, Definition: spring(func(d *Definition) { d.PrizePoolMinor = 1000 })}).Decide(c, now)
		require.NoError(t, err)
		_, err = c.SubmitSync(now, &SubmitSync{UserID: "ann", Day: date("2026-05-01"), Source: "watch", Metrics: steps(1000)})
		require.NoError(t, err)
		land(c, &Batch{})
		if prize {
			end := instant("2026-05-10T00:00:00Z")
			c.Tick(end)
			land(c, &Batch{})
			_, err = (&DistributePrizes{Caller: operator, Pending: true}).Decide(c, end)
			require.NoError(t, err)
			land(c, &Batch{})
		}
		return c
	}
	for name, reason := range map[string]string{
		"nothing but a space": " ", "nothing that is seen": "\u200b\u3000", "a line end": "no\naccount", "an escape": "\x1b[2J", "NUL": "a\x00",
		"bad UTF-8": "\xff", "501 characters": strings.Repeat("é", 501), "the winner's id": "ann has no account",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := (&ExcludeParticipant{Caller: operator, UserID: "ann", Reason: reason}).Decide(competitionWith(t, false), now)
			var other *InvalidError
			require.ErrorAs(t, err, &other)
			c := competitionWith(t, true)
			_, err = (&FailPrize{Caller: operator, Number: 1, Reason: reason}).Decide(c, now)
			require.Equal(t, error(other), err)
			require.True(t, c.outbox.Empty())
		})
	}
	for name, reason := range map[string]string{"none": "", "500 characters": strings.Repeat("é", 500), "a sentence": "The planned account is closed."} {
		t.Run(name, func(t *testing.T) {
			c := competitionWith(t, true)
			_, err := (&FailPrize{Caller: operator, Number: 1, Reason: reason}).Decide(c, now)
			require.NoError(t, err)
			land(c, &Batch{})
			prize, _ := c.Prize(1)
			require.Equal(t, ledger.FailedPrize, prize.Status)
			require.Equal(t, reason, prize.Reason)
		})
	}
}
