//go:build !unix

package listen

import "net"

// newLazyConn returns conn itself: reading without waiting is not to be had here.
func newLazyConn(conn net.Conn) net.Conn { return conn }
