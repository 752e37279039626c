package http

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/http/internal/listen"
)

// Server answers HTTP. Use New.
type Server struct {
	engine      Engine
	log         *slog.Logger
	auth        *auth.Authenticator
	projectKeys *ProjectKeys // nil without a project
	limits      RateLimits
	users       *throttle[string]     // nil without a limit
	clients     *throttle[netip.Addr] // nil without a limit
	origins     origins
	ids         *requestIDs
	metrics     *metrics
	build       Build
	now         func() time.Time
	newID       func() string
	live        *liveClients
	upgrade     fiber.Handler // to a WebSocket

	erasures, exports seldom // of each user

	metricsToken     []byte // hashed; nil when there is none
	openMetrics      bool
	metricsElsewhere bool
	scrape           scrape

	assets map[string]*asset // by path
	routes []*route
	app    *fiber.App
	fiber  fasthttp.RequestHandler // what Fiber makes of the routes

	shortcuts [shortcuts]shortcut

	calls sync.Pool // *call

	maxConnections, maxAddress int
	bodies                     *bodies
	reserve                    reserve
	lingering                  *listen.Lingering
	aside                      sync.WaitGroup // connections that are answered, or linger, outside of fasthttp

	serving    context.Context // until Shutdown
	endServing context.CancelFunc
}

// New makes a server that does not listen yet. It panics when the files of the
// page cannot be read, which is a fault of the program's build.
func New(o Options) *Server {
	o = o.withDefaults()
	s := &Server{
		engine:  o.Engine,
		log:     o.Logger,
		limits:  o.RateLimits,
		users:   o.RateLimits.userThrottle(o.Now),
		clients: newThrottle[netip.Addr](o.RateLimits.Address, 2*o.RateLimits.Address, o.Now),
		origins: newOrigins(o.AllowedOrigins),
		ids:     newRequestIDs(),
		build:   o.Build,
		now:     o.Now,
		newID:   o.NewID,
		live:    newLiveClients(o.MaxSocketsUser),
		routes:  routes(),
		calls:   sync.Pool{New: func() any { return new(call) }},

		maxConnections: o.MaxConnections,
		maxAddress:     o.MaxConnectionsAddress,
		lingering:      listen.NewLingering(),

		metricsToken: hashed(o.MetricsToken), openMetrics: o.OpenMetrics, metricsElsewhere: o.MetricsElsewhere,
	}
	s.erasures = newSeldom("a user can be erased once a minute, and a few times more in between")
	s.exports = newSeldom("a user can be exported once a minute, and a few times more in between")
	s.bodies = newBodies(o.MaxBodiesMemory, o.ReadTimeout+time.Second, s.routes, s.admitBody)
	s.serving, s.endServing = context.WithCancel(context.Background())
	s.metrics = newMetrics(o.Registry, s.routes, o.Engine, s.live.count)
	s.upgrade = s.newUpgrader()
	var verifiers []auth.Verifier
	if len(o.Secret) > 0 {
		verifiers = append(verifiers, auth.NewSecret(o.Secret, o.Issuers, o.SupabaseURL, o.Now))
	}
	if o.Keys != nil {
		s.projectKeys = o.Keys
		verifiers = append(verifiers, o.Keys)
		o.Keys.OnWithdrawal(s.live.wakeAll)
		o.Registry.MustRegister(o.Keys)
	}
	s.auth = auth.New(auth.Options{
		Verifiers: verifiers, Keys: o.Engine, Bucket: s.users.of, Log: o.Logger, Now: o.Now,
		Hits: s.metrics.tokensKnown, Misses: s.metrics.tokensVerified,
	})
	s.assets = newAssets(o.Page, pagePolicy(o.SupabaseURL))
	s.listen(o)
	return s
}

func (s *Server) nowMillis() competition.Millis { return competition.MillisOf(s.now()) }

// listen sets Fiber and fasthttp up.
func (s *Server) listen(o Options) {
	s.app = newApp(o, s.noRoute)
	for _, r := range s.routes {
		handler := s.enter(r)
		s.app.Add(r.method, r.path, handler)
		if r.method == fiber.MethodGet {
			s.app.Add(fiber.MethodHead, r.path, handler)
		}
	}
	s.fiber = s.app.Handler()
	s.shortcuts = s.newShortcuts()
	server := s.app.Server()
	server.Handler = s.handle
	server.HeaderReceived = s.bodies.headersReceived
	server.ExpectHandler = s.expected
	server.ErrorHandler = s.malformed
}

// Serve answers on a listener until Shutdown, before or after, and then returns
// nil; the listener is closed.
func (s *Server) Serve(listener net.Listener) error {
	lazy := listen.Lazy(listener)
	stop := context.AfterFunc(s.serving, func() { _ = lazy.Close() }) // fasthttp may not know of it yet
	defer stop()
	limited := listen.NewLimit(listen.Options{
		Listener: lazy, Most: int64(s.maxConnections), MostOfAddress: int64(s.maxAddress),
		Exempt:        func(a netip.Addr) bool { return listen.IsNear(a) || s.limits.trusts(a) },
		Full:          s.serveReserve,
		FullOfAddress: func(conn net.Conn) { s.reject(conn, errTooManyOfAddress) },
		Lingering:     s.lingering, Done: s.serving.Done(),
		Log: s.log, Failures: s.metrics.acceptFailures,
	})
	if err := s.app.Server().Serve(limited); err != nil && s.serving.Err() == nil {
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	}
	return nil
}

// Shutdown stops listening and waits until the requests under way are answered,
// or for ctx, whose error it then returns; connections still open are left to
// the end of the program. The server cannot be used again.
func (s *Server) Shutdown(ctx context.Context) error {
	defer s.auth.Close()
	defer s.users.close()
	defer s.clients.close()
	defer s.erasures.buckets.StopAllGoroutines()
	defer s.exports.buckets.StopAllGoroutines()
	s.endServing()
	if err := s.live.endAll(ctx); err != nil {
		return fmt.Errorf("end the live clients: %w", err)
	}
	if err := s.app.ShutdownWithContext(ctx); err != nil {
		return fmt.Errorf("shut down: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		s.aside.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for connections that linger: %w", ctx.Err())
	}
}

// handle is the first and last to see a request.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	defer s.recover(ctx)
	arrived := s.bodies.arrivalOf(&ctx.Request.Header)
	if arrived != nil {
		arrived.arrived.Store(true)
		defer s.bodies.release(&ctx.Request.Header)
	}
	s.name(ctx)
	var page []byte
	if err := s.refusalAtOnce(ctx, arrived); err != nil {
		s.refuse(ctx, err)
	} else {
		page = s.serve(ctx)
	}
	if page == nil { // a page has them
		guard(&ctx.Response.Header)
	}
	listen.HandOver(ctx, page)
	if s.log.Enabled(ctx, slog.LevelDebug) {
		s.logAccess(ctx)
	}
}

// refusalAtOnce is why a request does not reach the routes.
func (s *Server) refusalAtOnce(ctx *fasthttp.RequestCtx, arrived *arrival) error {
	if err := isHTTP1(&ctx.Request.Header); err != nil {
		listen.EndSlowly(ctx)
		return err
	}
	if err := s.throttleClient(ctx); err != nil {
		return err
	}
	switch {
	case arrived != nil && arrived.refusal != nil:
		return arrived.refusal
	case !isKnown(ctx.Method()):
		ctx.Response.Header.Set("Allow", strings.Join(knownMethods, ", "))
		return kindMethod.with("the method is not one of HTTP's that this server knows")
	}
	return nil
}

// throttleClient holds a client's address to its rate, before anything is known
// of who it is.
func (s *Server) throttleClient(ctx *fasthttp.RequestCtx) error {
	if s.clients == nil {
		return nil
	}
	return s.clients.take(ctx, s.clients.of(s.limits.clientAddress(ctx)), 1, 0)
}

// dress gives a response what all responses have.
func (s *Server) dress(ctx *fasthttp.RequestCtx) {
	guard(&ctx.Response.Header)
	s.name(ctx)
}

// guard has the fields that are the same for all responses.
func guard(header *fasthttp.ResponseHeader) {
	header.SetCanonical(headerContentTypeOptions, valueNoSniff)
	header.SetCanonical(headerReferrerPolicy, valueNoReferrer)
}

// name has those that depend on the request: its id, and who may see the response.
func (s *Server) name(ctx *fasthttp.RequestCtx) {
	var buffer [requestIDRoom]byte
	ctx.Response.Header.SetCanonical(headerRequestID, s.ids.of(&ctx.Request.Header, buffer[:0]))
	s.origins.allow(ctx)
}

// recover answers for a handler that panicked.
func (s *Server) recover(ctx *fasthttp.RequestCtx) {
	if fault := recover(); fault != nil {
		s.metrics.panics.Inc()
		s.log.LogAttrs(ctx, slog.LevelError, "handler panicked", slog.Any("panic", fault), slog.String("stack", string(debug.Stack())))
		ctx.Response.ResetBody()
		guard(&ctx.Response.Header)
		s.refuse(ctx, fmt.Errorf("panic: %v", fault))
	}
}

// logAccess notes a request. Queries may hold tokens and paths may hold people,
// so neither is logged. Of a body that is streamed the size is not known yet, and
// looking at it would wait for its end.
func (s *Server) logAccess(ctx *fasthttp.RequestCtx) {
	size := -1
	if !ctx.Response.IsBodyStream() {
		size = len(ctx.Response.Body())
	}
	s.log.LogAttrs(ctx, slog.LevelDebug, "request",
		slog.String("request_id", string(ctx.Response.Header.PeekCanonical(headerRequestID))),
		slog.String("method", string(ctx.Method())),
		slog.Int("status", ctx.Response.StatusCode()),
		slog.Int("bytes", size),
		slog.Duration("took", time.Since(ctx.Time())),
	)
}
