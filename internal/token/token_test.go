package token

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

var secret = []byte("a secret of these tests, 32 bytes")

// claimsOf reads a token with the library alone.
func claimsOf(t *testing.T, signed string) jwt.MapClaims {
	t.Helper()
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(signed, claims, func(*jwt.Token) (any, error) { return secret, nil }, jwt.WithValidMethods([]string{"HS256"}))
	require.NoError(t, err)
	return claims
}

func TestTokenOfAUser(t *testing.T) {
	before := time.Now().Truncate(time.Second)
	signed, err := User{ID: "ann"}.Sign(secret)
	require.NoError(t, err)
	claims := claimsOf(t, signed)
	expiry, err := claims.GetExpirationTime()
	require.NoError(t, err)
	require.WithinRange(t, expiry.Time, before.Add(time.Hour), time.Now().Add(time.Hour))
	delete(claims, "exp")
	delete(claims, "iat")
	require.Equal(t, jwt.MapClaims{"sub": "ann", "aud": "authenticated", "role": "authenticated"}, claims)

	signed, err = User{ID: "op", Name: "Olga", Issuer: "https://auth.example", Operator: true, Valid: time.Minute}.Sign(secret)
	require.NoError(t, err)
	claims = claimsOf(t, signed)
	expiry, err = claims.GetExpirationTime()
	require.NoError(t, err)
	require.WithinRange(t, expiry.Time, before.Add(time.Minute), time.Now().Add(time.Minute))
	require.Equal(t, "https://auth.example", claims["iss"])
	require.Equal(t, map[string]any{"role": "operator"}, claims["app_metadata"])
	require.Equal(t, map[string]any{"full_name": "Olga"}, claims["user_metadata"])
}

func TestChangesReplaceAddAndTakeOut(t *testing.T) {
	claims := jwt.MapClaims{"sub": "ann", "aud": "authenticated", "role": "authenticated"}
	signed, err := Sign(secret, claims, jwt.MapClaims{"sub": "bob", "aud": nil, "iss": "x"})
	require.NoError(t, err)
	require.Equal(t, jwt.MapClaims{"sub": "bob", "role": "authenticated", "iss": "x"}, claimsOf(t, signed))
	require.Equal(t, jwt.MapClaims{"sub": "ann", "aud": "authenticated", "role": "authenticated"}, claims, "the caller's are left alone")
	_, err = Sign(7, claims, nil)
	require.ErrorContains(t, err, "sign a token")
}
