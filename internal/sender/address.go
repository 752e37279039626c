package sender

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
)

// notPublic are the blocks that lead to no host of the Internet, or to another one than
// they seem to, besides those that netip knows: what IANA lists as special
// (RFC 6890 and its registries), and the transition mechanisms that hold an IPv4
// address (RFC 6052, 3056, 4380), since that may be a private one.
var notPublic = func() (all []netip.Prefix) {
	for _, block := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16",
		"3fff::/20", "5f00::/16", "fec0::/10",
	} {
		all = append(all, netip.MustParsePrefix(block))
	}
	return all
}()

// IsPublic reports whether an address is that of a host in the Internet.
func IsPublic(a netip.Addr) bool {
	if a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	return a.IsGlobalUnicast() && !a.IsPrivate() &&
		!slices.ContainsFunc(notPublic, func(block netip.Prefix) bool { return block.Contains(a) })
}

// onlyPublic refuses to connect to an address that is not public. It sees each
// address of a name that is tried.
func onlyPublic(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !IsPublic(to.Addr()) {
		return ErrNotPublic
	}
	return nil
}

// maxURL is how long a receiver's URL may be, in bytes.
const maxURL = 2048

// CheckURL returns what is wrong with a URL that somebody wants messages to be sent
// to, so that they hear of it at once. It resolves no name, so a request may be refused
// all the same. anywhere is as in [Options].
func CheckURL(text string, anywhere bool) error {
	u, err := url.Parse(text)
	switch {
	case len(text) > maxURL:
		return fmt.Errorf("must be at most %d bytes long", maxURL)
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return errMalformed
	case u.Scheme != "https" && (u.Scheme != "http" || !anywhere):
		return errScheme
	case u.User != nil:
		return errUser
	case u.Fragment != "":
		return errFragment
	}
	if literal, err := netip.ParseAddr(u.Hostname()); err == nil && !anywhere && !IsPublic(literal) {
		return ErrNotPublic
	}
	return nil
}
