package http

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/http/internal/listen"
)

// New makes a server that does not listen yet. It panics if the files of the
// page cannot be read, which is a fault of the program's build.
func New(o Options) *Server {
	o = o.withDefaults()
	s := &Server{
		engine:  o.Engine,
		log:     o.Logger,
		limits:  o.RateLimits,
		users:   newThrottle[string](o.RateLimits.users(), o.Now, userRate),
		clients: newThrottle[netip.Addr](o.RateLimits.clients(), o.Now, addressRate),
		origins: newOrigins(o.AllowedOrigins, o.LocalOrigins),
		ids:     newRequestIDs(),
		build:   o.Build,
		now:     o.Now,
		newID:   o.NewID,
		process: o.Process,
		live:    newLiveClients(o.MaxSocketsUser, o.MaxSocketsLink),
		calls:   sync.Pool{New: func() any { return new(call) }},

		webhooks:       o.Webhooks,
		linksTo:        newLinksTo(o.Now),
		maxConnections: o.MaxConnections,
		maxAddress:     o.MaxConnectionsAddress,
		lingering:      listen.NewLingering(),

		openMetrics: o.OpenMetrics, metricsElsewhere: o.MetricsElsewhere,
	}
	s.SetMetricsToken(o.MetricsToken)
	if o.Traced != nil {
		s.tracer, s.traced = o.Tracer, o.Traced
	}
	s.access, s.refusals = newAccessLog(o.AccessLog, o.AccessLogger, o.Logger, &s.limits), newRefusalLog(o.Logger, o.Now)
	s.erasures = newSeldom("a user can be erased once a minute, and a few times more in between")
	s.exports = newSeldom("a user can be exported once a minute, and a few times more in between")
	table := routes()
	s.bodies = newBodies(o.MaxBodiesMemory, o.ReadTimeout+time.Second, largeBodies(table), s.admitBody)
	s.serving, s.endServing = context.WithCancel(context.Background())
	s.metrics = newMetrics(o.Registry, operations(table), o.Engine, s.live.count)
	s.upgrade = s.newUpgrader()
	s.secrets = auth.NewSecrets(o.Secrets, o.Issuers, o.SupabaseURL, o.Now)
	verifiers := []auth.Verifier{s.secrets}
	if o.Keys != nil {
		s.projectKeys = o.Keys
		verifiers = append(verifiers, o.Keys)
		o.Keys.OnWithdrawal(s.live.wakeAll)
		o.Registry.MustRegister(o.Keys)
	}
	s.auth = auth.New(auth.Options{
		Verifiers: verifiers, Keys: o.Engine, Links: o.Engine, LinkEnded: s.live.wakeLink, Bucket: s.users.of, Log: o.Logger, Now: o.Now,
		Hits: s.metrics.tokensKnown, Misses: s.metrics.tokensVerified,
	})
	signIn := pageSignIn{Paste: o.PastedTokens}
	if o.AnonKey != "" {
		signIn.URL, signIn.Key = o.SupabaseURL, o.AnonKey
	}
	s.assets = newAssets(o.Page, signIn)
	s.boardPage = newBoardPage(o.Page, pagePolicy(""), o.EmbedOrigins)
	s.listen(o, table)
	return s
}

func (s *Server) listen(o Options, table []*route) {
	s.app = newApp(o, s.noRoute)
	for _, r := range table {
		handler := s.handlerOf(r)
		s.app.Add(r.method, r.path, handler)
		if r.method == fiber.MethodGet {
			s.app.Add(fiber.MethodHead, r.path, handler)
		}
	}
	s.fiber = s.app.Handler()
	s.shortcuts = s.newShortcuts(table)
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
		Lingering:     s.lingering, Serving: s.serving,
		Log: s.log, Failures: s.metrics.acceptFailures, Accepted: s.metrics.connections, Open: s.metrics.connectionsOpen,
	})
	if err := s.app.Server().Serve(limited); err != nil && s.serving.Err() == nil {
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	}
	return nil
}

// SetRateLimits changes how many units a second of one user and requests a second of one
// client address are taken; 0 is no limit. Those who already sent more than that wait.
func (s *Server) SetRateLimits(user, address int) {
	limits := RateLimits{User: user, Address: address}
	s.users.set(limits.users())
	s.clients.set(limits.clients())
}

// SetSecrets changes the secrets that verify tokens signed with HS256. What one that is no
// longer among them has signed is refused from now on, and live clients of its tokens end.
func (s *Server) SetSecrets(secrets [][]byte) {
	if s.secrets.Change(secrets) {
		s.live.wakeAll()
	}
}

// SetMetricsToken changes the token that opens /metrics; empty for none.
func (s *Server) SetMetricsToken(token string) {
	hash := hashed(token)
	s.metricsToken.Store(&hash)
}

// SetAccessLog changes which requests are logged from now on.
func (s *Server) SetAccessLog(a AccessLog) { s.access.set(a) }

// EndLive ends the WebSockets and event streams that are open now, spread over a time.
// It returns when all have been told, or when ctx ends. Other connections end with the
// next answer from now on: what a proxy keeps open could end while it sends a request,
// and not every request may be sent twice.
func (s *Server) EndLive(ctx context.Context, over time.Duration) {
	s.letGo.Store(true)
	s.live.endSpread(ctx, over)
}

// Shutdown stops listening and waits until the requests under way are answered,
// or for ctx, whose error it then returns; connections still open are left to
// the end of the program. The server cannot be used again.
func (s *Server) Shutdown(ctx context.Context) error {
	defer s.auth.Close()
	defer s.linksTo.close()
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

// errTooManyOfAddress and errTooManyConnections are told to rejected clients.
var (
	errTooManyOfAddress   = kindOverloaded.with("this address has reached the limit of open connections").of(addressConnections)
	errTooManyConnections = kindOverloaded.with("the server has reached the limit of open connections").of(connectionsLimit)
)

// reject answers a connection without waiting for a request.
func (s *Server) reject(conn net.Conn, reason error) {
	var ctx fasthttp.RequestCtx
	ctx.Init(new(fasthttp.Request), conn.RemoteAddr(), nil)
	s.setHeaders(&ctx)
	s.refuse(&ctx, reason)
	s.answeredUnread(&ctx)
	s.lastWords(&ctx, conn)
}

// lastWords sends an answer that ends the connection, which then lingers.
func (s *Server) lastWords(ctx *fasthttp.RequestCtx, conn net.Conn) {
	ctx.SetConnectionClose()
	_ = conn.SetWriteDeadline(time.Now().Add(closeGrace)) // a new connection has room for more than this
	_, err := ctx.Response.WriteTo(conn)
	if err != nil || !s.lingering.Begin() {
		_ = conn.Close()
		return
	}
	s.aside.Go(func() {
		s.lingering.End(conn)
		_ = conn.Close()
	})
}

// reserveTime is how long a connection beyond MAX_CONNECTIONS is read.
const reserveTime = time.Second

// serveReserve answers a connection beyond MAX_CONNECTIONS if it asks for the server's
// health, and rejects it if not.
func (s *Server) serveReserve(conn net.Conn) {
	_ = conn.SetReadDeadline(time.Now().Add(reserveTime))
	place := s.reserve.Acquire(conn)
	s.aside.Go(func() {
		var ctx fasthttp.RequestCtx
		ctx.Init2(conn, fasthttpLog{s.log}, true)
		err := ctx.Request.Header.Read(bufio.NewReaderSize(conn, maxHeaderBytes))
		s.reserve.Release(place, conn)
		if err != nil || !isHealth(pathOf(ctx.Request.Header.RequestURI())) || !ctx.IsGet() && !ctx.IsHead() {
			s.reject(conn, errTooManyConnections)
			return
		}
		s.handle(&ctx)
		ctx.Response.SkipBody = ctx.Response.SkipBody || ctx.IsHead()
		s.lastWords(&ctx, conn)
	})
}
