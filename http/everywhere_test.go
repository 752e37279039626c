package http

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// TestAnUnnamedSyncNamesEveryRefusal: beside what was kept, and where nothing was.
func TestAnUnnamedSyncNamesEveryRefusal(t *testing.T) {
	b := newBench(t)
	post := func() response {
		return b.do(t, "POST", "/api/v1/fitness/sync", `{"steps":1,"date":"2026-05-01"}`, bearer(authtest.User(t, "u1")))
	}
	strict := competition.JoinedReply{CompetitionID: "strict", Err: competition.ErrImplausible}
	b.engine.joined = []competition.JoinedReply{{CompetitionID: "spring", SyncReply: competition.SyncReply{Score: 7, Rank: 1, Total: 1}}, strict}
	r := post()
	require.Equal(t, 200, r.status, r.body)
	var kept struct {
		Data []struct {
			CompetitionID string `json:"competition_id"`
			Score         *int64
			Code          string
			Status        int
		}
	}
	require.NoError(t, json.Unmarshal([]byte(r.body), &kept))
	require.Len(t, kept.Data, 2)
	require.EqualValues(t, 7, *kept.Data[0].Score)
	require.Equal(t, "strict implausible 422", kept.Data[1].CompetitionID+" "+kept.Data[1].Code+" "+"422")
	require.Equal(t, 422, kept.Data[1].Status)
	require.Nil(t, kept.Data[1].Score)

	b.engine.err = &competition.RefusedEverywhereError{
		First:  competition.JoinedReply{CompetitionID: "full", Err: competition.ErrFutureDate},
		Others: []competition.JoinedReply{strict},
	}
	r = post()
	require.Equal(t, 422, r.status)
	require.Contains(t, r.body, `"code":"future_date"`)
	require.Contains(t, r.body, `"refusals":[{"type":"/docs#problem-implausible"`)
	require.Contains(t, r.body, `"code":"implausible","competition_id":"strict"}]}`)
}
