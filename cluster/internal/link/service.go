package link

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// gRPC's settings, which both ends share.
const (
	keepaliveTime    = 10 * time.Second // gRPC allows its clients no less
	keepaliveTimeout = time.Second      // also the limit on unacknowledged bytes (TCP_USER_TIMEOUT): a cut is noticed after it
	largestFrame     = messageLimit + overhead
	windowBytes      = 1 << 20 // what a peer may send before it is read; fixed, so that gRPC does not measure the link
)

// ErrNeedsTLS is returned for an address that is not loopback where there are no certificates.
var ErrNeedsTLS = errors.New("link: an address that is not loopback needs certificates")

// Loopback reports whether an address, host and port, certainly is this machine's own.
func Loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// Allowed reports why nodes may not meet at an address, host and port; nil: they may.
func Allowed(address string, credentials *Credentials) error {
	if credentials == nil && !Loopback(address) {
		return fmt.Errorf("%w: %s", ErrNeedsTLS, address)
	}
	return nil
}
