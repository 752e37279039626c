// Package authtest mints the tokens, and shows the keys, that tests need.
package authtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	nethttp "net/http"
	"strings"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/internal/token"
)

// Start is the time on every test's clock.
var Start = time.Date(2026, 5, 10, 12, 0, 0, 0, time.UTC)

// Secret signs the tests' tokens.
var Secret = []byte("a secret that only the tests know, 32 bytes and more")

// The project that tokens are of, and its issuer.
const (
	ProjectURL = "https://project.supabase.example"
	Issuer     = ProjectURL + "/auth/v1"
)

// Mint makes a token for u1, good for an hour, with some claims changed; nil
// takes a claim out.
func Mint(tb testing.TB, key any, changes jwt.MapClaims) string {
	tb.Helper()
	claims := jwt.MapClaims{
		"sub": "u1", "aud": "authenticated", "role": "authenticated", "iss": Issuer,
		"exp": Start.Add(time.Hour).Unix(), "iat": Start.Unix(), "is_anonymous": false,
		"app_metadata":  map[string]any{"provider": "email"},
		"user_metadata": map[string]any{"full_name": "Ada Lovelace"},
	}
	signed, err := token.Sign(key, claims, changes)
	require.NoError(tb, err)
	return signed
}

// User is a token of a user.
func User(tb testing.TB, sub string) string {
	tb.Helper()
	return Mint(tb, Secret, jwt.MapClaims{"sub": sub})
}

// Operator is a token of the operator op.
func Operator(tb testing.TB) string {
	tb.Helper()
	return Mint(tb, Secret, jwt.MapClaims{"sub": "op", "app_metadata": map[string]any{"role": "operator"}, "user_metadata": map[string]any{"name": "Op"}})
}

// Service is a service key.
func Service(tb testing.TB) string {
	tb.Helper()
	return Mint(tb, Secret, jwt.MapClaims{"sub": nil, "aud": nil, "iss": "supabase", "role": "service_role", "user_metadata": nil, "app_metadata": nil, "is_anonymous": nil})
}

// Anonymous is a token of u1, who signed in anonymously.
func Anonymous(tb testing.TB) string {
	tb.Helper()
	return Mint(tb, Secret, jwt.MapClaims{"sub": "u1", "is_anonymous": true, "user_metadata": nil})
}

// Shows answers with the public halves of keys, by their names; what cannot be shown
// is a 500.
func Shows(keys map[string]crypto.Signer) nethttp.HandlerFunc {
	set := struct {
		Keys []jwkset.JWKMarshal `json:"keys"`
	}{Keys: []jwkset.JWKMarshal{}}
	for name, key := range keys {
		options := jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: name}}
		jwk, err := jwkset.NewJWKFromKey(key.Public(), options)
		if err != nil {
			return func(w nethttp.ResponseWriter, _ *nethttp.Request) { w.WriteHeader(nethttp.StatusInternalServerError) }
		}
		set.Keys = append(set.Keys, jwk.Marshal())
	}
	return func(w nethttp.ResponseWriter, _ *nethttp.Request) { _ = json.NewEncoder(w).Encode(set) }
}

// NewECKey makes a key on a curve.
func NewECKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(t, err)
	return key
}

// StrayBit sets the last bit of a token's last letter, which stands for no part
// of a 32-byte signature.
func StrayBit(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[len(token)-1])
	return token[:len(token)-1] + alphabet[last|1:last|1+1]
}
