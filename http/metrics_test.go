package http

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// TestRefusalsAreCountedByTheirCodes: also those before anything is known of the caller,
// and with the limit that was reached.
func TestRefusalsAreCountedByTheirCodes(t *testing.T) {
	b := newBench(t, func(o *Options) {
		o.RateLimits.Address, o.RateLimits.User, o.RateLimits.Burst = 4, 1, 2
	})
	user := bearer(authtest.User(t, "u1"))
	for _, want := range []int{200, 200, 429, 429} { // two units of the user's
		require.Equal(t, want, b.do(t, "GET", "/api/v1/leaderboard/spring", "", user).status)
	}
	require.Equal(t, 401, b.do(t, "GET", "/api/v1/leaderboard/spring", "").status)
	require.Equal(t, 401, b.do(t, "GET", "/api/v1/leaderboard/spring", "", bearer("x")).status)
	require.Equal(t, 404, b.do(t, "GET", "/nowhere", "").status)
	require.Equal(t, 200, b.do(t, "GET", "/health/live", "").status)
	for range 3 { // beyond the eight of the address
		require.Equal(t, 429, b.do(t, "GET", "/health/live", "").status)
	}
	b.now = b.now.Add(time.Minute)
	b.engine.err = competition.ErrOverloaded
	require.Equal(t, 503, b.do(t, "GET", "/api/v1/leaderboard/spring", "", user).status)
	text := b.scraped(t).body
	for _, line := range []string{
		`paceboard_refusals_total{code="rate_limited"} 5`,
		`paceboard_refusals_total{code="missing_token"} 1`,
		`paceboard_refusals_total{code="invalid_token"} 1`,
		`paceboard_refusals_total{code="not_found"} 1`,
		`paceboard_refusals_total{code="overloaded"} 1`,
		`paceboard_limited_total{limit="user_rate"} 2`,
		`paceboard_limited_total{limit="address_rate"} 3`,
		`paceboard_limited_total{limit="requests_in_flight"} 1`,
		`paceboard_http_requests_total{operation="none",status="4xx"} 4`,
		`paceboard_http_request_seconds_count{operation="getLeaderboard",status="2xx"} 2`,
		`paceboard_http_request_seconds_count{operation="getLeaderboard",status="4xx"} 4`,
		`paceboard_http_request_seconds_count{operation="getLeaderboard",status="5xx"} 1`,
		`paceboard_http_requests_in_flight 1`, // this one
		`paceboard_http_response_bytes_count 12`,
	} {
		require.Contains(t, text, "\n"+line+"\n")
	}
}

// TestTheBinaryFormatHasNativeHistograms: for a scraper that prefers it.
func TestTheBinaryFormatHasNativeHistograms(t *testing.T) {
	b := newBench(t)
	b.do(t, "GET", "/health/live", "")
	r := b.do(t, "GET", "/metrics", "", bearer(metricsToken), header{
		"Accept", // as Prometheus 2.42 sends it with native histograms enabled
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
	})
	require.Equal(t, 200, r.status)
	require.Equal(t, string(binaryFormat), r.get("Content-Type"))
	decoder := expfmt.NewDecoder(strings.NewReader(r.body), binaryFormat)
	found := map[string]*dto.MetricFamily{}
	for {
		family := new(dto.MetricFamily)
		err := decoder.Decode(family)
		if err == io.EOF { //nolint:errorlint // the decoder's own
			break
		}
		require.NoError(t, err)
		found[family.GetName()] = family
	}
	one := found["paceboard_http_request_seconds"].Metric[0].Histogram
	require.EqualValues(t, 1, one.GetSampleCount())
	require.EqualValues(t, 3, one.GetSchema())
	require.Len(t, one.PositiveSpan, 1)

	text := b.do(t, "GET", "/metrics", "", bearer(metricsToken))
	require.Equal(t, string(textFormat), text.get("Content-Type"), "gathered once for both")
	require.True(t, bytes.HasPrefix([]byte(text.body), []byte("# HELP ")))
}

// TestLiveClientsAreCounted: when they come, and why they go.
func TestLiveClientsAreCounted(t *testing.T) {
	b := newLiveServer(t)
	token := authtest.User(t, "u1")
	stays := dialRaw(t, b.address, "/ws/leaderboard/spring?token="+token, "X-None: x")
	require.Equal(t, 101, stays.answer.StatusCode)
	refused := dialRaw(t, b.address, "/ws/leaderboard/spring?token=x", "X-None: x")
	require.Equal(t, 101, refused.answer.StatusCode)
	require.Eventually(t, func() bool {
		text := b.scraped(t).body
		return strings.Contains(text, `paceboard_refusals_total{code="invalid_token"} 1`) && strings.Contains(text, `paceboard_live_opened_total{transport="websocket"} 1`)
	}, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, stays.conn.Close())
	require.Eventually(t, func() bool {
		return strings.Contains(b.scraped(t).body, `paceboard_live_closed_total{reason="client_left"} 1`)
	}, 10*time.Second, 10*time.Millisecond)
}
