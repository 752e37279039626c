package http

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/valyala/fasthttp"
	"golang.org/x/time/rate"
)

// RateLimits are how many requests a second are taken, each with bursts of
// twice as many; 0 is no limit. A batch counts as one request.
type RateLimits struct {
	User    int // of one user, operators and service keys excepted
	Address int // of one client address (of IPv6 its /64 network), whoever sends them

	// TrustedProxies are the networks of proxies whose X-Forwarded-For says where
	// a request came from. Without them the address is the connection's.
	TrustedProxies []netip.Prefix
}

// maxRateKeys is how many users, and how many addresses, are remembered; who is
// forgotten begins with a full bucket.
const maxRateKeys = 100_000

// throttle holds one kind of clients to a rate, each by a token bucket. Safe
// for concurrent use. A nil throttle lets everybody pass.
type throttle[K comparable] struct {
	perSecond int
	limit     []byte // perSecond, as the header has it
	buckets   *otter.Cache[K, *rate.Limiter]
	now       func() time.Time
}

func newThrottle[K comparable](perSecond int, now func() time.Time) *throttle[K] {
	if perSecond <= 0 {
		return nil
	}
	return &throttle[K]{
		perSecond: perSecond, limit: strconv.AppendInt(nil, int64(perSecond), 10), now: now,
		buckets: otter.Must(&otter.Options[K, *rate.Limiter]{MaximumSize: maxRateKeys}),
	}
}

// close ends the cache's work.
func (t *throttle[K]) close() {
	if t != nil {
		t.buckets.StopAllGoroutines()
	}
}

// of is the bucket of a client; it may be kept.
func (t *throttle[K]) of(client K) *rate.Limiter {
	if t == nil {
		return nil
	}
	if bucket, ok := t.buckets.GetIfPresent(client); ok {
		return bucket
	}
	bucket, _ := t.buckets.SetIfAbsent(client, rate.NewLimiter(rate.Limit(t.perSecond), 2*t.perSecond))
	return bucket
}

// take takes a token out of a bucket, and tells the client where it stands
// (draft-ietf-httpapi-ratelimit-headers, version 07); nil means that it may go on.
func (t *throttle[K]) take(ctx *fasthttp.RequestCtx, bucket *rate.Limiter) error {
	if bucket == nil {
		return nil
	}
	now := t.now()
	allowed := bucket.AllowN(now, 1)
	left := max(bucket.TokensAt(now), 0)
	var room [20]byte
	header := &ctx.Response.Header
	header.SetCanonical(headerRateLimit, t.limit)
	header.SetCanonical(headerRateRemaining, strconv.AppendInt(room[:0], int64(left), 10))
	seconds := (2*float64(t.perSecond) - left) / float64(t.perSecond) // until the bucket is full
	header.SetCanonical(headerRateReset, strconv.AppendInt(room[:0], int64(seconds+0.999), 10))
	if !allowed {
		return errTooMany
	}
	return nil
}

// errTooMany is said to whoever comes too early.
var errTooMany = kindTooMany.with("send fewer requests: RateLimit-Limit is how many a second are taken; reports can be sent as a batch")

// allow takes a token out of a bucket where there is no header to tell of it.
func (t *throttle[K]) allow(bucket *rate.Limiter) bool {
	return bucket == nil || bucket.AllowN(t.now(), 1)
}

// clientAddress is where a request came from, as far as that can be known: the
// last address that no trusted proxy has. An IPv6 client owns a whole /64.
func (l *RateLimits) clientAddress(ctx *fasthttp.RequestCtx) netip.Addr {
	remote, _ := netip.AddrFromSlice(ctx.RemoteIP())
	address := remote.Unmap()
	if len(l.TrustedProxies) > 0 && l.trusts(address) {
		for _, field := range slices.Backward(ctx.Request.Header.PeekAll("X-Forwarded-For")) {
			for _, hop := range slices.Backward(strings.Split(string(field), ",")) {
				named, ok := hopAddress(strings.TrimSpace(hop))
				if !ok {
					return network(address) // what stands before it is anybody's invention
				}
				if address = named.Unmap(); !l.trusts(address) {
					return network(address)
				}
			}
		}
	}
	return network(address)
}

// hopAddress reads one address of X-Forwarded-For, to which some proxies add the
// port: 192.0.2.1:443, [2001:db8::1]:443 or [2001:db8::1].
func hopAddress(hop string) (address netip.Addr, ok bool) {
	if withPort, err := netip.ParseAddrPort(hop); err == nil {
		return withPort.Addr(), true
	}
	if inner, bracketed := strings.CutPrefix(hop, "["); bracketed {
		if hop, bracketed = strings.CutSuffix(inner, "]"); !bracketed || !strings.Contains(hop, ":") {
			return address, false
		}
	}
	address, err := netip.ParseAddr(hop)
	return address, err == nil
}

func (l *RateLimits) trusts(a netip.Addr) bool {
	for _, p := range l.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// network is the address, or the network that an IPv6 client has to itself.
func network(a netip.Addr) netip.Addr {
	if a.Is4() {
		return a
	}
	prefix, err := a.Prefix(64)
	if err != nil {
		return netip.Addr{}
	}
	return prefix.Addr()
}
