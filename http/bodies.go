package http

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/http/internal/decode"
	"github.com/paceboard/paceboard/http/internal/listen"
)

// unaskedBody is how large a body may be, in bytes, to be received before it is
// known who sends it: less than the buffers that a request's header fields take.
const unaskedBody = 2 << 10

// bodies decides what bodies are received, when a request's header fields are
// there and its body is not: fasthttp makes room for the whole of a body, or of a
// chunk, before the first byte of it. So a larger one is received for a good
// token alone, up to the limit of its route, and all of them together have
// MAX_BODIES_MEMORY, of which one user has a share. Safe for concurrent use.
type bodies struct {
	most       int64         // bytes
	mostOfUser int64         // bytes
	within     time.Duration // in which a body arrives, or not at all
	limits     []*route      // those with a limit of their own
	admit      func(*fasthttp.RequestHeader) (user string, err error)

	reserved atomic.Int64
	mu       sync.Mutex
	users    map[string]int64 // what is reserved for each user who has a body under way
	arriving atomic.Int64     // how many arrivals there are
	swept    atomic.Int64     // when, Unix nanoseconds
	arrivals sync.Map         // *fasthttp.RequestHeader to *arrival, until the request is answered
}

// arrival is a body that was looked at before it was received. fasthttp forgets
// the header fields of a request whose body cannot be read; what its answer needs
// of them is kept here.
type arrival struct {
	refusal           error  // nil if the body is received
	bytes             int64  // reserved for it
	user              string // whose share it is of; empty for nobody's
	since             time.Time
	arrived           atomic.Bool // whole: it is being answered
	origin, requestID []byte
}

// sharesOfBodies is how many users together may take all the memory for bodies.
const sharesOfBodies = 16

func newBodies(most int64, within time.Duration, routes []*route, admit func(*fasthttp.RequestHeader) (string, error)) *bodies {
	b := &bodies{most: most, mostOfUser: most / sharesOfBodies, within: within, admit: admit, users: map[string]int64{}}
	for _, r := range routes {
		b.mostOfUser = max(b.mostOfUser, int64(r.limit())) // one request is always taken
		if r.bodyLimit > 0 {
			b.limits = append(b.limits, r)
		}
	}
	return b
}

// refuseBody is a body limit that every body is beyond of which there is an
// arrival: fasthttp then has the request answered without receiving it.
const refuseBody = 1

// headersReceived tells fasthttp how large a body may be.
func (b *bodies) headersReceived(header *fasthttp.RequestHeader) (c fasthttp.RequestConfig) {
	if b.arriving.Load() > 0 {
		b.release(header) // that of a request whose connection broke
	}
	length := header.ContentLength()
	if length <= unaskedBody && length != chunked {
		return c
	}
	limit := b.limit(header)
	a := &arrival{
		bytes: int64(length), since: time.Now(),
		origin: bytes.Clone(header.PeekCanonical(headerOrigin)), requestID: bytes.Clone(header.PeekCanonical(headerRequestID)),
	}
	if length == chunked {
		a.bytes = int64(limit)
	}
	c.MaxRequestBodySize = limit
	if a.user, a.refusal = b.admit(header); a.refusal == nil {
		a.refusal = b.reserve(a)
	}
	if a.refusal != nil {
		a.bytes, c.MaxRequestBodySize = 0, refuseBody
	}
	b.arriving.Add(1)
	b.arrivals.Store(header, a)
	if swept := b.swept.Load(); a.since.UnixNano()-swept > int64(b.within) && b.swept.CompareAndSwap(swept, a.since.UnixNano()) {
		b.sweep()
	}
	return c
}

// errBodies is said when there is no room for a body, errBodiesOfUser when the rest
// is for others.
var (
	errBodies       = kindOverloaded.with("the bodies of other requests take all the memory that there is for them")
	errBodiesOfUser = kindTooMany.with("as much of the user's other bodies is being received as one user may send at a time: send one batch after the other")
)

// chunked is the length of a body that is sent in chunks, as fasthttp has it.
const chunked = -1

// limit is the size of the largest body that a request may have, by its method
// and its exact path. Where no token is asked for, no body is taken either, but
// clients may end an empty one with a chunk.
func (b *bodies) limit(header *fasthttp.RequestHeader) int {
	if !isUnderAPI(header) {
		return unaskedBody
	}
	for _, r := range b.limits {
		if string(header.Method()) == r.method && string(pathOf(header.RequestURI())) == r.path {
			return r.bodyLimit
		}
	}
	return bodyLimit
}

// reserve takes memory for a body, if there is as much.
func (b *bodies) reserve(a *arrival) error {
	if b.take(a) == nil {
		return nil
	}
	b.sweep()
	return b.take(a)
}

func (b *bodies) take(a *arrival) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case a.user != "" && b.users[a.user]+a.bytes > b.mostOfUser:
		return errBodiesOfUser
	case b.reserved.Add(a.bytes) > b.most:
		b.reserved.Add(-a.bytes)
		return errBodies
	case a.user != "":
		b.users[a.user] += a.bytes
	}
	return nil
}

// giveBack is the inverse of take.
func (b *bodies) giveBack(a *arrival) {
	b.reserved.Add(-a.bytes)
	if a.user == "" || a.bytes == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.users[a.user] -= a.bytes; b.users[a.user] <= 0 {
		delete(b.users, a.user)
	}
}

// sweep gives back what was reserved for bodies of which nothing more can arrive.
// fasthttp ends some connections that break in between without telling.
func (b *bodies) sweep() {
	b.arrivals.Range(func(header, value any) bool {
		a, _ := value.(*arrival)
		if !a.arrived.Load() && time.Since(a.since) > b.within && b.arrivals.CompareAndDelete(header, value) {
			b.forget(a)
		}
		return true
	})
}

// arrivalOf is what was decided about a request's body; nil if it was not looked
// at. It stays until release.
func (b *bodies) arrivalOf(header *fasthttp.RequestHeader) *arrival {
	if b.arriving.Load() == 0 {
		return nil
	}
	found, _ := b.arrivals.Load(header)
	a, _ := found.(*arrival)
	return a
}

// release gives the memory of a request's body back, which is answered.
func (b *bodies) release(header *fasthttp.RequestHeader) {
	if a, found := b.arrivals.LoadAndDelete(header); found {
		b.forget(a)
	}
}

func (b *bodies) forget(arrived any) {
	if a, ok := arrived.(*arrival); ok {
		b.giveBack(a)
		b.arriving.Add(-1)
	}
}

// restore gives a request the header fields back that its answer needs.
func (a *arrival) restore(header *fasthttp.RequestHeader) {
	if len(a.origin) > 0 {
		header.SetCanonical(headerOrigin, a.origin)
	}
	if len(a.requestID) > 0 {
		header.SetCanonical(headerRequestID, a.requestID)
	}
}

// admitBody refuses a body by the header fields before it, in the order in which
// clients may rely on it: 401, 415, 413. What is under /api needs a token, whether
// there is a route or not; nothing else takes a body, so none is received there.
// The user is the one whose share the body is of: empty for operators and API keys,
// who send for many.
func (s *Server) admitBody(header *fasthttp.RequestHeader) (user string, err error) {
	tooLarge := header.ContentLength() > s.bodies.limit(header)
	if isUnderAPI(header) {
		who, err := s.auth.Bearer(header.PeekCanonical(headerAuthorization))
		if err != nil {
			return "", err
		}
		if !who.Caller.Operator {
			user = who.Caller.UserID
		}
	} else if header.ContentLength() != chunked {
		tooLarge = true
	}
	return user, admitForm(header, true, tooLarge)
}

func isUnderAPI(header *fasthttp.RequestHeader) bool {
	return bytes.HasPrefix(header.RequestURI(), apiPrefix) || bytes.HasPrefix(pathOf(header.RequestURI()), apiPrefix)
}

// admitForm checks the encoding, the type and the size of a body.
func admitForm(header *fasthttp.RequestHeader, hasBody, tooLarge bool) error {
	if len(header.ContentEncoding()) > 0 {
		return kindEncoding.with("send the body as it is, without Content-Encoding")
	}
	if hasBody && !header.IsGet() && !header.IsHead() && !isJSON(header.ContentType()) {
		return kindMediaType.with("send Content-Type: application/json, or none")
	}
	if tooLarge {
		return errTooLarge
	}
	return nil
}

var errTooLarge = kindTooLarge.with("a batch may have 1 MiB, every other body 16 KiB")

var apiPrefix = []byte("/api/")

// expected answers a client that asks by Expect: 100-continue whether to send its
// body (RFC 9110, section 10.1.1).
func (s *Server) expected(ctx *fasthttp.RequestCtx) (status int) {
	header := &ctx.Request.Header
	var refusal error
	if a := s.bodies.arrivalOf(header); a != nil {
		refusal = a.refusal
	} else if header.ContentLength() > 0 {
		_, refusal = s.admitBody(header)
	}
	if refusal == nil {
		return fasthttp.StatusContinue
	}
	s.turnDown(ctx, refusal)
	return ctx.Response.StatusCode()
}

// malformed answers a request that could not be read whole.
func (s *Server) malformed(ctx *fasthttp.RequestCtx, err error) {
	a := s.bodies.arrivalOf(&ctx.Request.Header)
	if a != nil {
		a.restore(&ctx.Request.Header)
	}
	var network interface{ Timeout() bool }
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge) && a != nil && a.refusal != nil:
		err = a.refusal
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		err = errTooLarge
	case errors.As(err, new(*fasthttp.ErrSmallBuffer)):
		err = kindHeaders.with("the request line and the header fields may have 8 KiB together")
	case errors.As(err, &network) && network.Timeout():
		err = kindTimeout.with("the request did not arrive in time")
	default:
		err = kindBadRequest.with("the request cannot be read")
	}
	s.turnDown(ctx, err)
}

// turnDown refuses a request that no handler sees, and of which something may
// still be on its way: the connection ends, but not before the client could read
// why.
func (s *Server) turnDown(ctx *fasthttp.RequestCtx, err error) {
	s.bodies.release(&ctx.Request.Header)
	s.dress(ctx)
	if tooMany := s.throttleClient(ctx); tooMany != nil {
		err = tooMany
	}
	s.refuse(ctx, err)
	s.metrics.unrouted.count(ctx.Response.StatusCode())
	listen.EndSlowly(ctx)
}

// isHTTP1 reports whether a request is of a version that this server speaks, with
// an end that everybody understands in the same way: a proxy in front may have
// taken another (RFC 9112, section 6.3). fasthttp takes both Content-Length and
// Transfer-Encoding, and the coding identity, which is none any more.
func isHTTP1(header *fasthttp.RequestHeader) error {
	if !header.IsHTTP11() && string(header.Protocol()) != "HTTP/1.0" {
		return kindBadRequest.with("the version is HTTP/1.1 or HTTP/1.0")
	}
	length := header.ContentLength()
	if length > 0 && !header.ConnectionClose() || length == chunked && !header.ConnectionClose() {
		return nil // fasthttp marks the other kind as the last of its connection
	}
	var hasLength, hasCoding bool
	for rest := header.RawHeaders(); len(rest) > 0; {
		end := len(rest)
		if newline := bytes.IndexByte(rest, '\n'); newline >= 0 {
			end = newline + 1
		}
		line := rest[:end]
		rest = rest[end:]
		if line[0]|0x20 != 'c' && line[0]|0x20 != 't' {
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		hasLength = hasLength || bytes.EqualFold(name, []byte("Content-Length"))
		if bytes.EqualFold(name, []byte("Transfer-Encoding")) {
			hasCoding = true
			if !bytes.EqualFold(bytes.TrimSpace(value), []byte("chunked")) {
				return kindBadRequest.with("the only Transfer-Encoding is chunked")
			}
		}
	}
	if hasLength && hasCoding {
		return kindBadRequest.with("a request has either Content-Length or Transfer-Encoding")
	}
	return nil
}

// isKnown reports whether a method is one that this server knows.
func isKnown(method []byte) bool { return slices.Contains(knownMethods, decode.View(method)) }
