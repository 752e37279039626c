package http

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// refusedBecause sends a token, and returns the detail of the 401.
func refusedBecause(t *testing.T, b *bench, token string) string {
	t.Helper()
	r := b.do(t, "GET", readTop, "", bearer(token))
	require.Equal(t, 401, r.status)
	var p struct{ Detail string }
	require.NoError(t, json.Unmarshal([]byte(r.body), &p))
	require.NotContains(t, r.body, token)
	return p.Detail
}

// TestARefusalSaysWhatIsWrongWithTheToken: whoever sets Paceboard up reads it.
func TestARefusalSaysWhatIsWrongWithTheToken(t *testing.T) {
	b := newBench(t)
	with := func(change jwt.MapClaims) string { return authtest.Mint(t, secret, change) }
	long := strings.Repeat("é", 200)
	for _, c := range []struct{ rule, token, want string }{
		{"malformed", "x", "it is not a JWT: three parts of base64url, joined by dots, the first two of them JSON objects"},
		{"method", authtest.Mint(t, jwt.UnsafeAllowNoneSignatureType, nil), `it is signed with "none", and what is taken here is HS256`},
		{"signature", authtest.Mint(t, []byte("another secret, which is just as long as ours"), nil), "its signature does not fit the key"},
		{"expired", with(jwt.MapClaims{"exp": start.Add(-time.Minute).Unix()}), `it expired at "2026-05-10T11:59:00Z"`},
		{"no expiry", with(jwt.MapClaims{"exp": nil}), "it has no `exp`"},
		{"not yet", with(jwt.MapClaims{"nbf": start.Add(time.Minute).Unix()}), `it is not good before "2026-05-10T12:01:00Z"`},
		{"issuer", with(jwt.MapClaims{"iss": "https://other.example/auth/v1"}), `issuer "https://other.example/auth/v1" is not "` + issuer + `"`},
		{"a long issuer", with(jwt.MapClaims{"iss": long}), `issuer "` + strings.Repeat("é", 64) + `…" is not "` + issuer + `"`},
		{"a hostile issuer", with(jwt.MapClaims{"iss": "a\x1b[31m\n\"<script>"}), `issuer "a\x1b[31m\n\"<script>" is not "` + issuer + `"`},
		{"audience", with(jwt.MapClaims{"aud": "anon"}), `its audience "anon" is not "authenticated"`},
		{"no sub", with(jwt.MapClaims{"sub": nil}), "it has no `sub`: it is for no user"},
		{"a sub", with(jwt.MapClaims{"sub": "a b"}), "its `sub` is not 1 to 128 printable ASCII characters without spaces"},
		{"a reserved sub", with(jwt.MapClaims{"sub": "operator"}), "its `sub` \"operator\" is reserved"},
		{"an API key", apiKey("NONE"), "the API key is not known here: it is mistyped, or was revoked"},
	} {
		t.Run(c.rule, func(t *testing.T) { require.Equal(t, c.want, refusedBecause(t, b, c.token)) })
	}
}

// TestReasonsAreLogged: once a minute for each rule, whatever the tokens say, and
// never a token.
func TestReasonsAreLogged(t *testing.T) {
	var log bytes.Buffer
	b := newBench(t, func(o *Options) { o.Logger = slog.New(slog.NewJSONHandler(&log, nil)) })
	lines := func() []string { return strings.Split(strings.TrimSpace(log.String()), "\n") }
	var sent []string
	refuse := func(token string) {
		sent = append(sent, token)
		require.Equal(t, 401, b.do(t, "GET", readTop, "", bearer(token)).status)
	}
	for n := range 20 {
		refuse(authtest.Mint(t, secret, jwt.MapClaims{"iss": "https://made-up.example/" + strings.Repeat("x", n)}))
	}
	require.Len(t, lines(), 1)
	require.Contains(t, lines()[0], `"level":"INFO"`)
	require.Contains(t, lines()[0], `"rule":"issuer"`)
	require.Contains(t, lines()[0], `issuer \"https://made-up.example/\" is not \"`+issuer+`\"`)
	refuse("x")
	require.Equal(t, 401, b.do(t, "GET", readTop, "").status)
	require.Len(t, lines(), 3, "each rule has its own")

	b.now = b.now.Add(time.Minute)
	refuse(authtest.Mint(t, secret, jwt.MapClaims{"iss": "https://made-up.example/"}))
	require.Len(t, lines(), 4)
	require.Contains(t, lines()[3], `"more_since_last":19`)
	for _, token := range sent {
		if len(token) > 1 {
			require.NotContains(t, log.String(), token)
			require.NotContains(t, log.String(), strings.Split(token, ".")[1])
		}
	}
}

// TestIssuers: what the setting says, and what stands for it where it says nothing.
func TestIssuers(t *testing.T) {
	const other = "https://other.example/auth/v1"
	for _, c := range []struct {
		rule, project string
		setting       []string
		iss           any
		want          string // the refusal; empty for none
	}{
		{"the project's", projectURL, nil, issuer, ""},
		{"none, as self-hosted projects have it", projectURL, nil, nil, ""},
		{"another", projectURL, nil, other, `issuer "` + other + `" is not "` + issuer + `"`},
		{"the project's with another letter case", projectURL, nil, strings.ToUpper(issuer), `issuer "` + strings.ToUpper(issuer) + `" is not "` + issuer + `"`},
		{"none, where one is asked for", projectURL, []string{issuer}, nil, `issuer "" is not "` + issuer + `"`},
		{"one of several", projectURL, []string{issuer, other}, other, ""},
		{"none of several", projectURL, []string{issuer, other}, "x", `issuer "x" is none of "` + issuer + `", "` + other + `"`},
		{"the project's, which is not in the list", projectURL, []string{other}, issuer, `issuer "` + issuer + `" is not "` + other + `"`},
		{"any", projectURL, []string{"any"}, other, ""},
		{"any is none, too", projectURL, []string{"any"}, nil, ""},
		{"without a project", "", nil, other, ""},
		{"without a project, with a list", "", []string{other}, issuer, `issuer "` + issuer + `" is not "` + other + `"`},
	} {
		t.Run(c.rule, func(t *testing.T) {
			b := newBench(t, func(o *Options) { o.SupabaseURL, o.Issuers = c.project, c.setting })
			token := authtest.Mint(t, secret, jwt.MapClaims{"iss": c.iss})
			if c.want == "" {
				require.Equal(t, 200, b.do(t, "GET", readTop, "", bearer(token)).status)
				return
			}
			require.Equal(t, c.want, refusedBecause(t, b, token))
		})
	}
}
