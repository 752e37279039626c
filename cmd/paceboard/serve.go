package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	nethttp "net/http"
	"net/http/pprof"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/actors"
	"github.com/paceboard/paceboard/cmd/internal/archive"
	"github.com/paceboard/paceboard/cmd/internal/clock"
	"github.com/paceboard/paceboard/cmd/internal/control"
	"github.com/paceboard/paceboard/cmd/internal/erasures"
	"github.com/paceboard/paceboard/cmd/internal/logging"
	"github.com/paceboard/paceboard/cmd/internal/systemd"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/config"
	pbhttp "github.com/paceboard/paceboard/http"
	"github.com/paceboard/paceboard/internal/token"
	"github.com/paceboard/paceboard/internal/tracing"
	"github.com/paceboard/paceboard/internal/worker"
	"github.com/paceboard/paceboard/payouts"
	"github.com/paceboard/paceboard/persistence/postgres"
	"github.com/paceboard/paceboard/persistence/redis"
	"github.com/paceboard/paceboard/web"
	"github.com/paceboard/paceboard/webhooks"
)

// serve runs the server until it is told to stop.
func serve(ctx context.Context, p *program, args []string) error {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP) // or it would end the process
	defer signal.Stop(hangups)
	settings, err := config.Load(args, p.environ, p.envFile)
	if err != nil {
		return err
	}
	if settings.Check {
		return p.check(ctx, settings)
	}
	manager, err := systemd.Connect(p.environ)
	if err != nil {
		return err
	}
	s, err := start(ctx, p, settings)
	if logsJSON(p.err, settings) {
		p.failed = func(err error) { s.logger.Error("the server failed", "error", err) } //nolint:sloglint // no request is under way
	}
	if err != nil {
		return err
	}
	watch := manager.Watch(context.WithoutCancel(ctx), probeOf(s.listener), s.logger)
	defer watch.Stop()
	for {
		select {
		case <-hangups:
			told(s.logger, manager.Reload(func() { s.reload(p, args) }))
			continue
		case <-ctx.Done():
			s.logger.Info("stopping, as a signal told it") //nolint:sloglint // the context is over
		case <-s.process.drain:
			s.logger.InfoContext(ctx, "stopping, as an operator told it by the control socket")
		case err = <-s.failed:
			if errors.Is(err, errStartAgain) {
				s.stopUntil = time.Now().Add(min(settings.ShutdownTimeout, lostWithin))
			}
		}
		told(s.logger, manager.Stopping(settings.ShutdownTimeout+stopMargin))
		if err == nil { // it was asked to
			s.serveOn()
		}
		if err = errors.Join(err, s.stop()); err == nil {
			s.logger.Info("stopped") //nolint:sloglint // the context is over
		}
		return err
	}
}

// reload takes the settings that a running server can change from where they stand now,
// and says what happened. Mistakes change nothing.
func (s *server) reload(p *program, args []string) {
	var now config.Settings
	changed, waiting, err := s.process.reload(func(in config.Settings) (_ config.Settings, changed, waiting []string, err error) {
		now, changed, waiting, err = in.Reload(args, p.environ, p.envFile)
		return now, changed, waiting, err
	})
	if err != nil {
		s.logger.Error("the settings were read again and cannot be used; nothing was changed", "error", err)
		return
	}
	s.logger.Info("the settings were read again", "changed", changed)
	warnOfFiles(s.logger, &now)
	if s.settings.Dev && slices.Contains(changed, "SUPABASE_JWT_SECRET") {
		s.logger.Warn("the addresses that --dev printed, and the demo, have tokens of the secret at the start: " +
			"they are refused unless it is SUPABASE_JWT_SECRET_PREVIOUS now; start the server again for new ones")
	}
	if len(waiting) > 0 {
		s.logger.Warn("these settings differ from those in use, and need a new start", "settings", waiting)
	}
}

// apply has new values of settings take effect that a running server can change.
func (s *server) apply(settings *config.Settings) {
	s.logLevel.Set(settings.LogLevel)
	s.http.SetRateLimits(settings.RateLimitUser, settings.RateLimitAddress)
	s.http.SetAccessLog(accessLog(settings))
	s.tracer.SetShare(settings.OTELTracesSamplerArg)
	s.http.SetSecrets(s.tokenSecrets(settings))
	s.http.SetMetricsToken(settings.MetricsToken.Reveal())
	if s.payouts != nil {
		s.payouts.SetSecrets(settings.PayoutSecrets())
	}
}

// tokenSecrets are the HS256 keys of tokens: those of the settings, or the one that was
// made up for this run.
func (s *server) tokenSecrets(settings *config.Settings) [][]byte {
	if settings.NeedsSecret() {
		return [][]byte{s.madeUp}
	}
	return settings.JWTSecrets()
}

// accessLog is which requests are logged.
func accessLog(settings *config.Settings) pbhttp.AccessLog {
	return pbhttp.AccessLog{Share: settings.AccessLog, Slow: settings.SlowRequest}
}

// server is everything that runs, in the order of its start.
type server struct {
	settings config.Settings // as of the start; see process
	madeUp   []byte          // signs tokens of a trial; nil if the settings say how to check them
	process  *process
	logger   *slog.Logger
	logLevel slog.LevelVar
	requests *logging.Lines  // of the log: one for each request
	tracer   *tracing.Tracer // nil: nothing is traced
	memory   *worker.Loop
	clock    *clock.Clock
	store    store
	cluster  *clusterPart     // nil for a process that is alone
	keeping  *retention       // nil when everything is kept
	archive  *archive.Shipper // nil without one
	erasures *erasures.File   // nil if erasures are not noted
	pruning  *worker.Loop     // of that; nil without one
	mirror   *redis.Mirror    // nil without one
	payouts  *payouts.Worker  // nil where prizes are paid at once
	webhooks *webhooks.Service
	engine   *actors.Engine
	http     *pbhttp.Server
	profiler *nethttp.Server
	control  *control.Server // nil without a data folder, or where none can be made
	demo     *demo
	keys     *pbhttp.ProjectKeys // nil without a project
	failed   chan error          // a part ended by itself
	listener net.Listener
	metrics  net.Listener // nil where the metrics have no address of their own

	leaving   atomic.Bool
	stopUntil time.Time // zero before it stops
}

// start brings the parts up from the store to the listener; if one fails, those
// before it are stopped again.
func start(ctx context.Context, p *program, settings config.Settings) (s *server, err error) {
	s = &server{settings: settings, failed: make(chan error, 5)}
	s.process = newProcess(settings, s.apply)
	s.logLevel.Set(settings.LogLevel)
	s.logger = newLogger(p.err, settings, &s.logLevel)
	warnOfFiles(s.logger, &settings)
	if p.redirect != nil {
		p.redirect(s.logger)
	}
	s.requests = logging.NewLines(p.err)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	s.memory = keepHeadroom()
	s.clock = clock.New(clock.Options{Logger: s.logger, Bound: settings.ClusterListen != "", Read: p.wall, Stable: p.stable})
	if settings.NeedsSecret() {
		secret := make([]byte, 32)
		rand.Read(secret)
		s.madeUp = []byte(hex.EncodeToString(secret))
	}
	archiving, err := newArchiving(&settings)
	if err != nil {
		return s, err
	}
	if err := s.openStore(ctx, archiving); err != nil {
		return s, err
	}
	if s.mirror, err = openMirror(settings); err != nil {
		return s, err
	}
	registry := newRegistry()
	registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "paceboard_log_lines_lost_total", Help: "Lines about requests that the log lacks, because it was not read as fast.",
	}, func() float64 { return float64(s.requests.Lost()) }))
	s.clock.Register(registry)
	measureStore(registry, s.store)
	s.tracer = startTracer(&s.settings, s.cluster, s.logger)
	measureTraces(registry, s.tracer)
	s.archive = archiving.start(s.store, s.clock.Now, s.logger, registry)
	handOver := s.startPayouts(registry)
	options := actors.Options{
		Now: s.clock.Now, Settled: s.clock.Settled,
		Tracer: s.tracer,
		Store:  s.store, Mirror: s.mirrorPort(), Logger: s.logger, Metrics: registry, RequestTimeout: settings.RequestTimeout,
		MaxInFlight: settings.MaxInFlight, MaxCreated: settings.MaxCreated, MaxJoined: settings.MaxJoined, MaxJournalUser: int64(settings.MaxJournalUser), IdleAfter: settings.IdlePassivation, Progress: recoveryProgress(s.logger), HandOver: handOver,
	}
	if s.erasures, s.pruning, err = openErasures(&s.settings, s.clock.Now, s.logger); err != nil {
		return s, err
	}
	if s.erasures != nil {
		options.NoteErasure = s.erasures.Note
	}
	s.cluster.forEngine(&options)
	if s.engine, err = actors.New(options); err != nil {
		return s, err
	}
	s.cluster.measure(registry)
	if err := s.cluster.serve(s.engine); err != nil {
		return s, err
	}
	s.webhooks = webhooks.Start(webhooks.Options{
		Store: s.store, Events: s.engine.Events, Logger: s.logger, Metrics: registry, Now: s.clock.Now,
		Anywhere: settings.WebhooksAnywhere, Active: s.cluster.only("~webhooks"), Off: settings.WebhooksOff,
	})
	if settings.SupabaseAnonKey != "" && settings.SupabaseURL == "" {
		s.logger.WarnContext(ctx, "SUPABASE_ANON_KEY is set, but SUPABASE_URL is not, so the page signs nobody in")
	}
	if settings.HasProjectKeys() { // fetched while competitions recover
		s.keys = pbhttp.NewProjectKeys(ctx, pbhttp.ProjectKeysOptions{
			Now:         s.clock.Now,
			SupabaseURL: settings.SupabaseURL, JWKSURL: settings.SupabaseJWKSURL, Issuers: settings.SupabaseJWTIssuer, Logger: s.logger,
		})
	}
	if old := keptBy(&settings, s.store); len(old) > 0 {
		s.keeping = startRetention(old, s.cluster.only("~retention"), s.clock.Now, retentionEvery, s.logger, registry)
	}
	if s.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", settings.Address()); err != nil {
		return s, fmt.Errorf("listen: %w; set PORT or HOST to what is free", err)
	}
	if settings.MetricsAddress != "" {
		if s.metrics, err = (&net.ListenConfig{}).Listen(ctx, "tcp", settings.MetricsAddress); err != nil {
			return s, fmt.Errorf("listen for the metrics: %w; set METRICS_ADDRESS to what is free", err)
		}
	}
	connections, err := fitConnections(settings.MaxConnections, descriptorLimit(), s.logger)
	if err != nil {
		return s, err
	}
	s.http = pbhttp.New(pbhttp.Options{
		Now:    s.clock.Now,
		Engine: servedEngine{s.engine, s.clock, s.cluster, s.archive, &s.leaving}, Logger: s.logger, Registry: registry, Secrets: s.tokenSecrets(&settings), Keys: s.keys, SupabaseURL: settings.SupabaseURL, Issuers: settings.SupabaseJWTIssuer,
		AnonKey: settings.SupabaseAnonKey.Reveal(), PastedTokens: settings.Dev,
		Tracer: s.tracer, Traced: func(span *tracing.Span) pbhttp.Engine {
			return servedEngine{s.engine.Traced(span), s.clock, s.cluster, s.archive, &s.leaving}
		},
		Webhooks:  s.webhooks,
		AccessLog: accessLog(&settings), AccessLogger: newLogger(s.requests, settings, &s.logLevel),
		RateLimits:     pbhttp.RateLimits{User: settings.RateLimitUser, Address: settings.RateLimitAddress, TrustedProxies: settings.TrustedProxies},
		AllowedOrigins: settings.AllowedOrigins, EmbedOrigins: settings.EmbedOrigins, LocalOrigins: settings.Dev, MaxConnections: connections, MaxConnectionsAddress: settings.MaxConnectionsAddress,
		MaxSocketsUser: settings.MaxSocketsUser, MaxSocketsLink: settings.MaxSocketsLink, MaxBodiesMemory: int64(settings.MaxBodiesMemory), Page: web.Files(),
		MetricsToken: settings.MetricsToken.Reveal(), OpenMetrics: settings.Dev, MetricsElsewhere: s.metrics != nil,
		Build: pbhttp.Build{Version: Version, Commit: commit(), Go: runtime.Version()}, Process: s.process,
	})
	go serveHTTP(s.http.Serve, s.listener, s.failed) // ends with Shutdown
	if s.metrics != nil {
		go serveHTTP(s.http.ServeOperations, s.metrics, s.failed) // so does this
	}
	if err := s.startProfiler(ctx); err != nil {
		return s, err
	}
	s.startControl(ctx)
	s.logger.InfoContext(ctx, "serving", "address", s.listener.Addr().String(), "version", Version)
	return s, s.welcome(ctx, p)
}

// serveHTTP tells if the front end ends by itself.
func serveHTTP(serve func(net.Listener) error, listener net.Listener, failed chan<- error) {
	if err := serve(listener); err != nil {
		failed <- fmt.Errorf("serve HTTP: %w", err)
	}
}

// welcome tells somebody who tries Paceboard out what to do next, and starts
// the demo.
func (s *server) welcome(ctx context.Context, p *program) error {
	if !s.settings.Dev {
		return nil
	}
	var secret []byte // none with a project's keys alone
	if secrets := s.tokenSecrets(&s.settings); len(secrets) > 0 {
		secret = secrets[0]
	}
	url := "http://" + s.listener.Addr().String()
	viewer, err := token.User{ID: demoViewer, Name: "Robin", Issuer: s.settings.TokenIssuer(), Operator: true, Valid: 24 * time.Hour}.Sign(secret)
	if err != nil {
		return err
	}
	competitionID := "<id>"
	if s.settings.Demo {
		if s.demo, err = startDemo(ctx, s, url, secret); err != nil {
			return err
		}
		competitionID = s.demo.competitionID
	}
	fmt.Fprintf(p.out, "\nopen   %s/#token=%s\n", url, viewer)
	if s.settings.Demo {
		fmt.Fprintf(p.out, "board  %s/#/c/%s?token=%s\n", url, competitionID, viewer)
	}
	fmt.Fprintf(p.out, "read   curl -H \"Authorization: Bearer %s\" '%s/api/v1/leaderboard/%s?limit=3'\n", viewer, url, competitionID)
	fmt.Fprintf(p.out, "allow  pages of http://localhost:* to call, because of --dev\n")
	fmt.Fprintf(p.out, "stop   Ctrl-C\n\n")
	return nil
}

// openStore opens the store, and makes this process a node if it is to be one.
func (s *server) openStore(ctx context.Context, archiving *archiving) (err error) {
	if archiving != nil {
		s.store, err = archiving.openStore(ctx, &s.settings, s.logger)
		return err
	}
	if s.cluster, err = listenForNodes(ctx, s.settings, s.logger, s.clock.Now, s.lost); err != nil {
		return err
	}
	o := postgres.Options{Migrate: true, Logger: s.logger, Lost: s.lost, Cluster: s.cluster.storeOptions(), Heard: s.clock.Heard}
	if s.store, err = openWith(ctx, s.settings, o); err != nil {
		return err
	}
	return s.cluster.join(ctx, s.store)
}

// lost ends the process because others do without it.
func (s *server) lost(err error) {
	select {
	case s.failed <- fmt.Errorf("%w: %w", errStartAgain, err):
	default: // it ends already
	}
}

// serveOn says that this process is not ready any more, to load balancers and to other
// nodes, and goes on serving for SHUTDOWN_DELAY. Its boards go to the other nodes
// meanwhile; in the second half, when load balancers have noticed, its sockets go, too.
func (s *server) serveOn() {
	began := time.Now()
	s.stopUntil = began.Add(s.settings.ShutdownTimeout)
	s.leaving.Store(true)
	ctx, cancel := context.WithDeadline(context.Background(), began.Add(max(s.settings.ShutdownDelay, leaveWithin)))
	defer cancel()
	if err := s.cluster.leave(ctx); err != nil {
		s.logger.Warn("the other nodes were not told that this one stops; they find out when it has", "error", err)
	}
	delay := s.settings.ShutdownDelay
	if delay == 0 {
		return
	}
	s.logger.Info("not ready any more, and serving on for SHUTDOWN_DELAY", "delay", delay)
	if s.cluster != nil {
		moving := worker.Start(ctx, s.engine.MoveAway)
		defer moving.Stop()
	}
	worker.Pause(ctx, time.Until(began.Add(delay/2)))
	s.http.EndLive(ctx, delay*2/5)
	worker.Pause(ctx, time.Until(began.Add(delay)))
}

// lostWithin is how long a process that others do without may take to end.
const lostWithin = 3 * time.Second

// stop ends the parts in reverse order, within the time that the settings give.
func (s *server) stop() error {
	if s.stopUntil.IsZero() {
		s.stopUntil = time.Now().Add(s.settings.ShutdownTimeout)
	}
	s.leaving.Store(true)
	ctx, cancel := context.WithDeadline(context.Background(), s.stopUntil)
	defer cancel()
	var errs []error
	if s.demo != nil {
		s.demo.loop.Stop()
	}
	if s.http != nil {
		errs = append(errs, s.http.Shutdown(ctx))
	} else {
		for _, listener := range []net.Listener{s.listener, s.metrics} {
			if listener != nil {
				errs = append(errs, listener.Close())
			}
		}
	}
	if s.control != nil {
		errs = append(errs, s.control.Close(ctx))
	}
	if s.keys != nil {
		s.keys.Close()
	}
	if s.profiler != nil {
		errs = append(errs, s.profiler.Close())
	}
	if s.keeping != nil {
		s.keeping.stop()
	}
	if s.pruning != nil {
		s.pruning.Stop()
	}
	if s.webhooks != nil {
		s.webhooks.Stop()
	}
	if s.engine != nil {
		errs = append(errs, s.engine.Close(ctx)) // which gives the competitions to other nodes
	}
	if s.payouts != nil {
		s.payouts.Stop()
	}
	if s.archive != nil {
		s.archive.Stop() // nothing is appended any more
	}
	if s.mirror != nil {
		errs = append(errs, s.mirror.Close())
	}
	errs = append(errs, s.cluster.retire())
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	s.clock.Close()
	s.memory.Stop()
	s.tracer.Close(min(tracesWithin, time.Until(s.stopUntil)))
	if s.requests.Close(ctx) != nil {
		s.logger.Warn("the last lines about requests could not be written")
	}
	return errors.Join(errs...)
}

// payoutsEvery is how often the node of a cluster that hands prizes over looks for new
// ones: they may have been distributed by another node, which cannot wake it.
const payoutsEvery = 5 * time.Second

// startPayouts tells the payment provider of prizes, if the settings name one,
// and returns what to call when there are new ones.
func (s *server) startPayouts(registry prometheus.Registerer) (handOver func()) {
	if s.settings.PayoutWebhookURL == "" {
		return nil
	}
	var every time.Duration // its default
	if s.cluster != nil {
		every = payoutsEvery
	}
	s.payouts = payouts.Start(payouts.Options{
		Every: every, Now: s.clock.Now,
		Store: s.store, URL: s.settings.PayoutWebhookURL.Reveal(), Secrets: s.settings.PayoutSecrets(),
		Logger: s.logger, Metrics: registry, Active: s.cluster.only("~payouts"),
	})
	return s.payouts.Wake
}

// startProfiler serves pprof where the settings say so, on loopback alone.
func (s *server) startProfiler(ctx context.Context) error {
	if s.settings.Pprof == "" {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.settings.Pprof)
	if err != nil {
		return fmt.Errorf("listen for the profiler: %w", err)
	}
	mux := nethttp.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	s.profiler = &nethttp.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { // ends with Close
		if err := s.profiler.Serve(listener); !errors.Is(err, nethttp.ErrServerClosed) {
			s.failed <- fmt.Errorf("serve the profiler: %w", err)
		}
	}()
	return nil
}

// startControl opens the socket for the program's tools, in the data folder or in
// CONTROL_DIR. A file system that has no sockets is no reason not to serve.
func (s *server) startControl(ctx context.Context) {
	dir := s.settings.DataDir
	store, ok := s.store.(checkpointer)
	if !ok {
		dir = s.settings.ControlDir
	}
	if dir == "" {
		return
	}
	without := "there is no control socket, so `paceboard ctl` does not reach this server"
	if ok {
		without += ", and backups need it to be stopped"
	}
	err := os.MkdirAll(dir, 0o700)
	var server *control.Server
	if err == nil {
		server, err = control.Listen(ctx, dir, s.logger)
	}
	if err != nil {
		s.logger.WarnContext(ctx, without, "error", err) //nolint:sloglint // a constant of the caller
		return
	}
	s.control = server
	if ok {
		s.control.Handle(checkpointCall, serveCheckpoints(store))
	}
	s.control.HandleHTTP(s.http.Machine())
	s.control.Start(func(err error) { s.failed <- err })
}

// recoveryProgress says how far recoveries are that take long enough to wonder.
func recoveryProgress(logger *slog.Logger) func(id string, rows, records int, took time.Duration, done bool) {
	return func(id string, rows, records int, took time.Duration, done bool) {
		if took < 100*time.Millisecond {
			return
		}
		text := "a competition is being recovered"
		if done {
			text = "a competition was recovered"
		}
		logger.Info(text, "competition", id, "participants", rows, "events_after_snapshot", records, "took", took) //nolint:sloglint // One of two.
	}
}

// mirrorPort is the mirror as the engine wants it.
func (s *server) mirrorPort() competition.Mirror {
	if s.mirror == nil {
		return nil
	}
	return s.mirror
}
