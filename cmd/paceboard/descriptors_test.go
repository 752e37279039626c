package main

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConnectionsFitTheOpenFiles(t *testing.T) {
	for _, c := range []struct {
		rule        string
		most        int
		limit       uint64
		taken       int
		warns, fail bool
	}{
		{"a limit that is not known", 15_000, 0, 15_000, false, false},
		{"enough", 15_000, 20_000, 15_000, false, false},
		{"just enough", 15_000, 15_512, 15_000, false, false},
		{"one too few", 15_000, 15_511, 14_999, true, false},
		{"the limit of a container", 15_000, 1024, 512, true, false},
		{"a small limit", 15_000, 256, 128, true, false},
		{"a small limit for few", 100, 256, 100, false, false},
		{"too small a limit", 10, 63, 0, false, true},
	} {
		t.Run(c.rule, func(t *testing.T) {
			var log bytes.Buffer
			taken, err := fitConnections(c.most, c.limit, slog.New(slog.NewTextHandler(&log, nil)))
			require.Equal(t, c.fail, err != nil, "%v", err)
			require.Equal(t, c.taken, taken)
			require.Equal(t, c.warns, bytes.Contains(log.Bytes(), []byte("MAX_CONNECTIONS")), log.String())
		})
	}
}
