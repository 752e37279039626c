package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

func TestTokensThatAreTaken(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		rule   string
		change jwt.MapClaims
		want   *Identity
	}{
		{"a user", nil, &Identity{Caller: competition.Caller{UserID: "u1"}, Name: "Ada Lovelace"}},
		{"a name where there is no full name", jwt.MapClaims{"user_metadata": map[string]any{"name": "Ada"}}, &Identity{Caller: competition.Caller{UserID: "u1"}, Name: "Ada"}},
		{"a name where the full name is none", jwt.MapClaims{"user_metadata": map[string]any{"full_name": 5, "name": "Ada"}}, &Identity{Caller: competition.Caller{UserID: "u1"}, Name: "Ada"}},
		{"a name is made fit to be shown", jwt.MapClaims{"user_metadata": map[string]any{"full_name": " A\u0000d\u009fa\n"}}, &Identity{Caller: competition.Caller{UserID: "u1"}, Name: "Ada"}},
		{"and cut to 100 characters", jwt.MapClaims{"user_metadata": map[string]any{"full_name": strings.Repeat("é", 150)}}, &Identity{Caller: competition.Caller{UserID: "u1"}, Name: strings.Repeat("é", 100)}},
		{"the name by which a provider knows the user", jwt.MapClaims{"user_metadata": map[string]any{"name": "", "user_name": "ada", "preferred_username": "lovelace"}}, &Identity{Caller: competition.Caller{UserID: "u1"}, Name: "ada"}},
		{"or prefers to", jwt.MapClaims{"user_metadata": map[string]any{"preferred_username": "ada", "display_name": "Ada"}}, &Identity{Caller: competition.Caller{UserID: "u1"}, Name: "ada"}},
		{"or shows the user", jwt.MapClaims{"user_metadata": map[string]any{"display_name": "Ada", "given_name": "A"}}, &Identity{Caller: competition.Caller{UserID: "u1"}, Name: "Ada"}},
		{"a given and a family name", jwt.MapClaims{"user_metadata": map[string]any{"given_name": "Ada", "family_name": "Lovelace"}}, &Identity{Caller: competition.Caller{UserID: "u1"}, Name: "Ada Lovelace"}},
		{"a given name alone", jwt.MapClaims{"user_metadata": map[string]any{"given_name": "Ada"}}, &Identity{Caller: competition.Caller{UserID: "u1"}, Name: "Ada"}},
		{"metadata that is no object", jwt.MapClaims{"user_metadata": []int{1}}, &Identity{Caller: competition.Caller{UserID: "u1"}}},
		{"no metadata at all", jwt.MapClaims{"user_metadata": nil, "app_metadata": nil}, &Identity{Caller: competition.Caller{UserID: "u1"}}},
		{"several audiences, ours among them", jwt.MapClaims{"aud": []string{"x", "authenticated"}}, &Identity{Caller: competition.Caller{UserID: "u1"}, Name: "Ada Lovelace"}},
		{"an operator", jwt.MapClaims{"app_metadata": map[string]any{"role": "operator"}}, &Identity{Caller: competition.Caller{UserID: "u1", Operator: true}, Name: "Ada Lovelace"}},
		{"no operator by user_metadata, which users write themselves", jwt.MapClaims{"user_metadata": map[string]any{"role": "operator", "app_metadata": map[string]any{"role": "operator"}}}, &Identity{Caller: competition.Caller{UserID: "u1"}}},
		{"no operator by role", jwt.MapClaims{"role": "operator"}, &Identity{Caller: competition.Caller{UserID: "u1"}, Name: "Ada Lovelace"}},
		{"no operator by a role of another type", jwt.MapClaims{"app_metadata": map[string]any{"role": []string{"operator"}}}, &Identity{Caller: competition.Caller{UserID: "u1"}, Name: "Ada Lovelace"}},
		{"no operator by another case", jwt.MapClaims{"App_Metadata": map[string]any{"role": "operator"}, "Role": "service_role"}, &Identity{Caller: competition.Caller{UserID: "u1"}, Name: "Ada Lovelace"}},
		{"an anonymous user", jwt.MapClaims{"is_anonymous": true}, &Identity{Caller: competition.Caller{UserID: "u1"}, Name: "Ada Lovelace", Anonymous: true}},
		{"an anonymous user is never an operator", jwt.MapClaims{"is_anonymous": true, "app_metadata": map[string]any{"role": "operator"}}, &Identity{Caller: competition.Caller{UserID: "u1"}, Name: "Ada Lovelace", Anonymous: true}},
		{"a service key, which has no sub, aud or iss of ours", jwt.MapClaims{"role": "service_role", "sub": nil, "aud": nil, "iss": "supabase"}, &Identity{Caller: competition.Caller{Operator: true}}},
		{"a service key with a sub is still nobody", jwt.MapClaims{"role": "service_role"}, &Identity{Caller: competition.Caller{Operator: true}}},
		{"no issuer, as self-hosted projects have it", jwt.MapClaims{"iss": nil}, &Identity{Caller: competition.Caller{UserID: "u1"}, Name: "Ada Lovelace"}},
		{"a sub that only contains a reserved word", jwt.MapClaims{"sub": "erased-by-me"}, &Identity{Caller: competition.Caller{UserID: "erased-by-me"}, Name: "Ada Lovelace"}},
		{"a token that began a moment ahead of our clock", jwt.MapClaims{"nbf": start.Add(Leeway).Unix()}, &Identity{Caller: competition.Caller{UserID: "u1"}, Name: "Ada Lovelace"}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			got, code := identify(b, "Bearer "+authtest.Mint(t, secret, c.change))
			require.Empty(t, code)
			c.want.Expires = start.Add(time.Hour + Leeway).Unix()
			c.want.remembered = start.Add(time.Hour).Unix()
			c.want.signer = got.signer
			assert.Equal(t, c.want, got)
		})
	}
}

func TestTokensThatAreRefused(t *testing.T) {
	b := newBench(t)
	good := authtest.Mint(t, secret, nil)
	parts := strings.Split(good, ".")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	es256, err := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{"sub": "u1", "aud": "authenticated", "exp": start.Add(time.Hour).Unix()}).SignedString(key)
	require.NoError(t, err)
	hs512, err := jwt.NewWithClaims(jwt.SigningMethodHS512, jwt.MapClaims{"sub": "u1", "aud": "authenticated", "iss": issuer, "exp": start.Add(time.Hour).Unix()}).SignedString(secret)
	require.NoError(t, err)
	encode := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	sign := func(header, claims string) string {
		text := encode(header) + "." + encode(claims)
		signature, err := jwt.SigningMethodHS256.Sign(text, secret)
		require.NoError(t, err)
		return text + "." + base64.RawURLEncoding.EncodeToString(signature)
	}
	bear := func(change jwt.MapClaims) string { return "Bearer " + authtest.Mint(t, secret, change) }

	for _, c := range []struct{ rule, header, code string }{
		{"no header", "", "missing_token"},
		{"another scheme", "Basic " + good, "missing_token"},
		{"a scheme without a token", "Bearer", "missing_token"},
		{"a scheme with spaces alone", "Bearer   ", "invalid_token"},
		{"the scheme twice", "Bearer Bearer " + good, "invalid_token"},
		{"something that is no token", "Bearer x", "invalid_token"},
		{"two parts", "Bearer " + parts[0] + "." + parts[1], "invalid_token"},
		{"four parts", "Bearer " + good + ".x", "invalid_token"},
		{"no signature", "Bearer " + parts[0] + "." + parts[1] + ".", "invalid_token"},
		{"another key", "Bearer " + authtest.Mint(t, []byte("another secret, which is just as long as ours"), nil), "invalid_token"},
		{"a changed claim", "Bearer " + parts[0] + "." + encode(`{"sub":"u2","aud":"authenticated","iss":"`+issuer+`","exp":9999999999}`) + "." + parts[2], "invalid_token"},
		{"a signature with a stray bit, which lax decoders drop", "Bearer " + authtest.StrayBit(good), "invalid_token"},
		{"padding", "Bearer " + good + "=", "invalid_token"},
		{"no algorithm", "Bearer " + authtest.Mint(t, jwt.UnsafeAllowNoneSignatureType, nil), "invalid_token"},
		{"another algorithm of the family", "Bearer " + hs512, "invalid_token"},
		{"an algorithm with public keys", "Bearer " + es256, "invalid_token"},
		{"no expiry", bear(jwt.MapClaims{"exp": nil}), "invalid_token"},
		{"expired", bear(jwt.MapClaims{"exp": start.Add(-Leeway).Unix()}), "token_expired"},
		{"expired long ago, for another audience", bear(jwt.MapClaims{"exp": 1, "aud": "x"}), "token_expired"},
		{"expired, with another key", "Bearer " + authtest.Mint(t, []byte("another secret, which is just as long as ours"), jwt.MapClaims{"exp": 1}), "invalid_token"},
		{"not begun", bear(jwt.MapClaims{"nbf": start.Add(time.Minute).Unix()}), "invalid_token"},
		{"another audience", bear(jwt.MapClaims{"aud": "anon"}), "invalid_token"},
		{"no audience", bear(jwt.MapClaims{"aud": nil}), "invalid_token"},
		{"another issuer", bear(jwt.MapClaims{"iss": "https://other.supabase.example/auth/v1"}), "invalid_token"},
		{"a reserved sub: the role's", bear(jwt.MapClaims{"sub": "service_role"}), "invalid_token"},
		{"a reserved sub: an API key's", bear(jwt.MapClaims{"sub": "pbk_x"}), "invalid_token"},
		{"a reserved sub: an API key's in the audit log", bear(jwt.MapClaims{"sub": "key:x"}), "invalid_token"},
		{"a reserved sub: anon", bear(jwt.MapClaims{"sub": "anon"}), "invalid_token"},
		{"a reserved sub: authenticated", bear(jwt.MapClaims{"sub": "authenticated"}), "invalid_token"},
		{"a reserved sub: self", bear(jwt.MapClaims{"sub": "self"}), "invalid_token"},
		{"a reserved sub: operator", bear(jwt.MapClaims{"sub": "operator"}), "invalid_token"},
		{"a reserved sub: ~", bear(jwt.MapClaims{"sub": "~x"}), "invalid_token"},
		{"a reserved sub: a pseudonym", bear(jwt.MapClaims{"sub": "erased-0123456789abcdef0123456789abcdef"}), "invalid_token"},
		{"an extension that must be known", "Bearer " + sign(`{"alg":"HS256","crit":["exp"],"exp":1}`, `{"sub":"u1","aud":"authenticated","iss":"`+issuer+`","exp":9999999999}`), "invalid_token"},
		{"no extension that must be known", "Bearer " + sign(`{"alg":"HS256","crit":[]}`, `{"sub":"u1","aud":"authenticated","iss":"`+issuer+`","exp":9999999999}`), "invalid_token"},
		{"no sub", bear(jwt.MapClaims{"sub": nil}), "invalid_token"},
		{"an empty sub", bear(jwt.MapClaims{"sub": ""}), "invalid_token"},
		{"a sub with a space", bear(jwt.MapClaims{"sub": "a b"}), "invalid_token"},
		{"a sub of 129 bytes", bear(jwt.MapClaims{"sub": strings.Repeat("a", 129)}), "invalid_token"},
		{"a sub that is a number", bear(jwt.MapClaims{"sub": 5}), "invalid_token"},
		{"the anon key", bear(jwt.MapClaims{"role": "anon", "sub": nil, "aud": nil, "iss": "supabase"}), "invalid_token"},
		{"a service key that has expired", bear(jwt.MapClaims{"role": "service_role", "exp": 1}), "token_expired"},
		{"a claim that stands twice", "Bearer " + sign(`{"alg":"HS256"}`, `{"sub":"u1","sub":"u2","aud":"authenticated","iss":"`+issuer+`","exp":9999999999}`), "invalid_token"},
		{"claims by names of another case", "Bearer " + sign(`{"alg":"HS256"}`, `{"SUB":"u1","aud":"authenticated","iss":"`+issuer+`","exp":9999999999}`), "invalid_token"},
		{"claims that are no object", "Bearer " + sign(`{"alg":"HS256"}`, `[]`), "invalid_token"},
		{"an algorithm that stands twice", "Bearer " + sign(`{"alg":"none","alg":"HS256"}`, `{"sub":"u1","aud":"authenticated","iss":"`+issuer+`","exp":9999999999}`), "invalid_token"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			id, code := identify(b, c.header)
			assert.Equal(t, c.code, code)
			assert.Nil(t, id)
		})
	}
}

func TestASchemeIsTakenInAnyCase(t *testing.T) {
	b := newBench(t)
	for _, scheme := range []string{"Bearer ", "bearer ", "BEARER  "} {
		_, code := identify(b, scheme+authtest.User(t, "u1"))
		assert.Empty(t, code, scheme)
	}
}

func TestAKnownTokenExpiresAllTheSame(t *testing.T) {
	b := newBench(t)
	header := "Bearer " + authtest.User(t, "u1")
	first, _ := identify(b, header)
	again, _ := identify(b, header)
	assert.Same(t, first, again, "verified once")
	b.now = start.Add(time.Hour + Leeway - time.Millisecond)
	_, code := identify(b, header)
	assert.Empty(t, code)
	b.now = start.Add(time.Hour + Leeway)
	_, code = identify(b, header)
	assert.Equal(t, "token_expired", code)
}

func TestAKnownTokenCostsNoAllocation(t *testing.T) {
	b := newBench(t)
	header := []byte("Bearer " + authtest.User(t, "u1"))
	_, err := b.Bearer(header)
	require.NoError(t, err)
	assert.Zero(t, testing.AllocsPerRun(100, func() { _, _ = b.Bearer(header) }))
}

func TestKnownTokensDoNotDependOnTheBufferTheyCameIn(t *testing.T) {
	b := newBench(t)
	token := authtest.User(t, "u1")
	buffer := []byte("Bearer " + token)
	_, err := b.Bearer(buffer)
	require.NoError(t, err)
	other := []byte("Bearer " + authtest.User(t, "u2"))
	require.Len(t, other, len(buffer))
	copy(buffer, other) // as fasthttp does with the next request
	id, err := b.Bearer(buffer)
	require.NoError(t, err)
	assert.Equal(t, "u2", id.Caller.UserID)
	id, err = b.Bearer([]byte("Bearer " + token))
	require.NoError(t, err)
	assert.Equal(t, "u1", id.Caller.UserID)
}

// TestKnownTokensAreBounded: by their size, however many good ones there are.
func TestKnownTokensAreBounded(t *testing.T) {
	b := newBench(t)
	const size = 32 << 10
	for n := range 2 * maxTokenBytes / size {
		b.known.Set(fmt.Sprintf("%*d", size, n), &Identity{})
	}
	b.known.CleanUp()
	assert.LessOrEqual(t, b.known.WeightedSize(), uint64(maxTokenBytes))
	assert.Greater(t, b.known.WeightedSize(), uint64(maxTokenBytes/2))
	_, code := identify(b, "Bearer "+authtest.User(t, "u1"))
	assert.Empty(t, code)
}

// TestRefusedTokensAreNotRemembered: they would push out those that are good.
func TestRefusedTokensAreNotRemembered(t *testing.T) {
	b := newBench(t)
	for _, token := range []string{"x", authtest.Mint(t, []byte("another secret, which is just as long as ours"), nil), authtest.Mint(t, secret, jwt.MapClaims{"exp": 1}), apiKey("NONE")} {
		_, code := identify(b, "Bearer "+token)
		require.NotEmpty(t, code)
	}
	b.known.CleanUp()
	assert.Zero(t, b.known.EstimatedSize())
}

func TestWithoutASecretNobodyComesIn(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Verifiers = nil })
	_, code := identify(b, "Bearer "+authtest.User(t, "u1"))
	assert.Equal(t, "invalid_token", code)
	_, code = identify(b, "Bearer "+authtest.Mint(t, []byte{}, nil))
	assert.Equal(t, "invalid_token", code)
}

// TestNothingIsRememberedLongerThanAnHour: whatever its token says.
func TestNothingIsRememberedLongerThanAnHour(t *testing.T) {
	b := newBench(t)
	header := "Bearer " + authtest.Mint(t, secret, jwt.MapClaims{"exp": start.Add(1000 * 24 * time.Hour).Unix()})
	first, _ := identify(b, header)
	b.now = start.Add(time.Hour - time.Second)
	again, _ := identify(b, header)
	assert.Same(t, first, again)
	b.now = start.Add(time.Hour)
	again, code := identify(b, header)
	assert.Empty(t, code)
	assert.NotSame(t, first, again, "verified again")
}

func TestWithoutAProjectTheIssuerIsNotAsked(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Verifiers = []Verifier{NewSecrets([][]byte{secret}, nil, "", o.Now)} })
	_, code := identify(b, "Bearer "+authtest.Mint(t, secret, jwt.MapClaims{"iss": nil}))
	assert.Empty(t, code)
}

// unreachable is a verifier whose keys cannot be fetched.
type unreachable struct{ err error }

func (unreachable) Methods() []string                  { return []string{"ES256"} }
func (u unreachable) Verify(string) (*Identity, error) { return nil, u.err }

func TestEachMethodHasItsOwnVerifier(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	token, err := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"sub": "u9", "aud": "authenticated", "iss": issuer, "exp": start.Add(time.Hour).Unix(),
	}).SignedString(key)
	require.NoError(t, err)
	clock := func() time.Time { return start }

	public := newKeyed([]string{"ES256", "RS256"}, newIssuers(nil, projectURL), clock, func(*jwt.Token) (crypto.PublicKey, *signer, error) { return &key.PublicKey, nil, nil })
	b := newBench(t, func(o *Options) { o.Verifiers = append(o.Verifiers, public) })
	id, err := b.Bearer([]byte("Bearer " + token))
	require.NoError(t, err)
	assert.Equal(t, "u9", id.Caller.UserID)
	id, err = b.Bearer([]byte("Bearer " + authtest.User(t, "u1")))
	require.NoError(t, err)
	assert.Equal(t, "u1", id.Caller.UserID)

	down := newBench(t, func(o *Options) { o.Verifiers = []Verifier{unreachable{errors.Join(competition.ErrUnavailable)}} })
	_, err = down.Bearer([]byte("Bearer " + token))
	assert.ErrorIs(t, err, competition.ErrUnavailable, "keys that cannot be fetched are not the token's fault")
}
