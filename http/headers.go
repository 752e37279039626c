package http

import (
	"crypto/rand"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/valyala/fasthttp"
)

// Header names in their canonical form, and values, as fasthttp takes them.
var (
	headerAllowOrigin        = []byte("Access-Control-Allow-Origin")
	headerAuthorization      = []byte("Authorization")
	headerCacheControl       = []byte("Cache-Control")
	headerContentLength      = []byte("Content-Length")
	headerContentType        = []byte("Content-Type")
	headerContentTypeOptions = []byte("X-Content-Type-Options")
	headerETag               = []byte("Etag")
	headerExposeHeaders      = []byte("Access-Control-Expose-Headers")
	headerIfNoneMatch        = []byte("If-None-Match")
	headerOrigin             = []byte("Origin")
	headerRateLimit          = []byte("Ratelimit-Limit")
	headerRateRemaining      = []byte("Ratelimit-Remaining")
	headerRateReset          = []byte("Ratelimit-Reset")
	headerReferrerPolicy     = []byte("Referrer-Policy")
	headerRequestID          = []byte("X-Request-Id")
	headerTraceParent        = []byte("Traceparent")
	headerSecurityPolicy     = []byte("Content-Security-Policy")
	headerVary               = []byte("Vary")

	valueExposed    = []byte("ETag, Location, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Request-Id")
	valueJSON       = []byte("application/json")
	valueNoReferrer = []byte("no-referrer")
	valueNoSniff    = []byte("nosniff")
	valueNoStore    = []byte("no-store")
	valueOrigin     = []byte("Origin")
	valueRevalidate = []byte("private, no-cache")
)

// allowedHeaders are those that a page may send: the API's, those that supabase-js
// adds to every call, the one that replacements of EventSource add, and those of traces.
const allowedHeaders = "Authorization, Content-Type, If-None-Match, Last-Event-ID, X-Request-Id, " +
	"apikey, X-Client-Info, X-Supabase-Api-Version, Cache-Control, traceparent, tracestate"

// origins are the foreign origins whose pages may call (the CORS protocol of
// the Fetch standard). No cookies are involved, so credentials are never
// allowed.
type origins struct {
	any  bool
	list []string
	own  bool // pages of this machine, whatever their port
}

func newOrigins(allowed []string, own bool) origins {
	return origins{any: slices.Contains(allowed, "*"), list: allowed, own: own}
}

func (o *origins) allows(origin []byte) bool {
	return o.any || o.own && localOrigin(origin) || slices.Contains(o.list, string(origin)) || slices.Contains(o.list, normalOrigin(string(origin)))
}

// localOrigin reports whether a page is one of this machine: a browser finds localhost
// and loopback addresses nowhere else.
func localOrigin(origin []byte) bool {
	u, err := url.Parse(string(origin))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	name := strings.ToLower(u.Hostname())
	return name == "localhost" || net.ParseIP(name).IsLoopback()
}

// allow tells the browser what the calling page may read.
func (o *origins) allow(ctx *fasthttp.RequestCtx) {
	if !o.any && !o.own && len(o.list) == 0 {
		return
	}
	header := &ctx.Response.Header
	if !o.any {
		header.SetCanonical(headerVary, valueOrigin)
	}
	origin := ctx.Request.Header.PeekCanonical(headerOrigin)
	if len(origin) == 0 || !o.allows(origin) {
		return
	}
	if o.any {
		origin = []byte("*")
	}
	header.SetCanonical(headerAllowOrigin, origin)
	header.SetCanonical(headerExposeHeaders, valueExposed)
}

// admitsSocket reports whether a WebSocket may be opened: by a program, which
// has no origin, by the server's own page, or by a page that may call.
func (o *origins) admitsSocket(ctx *fasthttp.RequestCtx) bool {
	origin := ctx.Request.Header.PeekCanonical(headerOrigin)
	if len(origin) == 0 || o.allows(origin) {
		return true
	}
	// The scheme is the browser's: where a proxy ends TLS, this server sees another.
	scheme, _, found := strings.Cut(string(origin), "://")
	return found && normalOrigin(string(origin)) == normalOrigin(scheme+"://"+string(ctx.Request.Header.Host()))
}

// normalOrigin is an origin as browsers write it (RFC 6454, section 6.2): in lower
// case and without the default port, which proxies may add to Host.
func normalOrigin(origin string) string {
	origin = strings.ToLower(origin)
	if bare, ok := strings.CutSuffix(origin, ":443"); ok && strings.HasPrefix(origin, "https://") {
		return bare
	}
	if bare, ok := strings.CutSuffix(origin, ":80"); ok && strings.HasPrefix(origin, "http://") {
		return bare
	}
	return origin
}

// preflight answers a browser that asks before a page's request.
func (o *origins) preflight(ctx *fasthttp.RequestCtx) {
	header := &ctx.Response.Header
	if len(header.PeekCanonical(headerAllowOrigin)) == 0 || len(ctx.Request.Header.Peek("Access-Control-Request-Method")) == 0 {
		return
	}
	header.SetBytesV("Access-Control-Allow-Methods", header.Peek("Allow"))
	header.Set("Access-Control-Allow-Headers", allowedHeaders)
	header.Set("Access-Control-Max-Age", "600")
}

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
