package http

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// loggedLine is a line of the log as far as these tests look at it.
type loggedLine struct {
	Level     string
	Msg       string
	RequestID string `json:"request_id"`
	Operation string
	Code      string
	Status    int
	Took      time.Duration
	Bytes     int
	Address   string
	User      string
	Role      string
	More      int `json:"more_since_last"`
}

// loggingBench is a bench, and what returns its lines with a message, which are then
// forgotten.
func loggingBench(t *testing.T, options func(*Options)) (b *bench, lines func(msg string) []loggedLine) {
	t.Helper()
	var log bytes.Buffer
	b = newBench(t, func(o *Options) {
		o.Logger = slog.New(slog.NewJSONHandler(&log, nil))
		options(o)
	})
	return b, func(msg string) (found []loggedLine) {
		for text := range strings.Lines(log.String()) {
			var line loggedLine
			require.NoError(t, json.Unmarshal([]byte(text), &line), text)
			if line.Msg == msg {
				found = append(found, line)
			}
		}
		log.Reset()
		return found
	}
}

const goodSync = `{"competition_id":"spring","steps":1,"date":"2026-05-01"}`

func TestEachRequestHasALineOfTheAccessLog(t *testing.T) {
	b, lines := loggingBench(t, func(o *Options) { o.AccessLog.Share = 1 })
	ann, bob := bearer(authtest.User(t, "ann")), bearer(authtest.User(t, "bob"))
	operator := bearer(authtest.Mint(t, secret, map[string]any{"role": "service_role", "sub": ""}))
	b.do(t, "POST", "/api/v1/fitness/sync", goodSync, ann, header{"X-Request-Id", "mine"})
	b.do(t, "POST", "/api/v1/fitness/sync", goodSync, bob)
	b.do(t, "GET", "/api/v1/users/ann/competitions", "", ann)
	b.do(t, "GET", "/nothing/ann?token=x", "")
	b.do(t, "GET", "/api/v1/payouts", "", operator)
	got := lines("request")
	require.Len(t, got, 5)
	require.Equal(t, "mine", got[0].RequestID)
	require.Equal(t, "INFO", got[0].Level)
	require.Equal(t, 200, got[0].Status)
	require.Positive(t, got[0].Took)
	require.Positive(t, got[0].Bytes)
	require.NotEmpty(t, got[0].Address)
	require.Regexp(t, "^[0-9a-f]{16}$", got[0].User)
	require.Equal(t, got[0].User, got[2].User, "the same user")
	require.NotEqual(t, got[0].User, got[1].User)
	require.Equal(t, "service_role", got[4].Role)
	var operations []string
	for _, line := range got {
		operations = append(operations, line.Operation)
	}
	require.Equal(t, []string{"submitSync", "submitSync", "listUserCompetitions", "none", "listPayouts"}, operations)
	require.Equal(t, 404, got[3].Status)

	other, otherLines := loggingBench(t, func(o *Options) { o.AccessLog.Share = 1 })
	other.do(t, "POST", "/api/v1/fitness/sync", goodSync, ann)
	require.NotEqual(t, got[0].User, otherLines("request")[0].User, "each process has a key of its own")
}

func TestAShareOfTheRequestsHasALine(t *testing.T) {
	b, lines := loggingBench(t, func(o *Options) { o.AccessLog.Share = 0.5 })
	ann := bearer(authtest.User(t, "ann"))
	const many = 400
	for range many {
		b.do(t, "POST", "/api/v1/fitness/sync", goodSync, ann)
	}
	require.InDelta(t, many/2, len(lines("request")), 80, "eight standard deviations")

	b.SetAccessLog(AccessLog{Share: 1e-9})
	b.do(t, "POST", "/api/v1/fitness/sync", goodSync, ann)
	require.Empty(t, lines("request"))
	b.engine.err = competition.ErrUnavailable
	b.do(t, "POST", "/api/v1/fitness/sync", goodSync, ann)
	require.Len(t, lines("request"), 1, "what fails has one in any case")

	b.SetAccessLog(AccessLog{})
	b.do(t, "POST", "/api/v1/fitness/sync", goodSync, ann)
	require.Empty(t, lines("request"))
}

func TestSlowRequestsAreLogged(t *testing.T) {
	b, lines := loggingBench(t, func(o *Options) { o.AccessLog.Slow = time.Hour })
	ann := bearer(authtest.User(t, "ann"))
	sync := func() { b.do(t, "POST", "/api/v1/fitness/sync", goodSync, ann) }
	sync()
	require.Empty(t, lines("a request was slow"))

	b.SetAccessLog(AccessLog{Slow: time.Nanosecond})
	sync()
	got := lines("a request was slow")
	require.Len(t, got, 1)
	require.Equal(t, "WARN", got[0].Level)
	require.Equal(t, "submitSync", got[0].Operation)

	const many = 200
	began := time.Now()
	for range many {
		sync()
	}
	said := 0
	got = lines("a request was slow")
	for _, line := range got {
		said += 1 + line.More
	}
	require.LessOrEqual(t, len(got), slowLinesAtOnce+int(slowLines*time.Since(began).Seconds()))
	require.Less(t, said, many, "the rest is told with the next line")
	require.EqualValues(t, many-said, b.access.skipped.Load())
}

func TestRefusalsAreLoggedOnceAMinute(t *testing.T) {
	b, lines := loggingBench(t, func(*Options) {})
	ann := bearer(authtest.User(t, "ann"))
	b.engine.err = competition.ErrClosed
	for range 3 {
		b.do(t, "POST", "/api/v1/fitness/sync", goodSync, ann)
	}
	b.do(t, "POST", "/api/v1/fitness/sync", "{}", ann)
	b.do(t, "POST", "/api/v1/fitness/sync", goodSync)
	got := lines("a request is refused")
	require.Len(t, got, 2, "one for each kind, and none for a missing token")
	require.Equal(t, "competition_closed", got[0].Code)
	require.Equal(t, 409, got[0].Status)
	require.NotEmpty(t, got[0].RequestID)

	b.refusals.now = func() time.Time { return time.Now().Add(time.Minute) }
	b.do(t, "POST", "/api/v1/fitness/sync", goodSync, ann)
	require.Equal(t, 2, lines("a request is refused")[0].More)
}

// TestRequestsWithoutALineCostNothing: not for the question whether they are to have one.
func TestRequestsWithoutALineCostNothing(t *testing.T) {
	b, _ := loggingBench(t, func(o *Options) { o.AccessLog = AccessLog{Share: 1e-9, Slow: time.Hour} })
	var ctx fasthttp.RequestCtx
	ctx.Init(&fasthttp.Request{}, nil, nil)
	require.Zero(t, testing.AllocsPerRun(1000, func() { b.access.note(&ctx, "submitSync", nil, nil, "") }))
}
