package actors

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// TestWhatCannotReachTheOwnerIsNotAskedAgain: neither a request that the owner's version
// does not know nor one that is too large to cross fares better the second time. Their
// clients are told so at once.
func TestWhatCannotReachTheOwnerIsNotAskedAgain(t *testing.T) {
	tooLarge := &competition.InvalidError{Fields: []competition.FieldError{{Field: "body", Detail: "is too large"}}}
	for name, refused := range map[string]error{"of a newer version": competition.ErrDeploying, "too large": tooLarge} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := startNodes(t, 2, nil)
				_, other := s.spring()
				s.lock(func() { other.refused = refused })
				asked := s.asked.Load()
				_, err := other.sync("spring", "ann", 2000)
				require.ErrorIs(t, err, refused)
				items := []competition.BatchItem{{CompetitionID: "spring", Sync: *steps("ann", 2000)}}
				require.NoError(t, other.engine.SubmitBatch(items, nil))
				require.ErrorIs(t, items[0].Err, refused)
				_, err = other.engine.Top("spring", operator)
				require.ErrorIs(t, err, refused)
				require.EqualValues(t, 3, s.asked.Load()-asked)
			})
		})
	}
}

// TestASyncForEverythingIsSentAgainAfterADeploy: if one of the user's competitions cannot
// take it during a deploy, the whole call is refused, so that the client repeats it.
func TestASyncForEverythingIsSentAgainAfterADeploy(t *testing.T) {
	_, err := combine([]competition.BatchItem{
		{CompetitionID: "summer", Replies: []competition.JoinedReply{{CompetitionID: "summer"}}},
		{CompetitionID: "spring", Err: competition.ErrDeploying},
	})
	require.ErrorIs(t, err, competition.ErrDeploying)
}
