package config

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReloading(t *testing.T) {
	before, err := Load([]string{"--dev"}, []string{"RATE_LIMIT_USER=7"}, envFile(t, "LOG_LEVEL=warn", "PORT=1"))
	require.NoError(t, err)

	t.Run("what can change does, and the rest is named", func(t *testing.T) {
		now, changed, waiting, err := before.Reload([]string{"--dev"}, []string{"RATE_LIMIT_USER=8"}, envFile(t, "LOG_LEVEL=debug", "PORT=2", "REDIS_URL=redis://new"))
		require.NoError(t, err)
		want := before
		want.RateLimitUser, want.LogLevel = 8, slog.LevelDebug
		require.Equal(t, want, now)
		require.Equal(t, []string{"RATE_LIMIT_USER", "LOG_LEVEL"}, changed)
		require.Equal(t, []string{"PORT", "REDIS_URL"}, waiting)
	})
	t.Run("nothing new", func(t *testing.T) {
		now, changed, waiting, err := before.Reload([]string{"--dev"}, []string{"RATE_LIMIT_USER=7"}, envFile(t, "LOG_LEVEL=warn", "PORT=1"))
		require.NoError(t, err)
		require.Equal(t, before, now)
		require.Empty(t, changed)
		require.Empty(t, waiting)
	})
	t.Run("mistakes change nothing", func(t *testing.T) {
		now, changed, _, err := before.Reload([]string{"--dev"}, []string{"RATE_LIMIT_USER=8"}, envFile(t, "LOG_LEVEL=loud"))
		require.Len(t, mistakes(t, err), 1)
		require.Equal(t, before, now)
		require.Empty(t, changed)
	})
}

// TestSecretsAreReloaded together with what they need, or not at all.
func TestSecretsAreReloaded(t *testing.T) {
	const url, secret, other = "SUPABASE_URL=https://x.supabase.co", "SUPABASE_JWT_SECRET=" + goodSecret, "another secret of 32 bytes or more"
	for _, c := range []struct {
		rule             string
		before, after    []string
		changed, waiting []string
		secrets          []string
	}{
		{"a new one beside the old one", []string{secret}, []string{"SUPABASE_JWT_SECRET=" + other, "SUPABASE_JWT_SECRET_PREVIOUS=" + goodSecret}, []string{"SUPABASE_JWT_SECRET", "SUPABASE_JWT_SECRET_PREVIOUS"}, nil, []string{other, goodSecret}},
		{"the same twice is one", []string{secret}, []string{secret, "SUPABASE_JWT_SECRET_PREVIOUS=" + goodSecret}, []string{"SUPABASE_JWT_SECRET_PREVIOUS"}, nil, []string{goodSecret}},
		{"one beside a project's keys", []string{url}, []string{url, secret}, []string{"SUPABASE_JWT_SECRET"}, nil, []string{goodSecret}},
		{"none any more, beside a project's keys", []string{url, secret}, []string{url}, []string{"SUPABASE_JWT_SECRET"}, nil, nil},
		{"the project's keys instead wait for a new start, and so does the secret", []string{secret, "RATE_LIMIT_USER=1"}, []string{url, "RATE_LIMIT_USER=2"}, []string{"RATE_LIMIT_USER"}, []string{"SUPABASE_URL", "SUPABASE_JWT_SECRET"}, []string{goodSecret}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			before, err := Load(nil, c.before, "")
			require.NoError(t, err)
			now, changed, waiting, err := before.Reload(nil, c.after, "")
			require.NoError(t, err)
			require.Equal(t, c.changed, changed)
			require.Equal(t, c.waiting, waiting)
			var secrets []string
			for _, s := range now.JWTSecrets() {
				secrets = append(secrets, string(s))
			}
			require.Equal(t, c.secrets, secrets)
		})
	}
	t.Run("no operator sets or sees one by a request", func(t *testing.T) {
		s, err := Load(nil, []string{secret}, "")
		require.NoError(t, err)
		require.NotContains(t, s.Running(), "SUPABASE_JWT_SECRET")
		_, _, err = s.Change(map[string]string{"SUPABASE_JWT_SECRET": other})
		require.ErrorContains(t, err, "is no setting that a running server can change")
	})
}

// TestEverySettingHasItsField, by which Reload finds out what has changed.
func TestEverySettingHasItsField(t *testing.T) {
	for i := range table {
		require.True(t, table[i].field(&Settings{}).IsValid(), table[i].name)
	}
}
