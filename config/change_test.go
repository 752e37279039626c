package config

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSettingsChangeWhileTheServerRuns by the rules of their rows, all or none.
func TestSettingsChangeWhileTheServerRuns(t *testing.T) {
	s, err := Load([]string{"--dev", "--rate-limit-user", "7"}, nil, "")
	require.NoError(t, err)
	require.Subset(t, s.Running(), map[string]string{"LOG_LEVEL": "info", "RATE_LIMIT_USER": "7", "RATE_LIMIT_ADDRESS": "0"})

	now, changed, err := s.Change(map[string]string{"LOG_LEVEL": "debug", "RATE_LIMIT_USER": "", "RATE_LIMIT_ADDRESS": " 0 "})
	require.NoError(t, err)
	require.Equal(t, []string{"LOG_LEVEL", "RATE_LIMIT_USER"}, changed)
	require.Equal(t, slog.LevelDebug, now.LogLevel)
	require.Equal(t, 100, now.RateLimitUser, "the default")
	require.Equal(t, 7, s.RateLimitUser, "the settings themselves stay")

	same, changed, err := s.Change(map[string]string{"LOG_LEVEL": "loud", "RATE_LIMIT_USER": "8", "DATA_DIR": "/elsewhere", "X": "1"})
	require.Equal(t, s, same)
	require.Empty(t, changed)
	var invalid *InvalidError
	require.ErrorAs(t, err, &invalid)
	var named []string
	for _, m := range invalid.Mistakes {
		named = append(named, m.Setting)
	}
	require.Equal(t, []string{"DATA_DIR", "LOG_LEVEL", "X"}, named)
}
