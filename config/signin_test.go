package config

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIssuersAndKeySets(t *testing.T) {
	for _, c := range []struct{ rule, entry, problem string }{
		{"an issuer", "SUPABASE_JWT_ISSUER=https://a.example/auth/v1", ""},
		{"several", "SUPABASE_JWT_ISSUER=supabase, https://a.example/auth/v1", ""},
		{"any", "SUPABASE_JWT_ISSUER=any", ""},
		{"any among others", "SUPABASE_JWT_ISSUER=any,https://a.example", "combines any with others"},
		{"an issuer with a space", "SUPABASE_JWT_ISSUER=a b", "contains an issuer that is too long, or has spaces or special characters"},
		{"a key set", "SUPABASE_JWKS_URL=https://a.example/keys?v=1", ""},
		{"a key set on this machine", "SUPABASE_JWKS_URL=http://127.0.0.1:9999/keys", ""},
		{"a key set that is no URL", "SUPABASE_JWKS_URL=a.example/keys", "is not the URL of a key set"},
		{"a key set with a password", "SUPABASE_JWKS_URL=https://a:b@a.example/keys", "is not the URL of a key set"},
		{"a key set that others could change", "SUPABASE_JWKS_URL=http://auth:9999/keys", "is plain http, so others could substitute their own keys"},
		{"a project that others could stand in for", "SUPABASE_URL=http://kong:8000", "is plain http, so others could substitute their own keys"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			environ := []string{"SUPABASE_JWT_SECRET=" + goodSecret, c.entry}
			_, err := Load(nil, environ, "")
			if c.problem == "" {
				require.NoError(t, err)
				return
			}
			var invalid *InvalidError
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, c.problem, invalid.Mistakes[0].Problem)
		})
	}
	for _, entry := range []string{"SUPABASE_JWKS_URL=http://auth:9999/keys", "SUPABASE_URL=http://kong:8000"} {
		_, err := Load(nil, []string{entry, "SUPABASE_ALLOW_HTTP=true"}, "")
		require.NoError(t, err, entry)
		_, err = Load([]string{"--dev"}, []string{entry}, "")
		require.NoError(t, err, entry)
	}
	s, err := Load(nil, []string{"SUPABASE_JWKS_URL=https://a.example/keys"}, "")
	require.NoError(t, err, "a key set is a way to check tokens")
	require.False(t, s.NeedsSecret())
}

// TestOnlyPublicKeysReachThePage: every browser gets SUPABASE_ANON_KEY.
func TestOnlyPublicKeysReachThePage(t *testing.T) {
	jwt := func(payload string) string {
		return "eyJhbGciOiJIUzI1NiJ9." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2lnbmF0dXJl"
	}
	const secret = "is a secret key of the project, but every browser would get it"
	for _, c := range []struct{ rule, key, problem string }{
		{"an anon key", jwt(`{"iss":"supabase","ref":"abcd","role":"anon"}`), ""},
		{"a publishable key", "sb_publishable_abc-DEF_123", ""},
		{"what a project of one's own made up", "anon", ""},
		{"a service key", jwt(`{"iss":"supabase","role":"service_role"}`), secret},
		{"a key of another role", jwt(`{"role":"supabase_admin"}`), secret},
		{"a secret key", "sb_secret_abc", secret},
		{"two lines", "sb_publishable_a\nb", "has spaces or special characters"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			s, err := Load(nil, []string{"SUPABASE_JWT_SECRET=" + goodSecret, "SUPABASE_ANON_KEY=" + c.key}, "")
			if c.problem == "" {
				require.NoError(t, err)
				require.Equal(t, c.key, s.SupabaseAnonKey.Reveal())
				return
			}
			var invalid *InvalidError
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, c.problem, invalid.Mistakes[0].Problem)
			require.NotContains(t, err.Error(), c.key)
		})
	}
}

// TestTokensOfOurOwnAreAccepted: they name an issuer that the settings accept.
func TestTokensOfOurOwnAreAccepted(t *testing.T) {
	for _, c := range []struct {
		s    Settings
		want string
	}{
		{Settings{}, ""},
		{Settings{SupabaseURL: "https://a.example"}, "https://a.example/auth/v1"},
		{Settings{SupabaseURL: "https://a.example", SupabaseJWTIssuer: []string{"x", "y"}}, "x"},
		{Settings{SupabaseURL: "https://a.example", SupabaseJWTIssuer: []string{AnyIssuer}}, "https://a.example/auth/v1"},
		{Settings{SupabaseJWTIssuer: []string{AnyIssuer}}, ""},
	} {
		require.Equal(t, c.want, c.s.TokenIssuer())
	}
}
