//go:build !unix

package listen

import "net"

// newLazyConn returns conn itself: these systems do not read without waiting.
func newLazyConn(conn net.Conn) net.Conn { return conn }
