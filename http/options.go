package http

import (
	"cmp"
	"context"
	"io/fs"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/internal/tracing"
)

// Options are the options of a [Server]. Only Engine and Webhooks are required.
type Options struct {
	Engine   Engine
	Webhooks Webhooks
	Logger   *slog.Logger         // discards when nil
	Registry *prometheus.Registry // shown at /metrics; one of its own when nil
	Build    Build
	Page     fs.FS // index.html and what belongs to it, shown at /; none when nil

	// Secrets verify tokens signed with HS256, each of them; none are accepted when
	// there is none. See also [Server.SetSecrets].
	Secrets [][]byte
	// Keys verifies tokens signed with the project's own keys; none are accepted
	// when nil.
	Keys *ProjectKeys
	// SupabaseURL is the project that signs tokens.
	SupabaseURL string
	// AnonKey is the project's public key. With it the page signs people in, for which
	// it may talk to SupabaseURL.
	AnonKey string
	// PastedTokens has the page take a token that somebody pastes: for trials.
	PastedTokens bool
	// Issuers are the `iss` that users' tokens may have, or "any" alone. When empty
	// it is SupabaseURL's, and tokens signed with Secrets may have none.
	Issuers []string
	// AllowedOrigins are the origins of foreign pages that may call from a
	// browser, or "*" alone.
	AllowedOrigins []string
	// EmbedOrigins are the origins whose pages may show boards by board links in a frame,
	// or "*" alone; none by default.
	EmbedOrigins []string
	// LocalOrigins allows pages of this machine, too: for trials.
	LocalOrigins bool

	RateLimits RateLimits // none by default

	// Tracer decides which requests are traced, and Traced returns the engine for one that
	// is; nothing is traced unless both are there.
	Tracer *tracing.Tracer
	Traced func(span *tracing.Span) Engine

	AccessLog    AccessLog    // which requests are logged; none by default
	AccessLogger *slog.Logger // takes one line for each of those; Logger when nil

	// Process is what operators may do to the process; nothing when nil.
	Process Process

	// MetricsToken opens /metrics, as the tokens of operators and API keys with the
	// scope read do; nothing else does when empty.
	MetricsToken string
	// OpenMetrics shows /metrics to everybody: for trials.
	OpenMetrics bool
	// MetricsElsewhere takes /metrics off [Server.Serve]: it is for
	// [Server.ServeOperations] alone.
	MetricsElsewhere bool

	MaxConnections        int   // open at a time, sockets among them; more are rejected with 503; 15,000 when 0
	MaxConnectionsAddress int   // of one client address; half of MaxConnections when 0; private addresses and trusted proxies are not counted
	MaxSocketsUser        int   // WebSockets and event streams of one user at a time; 100 when 0
	MaxSocketsLink        int   // of all who came by one board link; half of MaxConnections when 0
	MaxBodiesMemory       int64 // for all bodies that are being received, in bytes; 256 MiB when 0

	ReadTimeout  time.Duration // for a whole request to arrive; 10 s when 0
	WriteTimeout time.Duration // for a response to be taken; 10 s when 0
	IdleTimeout  time.Duration // between requests of a connection; 60 s when 0

	Now   func() time.Time // time.Now when nil
	NewID func() string    // makes the id of a competition whose creator gave none; UUIDv7 when nil
}

// ProjectKeys verify the tokens of a project, for [Options].
type ProjectKeys = auth.ProjectKeys

// ProjectKeysOptions are the options of [ProjectKeys].
type ProjectKeysOptions = auth.ProjectKeysOptions

// NewProjectKeys begins to fetch a project's keys, and goes on until ctx ends or they
// are closed.
func NewProjectKeys(ctx context.Context, o ProjectKeysOptions) *ProjectKeys {
	return auth.NewProjectKeys(ctx, o)
}

// Build says which program this is.
type Build struct {
	Version, Commit, Go string
}

// withDefaults fills in what was left out.
func (o Options) withDefaults() Options {
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	o.AccessLogger = cmp.Or(o.AccessLogger, o.Logger)
	o.Registry = cmp.Or(o.Registry, prometheus.NewRegistry())
	o.MaxConnections = cmp.Or(o.MaxConnections, 15_000)
	o.MaxConnectionsAddress = cmp.Or(o.MaxConnectionsAddress, max(o.MaxConnections/2, 1))
	o.MaxSocketsUser = cmp.Or(o.MaxSocketsUser, 100)
	o.MaxSocketsLink = cmp.Or(o.MaxSocketsLink, max(o.MaxConnections/2, 1))
	o.MaxBodiesMemory = cmp.Or(o.MaxBodiesMemory, 256<<20)
	o.ReadTimeout = cmp.Or(o.ReadTimeout, 10*time.Second)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, 10*time.Second)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, time.Minute)
	if o.Process == nil {
		o.Process = noProcess{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	return o
}
