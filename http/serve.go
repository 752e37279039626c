package http

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

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
		users:   o.RateLimits.userThrottle(o.Now),
		clients: newThrottle[netip.Addr](o.RateLimits.Address, 2*o.RateLimits.Address, o.Now),
		origins: newOrigins(o.AllowedOrigins),
		ids:     newRequestIDs(),
		build:   o.Build,
		now:     o.Now,
		newID:   o.NewID,
		live:    newLiveClients(o.MaxSocketsUser),
		calls:   sync.Pool{New: func() any { return new(call) }},

		maxConnections: o.MaxConnections,
		maxAddress:     o.MaxConnectionsAddress,
		lingering:      listen.NewLingering(),

		metricsToken: hashed(o.MetricsToken), openMetrics: o.OpenMetrics, metricsElsewhere: o.MetricsElsewhere,
	}
	s.erasures = newSeldom("a user can be erased once a minute, and a few times more in between")
	s.exports = newSeldom("a user can be exported once a minute, and a few times more in between")
	table := routes()
	s.bodies = newBodies(o.MaxBodiesMemory, o.ReadTimeout+time.Second, largeBodies(table), s.admitBody)
	s.serving, s.endServing = context.WithCancel(context.Background())
	s.metrics = newMetrics(o.Registry, operations(table), o.Engine, s.live.count)
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
	s.listen(o, table)
	return s
}

// listen sets Fiber and fasthttp up.
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
