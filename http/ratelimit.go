package http

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/valyala/fasthttp"
	"golang.org/x/time/rate"

	"github.com/paceboard/paceboard/http/internal/listen"
)

// RateLimits are how many units a second are taken; 0 is no limit. A request is one
// unit, and of a user one more for every 20 reports that it comes to, each for one
// competition, or people that it invites, every 16 KiB of body and every 200 rows
// that it asks for or reads.
type RateLimits struct {
	User    int // of one user, operators and service keys excepted
	Burst   int // units that a user may use at once; 0: 4,000, or twice User if that is more
	Address int // of one client address (of IPv6 its /64 network), whoever sends them

	// TrustedProxies are the networks of proxies whose X-Forwarded-For says where
	// a request came from. Without them the address is the connection's.
	TrustedProxies []netip.Prefix
}

// The prices, and what follows from them.
const (
	writesOfUnit = 20
	bytesOfUnit  = 16 << 10
	rowsOfUnit   = 200

	// defaultBurst is a year of days for 200 competitions.
	defaultBurst = 4_000
	// maxWrites is how many reports one request may come to, whoever sends it.
	maxWrites = defaultBurst * writesOfUnit
)

// maxRateKeys is how many users, and how many addresses, are remembered; one
// that is forgotten begins with a full bucket.
const maxRateKeys = 100_000

// throttle limits one kind of clients to a rate, each by a token bucket. Safe for
// concurrent use.
type throttle[K comparable] struct {
	pace    atomic.Pointer[pace] // nil is no limit
	buckets *otter.Cache[K, *rate.Limiter]
	now     func() time.Time
	tooMany *problem // the refusal of a request that comes too early
}

// pace is how fast the buckets fill. It does not change.
type pace struct {
	perSecond int
	burst     int
	limit     []byte // perSecond, as the header has it
}

// users returns the pace of users, and clients that of addresses; nil is no limit.
func (l *RateLimits) users() *pace {
	burst := l.Burst
	if burst <= 0 {
		burst = max(defaultBurst, 2*l.User)
	}
	return newPace(l.User, burst)
}

func (l *RateLimits) clients() *pace { return newPace(l.Address, 2*l.Address) }

func newPace(perSecond, burst int) *pace {
	if perSecond <= 0 {
		return nil
	}
	return &pace{perSecond: perSecond, burst: burst, limit: strconv.AppendInt(nil, int64(perSecond), 10)}
}

func newThrottle[K comparable](p *pace, now func() time.Time, limit limit) *throttle[K] {
	t := &throttle[K]{
		now: now, tooMany: errTooMany.of(limit),
		buckets: otter.Must(&otter.Options[K, *rate.Limiter]{MaximumSize: maxRateKeys}),
	}
	t.pace.Store(p)
	return t
}

// set changes the rate. Buckets keep what they hold, so nobody who owes something is let
// off; a bucket that was forgotten, but is still held by an open socket, keeps its rate.
// Cost: linear in the clients that are remembered.
func (t *throttle[K]) set(p *pace) {
	t.pace.Store(p)
	if p == nil {
		return
	}
	now := t.now()
	for _, bucket := range t.buckets.All() {
		bucket.SetLimitAt(now, rate.Limit(p.perSecond))
		bucket.SetBurstAt(now, p.burst)
	}
}

// close ends the cache's work.
func (t *throttle[K]) close() { t.buckets.StopAllGoroutines() }

// of returns the bucket of a client, which may be kept; nil without a limit.
func (t *throttle[K]) of(client K) *rate.Limiter {
	p := t.pace.Load()
	if p == nil {
		return nil
	}
	if bucket, ok := t.buckets.GetIfPresent(client); ok {
		return bucket
	}
	bucket, _ := t.buckets.SetIfAbsent(client, rate.NewLimiter(rate.Limit(p.perSecond), p.burst))
	return bucket
}

// take takes units out of a bucket, all or none, and tells the client what is left; nil
// means that there were enough. Paid is what the request has cost before, and will cost
// again when it is repeated.
func (t *throttle[K]) take(ctx *fasthttp.RequestCtx, bucket *rate.Limiter, units, paid int) error {
	p := t.pace.Load()
	if bucket == nil || p == nil {
		return nil
	}
	now := t.now()
	allowed := bucket.AllowN(now, units)
	left := p.tell(ctx, bucket, now)
	switch all := units + paid; {
	case allowed:
		return nil
	case all > p.burst: // no waiting helps
		return kindTooMuch.with(fmt.Sprintf("the request costs %d units, but at most %d may be used at once: %s", all, p.burst, sendLess)).of(t.tooMany.limit)
	default:
		return t.tooMany.after((float64(all) - left) / float64(p.perSecond))
	}
}

// owe takes units out of a bucket for what a request turned out to cost, even if there
// are too few: then the user waits before the next request.
func (t *throttle[K]) owe(ctx *fasthttp.RequestCtx, bucket *rate.Limiter, units int) {
	p := t.pace.Load()
	if bucket == nil || p == nil || units <= 0 {
		return
	}
	now := t.now()
	for ; units > 0; units -= p.burst {
		bucket.ReserveN(now, min(units, p.burst))
	}
	if ctx != nil {
		p.tell(ctx, bucket, now)
	}
}

// tell tells the client what is left (draft-ietf-httpapi-ratelimit-headers,
// version 07), and returns how many units are left: less than 0 if some are owed.
func (p *pace) tell(ctx *fasthttp.RequestCtx, bucket *rate.Limiter, now time.Time) (left float64) {
	left = bucket.TokensAt(now)
	var room [20]byte
	header := &ctx.Response.Header
	header.SetCanonical(headerRateLimit, p.limit)
	header.SetCanonical(headerRateRemaining, strconv.AppendInt(room[:0], int64(max(left, 0)), 10))
	seconds := (float64(p.burst) - left) / float64(p.perSecond) // until the bucket is full
	header.SetCanonical(headerRateReset, strconv.AppendInt(room[:0], int64(seconds+0.999), 10))
	return left
}

// errTooMany is the refusal of a request that comes too early.
var errTooMany = kindTooMany.with("send fewer requests: RateLimit-Limit is the number of units per second, RateLimit-Remaining what is left; reports can be sent as a batch")

// errTooManyFrames is the same of a frame.
var errTooManyFrames = errTooMany.of(userRate)

// sendLess is what a client can do about it.
const sendLess = "send fewer items at a time, or name the competition"

// allow takes a unit out of a bucket where there is no header to tell what is left.
func (t *throttle[K]) allow(bucket *rate.Limiter) bool {
	return bucket == nil || bucket.AllowN(t.now(), 1)
}

// clientAddress returns the address of a request's client as far as it can be known:
// the last one that is not a trusted proxy's. An IPv6 client is its /64 network.
func (l *RateLimits) clientAddress(ctx *fasthttp.RequestCtx) netip.Addr {
	remote, _ := netip.AddrFromSlice(ctx.RemoteIP())
	address := remote.Unmap()
	if len(l.TrustedProxies) > 0 && l.trusts(address) {
		for _, field := range slices.Backward(ctx.Request.Header.PeekAll("X-Forwarded-For")) {
			for _, hop := range slices.Backward(strings.Split(string(field), ",")) {
				named, ok := hopAddress(strings.TrimSpace(hop))
				if !ok {
					return listen.Network(address) // what stands before it may be made up
				}
				if address = named.Unmap(); !l.trusts(address) {
					return listen.Network(address)
				}
			}
		}
	}
	return listen.Network(address)
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
	return slices.ContainsFunc(l.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// An erasure writes many times what it removes, so a user who comes back and is erased
// again and again would wear the disk out; an export reads all that there is. A few of
// each may come at once, so that one that fails can be repeated.
const (
	seldomEvery = time.Minute
	seldomBurst = 10
)

// seldom limits an expensive operation to a rate for each user that it is about. Safe
// for concurrent use.
type seldom struct {
	detail  string
	buckets *otter.Cache[string, *rate.Limiter]
}

func newSeldom(detail string) seldom {
	return seldom{detail, otter.Must(&otter.Options[string, *rate.Limiter]{MaximumSize: maxRateKeys})}
}

// take takes one operation about a user.
func (s seldom) take(userID string, now time.Time) error {
	bucket, ok := s.buckets.GetIfPresent(userID)
	if !ok {
		bucket, _ = s.buckets.SetIfAbsent(userID, rate.NewLimiter(rate.Every(seldomEvery), seldomBurst))
	}
	if bucket.AllowN(now, 1) {
		return nil
	}
	refusal := kindTooMany.with(s.detail).of(seldomLimit)
	refusal.retryAfter = int(seldomEvery.Seconds())
	return refusal
}
