package config

import (
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// LogFormat is how log lines are written.
type LogFormat string

// The log formats. LogAuto leaves the choice to the program: text on a terminal, JSON elsewhere.
const (
	LogAuto LogFormat = "auto"
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// ReadsBy is what an answer from memory rests on in a cluster.
type ReadsBy string

// What answers rest on.
const (
	ReadsLease     ReadsBy = "lease"     // the node's lease, which takes clocks to run equally fast
	ReadsConfirmed ReadsBy = "confirmed" // a question to the database for each group of readers
)

// Settings is everything that can be set from outside. Those that [Load] or [Command.Load] gives without
// an error are within the ranges that the table states. It is a value; only AllowedOrigins, EmbedOrigins and
// TrustedProxies are shared between copies, and nobody changes those.
type Settings struct {
	Dev   bool // a trial on one machine: no sign-in project needed
	Demo  bool // a demonstration competition with real activity data
	Check bool // nothing but a check whether a start would work

	Host            string   // name or IP address to listen on, without port or brackets
	Port            int      // 0 to 65535; 0 has the system pick a free one
	AllowedOrigins  []string // scheme://host[:port] as browsers write it, or "*" alone; empty: same origin only
	EmbedOrigins    []string // of pages that may show boards by links in a frame, as AllowedOrigins; empty: none
	ShutdownTimeout time.Duration
	ShutdownDelay   time.Duration // how long it is served on, but not ready; less than ShutdownTimeout

	DataDir          string        // where the embedded store keeps its files
	ControlDir       string        // where the control socket is with PostgreSQL; empty: nowhere. Otherwise it is in DataDir
	DatabaseURL      SecretURL     // PostgreSQL instead of the embedded store; empty: embedded
	RedisURL         SecretURL     // the mirror; empty: none
	JournalRetention time.Duration // how long journal that a snapshot covers is kept; 0: forever
	AuditRetention   time.Duration // how long entries of the audit log are kept; 0: forever
	Archive          string        // where journals are archived: a folder, or s3://…; empty: nowhere
	ArchiveAccessKey Secret        // of s3://; set together with the other, or neither
	ArchiveSecretKey Secret
	ErasuresFile     string // where it is noted who was erased; set together with the key, or neither
	ErasuresKey      Secret // hashes those in it; at least 32 bytes
	MinFreeDisk      Bytes  // less free space in DataDir than this makes syncs be refused

	ClusterListen    string        // host:port for other nodes, whose port may be 0; empty: there are none
	ClusterAdvertise string        // host:port by which they reach this one; empty: where it listens
	ClusterLease     time.Duration // after how long a node that has gone silent counts as dead
	ClusterReads     ReadsBy       // what answers from memory rest on
	ClusterCA        string        // file of certificates; this and the next two are set together, or none
	ClusterCert      string        // file
	ClusterKey       string        // file

	SupabaseURL               string   // scheme://host of the project whose public keys are trusted; empty: none
	SupabaseJWTSecret         Secret   // HS256 key of at least 32 bytes; empty: no HS256 tokens
	SupabaseJWTSecretPrevious Secret   // another one; see JWTSecrets
	SupabaseJWTIssuer         []string // accepted `iss` of users' tokens, or "any" alone; empty: the project's
	SupabaseJWKSURL           string   // where the project's public keys are; empty: below SupabaseURL
	SupabaseAllowHTTP         bool     // these two may be plain http
	SupabaseAnonKey           Secret   // the project's publishable key, which every browser gets; of use only with SupabaseURL

	PayoutWebhookURL            SecretURL // who is told of prizes to pay; empty: nobody, they are paid at once
	PayoutWebhookSecret         Secret    // signs what the webhook is told; at least 32 bytes
	PayoutWebhookSecretPrevious Secret    // another one; see PayoutSecrets
	WebhooksAnywhere            bool      // endpoints made through the API may be at private addresses, and speak plain HTTP
	WebhooksOff                 bool      // none of them is sent anything by this process

	RateLimitUser    int            // units a second of one user; 0: no limit
	RateLimitAddress int            // requests a second of one client address; 0: no limit
	TrustedProxies   []netip.Prefix // whose X-Forwarded-For is believed; empty: nobody's

	MaxInFlight           int           // requests worked on at once
	MaxCreated            int           // open competitions by one creator; 0: no limit
	MaxJoined             int           // open competitions of one participant; 0: no limit
	MaxJournalUser        Bytes         // of records that one user's commands may add in 24 hours; 0: no limit
	MaxConnections        int           // open connections
	MaxConnectionsAddress int           // of one client address; 0: half of MaxConnections
	MaxSocketsUser        int           // live connections of one user
	MaxSocketsLink        int           // live connections by one board link; 0: half of MaxConnections
	MaxBodiesMemory       Bytes         // for all bodies that are being received
	RequestTimeout        time.Duration // how long one request may take
	IdlePassivation       time.Duration // how long an unused competition stays in memory

	LogLevel       slog.Level
	LogFormat      LogFormat
	AccessLog      float64       // the share of requests that have a line in the log, 0 to 1
	SlowRequest    time.Duration // from when on a request is logged as slow; 0: never
	MetricsAddress string        // host:port where the metrics are; empty: where everything else is
	MetricsToken   Secret        // opens /metrics where everything else is, besides operators' tokens; empty: nothing else does
	Pprof          string        // loopback host:port of the profiler; empty: off

	OTELExporterOTLPEndpoint string  // scheme://host[:port][/path] of the collector of traces; empty: nothing is traced
	OTELExporterOTLPHeaders  Secret  // see Pairs
	OTELTracesSamplerArg     float64 // the share of requests that are traced, 0 to 1
	OTELServiceName          string
	OTELResourceAttributes   string // see Pairs

	looseFiles []string // see LooseFiles
}

// Load gives the settings of `paceboard serve`: flags from args (without the program's and the
// subcommand's name) win over environ (NAME=value, as [os.Environ] gives it), which wins over envFile, which
// wins over the defaults. An empty value anywhere stands for the default. envFile may be missing, or "". A secret NAME
// may be in a file that NAME_FILE names in any of these, but not have a value as well.
//
// The error is an [*InvalidError] with every mistake, or a [*HelpError] (for which errors.Is gives
// [flag.ErrHelp]) if help was asked for; the settings are zero then.
//
// With --dev there may be no way at all to check a token: see [Settings.NeedsSecret].
func Load(args, environ []string, envFile string) (Settings, error) {
	s, _, err := serve.Load(args, environ, envFile)
	if err != nil {
		return Settings{}, err
	}
	if s.Host == "" {
		s.Host = "0.0.0.0"
		if s.Dev { // A trial accepts tokens that anybody with the terminal can make: keep it on this machine.
			s.Host = "127.0.0.1"
		}
	}
	if s.ShutdownDelay == unset {
		s.ShutdownDelay = 0
		if s.ClusterListen != "" { // other nodes take the boards over meanwhile, and balancers look elsewhere
			s.ShutdownDelay = min(5*time.Second, s.ShutdownTimeout/2)
		}
	}
	return s, nil
}

// LooseFiles are the paths of files with secrets that every user of the machine may read.
func (s Settings) LooseFiles() []string { return s.looseFiles }

// Address is what to listen on, as host:port.
func (s Settings) Address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// NeedsSecret says that nothing is there to check tokens with, which only --dev allows: the caller makes
// up a random secret for this run.
func (s Settings) NeedsSecret() bool { return s.SupabaseJWTSecret == "" && !s.HasProjectKeys() }

// JWTSecrets are the HS256 keys, of any of which tokens are good: while the project changes its secret there are two.
func (s Settings) JWTSecrets() [][]byte {
	return revealed(s.SupabaseJWTSecret, s.SupabaseJWTSecretPrevious)
}

// PayoutSecrets are the keys that sign what the webhook is told, each of them: while the secret is changed there are
// two.
func (s Settings) PayoutSecrets() [][]byte {
	return revealed(s.PayoutWebhookSecret, s.PayoutWebhookSecretPrevious)
}

// HasProjectKeys says that there is a project whose public keys are trusted.
func (s Settings) HasProjectKeys() bool { return s.SupabaseURL != "" || s.SupabaseJWKSURL != "" }

// TokenIssuer is the `iss` of tokens that this program makes, so that they are accepted: "" for none.
func (s Settings) TokenIssuer() string {
	switch {
	case len(s.SupabaseJWTIssuer) > 0 && s.SupabaseJWTIssuer[0] != AnyIssuer:
		return s.SupabaseJWTIssuer[0]
	case s.SupabaseURL != "":
		return s.SupabaseURL + "/auth/v1"
	default:
		return ""
	}
}

// AnyIssuer alone in SupabaseJWTIssuer accepts tokens of all.
const AnyIssuer = "any"
