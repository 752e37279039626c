package link_test

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/cluster/internal/link"
	"github.com/paceboard/paceboard/internal/worker"
)

// TestAnUnreachableNodeDoesNotFillTheLog: a node that cannot be connected to is tried
// again and again, and the log says so once a minute. Of one that was told to stop, that
// is no warning.
func TestAnUnreachableNodeDoesNotFillTheLog(t *testing.T) {
	for leaving, says := range map[bool]string{false: `level=WARN msg="the connection to a node failed"`, true: `level=INFO msg="the connection to a node that stops has ended"`} {
		unreachable(t, leaving, says)
	}
}

func unreachable(t *testing.T, leaving bool, says string) {
	t.Helper()
	var log bytes.Buffer // read once the dialer has ended
	d := dialer(t, link.Options{
		Logger:  slog.New(slog.NewTextHandler(&log, nil)),
		Backoff: worker.Backoff{First: time.Millisecond, Max: time.Millisecond},
	})
	l := listen(t)
	t.Cleanup(func() { _ = l.Close() })
	tried := make(chan struct{}, 20)
	go func() {
		defer close(tried)
		for range cap(tried) {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
			tried <- struct{}{}
		}
	}()
	node := link.Node{ID: "b", Address: l.Addr().String(), Leaving: leaving}
	d.Keep([]link.Node{node})
	_, err := d.Ask(node, link.Message{}, soon())
	require.ErrorIs(t, err, link.ErrNotSent)
	times := 0
	for range tried {
		times++
	}
	require.Equal(t, cap(tried), times)
	d.Close()
	require.Equal(t, 1, bytes.Count(log.Bytes(), []byte(says)), "%s", log.Bytes())
	require.Equal(t, 1, bytes.Count(log.Bytes(), []byte("level=")), "%s", log.Bytes())
}
