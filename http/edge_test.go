package http

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// TestContentTypesOfJSON: whatever parameters clients add, in any writing.
func TestContentTypesOfJSON(t *testing.T) {
	b := newBench(t)
	send := func(contentType string) int {
		return b.do(t, "POST", "/api/v1/fitness/sync", hotBody, bearer(authtest.Operator(t)), header{"Content-Type", contentType}).status
	}
	for _, contentType := range []string{
		"application/json", "application/json; charset=utf-8", "application/json;charset=utf8", "application/json; charset=UTF8",
		`application/json; charset="utf-8"`, "application/json; odata.metadata=minimal", "application/json ;", "Application/JSON; version=1; q=0.9",
	} {
		require.Equal(t, 200, send(contentType), contentType)
	}
	for _, contentType := range []string{
		"application/x-www-form-urlencoded", "text/json", "application/json5", "application/jsonp; charset=utf-8", "application/problem+json", "; application/json",
	} {
		require.Equal(t, 415, send(contentType), contentType)
	}
}

// TestSameOriginBehindProxies: a proxy may add the default port to Host, and
// people write names in any case.
func TestSameOriginBehindProxies(t *testing.T) {
	allowed := newOrigins([]string{"https://friend.example"}, false)
	for _, c := range []struct {
		rule, origin, host string
		want               bool
	}{
		{"as it is", "https://pace.example", "pace.example", true},
		{"the default port of TLS", "https://pace.example", "pace.example:443", true},
		{"the default port", "http://pace.example", "pace.example:80", true},
		{"another case", "https://pace.example", "PACE.Example", true},
		{"both", "https://pace.example", "Pace.example:443", true},
		{"another port of both", "http://pace.example:8081", "pace.example:8081", true},
		{"IPv6", "http://[2001:db8::1]", "[2001:DB8::1]:80", true},
		{"an allowed origin in another case", "HTTPS://Friend.example:443", "pace.example", true},
		{"the other scheme's port", "https://pace.example", "pace.example:80", false},
		{"another port", "https://pace.example", "pace.example:8443", false},
		{"another host", "https://foe.example", "pace.example", false},
		{"a host that ends like ours", "https://foe-pace.example", "pace.example", false},
		{"no origin's", "null", "null", false},
		{"a part of a scheme", "://pace.example", "foe.example", false},
	} {
		t.Run(c.rule, func(t *testing.T) {
			var ctx fasthttp.RequestCtx
			ctx.Request.Header.Set("Origin", c.origin)
			ctx.Request.Header.SetHost(c.host)
			require.Equal(t, c.want, allowed.admitsSocket(&ctx))
		})
	}
}

// TestPreflightsOfSupabaseClients: a page that calls with what supabase-js adds
// to every call is let through by its browser.
func TestPreflightsOfSupabaseClients(t *testing.T) {
	b := newBench(t, func(o *Options) { o.AllowedOrigins = []string{"https://app.example"} })
	const asked = "apikey,authorization,content-type,x-client-info,x-supabase-api-version"
	r := b.do(t, "OPTIONS", "/api/v1/competitions", "", header{"Origin", "https://app.example"},
		header{"Access-Control-Request-Method", "POST"}, header{"Access-Control-Request-Headers", asked})
	require.Equal(t, 204, r.status)
	allowed := strings.Split(strings.ToLower(r.get("Access-Control-Allow-Headers")), ", ")
	require.Subset(t, allowed, strings.Split(asked, ","))
}
