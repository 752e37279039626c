package link_test

import (
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/cluster/internal/link"
)

// TestConnectionsAreLimited: strangers who hold all connections that a server takes are
// hung up on before a handshake, and nodes are let in when those have been found out.
func TestConnectionsAreLimited(t *testing.T) {
	const most = 8
	node, server := serveAt(t, listen(t), link.Options{MaxConns: most, Connect: 2 * time.Second}, echo)
	var strangers []net.Conn
	for range 4 * most {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", node.Address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		require.NoError(t, conn.SetDeadline(soon()))
		strangers = append(strangers, conn)
	}
	began := time.Now()
	for _, conn := range strangers[most:] {
		_, err := io.Copy(io.Discard, conn) // it may be told so by a reset
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
	}
	require.Less(t, time.Since(began), 2*time.Second, "not after the time that a handshake may take")
	require.EqualValues(t, 3*most, server.Refused())
	d := dialer(t, link.Options{})
	require.Eventually(t, func() bool {
		answer, err := d.Ask(node, link.Message{Body: []byte("x")}, soon())
		return err == nil && string(answer) == "x"
	}, 10*time.Second, 10*time.Millisecond)
}
