//go:build !unix

package http

import "net"

// newLeanConn returns conn itself: reading without waiting is not to be had here.
func newLeanConn(conn net.Conn) net.Conn { return conn }
