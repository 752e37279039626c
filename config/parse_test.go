package config

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestRefusals gives each setting wrong values and expects the exact words, problem and advice.
func TestRefusals(t *testing.T) {
	const (
		notDuration = "is not a duration; write a number with a unit (ms, s, m, h or d), such as "
		notSize     = "is not a size; write a whole number with a unit (B, KiB, MiB, GiB or TiB), such as 512MiB"
		notHost     = "is neither an IP address nor a host name; give it without scheme, brackets or port, such as 127.0.0.1 or ::"
		notPprof    = "is not host:port; give it as 127.0.0.1:6060, or off"
		notOrigin   = "; give scheme://host or scheme://host:port, such as https://app.example.com, or * for all"
		notProject  = "is not the URL of a Supabase project; give only scheme and host, such as https://abcd.supabase.co"
		notPostgres = "is not a postgres:// or postgresql:// URL; give one such as postgres://user:password@host:5432/database"
		notRedis    = "is not a redis:// or rediss:// URL; give one such as redis://:password@host:6379/0, or rediss:// for TLS"
		notURL      = "is not a URL; write special characters in user name and password as %XX; it looks like "
		notNumber   = "is not a whole number in range; give one from "
	)
	tests := []struct {
		setting string
		values  []string
		want    string
	}{
		{"HOST", []string{"http://a", "a:80", "[::1]", "a b", "a/b"}, notHost},
		{"PORT", []string{"-1", "65536", "http", "80.5", "0x50", "99999999999999999999"}, notNumber + "0 to 65535"},
		{"ALLOWED_ORIGINS", []string{"a.example", "https://a/b", "https://a?b", "null", "https://", "https://*.a"}, "has no origin in position 1" + notOrigin},
		{"ALLOWED_ORIGINS", []string{"https://a,,https://b", "https://a, b"}, "has no origin in position 2" + notOrigin},
		{"TRUSTED_PROXIES", []string{"10.0.0.1/33", "10.0.0.1/33,::1"}, `contains "10.0.0.1/33", which is not an IP network; give networks such as 10.0.0.0/8, separated by commas`},
		{"ALLOWED_ORIGINS", []string{"*,https://a", "https://a,*"}, "combines * with others; give * alone for all, or the origins without it"},
		{"SHUTDOWN_TIMEOUT", []string{"10", "ten", "1w", "1.5d", "-1d"}, notDuration + "10s"},
		{"SHUTDOWN_TIMEOUT", []string{"0", "999ms", "-1s", "10m1s"}, "is out of range; give a duration from 1s to 10m, such as 10s"},
		{"SHUTDOWN_DELAY", []string{"-1s", "10m1s"}, "is out of range; give a duration from 0s to 10m, such as 5s"},
		{"CLUSTER_LISTEN", []string{"7946", ":7946", "10.0.0.5", "a:b"}, "is not host:port; give it as 10.0.0.5:7946, or 0.0.0.0:7946 for all interfaces, or off"},
		{"CLUSTER_ADVERTISE", []string{"10.0.0.5", "10.0.0.5:0"}, "is not host:port; give it as others reach this machine, such as 10.0.0.5:7946"},
		{"CLUSTER_ADVERTISE", []string{"0.0.0.0:7946", "[::]:7946"}, "is no address that others can connect to; give it as others reach this machine, such as 10.0.0.5:7946"},
		{"CLUSTER_LEASE", []string{"999ms", "31s"}, "is out of range; give a duration from 1s to 30s, such as 2s"},
		{"DATABASE_URL", []string{"mysql://h/d", "host=db user=app", "postgres:h", "db:5432"}, notPostgres},
		{"DATABASE_URL", []string{"postgres://u:p%zz@h", "postgres://u:a[b@h:port"}, notURL + "postgres://user:password@host:5432/database"},
		{"REDIS_URL", []string{"http://h", "h:6379", "redis:h"}, notRedis},
		{"REDIS_URL", []string{"redis://:p%zz@h"}, notURL + "redis://:password@host:6379/0, or rediss:// for TLS"},
		{"JOURNAL_RETENTION", []string{"30", "forever"}, notDuration + "90d"},
		{"AUDIT_RETENTION", []string{"-1h", "36501d"}, "is out of range; give a duration from 0s to 36500d, such as 730d"},
		{"JOURNAL_RETENTION", []string{"-1h", "36501d"}, "is out of range; give a duration from 0s to 36500d, such as 90d"},
		{"MIN_FREE_DISK", []string{"512", "MiB", "1.5GiB", "-1MiB", "1 furlong", "9999999999999999999B"}, notSize},
		{"MIN_FREE_DISK", []string{"1025TiB", "9223372036854775807TiB"}, "is out of range; give a size up to 1024TiB, such as 512MiB"},
		{"SUPABASE_URL", []string{"abcd.supabase.co", "ftp://a", "https://a/auth/v1", "https://a?x=1", "https://", "https://a//"}, notProject},
		{
			"SUPABASE_JWT_SECRET",
			[]string{goodSecret[:31]},
			"is 31 bytes long, but HS256 needs at least 32 (RFC 7518, section 3.2); use the project's JWT secret, or make one with: openssl rand -hex 32",
		},
		{
			"SUPABASE_JWT_SECRET",
			[]string{goodSecret + "\n", " " + goodSecret},
			"begins or ends with white space; remove it, including a line break at the end",
		},
		{"PAYOUT_WEBHOOK_URL", []string{"pay.example", "ftp://pay.example"}, "is not a http:// or https:// URL; give one such as https://pay.example.com/prizes"},
		{"PAYOUT_WEBHOOK_URL", []string{"https://", "https:///x", "https://pay.example/#x"}, "names no host, or has a fragment; give one such as https://pay.example.com/prizes"},
		{"PAYOUT_WEBHOOK_SECRET", []string{goodSecret[:31]}, "is 31 bytes long, but needs at least 32; make one with: openssl rand -hex 32"},
		{"PAYOUT_WEBHOOK_SECRET", []string{goodSecret + " "}, "begins or ends with white space; remove it, including a line break at the end"},
		{"MAX_IN_FLIGHT", []string{"0", "1048577", "many"}, notNumber + "1 to 1048576"},
		{"MAX_CONNECTIONS", []string{"0", "1000001"}, notNumber + "1 to 1000000"},
		{"REQUEST_TIMEOUT", []string{"99ms", "61s"}, "is out of range; give a duration from 100ms to 1m, such as 5s"},
		{"IDLE_PASSIVATION", []string{"0", "24h1s"}, "is out of range; give a duration from 1s to 24h, such as 10m"},
		{"LOG_LEVEL", []string{"trace", "INFO+1"}, "is not one of the choices; give debug, info, warn or error"},
		{"LOG_FORMAT", []string{"xml"}, "is not one of the choices; give text, json or auto"},
		{"METRICS_ADDRESS", []string{"9100", ":9100", "localhost:0", "localhost:http"}, "is not host:port; give it as 127.0.0.1:9100, or 0.0.0.0:9100 for all interfaces, or off"},
		{"MAX_BODIES_MEMORY", []string{"0", "1023KiB"}, "is out of range; give a size from 1MiB to 1TiB, such as 256MiB"},
		{"MAX_BODIES_MEMORY", []string{"1025TiB"}, "is out of range; give a size up to 1TiB, such as 256MiB"},
		{"PPROF", []string{"6060", ":", "localhost", "localhost:", "localhost:0", "localhost:http", "localhost:70000", "true"}, notPprof},
		{
			"PPROF",
			[]string{":6060", "0.0.0.0:6060", "10.0.0.1:6060", "[::]:6060", "example.com:6060"},
			"can be reached from other machines; give a loopback address such as 127.0.0.1:6060, or off",
		},
	}
	for _, test := range tests {
		for _, value := range test.values {
			t.Run(test.setting+"="+value, func(t *testing.T) {
				_, err := Load([]string{"--dev"}, []string{test.setting + "=" + value}, "")
				row := lookup(test.setting)
				shown := "=" + strconv.Quote(value)
				if row.secret {
					shown = ""
				}
				require.EqualError(t, err, "1 mistake in the settings:\n  "+
					test.setting+shown+" (from the environment) "+test.want)
			})
		}
	}
}

func TestAccepted(t *testing.T) {
	load := func(t *testing.T, entry string) Settings {
		t.Helper()
		s, err := Load([]string{"--dev"}, []string{entry}, "")
		require.NoError(t, err)
		return s
	}
	t.Run("origins are kept as browsers send them", func(t *testing.T) {
		s := load(t, "ALLOWED_ORIGINS=HTTPS://App.Example.com:443/, http://a:80 ,http://a:8080,capacitor://localhost,http://[::1]:80")
		require.Equal(t, []string{
			"https://app.example.com", "http://a", "http://a:8080", "capacitor://localhost", "http://[::1]",
		}, s.AllowedOrigins)
		require.Equal(t, []string{"*"}, load(t, "ALLOWED_ORIGINS=*").AllowedOrigins)
	})
	t.Run("hosts may be names and addresses of either family", func(t *testing.T) {
		for _, host := range []string{"localhost", "0.0.0.0", "::", "fe80::1%eth0", "paceboard.internal"} {
			require.Equal(t, host, load(t, "HOST="+host).Host)
		}
	})
	t.Run("durations may be in days, and 0", func(t *testing.T) {
		require.Equal(t, 36500*24*time.Hour, load(t, "JOURNAL_RETENTION=36500d").JournalRetention)
		require.Zero(t, load(t, "JOURNAL_RETENTION=0").JournalRetention)
	})
	t.Run("sizes may be binary or decimal, spaced, in any case, and 0", func(t *testing.T) {
		for value, want := range map[string]Bytes{
			"0": 0, "0B": 0, "17B": 17, "3KiB": 3072, "512MiB": 536870912, "512 mib": 536870912, "1GiB": 1073741824,
			"2TiB": 2199023255552, "5kB": 5000, "5MB": 5000000, "5GB": 5000000000, "1TB": 1000000000000,
			"1024TiB": 1125899906842624,
		} {
			require.Equal(t, want, load(t, "MIN_FREE_DISK="+value).MinFreeDisk, value)
		}
	})
	t.Run("store URLs may leave parts out", func(t *testing.T) {
		for _, url := range []string{"postgres://", "postgres:///pace?host=/run/postgresql", "postgresql://u:p%40ss@a,b:5433/pace"} {
			require.Equal(t, url, load(t, "DATABASE_URL="+url).DatabaseURL.Reveal())
		}
		for _, url := range []string{"redis://", "redis://:p@h:6379/2", "rediss://u:p@h", "redis+sentinel://h?master_name=m&addr=h2:1", "rediss+cluster://h"} {
			require.Equal(t, url, load(t, "REDIS_URL="+url).RedisURL.Reveal())
		}
	})
	t.Run("the profiler is off, or on loopback", func(t *testing.T) {
		require.Empty(t, load(t, "PPROF=off").Pprof)
		for _, address := range []string{"127.0.0.1:6060", "127.9.9.9:1", "[::1]:6060", "localhost:65535"} {
			require.Equal(t, address, load(t, "PPROF="+address).Pprof)
		}
	})
	t.Run("a secret of exactly 32 bytes is long enough", func(t *testing.T) {
		require.Equal(t, goodSecret, load(t, "SUPABASE_JWT_SECRET="+goodSecret).SupabaseJWTSecret.Reveal())
	})
}

func TestSizesAndDurationsReadBackAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unit := rapid.SampledFrom([]Bytes{1, KiB, MiB, GiB, TiB}).Draw(t, "unit")
		want := Bytes(rapid.Int64Range(0, 1024).Draw(t, "n")) * unit
		var got Bytes
		require.Nil(t, size(&got, 0, 1024*TiB, "")(want.String()))
		require.Equal(t, want, got)
	})
	rapid.Check(t, func(t *rapid.T) {
		unit := rapid.SampledFrom([]time.Duration{time.Millisecond, time.Second, time.Minute, time.Hour, day}).Draw(t, "unit")
		want := time.Duration(rapid.Int64Range(0, 36500).Draw(t, "n")) * unit
		var got time.Duration
		require.Nil(t, duration(&got, 0, 36500*day, "")(formatDuration(want)))
		require.Equal(t, want, got)
	})
}

func TestFormatDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", time.Minute: "1m", 10 * time.Minute: "10m", time.Hour: "1h", 24 * time.Hour: "24h",
		48 * time.Hour: "2d", 90 * time.Second: "1m30s", time.Hour + time.Second: "1h0m1s", 100 * time.Millisecond: "100ms",
	} {
		require.Equal(t, want, formatDuration(d))
	}
}
