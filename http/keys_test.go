package http

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// project stands in for the outside: a Supabase project that shows its keys.
type project struct {
	url     string
	answer  atomic.Pointer[nethttp.HandlerFunc]
	fetches atomic.Int64
}

func newProject(t *testing.T, answer nethttp.HandlerFunc) *project {
	t.Helper()
	p := &project{}
	p.answer.Store(&answer)
	server := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		p.fetches.Add(1)
		if r.URL.Path != "/auth/v1/.well-known/jwks.json" {
			w.WriteHeader(nethttp.StatusNotFound)
			return
		}
		(*p.answer.Load())(w, r)
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

// newKeyBench is a bench that trusts the project's keys beside its secret.
func newKeyBench(t *testing.T, p *project, change ...func(*Options)) *bench {
	t.Helper()
	keys := NewProjectKeys(t.Context(), ProjectKeysOptions{SupabaseURL: p.url, Now: func() time.Time { return start }})
	change = append([]func(*Options){func(o *Options) { o.Keys, o.SupabaseURL = keys, p.url }}, change...)
	return newBench(t, change...)
}

// signed is a good token of u1 by a key with a name; nil names none.
func (p *project) signed(t *testing.T, method jwt.SigningMethod, key any, name any) string {
	t.Helper()
	token := jwt.NewWithClaims(method, jwt.MapClaims{
		"sub": "u1", "aud": "authenticated", "iss": p.url + "/auth/v1", "exp": start.Add(time.Hour).Unix(),
	})
	if name != nil {
		token.Header["kid"] = name
	}
	text, err := token.SignedString(key)
	require.NoError(t, err)
	return "Bearer " + text
}

// identify authenticates by a whole Authorization header.
func identify(b *bench, header string) (*auth.Identity, string) {
	id, err := b.auth.Bearer([]byte(header))
	if err != nil {
		p, _ := problemOf(err)
		return nil, p.kind.code
	}
	return id, ""
}

func TestProjectKeysVerifyTokens(t *testing.T) {
	ec, other := authtest.NewECKey(t, elliptic.P256()), authtest.NewECKey(t, elliptic.P256())
	wide := authtest.NewECKey(t, elliptic.P384())
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	p := newProject(t, authtest.Shows(map[string]crypto.Signer{"ec": ec, "rsa": rsaKey, "wide": wide}))
	b := newKeyBench(t, p)

	for _, c := range []struct{ rule, header, code string }{
		{"ES256", p.signed(t, jwt.SigningMethodES256, ec, "ec"), ""},
		{"RS256", p.signed(t, jwt.SigningMethodRS256, rsaKey, "rsa"), ""},
		{"HS256 beside them", "Bearer " + authtest.Mint(t, secret, jwt.MapClaims{"iss": p.url + "/auth/v1"}), ""},
		{"another's key under a known name", p.signed(t, jwt.SigningMethodES256, other, "ec"), "invalid_token"},
		{"a known key under another's name", p.signed(t, jwt.SigningMethodES256, ec, "rsa"), "invalid_token"},
		{"no name", p.signed(t, jwt.SigningMethodES256, ec, nil), "invalid_token"},
		{"an empty name", p.signed(t, jwt.SigningMethodES256, ec, ""), "invalid_token"},
		{"a name that is no text", p.signed(t, jwt.SigningMethodES256, ec, 5), "invalid_token"},
		{"RS384", p.signed(t, jwt.SigningMethodRS384, rsaKey, "rsa"), "invalid_token"},
		{"PS256", p.signed(t, jwt.SigningMethodPS256, rsaKey, "rsa"), "invalid_token"},
		{"ES384", p.signed(t, jwt.SigningMethodES384, wide, "wide"), "invalid_token"},
		{"no signature", p.signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "ec"), "invalid_token"},
		{"an unknown name", p.signed(t, jwt.SigningMethodES256, other, "new"), "invalid_token"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			id, code := identify(b, c.header)
			require.Equal(t, c.code, code)
			if code == "" {
				require.Equal(t, "u1", id.Caller.UserID)
			}
		})
	}
}

// TestAPublicKeyIsNoSecret: whatever of what the project shows is taken for the
// secret of HS256, and whichever key the token names, with a secret set and without.
func TestAPublicKeyIsNoSecret(t *testing.T) {
	ec := authtest.NewECKey(t, elliptic.P256())
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	p := newProject(t, authtest.Shows(map[string]crypto.Signer{"ec": ec, "rsa": rsaKey}))
	benches := map[string]*bench{
		"with a secret":    newKeyBench(t, p),
		"without a secret": newKeyBench(t, p, func(o *Options) { o.Secrets = nil }),
	}
	for name, key := range map[string]crypto.Signer{"ec": ec, "rsa": rsaKey} {
		der, err := x509.MarshalPKIXPublicKey(key.Public())
		require.NoError(t, err)
		block := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		jwk, err := jwkset.NewJWKFromKey(key.Public(), jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: name}})
		require.NoError(t, err)
		object, err := json.Marshal(jwk.Marshal())
		require.NoError(t, err)
		forms := map[string][]byte{"PEM": block, "PEM without its last line end": bytes.TrimSpace(block), "DER": der, "JWK": object, "nothing": {}}
		for coordinate, text := range map[string]string{"x": jwk.Marshal().X, "y": jwk.Marshal().Y, "n": jwk.Marshal().N, "e": jwk.Marshal().E} {
			forms[coordinate] = []byte(text)
		}
		for form, secret := range forms {
			for _, method := range []jwt.SigningMethod{jwt.SigningMethodHS256, jwt.SigningMethodHS384, jwt.SigningMethodHS512} {
				for _, kid := range []any{name, nil} {
					for which, b := range benches {
						_, code := identify(b, p.signed(t, method, secret, kid))
						require.Equal(t, "invalid_token", code, "%s with the %s of %s as %v, %s", method.Alg(), form, name, kid, which)
					}
				}
			}
		}
	}
}

// TestProjectKeysRotate: a token signed with a key that was published after the
// last fetch is taken, and one signed with a key that was taken back is not.
func TestProjectKeysRotate(t *testing.T) {
	first, second := authtest.NewECKey(t, elliptic.P256()), authtest.NewECKey(t, elliptic.P256())
	p := newProject(t, authtest.Shows(map[string]crypto.Signer{"first": first}))
	b := newKeyBench(t, p)
	_, code := identify(b, p.signed(t, jwt.SigningMethodES256, first, "first"))
	require.Empty(t, code)

	rotated := authtest.Shows(map[string]crypto.Signer{"second": second})
	p.answer.Store(&rotated)
	_, code = identify(b, p.signed(t, jwt.SigningMethodES256, second, "second"))
	require.Empty(t, code)
	again, err := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{"sub": "u2"}).SignedString(first)
	require.NoError(t, err)
	_, code = identify(b, "Bearer "+again)
	require.Equal(t, "invalid_token", code)
}

// TestUnknownKeysDoNotFloodTheProject: anybody can name keys that nobody knows.
// The first is asked for; the others are told when to come again.
func TestUnknownKeysDoNotFloodTheProject(t *testing.T) {
	key := authtest.NewECKey(t, elliptic.P256())
	p := newProject(t, authtest.Shows(map[string]crypto.Signer{"known": key}))
	b := newKeyBench(t, p)
	_, code := identify(b, p.signed(t, jwt.SigningMethodES256, key, "known"))
	require.Empty(t, code)
	began := time.Now()
	for n := range 200 {
		_, code := identify(b, p.signed(t, jwt.SigningMethodES256, key, rand.Text()))
		require.Equal(t, []string{"invalid_token", "sign_in_unavailable"}[min(n, 1)], code)
	}
	require.Equal(t, int64(2), p.fetches.Load(), "the first, and one for all the unknown names")
	require.Less(t, time.Since(began), time.Second)
	_, code = identify(b, p.signed(t, jwt.SigningMethodES256, key, "known"))
	require.Empty(t, code)
}

// TestHostileKeyServers: whatever the project's address answers, nobody waits
// over a second, tokens that rest on it get 503 in words of its own, others work,
// and when it answers again so do they, within seconds.
func TestHostileKeyServers(t *testing.T) {
	key := authtest.NewECKey(t, elliptic.P256())
	good := authtest.Shows(map[string]crypto.Signer{"k": key})
	slow := func(_ nethttp.ResponseWriter, r *nethttp.Request) { <-r.Context().Done() }
	for name, hostile := range map[string]nethttp.HandlerFunc{
		"slow": slow,
		"slow after the header": func(w nethttp.ResponseWriter, r *nethttp.Request) {
			w.WriteHeader(nethttp.StatusOK)
			_ = nethttp.NewResponseController(w).Flush()
			slow(w, r)
		},
		"huge": func(w nethttp.ResponseWriter, _ *nethttp.Request) {
			_, _ = io.WriteString(w, `{"keys":[`+strings.Repeat(" ", 1<<20))
			for range 1 << 10 {
				if _, err := io.WriteString(w, strings.Repeat(" ", 1<<20)); err != nil {
					return
				}
			}
		},
		"broken":       func(w nethttp.ResponseWriter, _ *nethttp.Request) { _, _ = io.WriteString(w, `{"keys":[{"kty":"EC"`) },
		"another type": func(w nethttp.ResponseWriter, _ *nethttp.Request) { _, _ = io.WriteString(w, `"keys"`) },
		"no keys":      func(w nethttp.ResponseWriter, _ *nethttp.Request) { _, _ = io.WriteString(w, `{"error":"moved"}`) },
		"failing":      func(w nethttp.ResponseWriter, _ *nethttp.Request) { w.WriteHeader(nethttp.StatusInternalServerError) },
		"elsewhere": func(w nethttp.ResponseWriter, r *nethttp.Request) {
			nethttp.Redirect(w, r, "https://elsewhere.example/keys", nethttp.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t, hostile)
			b := newKeyBench(t, p)
			for _, kid := range []string{"k", "other"} {
				began := time.Now()
				_, code := identify(b, p.signed(t, jwt.SigningMethodES256, key, kid))
				require.Less(t, time.Since(began), time.Second)
				require.Equal(t, "sign_in_unavailable", code)
			}
			_, code := identify(b, "Bearer "+authtest.Mint(t, secret, jwt.MapClaims{"iss": p.url + "/auth/v1"}))
			require.Empty(t, code)

			p.answer.Store(&good)
			deadline := time.Now().Add(10*time.Second + 3*time.Second) // a fetch under way may first have to end
			again := time.NewTicker(10 * time.Millisecond)
			defer again.Stop()
			for code = "?"; code != "" && time.Now().Before(deadline); <-again.C {
				_, code = identify(b, p.signed(t, jwt.SigningMethodES256, key, "k"))
			}
			require.Empty(t, code)
		})
	}
}

// keyServer is a project's address without a network; it refuses connections until
// there is something to show.
type keyServer struct {
	shown   atomic.Pointer[map[string]crypto.Signer]
	fetches atomic.Int64
}

func (k *keyServer) RoundTrip(r *nethttp.Request) (*nethttp.Response, error) {
	k.fetches.Add(1)
	shown := k.shown.Load()
	if shown == nil {
		return nil, errors.New("connection refused")
	}
	recorder := httptest.NewRecorder()
	authtest.Shows(*shown)(recorder, r)
	return recorder.Result(), nil
}

// TestAProjectThatIsAwayAtStart: is asked again within seconds, and is told from a
// store that is away.
func TestAProjectThatIsAwayAtStart(t *testing.T) {
	key := authtest.NewECKey(t, elliptic.P256())
	synctest.Test(t, func(t *testing.T) {
		server := &keyServer{}
		keys := NewProjectKeys(t.Context(), ProjectKeysOptions{SupabaseURL: projectURL, Transport: server})
		b := newBench(t, func(o *Options) { o.Keys, o.Now = keys, time.Now })
		made := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
			"sub": "u1", "aud": "authenticated", "iss": issuer, "exp": time.Now().Add(24 * time.Hour).Unix(),
		})
		made.Header["kid"] = "k"
		token, err := made.SignedString(key)
		require.NoError(t, err)
		synctest.Wait()
		r := b.do(t, "GET", readTop, "", bearer(token))
		require.Equal(t, 503, r.status)
		require.Contains(t, r.body, `"code":"sign_in_unavailable"`)
		require.Contains(t, r.body, "the project's keys cannot be fetched now")
		seconds, err := strconv.Atoi(r.get("Retry-After"))
		require.NoError(t, err)
		require.LessOrEqual(t, seconds, 10)
		health := b.do(t, "GET", "/health", "").body
		require.Contains(t, health, `"status":"degraded"`)
		require.Contains(t, health, `"degraded":["sign_in"]`)
		require.Equal(t, 200, b.do(t, "GET", "/health/ready", "").status)
		service := authtest.Mint(t, secret, jwt.MapClaims{"role": "service_role", "exp": time.Now().Add(time.Hour).Unix()})
		require.Contains(t, b.do(t, "GET", "/health/detailed", "", bearer(service)).body, `{"name":"sign_in","healthy":false,"detail":"fetch the project's keys: `)

		<-time.After(time.Hour)
		require.InDelta(t, time.Hour/(10*time.Second), server.fetches.Load(), 10)
		server.shown.Store(&map[string]crypto.Signer{"k": key})
		<-time.After(10 * time.Second)
		require.Equal(t, 200, b.do(t, "GET", readTop, "", bearer(token)).status)
		require.Contains(t, b.do(t, "GET", "/health", "").body, `"status":"healthy"`)
	})
}

// TestWeakKeysOpenNothing: and the token's refusal says so.
func TestWeakKeysOpenNothing(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	p := newProject(t, authtest.Shows(map[string]crypto.Signer{"weak": weak}))
	b := newKeyBench(t, p)
	_, err = b.auth.Bearer([]byte(p.signed(t, jwt.SigningMethodRS256, weak, "weak")))
	refused, _ := problemOf(err)
	require.Equal(t, "invalid_token", refused.kind.code)
	require.Equal(t, `its key "weak" is not taken: it has 1024 bits, and 2048 to 8192 are taken`, refused.detail)
}
