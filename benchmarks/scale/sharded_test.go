package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShardedBoardIsTheSingleBoard(t *testing.T) {
	voids, err := exact(1, 12)
	require.NoError(t, err)
	require.NotZero(t, voids, "some tickets were lost with their batch")
	b := schedule(troubled(1))
	require.Greater(t, len(b.found.versions), 50, "that many versions were compared")
	require.NotZero(t, b.ranking.ranked.Len())
}

// TestMistakesAreFound plants what each rule is for.
func TestMistakesAreFound(t *testing.T) {
	for planted, name := range map[mistake]string{
		orderOfArrival:        "the order of arrival instead of tickets (S3)",
		earlierTicketsIgnored: "earlier tickets are not waited for (S3)",
		ticketForEachRequest:  "a repeated request gets another ticket (S2)",
		lateRequestGranted:    "a late request gets a ticket (S2)",
		lostTicketNotVoided:   "a lost ticket is not voided (S5)",
		voidedWithoutFence:    "a ticket is voided while its commit is on the way (S5)",
		ticketOfOldEpoch:      "a ticket of an older ranking actor is taken (S6)",
		answeredAtCommit:      "acknowledged before the board has it (S4)",
		batchInOnePlace:       "a batch has one place (S3)",
		repeatedBatchApplied:  "a repeated batch is applied again (S3)",
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(60) {
				s := troubled(seed)
				s.Mistake = planted
				if err := schedule(s).verify(); err != nil {
					return
				}
			}
			require.Fail(t, fmt.Sprintf("mistake %d was not found in 60 schedules", planted))
		})
	}
}
