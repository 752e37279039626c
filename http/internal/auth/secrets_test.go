package auth

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// TestASecretIsChanged goes through it as an operator does: the new secret beside the old
// one, and then without it.
func TestASecretIsChanged(t *testing.T) {
	old, next := []byte("the old secret, of 32 bytes or more"), []byte("the new secret, of 32 bytes or more")
	verifier := NewSecrets([][]byte{old}, nil, projectURL, func() time.Time { return start })
	b := newBench(t, func(o *Options) { o.Verifiers = []Verifier{verifier} })
	token := func(secret []byte, user string) string { return authtest.Mint(t, secret, jwt.MapClaims{"sub": user}) }
	taken := func(secret []byte, user string) *Identity {
		t.Helper()
		id, code := identify(b, "Bearer "+token(secret, user))
		require.Empty(t, code)
		require.Equal(t, user, id.Caller.UserID)
		return id
	}
	refused := func(secret []byte, user string) {
		t.Helper()
		_, code := identify(b, "Bearer "+token(secret, user))
		require.Equal(t, "invalid_token", code)
	}
	before := taken(old, "u1")
	refused(next, "u1")

	require.False(t, verifier.Change([][]byte{next, old}), "nothing is withdrawn")
	require.Same(t, before, taken(old, "u1"), "still known")
	taken(old, "u2")
	after := taken(next, "u1")
	refused([]byte("neither secret, of 32 bytes or more"), "u1")
	refused(nil, "u1")
	require.NoError(t, b.Recheck(before, false))

	require.True(t, verifier.Change([][]byte{next, next, nil}))
	require.Same(t, after, taken(next, "u1"))
	refused(old, "u1") // though it was known
	refused(old, "u3")
	require.Equal(t, "invalid_token", codeOf(b.Recheck(before, false)), "live clients end")
	require.NoError(t, b.Recheck(after, false))

	require.False(t, verifier.Change([][]byte{next, old}))
	require.Equal(t, "invalid_token", codeOf(b.Recheck(before, false)), "what is withdrawn stays so")
	require.NotSame(t, before, taken(old, "u1"), "verified again")
}

// TestWithSecretsNothingElseIsTaken: neither is other methods, nor anything without a secret.
func TestWithSecretsNothingElseIsTaken(t *testing.T) {
	verifier := NewSecrets(nil, nil, projectURL, func() time.Time { return start })
	b := newBench(t, func(o *Options) { o.Verifiers = []Verifier{verifier} })
	_, err := b.Token([]byte(authtest.Mint(t, []byte{}, nil)))
	require.ErrorContains(t, err, "what is taken here is none")
	verifier.Change([][]byte{secret, []byte("another secret, of 32 bytes or more")})
	for _, method := range []jwt.SigningMethod{jwt.SigningMethodHS384, jwt.SigningMethodHS512} {
		text, err := jwt.NewWithClaims(method, jwt.MapClaims{"sub": "u1", "aud": "authenticated", "iss": issuer, "exp": start.Add(time.Hour).Unix()}).SignedString(secret)
		require.NoError(t, err)
		_, err = b.Token([]byte(text))
		require.ErrorContains(t, err, "what is taken here is HS256")
	}
	_, err = b.Token([]byte(authtest.StrayBit(authtest.Mint(t, secret, nil))))
	require.Error(t, err)
	_, code := identify(b, "Bearer "+authtest.Mint(t, secret, nil))
	require.Empty(t, code)
}
