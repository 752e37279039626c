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

// TestEverySettingHasItsField, by which Reload finds out what has changed.
func TestEverySettingHasItsField(t *testing.T) {
	for i := range table {
		require.True(t, table[i].field(&Settings{}).IsValid(), table[i].name)
	}
}
