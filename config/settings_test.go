package config

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDefaults(t *testing.T) {
	want := Settings{
		Host:              "0.0.0.0",
		Port:              8081,
		ShutdownTimeout:   10 * time.Second,
		ClusterLease:      2 * time.Second,
		ClusterReads:      ReadsLease,
		DataDir:           "./data",
		MinFreeDisk:       268435456,
		SupabaseJWTSecret: goodSecret,
		RateLimitUser:     100,
		MaxInFlight:       16384,
		MaxConnections:    15000,
		MaxSocketsUser:    100,
		MaxBodiesMemory:   268435456,
		MaxCreated:        50,
		MaxJoined:         200,
		MaxJournalUser:    64 * MiB,
		RequestTimeout:    5 * time.Second,
		IdlePassivation:   10 * time.Minute,
		LogLevel:          slog.LevelInfo,
		LogFormat:         LogAuto,
		SlowRequest:       time.Second,

		OTELTracesSamplerArg: 0.01,
		OTELServiceName:      "paceboard",
	}
	got, err := Load(nil, []string{"SUPABASE_JWT_SECRET=" + goodSecret}, "")
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Equal(t, "0.0.0.0:8081", got.Address())
	require.False(t, got.NeedsSecret())
}

func TestEverySettingFromEverySource(t *testing.T) {
	values := []string{
		"HOST=::1", "PORT=0", "ALLOWED_ORIGINS=https://a.example, http://b.example:3000", "EMBED_ORIGINS=https://c.example", "SHUTDOWN_TIMEOUT=1m30s", "SHUTDOWN_DELAY=20s",
		"DATA_DIR=/var/lib/pace", "CONTROL_DIR=/run/pace", "DATABASE_URL=postgresql://app:pw@db/pace", "REDIS_URL=rediss://cache:6380/1",
		"JOURNAL_RETENTION=30d", "ARCHIVE=s3://journals/spring?endpoint=https://s3.example:9000", "ARCHIVE_ACCESS_KEY=access", "ARCHIVE_SECRET_KEY=secret", "AUDIT_RETENTION=60d", "ERASURES_FILE=/mnt/erasures", "ERASURES_KEY=" + goodSecret, "MIN_FREE_DISK=1GiB",
		"CLUSTER_LISTEN=0.0.0.0:7946", "CLUSTER_ADVERTISE=node1.internal:7947", "CLUSTER_LEASE=3s", "CLUSTER_READS=confirmed", "CLUSTER_CA=ca.pem", "CLUSTER_CERT=/run/cert.pem", "CLUSTER_KEY=/run/key.pem",
		"SUPABASE_URL=https://abcd.supabase.co/",
		"SUPABASE_JWT_ISSUER=https://abcd.supabase.co/auth/v1, https://auth.example,", "SUPABASE_JWKS_URL=https://auth.example/keys?x=1", "SUPABASE_ALLOW_HTTP=true",
		"SUPABASE_JWT_SECRET=" + goodSecret, "SUPABASE_JWT_SECRET_PREVIOUS=old " + goodSecret, "SUPABASE_ANON_KEY=anon",
		"PAYOUT_WEBHOOK_URL=https://pay.example/prizes?key=k", "PAYOUT_WEBHOOK_SECRET=" + goodSecret, "PAYOUT_WEBHOOK_SECRET_PREVIOUS=old " + goodSecret, "WEBHOOKS_ANYWHERE=true", "WEBHOOKS_OFF=true", "MAX_IN_FLIGHT=1", "MAX_CONNECTIONS=2",
		"MAX_CONNECTIONS_ADDRESS=5", "MAX_SOCKETS_USER=6", "MAX_SOCKETS_LINK=10", "MAX_BODIES_MEMORY=1MiB",
		"MAX_CREATED=7", "MAX_JOINED=8", "MAX_JOURNAL_USER=9KiB",
		"RATE_LIMIT_USER=3", "RATE_LIMIT_ADDRESS=4", "TRUSTED_PROXIES=10.1.2.3/8, ::1,",
		"REQUEST_TIMEOUT=250ms", "IDLE_PASSIVATION=1h", "LOG_LEVEL=WARN", "LOG_FORMAT=json", "ACCESS_LOG=0.25", "SLOW_REQUEST=2s",
		"METRICS_ADDRESS=0.0.0.0:9100", "METRICS_TOKEN=" + goodSecret, "PPROF=localhost:6060",
		"OTEL_EXPORTER_OTLP_ENDPOINT=https://collector.example:4318/", "OTEL_EXPORTER_OTLP_HEADERS=X-Key=a%2Cb, x-team = pace", "OTEL_TRACES_SAMPLER_ARG=1",
		"OTEL_SERVICE_NAME=boards", "OTEL_RESOURCE_ATTRIBUTES=service.name=other,deployment.environment.name=test",
	}
	want := Settings{
		Host: "::1", Port: 0, AllowedOrigins: []string{"https://a.example", "http://b.example:3000"}, EmbedOrigins: []string{"https://c.example"},
		ShutdownTimeout: 90 * time.Second, ShutdownDelay: 20 * time.Second,
		DataDir: "/var/lib/pace", ControlDir: "/run/pace", DatabaseURL: "postgresql://app:pw@db/pace", RedisURL: "rediss://cache:6380/1",
		JournalRetention: 720 * time.Hour, Archive: "s3://journals/spring?endpoint=https://s3.example:9000", ArchiveAccessKey: "access", ArchiveSecretKey: "secret", AuditRetention: 1440 * time.Hour, ErasuresFile: "/mnt/erasures", ErasuresKey: goodSecret, MinFreeDisk: 1073741824,
		ClusterListen: "0.0.0.0:7946", ClusterAdvertise: "node1.internal:7947", ClusterLease: 3 * time.Second, ClusterReads: ReadsConfirmed, ClusterCA: "ca.pem", ClusterCert: "/run/cert.pem", ClusterKey: "/run/key.pem",
		SupabaseURL: "https://abcd.supabase.co", SupabaseJWTSecret: goodSecret, SupabaseJWTSecretPrevious: "old " + goodSecret, SupabaseAnonKey: "anon",
		SupabaseJWTIssuer: []string{"https://abcd.supabase.co/auth/v1", "https://auth.example"},
		SupabaseJWKSURL:   "https://auth.example/keys?x=1", SupabaseAllowHTTP: true,
		PayoutWebhookURL: "https://pay.example/prizes?key=k", PayoutWebhookSecret: goodSecret, PayoutWebhookSecretPrevious: "old " + goodSecret,
		WebhooksAnywhere: true, WebhooksOff: true,
		RateLimitUser: 3, RateLimitAddress: 4, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		MaxInFlight: 1, MaxConnections: 2, MaxConnectionsAddress: 5, MaxSocketsUser: 6, MaxSocketsLink: 10, MaxBodiesMemory: 1 << 20, MaxCreated: 7, MaxJoined: 8, MaxJournalUser: 9 * KiB, RequestTimeout: 250 * time.Millisecond, IdlePassivation: time.Hour,
		LogLevel: slog.LevelWarn, LogFormat: LogJSON, AccessLog: 0.25, SlowRequest: 2 * time.Second, MetricsAddress: "0.0.0.0:9100", MetricsToken: goodSecret, Pprof: "localhost:6060",
		OTELExporterOTLPEndpoint: "https://collector.example:4318", OTELExporterOTLPHeaders: "X-Key=a%2Cb, x-team = pace", OTELTracesSamplerArg: 1,
		OTELServiceName: "boards", OTELResourceAttributes: "service.name=other,deployment.environment.name=test",
	}
	require.Len(t, values, len(table)-3, "all but --dev, --demo and --check")

	var flags, secrets []string // as flags, where one is taken
	for i, value := range values {
		row := table[i+3]
		require.Regexp(t, "^"+row.name+"=", value)
		if row.exposed != nil && row.exposed(value[len(row.name)+1:]) {
			secrets = append(secrets, value)
			continue
		}
		flags = append(flags, "--"+row.flag()+value[len(row.name):])
	}
	require.NotEmpty(t, secrets)
	load := func(args, environ []string, path string) Settings {
		s, err := Load(args, environ, path)
		require.NoError(t, err)
		return s
	}
	require.Equal(t, want, load(flags, secrets, ""), "flags")
	require.Equal(t, want, load(nil, values, ""), "environment")
	require.Equal(t, want, load(nil, nil, envFile(t, values...)), ".env")
	require.Equal(t, "[::1]:0", want.Address())
}

func TestPrecedence(t *testing.T) {
	tests := []struct {
		name                   string
		flags, environ, dotenv []string
		want                   int
	}{
		{name: "nothing set gives the default", want: 8081},
		{name: ".env wins over the default", dotenv: []string{"PORT=1"}, want: 1},
		{name: "the environment wins over .env", dotenv: []string{"PORT=1"}, environ: []string{"PORT=2"}, want: 2},
		{
			name:   "a flag wins over all",
			dotenv: []string{"PORT=1"}, environ: []string{"PORT=2"}, flags: []string{"--port", "3"}, want: 3,
		},
		{name: "a flag wins over .env", dotenv: []string{"PORT=1"}, flags: []string{"-port=3"}, want: 3},
		{name: "the last of two flags wins", flags: []string{"--port=3", "--port=4"}, want: 4},
		{name: "an empty variable hides .env and gives the default", dotenv: []string{"PORT=1"}, environ: []string{"PORT="}, want: 8081},
		{name: "an empty flag gives the default", environ: []string{"PORT=2"}, flags: []string{"--port="}, want: 8081},
		{name: "an empty line of .env gives the default", dotenv: []string{"PORT="}, want: 8081},
		{name: "white space around a value does not count", environ: []string{"PORT= 2 "}, want: 2},
		{name: "a value that is not in force may be wrong", dotenv: []string{"PORT=x"}, environ: []string{"PORT=2"}, want: 2},
		{name: "names of other programs' variables do not count", environ: []string{"port=2", "XPORT=3"}, want: 8081},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := Load(append([]string{"--dev"}, test.flags...), test.environ, envFile(t, test.dotenv...))
			require.NoError(t, err)
			require.Equal(t, test.want, s.Port)
		})
	}
}

func TestEnvFile(t *testing.T) {
	t.Run("a missing file is an empty one", func(t *testing.T) {
		_, err := Load([]string{"--dev"}, nil, filepath.Join(t.TempDir(), ".env"))
		require.NoError(t, err)
	})
	t.Run("comments, quotes, export and variables of others are read over", func(t *testing.T) {
		path := envFile(t, "# a comment", "export PORT='9000' # ours", `POSTGRES_PASSWORD="x y"`)
		s, err := Load([]string{"--dev"}, nil, path)
		require.NoError(t, err)
		require.Equal(t, 9000, s.Port)
	})
	t.Run("the process's environment is left alone", func(t *testing.T) {
		_, err := Load([]string{"--dev"}, nil, envFile(t, "PACEBOARD_TEST_LEAK=1"))
		require.NoError(t, err)
		_, leaked := os.LookupEnv("PACEBOARD_TEST_LEAK")
		require.False(t, leaked)
	})
	for name, line := range map[string]string{
		"a quote that does not close": `SUPABASE_JWT_SECRET="hunter2`,
		"a name with a space in it":   "SUPABASE-JWT-SECRET=hunter2",
		"a line without =":            "hunter2",
	} {
		t.Run("refused without being quoted: "+name, func(t *testing.T) {
			path := envFile(t, "PORT=9000", "", line)
			_, err := Load([]string{"--dev"}, nil, path)
			require.Equal(t, []Mistake{{
				Setting: path, Problem: "cannot be read: line 3 is not NAME=value",
				Advice: "mend the line: names are letters, digits and _, and a quote that opens must close",
			}}, mistakes(t, err))
		})
	}
	t.Run("nothing is called unset that may stand in a broken file", func(t *testing.T) {
		_, err := Load(nil, nil, envFile(t, `SUPABASE_JWT_SECRET="hunter2`))
		require.Len(t, mistakes(t, err), 1)
	})
	t.Run("refused: a folder in its place", func(t *testing.T) {
		_, err := Load([]string{"--dev"}, nil, t.TempDir())
		require.ErrorContains(t, err, "cannot be read: ")
	})
}

func TestServeRules(t *testing.T) {
	secret := "SUPABASE_JWT_SECRET=" + goodSecret
	const noWay = `1 mistake in the settings:
  SUPABASE_JWT_SECRET is not set, nor is SUPABASE_URL, so no token could be checked; ` +
		`set it to the project's JWT secret, or try Paceboard out with: paceboard serve --dev`
	const plain = `1 mistake in the settings:
  SUPABASE_URL="http://db.example" (from the environment) is plain http, so others could substitute their own keys; ` +
		`use https://, a loopback host, SUPABASE_ALLOW_HTTP=true on a private network, or --dev`
	tests := []struct {
		name    string
		args    []string
		environ []string
		host    string // expected, if it starts
		want    string // the whole error, if it does not
	}{
		{name: "a secret is enough", environ: []string{secret}, host: "0.0.0.0"},
		{name: "public keys are enough", environ: []string{"SUPABASE_URL=https://x.supabase.co"}, host: "0.0.0.0"},
		{name: "no way to check a token is refused", want: noWay},
		{name: "an empty secret is none", environ: []string{"SUPABASE_JWT_SECRET="}, want: noWay},
		{name: "--dev needs nothing and stays on this machine", args: []string{"--dev"}, host: "127.0.0.1"},
		{name: "--dev with a host is reachable there", args: []string{"--dev", "--host=0.0.0.0"}, host: "0.0.0.0"},
		{name: "--dev=false is no --dev", args: []string{"--dev=false"}, want: noWay},
		{name: "a variable DEV opens nothing", environ: []string{"DEV=true"}, want: noWay},
		{name: "--demo alone needs a secret", args: []string{"--demo"}, want: noWay},
		{name: "plain http to a remote project is refused", environ: []string{"SUPABASE_URL=http://db.example"}, want: plain},
		{name: "plain http is refused beside a secret too", environ: []string{secret, "SUPABASE_URL=http://db.example"}, want: plain},
		{name: "plain http with --dev is taken", args: []string{"--dev"}, environ: []string{"SUPABASE_URL=http://db.example"}, host: "127.0.0.1"},
		{name: "plain http to localhost is taken", environ: []string{"SUPABASE_URL=http://localhost:54321"}, host: "0.0.0.0"},
		{name: "plain http to 127.0.0.1 is taken", environ: []string{"SUPABASE_URL=http://127.0.0.1:54321"}, host: "0.0.0.0"},
		{name: "plain http to ::1 is taken", environ: []string{"SUPABASE_URL=http://[::1]:54321"}, host: "0.0.0.0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := Load(test.args, test.environ, "")
			if test.want != "" {
				require.EqualError(t, err, test.want)
				require.Zero(t, s, "nothing half-started")
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.host, s.Host)
		})
	}

	const (
		url  = "PAYOUT_WEBHOOK_URL=https://pay.example"
		sign = "PAYOUT_WEBHOOK_SECRET=" + goodSecret
	)
	for rule, c := range map[string]struct {
		environ []string
		want    string // part of the refusal; empty if it starts
	}{
		"a webhook with its secret":            {[]string{secret, url, sign}, ""},
		"a webhook without a secret":           {[]string{secret, url}, "PAYOUT_WEBHOOK_SECRET and PAYOUT_WEBHOOK_URL belong together"},
		"a webhook's secret without a webhook": {[]string{secret, sign}, "PAYOUT_WEBHOOK_SECRET (from the environment) and PAYOUT_WEBHOOK_URL belong together"},
		"a previous secret of the webhook":     {[]string{secret, url, sign, "PAYOUT_WEBHOOK_SECRET_PREVIOUS=old " + goodSecret}, ""},
		"a previous secret alone":              {[]string{"SUPABASE_URL=https://x.supabase.co", "SUPABASE_JWT_SECRET_PREVIOUS=" + goodSecret}, "SUPABASE_JWT_SECRET_PREVIOUS (from the environment) is set, but SUPABASE_JWT_SECRET is not; name the only one SUPABASE_JWT_SECRET"},
		"a webhook by plain http":              {[]string{secret, "PAYOUT_WEBHOOK_URL=http://pay.example", sign}, "is plain http, so others could read who is paid what"},
		"a webhook by plain http on loopback":  {[]string{secret, "PAYOUT_WEBHOOK_URL=http://127.0.0.1:9000/x", sign}, ""},
	} {
		t.Run(rule, func(t *testing.T) {
			_, err := Load(nil, c.environ, "")
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}

	t.Run("a refused secret is not called unset as well", func(t *testing.T) {
		_, err := Load(nil, []string{"SUPABASE_JWT_SECRET=short"}, "")
		require.Len(t, mistakes(t, err), 1)
	})
	t.Run("the caller is told when it must make up a secret", func(t *testing.T) {
		s, err := Load([]string{"--dev"}, nil, "")
		require.NoError(t, err)
		require.True(t, s.NeedsSecret())
		require.Empty(t, s.SupabaseJWTSecret)
	})
}

func TestAllMistakesAtOnce(t *testing.T) {
	path := envFile(t, "PORT=99999", "REDIS_URL=http://cache")
	_, err := Load(
		[]string{"--prot", "1", "--dev=maybe", "--log-level=loud", "extra"},
		[]string{"SUPABASE_JWT_SECRET=hunter2", "MIN_FREE_DISK=12"},
		path,
	)
	require.EqualError(t, err, `8 mistakes in the settings:
  --prot is not a flag of serve; did you mean --port?
  argument is not expected: serve takes flags only; take it away, or see paceboard serve --help
  --dev="maybe" is neither true nor false; give the flag alone to switch it on
  PORT="99999" (from `+path+`) is not a whole number in range; give one from 0 to 65535
  REDIS_URL (from `+path+`) is not a redis:// or rediss:// URL; give one such as redis://:password@host:6379/0, or rediss:// for TLS
  MIN_FREE_DISK="12" (from the environment) is not a size; write a whole number with a unit (B, KiB, MiB, GiB or TiB), such as 512MiB
  SUPABASE_JWT_SECRET (from the environment) is 7 bytes long, but HS256 needs at least 32 (RFC 7518, section 3.2); use the project's JWT secret, or make one with: openssl rand -hex 32
  LOG_LEVEL="loud" (from --log-level) is not one of the choices; give debug, info, warn or error`)
}

func ExampleLoad() {
	environ := []string{"SUPABASE_URL=https://abcd.supabase.co", "PORT=80"} // os.Environ() in a program
	settings, err := Load([]string{"--port=9000"}, environ, ".env")
	if errors.Is(err, flag.ErrHelp) {
		fmt.Print(err) // and exit with 0
		return
	}
	if err != nil {
		fmt.Println(err) // and exit with 2
		return
	}
	fmt.Println(settings.Address())
	// Output: 0.0.0.0:9000
}
