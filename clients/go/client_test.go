package paceboard_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	paceboard "github.com/paceboard/paceboard/clients/go"
)

// answers is a server without a network: each request gets the next answer.
type answers struct {
	list []reply
	sent []*http.Request
	body []string
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	a.sent, a.body = append(a.sent, r), append(a.body, string(body))
	next := a.list[0]
	a.list = a.list[1:]
	if next.status == 0 {
		return nil, errors.New("no connection")
	}
	recorder := httptest.NewRecorder()
	for i := 0; i < len(next.header); i += 2 {
		recorder.Header().Set(next.header[i], next.header[i+1])
	}
	recorder.WriteHeader(next.status)
	_, _ = recorder.WriteString(next.body)
	return recorder.Result(), nil
}

// reply is an answer; without a status the connection is lost.
type reply struct {
	status int
	body   string
	header []string // names and values
}

func answer(status int, body string, header ...string) reply { return reply{status, body, header} }

var lost reply

func clientOf(list ...reply) (*answers, *paceboard.Client) {
	a := &answers{list: list}
	return a, &paceboard.Client{URL: "http://host/", Token: paceboard.StaticToken("h.p.s"), HTTP: &http.Client{Transport: a}}
}

const result = `{"competition_id":"c","user_id":"u1","score":7,"rank":1,"total_count":1,"changed":true}`

func TestASyncIsAnsweredByOneOutcomeOrAList(t *testing.T) {
	for _, data := range []string{result, "[" + result + "]"} {
		a, c := clientOf(answer(200, `{"success":true,"data":`+data+`}`))
		outcomes, err := c.SubmitSync(t.Context(), paceboard.Sync{Date: "2026-05-01", Steps: new(7.0)})
		require.NoError(t, err)
		require.Len(t, outcomes, 1)
		got, err := outcomes[0].AsSyncResult()
		require.NoError(t, err)
		require.EqualValues(t, 7, got.Score)
		require.JSONEq(t, `{"date":"2026-05-01","steps":7}`, a.body[0])
		require.Equal(t, "Bearer h.p.s", a.sent[0].Header.Get("Authorization"))
		require.Equal(t, "http://host/api/v1/fitness/sync", a.sent[0].URL.String())
	}
}

func TestABatchHasTheOutcomesOfEachItem(t *testing.T) {
	_, c := clientOf(answer(200, `{"success":true,"data":[`+result+`,[`+result+`,`+result+`]]}`))
	outcomes, err := c.SubmitBatch(t.Context(), make([]paceboard.Sync, 2))
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, []int{len(outcomes[0]), len(outcomes[1])})
}

func TestAPartOfTheBoardIsAskedForByWhatIsSet(t *testing.T) {
	a, c := clientOf(answer(200, `{"success":true,"data":{"version":3,"entries":[]}}`))
	board, err := c.Leaderboard(t.Context(), "a/b", paceboard.GetLeaderboardParams{Around: new("u 1"), Radius: new(int32(2))})
	require.NoError(t, err)
	require.EqualValues(t, 3, board.Version)
	require.Equal(t, "http://host/api/v1/leaderboard/a%2Fb?around=u+1&radius=2", a.sent[0].URL.String())
}

func TestARefusalIsAnErrorWithItsProblem(t *testing.T) {
	_, c := clientOf(answer(409, `{"code":"not_enrolled","title":"Not enrolled","detail":"join first"}`, "X-Request-Id", "r1"), answer(502, "<html>"))
	_, err := c.Competition(t.Context(), "c")
	require.EqualError(t, err, "the server answered 409 not_enrolled: join first")
	require.EqualValues(t, "not_enrolled", paceboard.CodeOf(err))
	var refusal *paceboard.Error
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, "r1", refusal.RequestID)
	_, err = c.Competition(t.Context(), "c")
	require.EqualError(t, err, "the server answered 502")
	require.Empty(t, paceboard.CodeOf(err))
}

func TestWhatTheServerCouldNotTakeIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := answer(503, `{"code":"overloaded"}`, "Retry-After", "3")
		a, c := clientOf(busy, lost, answer(200, `{"success":true,"data":`+result+`}`))
		c.RepeatFor = time.Minute
		began := time.Now()
		_, err := c.SubmitSync(t.Context(), paceboard.Sync{Date: "2026-05-01"})
		require.NoError(t, err)
		require.Equal(t, 3*time.Second+250*time.Millisecond, time.Since(began))
		require.Len(t, a.sent, 3)

		a, c = clientOf(busy, lost)
		c.RepeatFor = time.Minute
		_, err = c.CreateCompetition(t.Context(), paceboard.CreateCompetitionJSONBody{})
		require.ErrorContains(t, err, "no connection", "whether it was carried out is unknown")
		require.Len(t, a.sent, 2)

		a, c = clientOf(busy, busy)
		c.RepeatFor = 4 * time.Second
		_, err = c.Competition(t.Context(), "c")
		require.EqualValues(t, "overloaded", paceboard.CodeOf(err))
		require.Len(t, a.sent, 2, "for as long as it was told to, and no longer")

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, c = clientOf(busy)
		c.RepeatFor = time.Minute
		_, err = c.Competition(ctx, "c")
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestAnswersWithoutAnEnvelopeAreDecoded(t *testing.T) {
	_, c := clientOf(answer(200, `{"status":"healthy"}`))
	var health paceboard.Health
	require.NoError(t, c.Call(t.Context(), http.MethodGet, "/health", nil, &health))
	require.EqualValues(t, "healthy", health.Status)
}

// One who wants the standings of a competition.
func ExampleClient() {
	client := &paceboard.Client{URL: "https://boards.example.org", Token: paceboard.StaticToken("…"), RepeatFor: time.Minute}
	board, err := client.Leaderboard(context.Background(), "spring", paceboard.GetLeaderboardParams{Limit: new(int32(10))})
	if paceboard.CodeOf(err) == "unknown_competition" {
		return
	}
	for _, entry := range board.Entries {
		_ = strings.Join([]string{entry.UserID, entry.UserName}, " ")
	}
}
