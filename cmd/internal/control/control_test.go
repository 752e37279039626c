package control

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listen starts a server with one call of each kind.
func listen(t *testing.T, dir string, held chan<- error) *Server {
	t.Helper()
	s, err := Listen(t.Context(), dir, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	s.Handle("double", func(_ context.Context, request json.RawMessage, answer func(any) error) error {
		var n int
		if err := json.Unmarshal(request, &n); err != nil {
			return errors.New("send a number")
		}
		return answer(2 * n)
	})
	s.Handle("hold", func(ctx context.Context, _ json.RawMessage, answer func(any) error) error {
		err := answer("held")
		<-ctx.Done()
		held <- err
		return nil
	})
	s.Start(func(err error) { t.Error(err) })
	return s
}

func TestCallsAreAnsweredOverASocketOfTheOwner(t *testing.T) {
	for name, dir := range map[string]string{"a short path": "", "a path too long for a socket": strings.Repeat("x", 120)} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), dir)
			require.NoError(t, os.MkdirAll(dir, 0o750))
			_, err := Dial(t.Context(), dir)
			require.ErrorIs(t, err, ErrNoServer)
			require.NoError(t, os.WriteFile(filepath.Join(dir, socketName), nil, 0o600), "what a crash leaves is replaced")

			s := listen(t, dir, nil)
			info, err := os.Stat(filepath.Join(dir, socketName))
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

			c, err := Dial(t.Context(), dir)
			require.NoError(t, err)
			var n int
			require.NoError(t, c.Call(t.Context(), "double", 21, &n))
			require.Equal(t, 42, n)
			require.ErrorContains(t, c.Call(t.Context(), "double", "x", &n), "send a number")
			require.ErrorContains(t, c.Call(t.Context(), "halve", 1, &n), `no call "halve"`)
			require.ErrorContains(t, c.Call(t.Context(), "double", strings.Repeat("x", maxRequest), &n), "too large")

			require.NoError(t, s.Close(t.Context()))
			_, err = Dial(t.Context(), dir)
			require.ErrorIs(t, err, ErrNoServer)
		})
	}
}

func TestAHeldCallEndsWithItsClientAndWithTheServer(t *testing.T) {
	dir, held := t.TempDir(), make(chan error)
	s := listen(t, dir, held)
	c, err := Dial(t.Context(), dir)
	require.NoError(t, err)
	var answer string

	release, err := c.Hold(t.Context(), "hold", nil, &answer)
	require.NoError(t, err)
	require.Equal(t, "held", answer)
	require.NoError(t, release())
	require.NoError(t, <-held)

	release, err = c.Hold(t.Context(), "hold", nil, &answer)
	require.NoError(t, err)
	closed := make(chan error)
	go func() { closed <- s.Close(context.WithoutCancel(t.Context())) }()
	require.NoError(t, <-held)
	require.NoError(t, <-closed)
	require.NoError(t, release())
}
