package http

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// unaskedBody is the size, in bytes, up to which a body is received before the
// sender is known: less than the buffers that a request's header fields take.
const unaskedBody = 2 << 10

// largeBody is the size limit of bodies for a method and a path without parameters.
type largeBody struct {
	method, path string
	bytes        int
}

// bodies decides which bodies are received, once a request's header fields have
// arrived and before its body has: fasthttp allocates the whole of a body, or of a
// chunk, before its first byte. So a body larger than unaskedBody is received only
// with a good token, up to the limit of its route. All bodies together have
// MAX_BODIES_MEMORY, of which each user has a share. Safe for concurrent use.
type bodies struct {
	most       int64         // bytes
	mostOfUser int64         // bytes
	within     time.Duration // in which a body must arrive
	large      []largeBody   // where more than bodyLimit is taken
	admit      func(*fasthttp.RequestHeader) (user string, err error)

	reserved atomic.Int64
	mu       sync.Mutex
	users    map[string]int64 // bytes reserved for each user with a body under way
	arriving atomic.Int64     // the size of arrivals
	swept    atomic.Int64     // when, Unix nanoseconds
	arrivals sync.Map         // *fasthttp.RequestHeader to *arrival, until the request is answered
}

// arrival is a body that was looked at before it was received. fasthttp forgets
// the header fields of a request whose body cannot be read; what its answer needs
// of them is kept here.
type arrival struct {
	refusal           error  // nil if the body is received
	bytes             int64  // reserved for it
	user              string // whose share it counts towards; empty for none
	since             time.Time
	arrived           atomic.Bool // whole: it is being answered
	origin, requestID []byte
}

// sharesOfBodies is how many users it takes to use up the memory for bodies.
const sharesOfBodies = 16

func newBodies(most int64, within time.Duration, large []largeBody, admit func(*fasthttp.RequestHeader) (string, error)) *bodies {
	b := &bodies{most: most, mostOfUser: max(most/sharesOfBodies, bodyLimit), within: within, admit: admit, large: large, users: map[string]int64{}}
	for _, l := range large {
		b.mostOfUser = max(b.mostOfUser, int64(l.bytes)) // one request is always taken
	}
	return b
}

// refuseBody is a limit that every body with an arrival exceeds: fasthttp then has
// the request answered without receiving the body.
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

// errBodies is returned when there is no memory left for a body, errBodiesOfUser when
// what is left is for other users.
var (
	errBodies       = kindOverloaded.with("the bodies of other requests use all the memory for bodies").of(bodiesMemory)
	errBodiesOfUser = kindTooMany.with("the user is sending too many bodies at once: send one batch after the other").of(userBodies)
)

// limit is the size of the largest body that a request may have, by its method
// and its exact path. Where no token is needed, no body is taken either, but clients
// may send an empty one in chunks.
func (b *bodies) limit(header *fasthttp.RequestHeader) int {
	if !isUnderAPI(header) {
		return unaskedBody
	}
	for i := range b.large {
		if l := &b.large[i]; string(header.Method()) == l.method && string(pathOf(header.RequestURI())) == l.path {
			return l.bytes
		}
	}
	return bodyLimit
}

// reserve reserves memory for a body, if there is enough.
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

// sweep releases what was reserved for bodies that can no longer arrive: fasthttp
// does not report all connections that break in between.
func (b *bodies) sweep() {
	b.arrivals.Range(func(header, value any) bool {
		a, _ := value.(*arrival)
		if !a.arrived.Load() && time.Since(a.since) > b.within && b.arrivals.CompareAndDelete(header, value) {
			b.forget(a)
		}
		return true
	})
}

// arrivalOf returns what was decided about a request's body, which stays until
// release; nil if nothing was.
func (b *bodies) arrivalOf(header *fasthttp.RequestHeader) *arrival {
	if b.arriving.Load() == 0 {
		return nil
	}
	found, _ := b.arrivals.Load(header)
	a, _ := found.(*arrival)
	return a
}

// release releases the memory of the body of a request that has been answered.
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

// restore restores the header fields of a request that its answer needs.
func (a *arrival) restore(header *fasthttp.RequestHeader) {
	if len(a.origin) > 0 {
		header.SetCanonical(headerOrigin, a.origin)
	}
	if len(a.requestID) > 0 {
		header.SetCanonical(headerRequestID, a.requestID)
	}
}

// Body limits, in bytes. A route with a limit of its own has no parameters in its
// path: see bodies.
const (
	bodyLimit      = 16 << 10
	batchBodyLimit = 1 << 20
)
