package config

import (
	"log/slog"
	"strings"
	"time"
)

// setting is a row of the table: all that is known about one setting.
type setting struct {
	name    string // of the variable; the flag's name follows from it
	group   string // the heading under which it is explained
	unit    string // what to write, in capitals; empty for a switch
	def     string // default, as one would write it
	defNote string // shown as the default where def cannot say it
	meaning string // one line
	secret  bool   // its value is never shown

	// exposed, if not nil, reports whether a value gives a secret away. Such a value is not taken from a
	// flag: `ps` shows flags to everybody on the machine.
	exposed func(value string) bool

	flagOnly bool // has neither variable nor line in .env
	reloads  bool // a running server takes a new value at SIGHUP; see Settings.Reload

	// bind gives the parser that checks a value and stores it in s.
	bind func(s *Settings) parser
}

// flag is the setting's flag without dashes: data-dir for DATA_DIR.
func (row *setting) flag() string { return strings.ReplaceAll(strings.ToLower(row.name), "_", "-") }

// file is the setting that names a file with the value of a secret one: DATABASE_URL_FILE of DATABASE_URL. It has no
// row in the table, and nil stands for that of a setting that is no secret.
func (row *setting) file() *setting {
	if !row.secret {
		return nil
	}
	return &setting{name: row.name + "_FILE", group: row.group, unit: "FILE", secret: true} // so it is not shown: it may be the secret itself, by mistake
}

// label is what messages call the setting.
func (row *setting) label() string {
	if row.flagOnly {
		return "--" + row.flag()
	}
	return row.name
}

// shownDefault is what help says where nothing is set; empty if there is nothing to say.
func (row *setting) shownDefault() string {
	if row.defNote != "" {
		return row.defNote
	}
	return row.def
}

// reloadable are the names of the settings that a running server takes new values of at SIGHUP.
func reloadable(rows []*setting) []string {
	return namesOf(rows, (*setting).reloading)
}

// operable are the names of those that operators can change in a running server, without a reload: secrets come from
// where they are kept, and by no request.
func operable(rows []*setting) []string { return namesOf(rows, (*setting).operable) }

func (row *setting) reloading() bool { return row.reloads }

func (row *setting) operable() bool { return row.reloads && !row.secret }

// inFiles are the names of the settings whose value may be in a file.
func inFiles(rows []*setting) []string {
	return namesOf(rows, func(row *setting) bool { return row.file() != nil })
}

func namesOf(rows []*setting, which func(*setting) bool) (names []string) {
	for _, row := range rows {
		if which(row) {
			names = append(names, row.name)
		}
	}
	return names
}

const (
	groupModes   = "Modes (flags only)"
	groupServer  = "Server"
	groupStores  = "Stores"
	groupCluster = "Cluster"
	groupSignIn  = "Sign-in"
	groupPrizes  = "Prizes and webhooks"
	groupLimits  = "Limits"
	groupInsight = "Logs and profiling"

	day = 24 * time.Hour
)

// table describes every setting, in the order in which people read about them.
var table = []setting{
	// Modes have no variable: one left over in an environment must not open a production server to anybody.
	{
		name: "DEV", group: groupModes, flagOnly: true,
		meaning: "try it out: no Supabase project; tokens come from `paceboard token`",
		bind:    func(s *Settings) parser { return boolean(&s.Dev) },
	},
	{
		name: "DEMO", group: groupModes, flagOnly: true,
		meaning: "run a demonstration competition with real activity data",
		bind:    func(s *Settings) parser { return boolean(&s.Demo) },
	},
	{
		name: "CHECK", group: groupModes, flagOnly: true,
		meaning: "only tell whether a start would work, and change nothing",
		bind:    func(s *Settings) parser { return boolean(&s.Check) },
	},
	{
		name: "HOST", group: groupServer, unit: "HOST", defNote: "0.0.0.0, with --dev 127.0.0.1",
		meaning: "name or IP address to listen on",
		bind:    func(s *Settings) parser { return host(&s.Host) },
	},
	{
		name: "PORT", group: groupServer, unit: "NUMBER", def: "8081",
		meaning: "TCP port to listen on; 0 picks a free one",
		bind:    func(s *Settings) parser { return number(&s.Port, 0, 65535) },
	},
	{
		name: "ALLOWED_ORIGINS", group: groupServer, unit: "LIST", defNote: "same origin only",
		meaning: "other origins allowed, comma-separated, or *",
		bind:    func(s *Settings) parser { return origins(&s.AllowedOrigins) },
	},
	{
		name: "EMBED_ORIGINS", group: groupServer, unit: "LIST", defNote: "none",
		meaning: "sites that may embed boards, comma-separated, or *",
		bind:    func(s *Settings) parser { return origins(&s.EmbedOrigins) },
	},
	{
		name: "SHUTDOWN_TIMEOUT", group: groupServer, unit: "DURATION", def: "10s",
		meaning: "time limit for a graceful shutdown",
		bind:    func(s *Settings) parser { return duration(&s.ShutdownTimeout, time.Second, 10*time.Minute, "10s") },
	},
	{
		name: "SHUTDOWN_DELAY", group: groupServer, unit: "DURATION", defNote: "0, in a cluster 5s",
		meaning: "how long to go on serving, not ready, first",
		bind: func(s *Settings) parser {
			return orDefault(&s.ShutdownDelay, duration(&s.ShutdownDelay, 0, 10*time.Minute, "5s"))
		},
	},
	{
		name: "DATA_DIR", group: groupStores, unit: "DIR", def: "./data",
		meaning: "folder of the embedded store",
		bind:    func(s *Settings) parser { return text(&s.DataDir) },
	},
	{
		name: "CONTROL_DIR", group: groupStores, unit: "DIR", defNote: "none",
		meaning: "with PostgreSQL: folder of the socket for `paceboard ctl`",
		bind:    func(s *Settings) parser { return text(&s.ControlDir) },
	},
	{
		name: "DATABASE_URL", group: groupStores, unit: "URL", secret: true, defNote: "embedded store",
		meaning: "PostgreSQL to use as the store, postgres://…", exposed: hasPassword,
		bind: func(s *Settings) parser { return postgresURL(&s.DatabaseURL) },
	},
	{
		name: "REDIS_URL", group: groupStores, unit: "URL", secret: true, defNote: "no mirror",
		meaning: "Redis to mirror the boards to, redis://…/0?prefix=…", exposed: hasUser,
		bind: func(s *Settings) parser { return redisURL(&s.RedisURL) },
	},
	{
		name: "JOURNAL_RETENTION", group: groupStores, unit: "DURATION", def: "0",
		meaning: "how long to keep journal that a snapshot covers; 0: forever",
		bind:    func(s *Settings) parser { return duration(&s.JournalRetention, 0, 36500*day, "90d") },
	},
	{
		name: "ARCHIVE", group: groupStores, unit: "URL", defNote: "none",
		meaning: "keep journals a second time: folder or s3://bucket/…",
		bind:    func(s *Settings) parser { return archiveURL(&s.Archive) },
	},
	{
		name: "ARCHIVE_ACCESS_KEY", group: groupStores, unit: "KEY", secret: true, defNote: "AWS_*, role",
		meaning: "access key of an s3:// archive", exposed: always,
		bind: func(s *Settings) parser { return text(&s.ArchiveAccessKey) },
	},
	{
		name: "ARCHIVE_SECRET_KEY", group: groupStores, unit: "KEY", secret: true, defNote: "none",
		meaning: "its secret key", exposed: always,
		bind: func(s *Settings) parser { return text(&s.ArchiveSecretKey) },
	},
	{
		name: "AUDIT_RETENTION", group: groupStores, unit: "DURATION", def: "0",
		meaning: "how long to keep the log of operators' actions; 0: forever",
		bind:    func(s *Settings) parser { return duration(&s.AuditRetention, 0, 36500*day, "730d") },
	},
	{
		name: "ERASURES_FILE", group: groupStores, unit: "FILE", defNote: "none",
		meaning: "file that says who was erased, for after a restore",
		bind:    func(s *Settings) parser { return text(&s.ErasuresFile) },
	},
	{
		name: "ERASURES_KEY", group: groupStores, unit: "KEY", secret: true, defNote: "none",
		meaning: "key of the hashes in ERASURES_FILE, at least 32 bytes", exposed: always,
		bind: func(s *Settings) parser { return signingSecret(&s.ErasuresKey) },
	},
	{
		name: "MIN_FREE_DISK", group: groupStores, unit: "SIZE", def: "256MiB",
		meaning: "refuse syncs when less disk space than this is free",
		bind:    func(s *Settings) parser { return size(&s.MinFreeDisk, 0, 1024*TiB, "512MiB") },
	},
	{
		name: "CLUSTER_LISTEN", group: groupCluster, unit: "HOST:PORT", def: "off",
		meaning: "be a node of a cluster: address for other nodes",
		bind:    func(s *Settings) parser { return nodeAddress(&s.ClusterListen, true) },
	},
	{
		name: "CLUSTER_ADVERTISE", group: groupCluster, unit: "ADDRESS", defNote: "CLUSTER_LISTEN",
		meaning: "host:port that other nodes connect to",
		bind:    func(s *Settings) parser { return nodeAddress(&s.ClusterAdvertise, false) },
	},
	{
		name: "CLUSTER_LEASE", group: groupCluster, unit: "DURATION", def: "2s",
		meaning: "how long the others wait when this node goes silent",
		bind:    func(s *Settings) parser { return duration(&s.ClusterLease, time.Second, 30*time.Second, "2s") },
	},
	{
		name: "CLUSTER_READS", group: groupCluster, unit: "BY", def: "lease",
		meaning: "trust clocks (lease), or ask PostgreSQL (confirmed)",
		bind: func(s *Settings) parser {
			return oneOf(&s.ClusterReads, []choice[ReadsBy]{{"lease", ReadsLease}, {"confirmed", ReadsConfirmed}})
		},
	},
	{
		name: "CLUSTER_CA", group: groupCluster, unit: "FILE", defNote: "loopback, no TLS",
		meaning: "CA of the nodes' certificates, and no others",
		bind:    func(s *Settings) parser { return text(&s.ClusterCA) },
	},
	{
		name: "CLUSTER_CERT", group: groupCluster, unit: "FILE", defNote: "none",
		meaning: "this node's certificate, PEM; read again when it changes",
		bind:    func(s *Settings) parser { return text(&s.ClusterCert) },
	},
	{
		name: "CLUSTER_KEY", group: groupCluster, unit: "FILE", defNote: "none",
		meaning: "the key of CLUSTER_CERT",
		bind:    func(s *Settings) parser { return text(&s.ClusterKey) },
	},
	{
		name: "SUPABASE_URL", group: groupSignIn, unit: "URL", defNote: "none",
		meaning: "Supabase project whose public keys to trust, https://…",
		bind:    func(s *Settings) parser { return supabaseURL(&s.SupabaseURL) },
	},
	{
		name: "SUPABASE_JWT_ISSUER", group: groupSignIn, unit: "LIST", defNote: "<SUPABASE_URL>/auth/v1",
		meaning: "accepted `iss`, comma-separated, or any",
		bind:    func(s *Settings) parser { return issuers(&s.SupabaseJWTIssuer) },
	},
	{
		name: "SUPABASE_JWKS_URL", group: groupSignIn, unit: "URL", defNote: "under SUPABASE_URL",
		meaning: "URL of the project's public keys, https://…",
		bind:    func(s *Settings) parser { return jwksURL(&s.SupabaseJWKSURL) },
	},
	{
		name: "SUPABASE_ALLOW_HTTP", group: groupSignIn, unit: "BOOL", def: "false",
		meaning: "allow plain http for both, on a private network",
		bind:    func(s *Settings) parser { return boolean(&s.SupabaseAllowHTTP) },
	},
	{
		name: "SUPABASE_JWT_SECRET", group: groupSignIn, unit: "SECRET", secret: true, reloads: true, defNote: "none",
		meaning: "HS256 key, at least 32 bytes", exposed: always,
		bind: func(s *Settings) parser { return jwtSecret(&s.SupabaseJWTSecret) },
	},
	{
		name: "SUPABASE_JWT_SECRET_PREVIOUS", group: groupSignIn, unit: "SECRET", secret: true, reloads: true, defNote: "none",
		meaning: "a second one to accept, while it is changed", exposed: always,
		bind: func(s *Settings) parser { return jwtSecret(&s.SupabaseJWTSecretPrevious) },
	},
	{
		name: "SUPABASE_ANON_KEY", group: groupSignIn, unit: "SECRET", secret: true, defNote: "none",
		meaning: "the project's public key: the page signs people in",
		bind:    func(s *Settings) parser { return publicKey(&s.SupabaseAnonKey) },
	},
	{
		name: "PAYOUT_WEBHOOK_URL", group: groupPrizes, unit: "URL", secret: true, defNote: "none: paid at once",
		meaning: "webhook to notify of prizes, https://…", exposed: hasUserOrQuery,
		bind: func(s *Settings) parser { return webhookURL(&s.PayoutWebhookURL) },
	},
	{
		name: "PAYOUT_WEBHOOK_SECRET", group: groupPrizes, unit: "KEY", secret: true, reloads: true, defNote: "none",
		meaning: "key that signs webhook requests, at least 32 bytes", exposed: always,
		bind: func(s *Settings) parser { return signingSecret(&s.PayoutWebhookSecret) },
	},
	{
		name: "PAYOUT_WEBHOOK_SECRET_PREVIOUS", group: groupPrizes, unit: "KEY", secret: true, reloads: true, defNote: "none",
		meaning: "a second one to sign with, while it is changed", exposed: always,
		bind: func(s *Settings) parser { return signingSecret(&s.PayoutWebhookSecretPrevious) },
	},
	{
		name: "WEBHOOKS_ANYWHERE", group: groupPrizes, unit: "BOOL", def: "false",
		meaning: "private addresses and plain http for events",
		bind:    func(s *Settings) parser { return boolean(&s.WebhooksAnywhere) },
	},
	{
		name: "WEBHOOKS_OFF", group: groupPrizes, unit: "BOOL", def: "false",
		meaning: "send no events: for a copy of a store",
		bind:    func(s *Settings) parser { return boolean(&s.WebhooksOff) },
	},
	{
		name: "MAX_IN_FLIGHT", group: groupLimits, unit: "NUMBER", def: "16384",
		meaning: "requests in progress at once; beyond that, 503",
		bind:    func(s *Settings) parser { return number(&s.MaxInFlight, 1, 1<<20) },
	},
	{
		name: "MAX_CONNECTIONS", group: groupLimits, unit: "NUMBER", def: "15000",
		meaning: "open connections; each needs a file descriptor",
		bind:    func(s *Settings) parser { return number(&s.MaxConnections, 1, 1_000_000) },
	},
	{
		name: "MAX_CONNECTIONS_ADDRESS", group: groupLimits, unit: "N", def: "0",
		defNote: "half of MAX_CONNECTIONS",
		meaning: "connections from one public address",
		bind:    func(s *Settings) parser { return number(&s.MaxConnectionsAddress, 0, 1_000_000) },
	},
	{
		name: "MAX_SOCKETS_USER", group: groupLimits, unit: "NUMBER", def: "100",
		meaning: "live connections per user",
		bind:    func(s *Settings) parser { return number(&s.MaxSocketsUser, 1, 1_000_000) },
	},
	{
		name: "MAX_SOCKETS_LINK", group: groupLimits, unit: "N", def: "0",
		defNote: "half of MAX_CONNECTIONS",
		meaning: "live connections by one board link",
		bind:    func(s *Settings) parser { return number(&s.MaxSocketsLink, 0, 1_000_000) },
	},
	{
		name: "MAX_BODIES_MEMORY", group: groupLimits, unit: "SIZE", def: "256MiB",
		meaning: "memory for request bodies; one user gets a 16th",
		bind:    func(s *Settings) parser { return size(&s.MaxBodiesMemory, MiB, TiB, "256MiB") },
	},
	{
		name: "MAX_CREATED", group: groupLimits, unit: "NUMBER", def: "50",
		meaning: "open competitions a user may have created; 0: no limit",
		bind:    func(s *Settings) parser { return number(&s.MaxCreated, 0, 1_000_000) },
	},
	{
		name: "MAX_JOINED", group: groupLimits, unit: "NUMBER", def: "200",
		meaning: "open competitions a user may take part in; 0: no limit",
		bind:    func(s *Settings) parser { return number(&s.MaxJoined, 0, 1_000_000) },
	},
	{
		name: "MAX_JOURNAL_USER", group: groupLimits, unit: "SIZE", def: "64MiB",
		meaning: "journal per user in 24 h (~700,000 syncs); 0: no limit",
		bind:    func(s *Settings) parser { return size(&s.MaxJournalUser, 0, GiB, "64MiB") },
	},
	{
		name: "RATE_LIMIT_USER", group: groupLimits, reloads: true, unit: "NUMBER", def: "100",
		meaning: "units per second per user, bursts of 4,000; 0: no limit",
		bind:    func(s *Settings) parser { return number(&s.RateLimitUser, 0, 1_000_000) },
	},
	{
		name: "RATE_LIMIT_ADDRESS", group: groupLimits, reloads: true, unit: "NUMBER", def: "0",
		meaning: "requests per second per client address; 0: no limit",
		bind:    func(s *Settings) parser { return number(&s.RateLimitAddress, 0, 1_000_000) },
	},
	{
		name: "TRUSTED_PROXIES", group: groupLimits, unit: "LIST", defNote: "none",
		meaning: "networks whose X-Forwarded-For to trust, comma-separated",
		bind:    func(s *Settings) parser { return networks(&s.TrustedProxies) },
	},
	{
		name: "REQUEST_TIMEOUT", group: groupLimits, unit: "DURATION", def: "5s",
		meaning: "time limit for one request",
		bind:    func(s *Settings) parser { return duration(&s.RequestTimeout, 100*time.Millisecond, time.Minute, "5s") },
	},
	{
		name: "IDLE_PASSIVATION", group: groupLimits, unit: "DURATION", def: "10m",
		meaning: "how long an unused competition stays in memory",
		bind:    func(s *Settings) parser { return duration(&s.IdlePassivation, time.Second, day, "10m") },
	},
	{
		name: "LOG_LEVEL", group: groupInsight, reloads: true, unit: "LEVEL", def: "info",
		meaning: "debug, info, warn or error",
		bind: func(s *Settings) parser {
			return oneOf(&s.LogLevel, []choice[slog.Level]{
				{"debug", slog.LevelDebug}, {"info", slog.LevelInfo}, {"warn", slog.LevelWarn}, {"error", slog.LevelError},
			})
		},
	},
	{
		name: "LOG_FORMAT", group: groupInsight, unit: "FORMAT", def: "auto",
		meaning: "text, json, or auto (text on a terminal)",
		bind: func(s *Settings) parser {
			return oneOf(&s.LogFormat, []choice[LogFormat]{{"text", LogText}, {"json", LogJSON}, {"auto", LogAuto}})
		},
	},
	{
		name: "ACCESS_LOG", group: groupInsight, reloads: true, unit: "SHARE", def: "0",
		meaning: "share of requests that get a log line, 0 to 1",
		bind:    func(s *Settings) parser { return share(&s.AccessLog) },
	},
	{
		name: "SLOW_REQUEST", group: groupInsight, reloads: true, unit: "DURATION", def: "1s",
		meaning: "log requests that take this long; 0: none",
		bind:    func(s *Settings) parser { return duration(&s.SlowRequest, 0, time.Hour, "1s") },
	},
	{
		name: "METRICS_ADDRESS", group: groupInsight, unit: "HOST:PORT", def: "off",
		meaning: "address that serves /metrics and /health without a token",
		bind:    func(s *Settings) parser { return ownAddress(&s.MetricsAddress) },
	},
	{
		name: "METRICS_TOKEN", group: groupInsight, unit: "SECRET", secret: true, reloads: true, defNote: "none",
		meaning: "Bearer token for /metrics, at least 32 bytes", exposed: always,
		bind: func(s *Settings) parser { return signingSecret(&s.MetricsToken) },
	},
	{
		name: "PPROF", group: groupInsight, unit: "HOST:PORT", def: "off",
		meaning: "profiler's address, loopback only",
		bind:    func(s *Settings) parser { return loopbackAddress(&s.Pprof) },
	},
	{
		name: "OTEL_EXPORTER_OTLP_ENDPOINT", group: groupInsight, unit: "URL", defNote: "no traces",
		meaning: "collector for traces by OTLP/HTTP, http://…:4318",
		bind:    func(s *Settings) parser { return collectorURL(&s.OTELExporterOTLPEndpoint) },
	},
	{
		name: "OTEL_EXPORTER_OTLP_HEADERS", group: groupInsight, unit: "LIST", secret: true, defNote: "none",
		meaning: "header fields for it, name=value,…", exposed: always,
		bind: func(s *Settings) parser { return pairs(&s.OTELExporterOTLPHeaders, isHeader) },
	},
	{
		name: "OTEL_TRACES_SAMPLER_ARG", group: groupInsight, reloads: true, unit: "SHARE", def: "0.01",
		meaning: "share of requests to trace, without a traceparent",
		bind:    func(s *Settings) parser { return share(&s.OTELTracesSamplerArg) },
	},
	{
		name: "OTEL_SERVICE_NAME", group: groupInsight, unit: "NAME", def: "paceboard",
		meaning: "name of the service in traces",
		bind:    func(s *Settings) parser { return text(&s.OTELServiceName) },
	},
	{
		name: "OTEL_RESOURCE_ATTRIBUTES", group: groupInsight, unit: "LIST", defNote: "none",
		meaning: "what else traces say of this process, name=value,…",
		bind:    func(s *Settings) parser { return pairs(&s.OTELResourceAttributes, isAttribute) },
	},
}
