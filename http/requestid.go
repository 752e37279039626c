package http

import (
	"crypto/rand"
	"strconv"
	"sync/atomic"

	"github.com/valyala/fasthttp"
)

// maxRequestID is how long a client's own request id may be; the server's are shorter.
const maxRequestID = 64

// requestIDRoom is enough for an id of the server.
const requestIDRoom = 32

// requestIDs makes ids of requests: a random word for the life of the server, and a
// counter. Safe for concurrent use.
type requestIDs struct {
	prefix string
	last   atomic.Uint64
}

func newRequestIDs() *requestIDs {
	return &requestIDs{prefix: rand.Text()[:10] + "-"}
}

// of returns the client's id if it sent a valid one, or else a new one, appended to
// buffer.
func (ids *requestIDs) of(header *fasthttp.RequestHeader, buffer []byte) []byte {
	if id := header.PeekCanonical(headerRequestID); len(id) > 0 && isSaneID(id) {
		return id
	}
	return strconv.AppendUint(append(buffer, ids.prefix...), ids.last.Add(1), 10)
}

func isSaneID(id []byte) bool {
	for _, c := range id {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return len(id) <= maxRequestID
}
