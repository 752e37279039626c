package http

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// FuzzClientFrame: whatever a client sends is read or refused, and what is read
// is within what the rest of the server takes for granted.
func FuzzClientFrame(f *testing.F) {
	for _, seed := range []string{
		`{"type":"ping"}`, `{"type":"ping","data":{}}`, `{"type":"subscribe","data":{"competition_id":"spring","limit":25,"since":7}}`,
		`{"type":"subscribe","data":{"competition_id":"spring","since":"7.a0b1c2d3"}}`, `{"type":"subscribe","data":{"competition_id":"spring","since":"7.x"}}`,
		`{"type":"unsubscribe","data":{"competition_id":"spring"}}`, `{"type":"auth","data":{"token":"a.b.c"}}`,
		`{"type":"subscribe","data":{"competition_id":"../x","limit":11,"since":-1}}`, `{"type":"subscribe","data":{"limit":1e99,"since":1e99}}`,
		`{"type":"subscribe","data":[]}`, `{"type":1,"data":null}`, `{"type":"auth","data":{"token":7}}`, `{}`, `[]`, ``, `{"a":1,"a":2}`, "{\"type\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		got := parseClientFrame(message)
		if got.problem != nil {
			require.NotNil(t, got.problem.kind)
			require.Equal(t, 400, got.problem.kind.status)
			require.NotEmpty(t, got.problem.detail)
			require.True(t, got.competitionID == "" || competition.ValidID(got.competitionID), got.competitionID)
			return
		}
		switch got.kind {
		case "ping", "auth":
			require.Empty(t, got.competitionID)
		case "subscribe", "unsubscribe":
			require.True(t, competition.ValidID(got.competitionID), got.competitionID)
			require.Contains(t, []int{10, 25, 50, 100}, got.limit)
			require.LessOrEqual(t, got.since.Version, uint64(1)<<53-1)
		default:
			require.Fail(t, "a kind that nobody knows", got.kind)
		}
	})
}
