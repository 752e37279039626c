package http

import (
	"net"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

const readTop = "/api/v1/leaderboard/spring"

// TestUsersAreHeldToARate: each by a bucket of its own, which fills with time.
func TestUsersAreHeldToARate(t *testing.T) {
	b := newBench(t, func(o *Options) { o.RateLimits.User, o.RateLimits.Burst = 5, 10 })
	get := func(token string) response { return b.do(t, "GET", readTop, "", bearer(token)) }
	ada, again, bob := authtest.User(t, "ada"), authtest.Mint(t, secret, map[string]any{"sub": "ada", "jti": "2"}), authtest.User(t, "bob")
	for left := 9; left >= 0; left-- {
		r := get(ada)
		require.Equal(t, 200, r.status)
		require.Equal(t, "5", r.get("RateLimit-Limit"))
		require.Equal(t, strconv.Itoa(left), r.get("RateLimit-Remaining"))
	}
	r := get(again) // another token of the same user
	require.Equal(t, 429, r.status)
	require.Contains(t, r.body, `"code":"rate_limited"`)
	require.Equal(t, "1", r.get("Retry-After"))
	require.Equal(t, "0", r.get("RateLimit-Remaining"))
	require.Equal(t, "2", r.get("RateLimit-Reset"))
	require.Equal(t, 200, get(bob).status)

	b.now = b.now.Add(time.Second)
	for range 5 {
		require.Equal(t, 200, get(ada).status)
	}
	require.Equal(t, 429, get(ada).status)
}

// TestRatesChangeWhileTheServerRuns: what somebody has used counts under the new rate, too.
func TestRatesChangeWhileTheServerRuns(t *testing.T) {
	b := newBench(t, func(o *Options) { o.RateLimits.User, o.RateLimits.Burst = 5, 10 })
	get := func() response { return b.do(t, "GET", readTop, "", bearer(authtest.User(t, "ada"))) }
	for range 10 {
		require.Equal(t, 200, get().status)
	}
	b.SetRateLimits(1, 0)
	r := get()
	require.Equal(t, 429, r.status)
	require.Equal(t, "1", r.get("RateLimit-Limit"))
	b.now = b.now.Add(2 * time.Second)
	require.Equal(t, 200, get().status)
	require.Equal(t, 200, get().status)
	require.Equal(t, 429, get().status)

	b.SetRateLimits(0, 2)
	for range 4 {
		r = get()
		require.Equal(t, 200, r.status)
		require.Equal(t, "2", r.get("RateLimit-Limit"), "of the address")
	}
	require.Equal(t, 429, get().status)
	b.SetRateLimits(0, 0)
	r = get()
	require.Equal(t, 200, r.status)
	require.Empty(t, r.get("RateLimit-Limit"))
	b.SetRateLimits(5, 0)
	require.Equal(t, 429, get().status, "nothing was let off")
	b.now = b.now.Add(time.Second)
	require.Equal(t, "5", get().get("RateLimit-Limit"))
}

// TestARequestTooManyReachesNobody: one that comes too early does not reach
// the engine.
func TestARequestTooManyReachesNobody(t *testing.T) {
	b := newBench(t, func(o *Options) { o.RateLimits.User, o.RateLimits.Burst = 1, 2 })
	const body = `{"competition_id":"spring","steps":1,"date":"2026-05-01"}`
	for range 2 {
		require.Equal(t, 200, b.do(t, "POST", "/api/v1/fitness/sync", body, bearer(authtest.User(t, "u1"))).status)
	}
	before := len(b.engine.calls)
	require.Equal(t, 429, b.do(t, "POST", "/api/v1/fitness/sync", body, bearer(authtest.User(t, "u1"))).status)
	require.Len(t, b.engine.calls, before)
}

// TestOperatorsAreNotHeldToARate: services send for many users.
func TestOperatorsAreNotHeldToARate(t *testing.T) {
	b := newBench(t, func(o *Options) { o.RateLimits.User, o.RateLimits.Burst = 1, 2 })
	operator := authtest.Mint(t, secret, map[string]any{"app_metadata": map[string]any{"role": "operator"}})
	for range 20 {
		r := b.do(t, "GET", readTop, "", bearer(operator))
		require.Equal(t, 200, r.status)
		require.Empty(t, r.get("RateLimit-Limit"))
	}
}

// TestAddressesAreHeldToARate: whoever they say they are, and with a wrong
// token, too.
func TestAddressesAreHeldToARate(t *testing.T) {
	b := newBench(t, func(o *Options) { o.RateLimits.Address = 2 })
	for range 4 {
		require.Equal(t, 401, b.do(t, "GET", readTop, "", bearer("nonsense")).status)
	}
	for _, r := range []response{b.do(t, "GET", readTop, "", bearer("nonsense")), b.do(t, "GET", "/health", ""), b.do(t, "GET", readTop, "", bearer(authtest.User(t, "u1")))} {
		require.Equal(t, 429, r.status)
		require.Equal(t, "2", r.get("RateLimit-Limit"))
		require.Equal(t, "0", r.get("RateLimit-Remaining"))
		require.Equal(t, "2", r.get("RateLimit-Reset"))
		require.Equal(t, "1", r.get("Retry-After"))
	}
}

// TestBucketsAreBounded: however many users and addresses come.
func TestBucketsAreBounded(t *testing.T) {
	users := newThrottle[int](newPace(1, 2), func() time.Time { return start }, userRate)
	defer users.close()
	for n := range maxRateKeys * 3 / 2 {
		users.of(n)
	}
	users.buckets.CleanUp()
	require.LessOrEqual(t, users.buckets.EstimatedSize(), maxRateKeys)
}

// TestWhoMayComeAgainHearsWhen: every refusal for being too many, or for what
// passes, says so.
func TestWhoMayComeAgainHearsWhen(t *testing.T) {
	for _, k := range kinds {
		require.Equal(t, k.status == 429 || k.status == 503, k.retryAfter > 0, k.code)
		var ctx fasthttp.RequestCtx
		newBench(t).refuse(&ctx, k.with("x"))
		if k.retryAfter > 0 {
			require.Equal(t, strconv.Itoa(k.retryAfter), string(ctx.Response.Header.Peek("Retry-After")), k.code)
		}
	}
}

// TestClientAddress: only what trusted proxies say counts, and of that the last
// that is none of theirs.
func TestClientAddress(t *testing.T) {
	limits := RateLimits{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}
	for _, c := range []struct {
		rule, remote string
		forwarded    []string
		want         string
	}{
		{"no proxy", "203.0.113.5", nil, "203.0.113.5"},
		{"a stranger's claim", "203.0.113.5", []string{"198.51.100.1"}, "203.0.113.5"},
		{"a proxy without a claim", "10.0.0.1", nil, "10.0.0.1"},
		{"a proxy's client", "10.0.0.1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"what the client invented before it", "10.0.0.1", []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
		{"two proxies", "10.0.0.1", []string{"198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		{"two header fields", "10.0.0.1", []string{"1.1.1.1", "198.51.100.1,10.0.0.2"}, "198.51.100.1"},
		{"nonsense", "10.0.0.1", []string{"198.51.100.1, x"}, "10.0.0.1"},
		{"an IPv6 client's network", "2001:db8:1:2:3::4", nil, "2001:db8:1:2::"},
		{"an IPv6 client behind a proxy", "fd00::1", []string{"2001:db8:1:2:3::4"}, "2001:db8:1:2::"},
		{"a client with its port", "10.0.0.1", []string{"198.51.100.1:5678"}, "198.51.100.1"},
		{"another with its port", "10.0.0.1", []string{"198.51.100.2:5678"}, "198.51.100.2"},
		{"an IPv6 client with its port", "10.0.0.1", []string{"[2001:db8:1:2:3::4]:443"}, "2001:db8:1:2::"},
		{"an IPv6 client in brackets", "10.0.0.1", []string{"[2001:db8:1:2:3::4]"}, "2001:db8:1:2::"},
		{"an IPv6 client without brackets", "10.0.0.1", []string{"2001:db8:1:2:3::443"}, "2001:db8:1:2::"},
		{"two proxies with ports", "10.0.0.1", []string{"1.1.1.1, 198.51.100.1:1, 10.0.0.2:65535"}, "198.51.100.1"},
		{"a port that is none", "10.0.0.1", []string{"198.51.100.1:65536"}, "10.0.0.1"},
		{"a bracket that does not close", "10.0.0.1", []string{"[2001:db8::1"}, "10.0.0.1"},
		{"IPv4 in brackets", "10.0.0.1", []string{"[198.51.100.1]"}, "10.0.0.1"},
		{"IPv4 in IPv6", "::ffff:203.0.113.5", nil, "203.0.113.5"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			var request fasthttp.Request
			for _, f := range c.forwarded {
				request.Header.Add("X-Forwarded-For", f)
			}
			var ctx fasthttp.RequestCtx
			ctx.Init(&request, &net.TCPAddr{IP: net.ParseIP(c.remote)}, nil)
			require.Equal(t, c.want, limits.clientAddress(&ctx).String())
		})
	}
}
