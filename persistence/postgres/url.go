package postgres

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
)

// configure reads a URL as libpq would (its section "Parameter Key Words"), and
// prepares what connects by it. The driver would send parameters that it does not
// know to the server, which would refuse them: those of libpq that only tune
// something are left out, with a warning, and those that ask for protection which
// nobody here would give are refused. Errors leave the password out.
func configure(databaseURL string, logger *slog.Logger) (*pgxpool.Config, error) {
	asked, ignored, err := readParameters(&databaseURL)
	if err != nil {
		return nil, err
	}
	if len(ignored) > 0 {
		logger.Warn("DATABASE_URL has parameters that this program does not use; they are ignored", "parameters", strings.Join(ignored, ", "))
	}
	config, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return nil, err
	}
	asked.give(config)
	prepare(config)
	return config, nil
}

// Parameters of libpq, up to version 18, that the driver does not know.
var (
	// tuning loses nothing but speed, comfort, or a way to sign in, when it is ignored.
	tuning = []string{
		"fallback_application_name", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
		"load_balance_hosts", "sslcompression", "ssl_max_protocol_version", "gsslib", "gssdelegation", "sslkeylogfile",
		"scram_client_key", "scram_server_key", "oauth_issuer", "oauth_client_id", "oauth_client_secret", "oauth_scope",
		"hostaddr", "replication", "gssencmode",
	}
	// protecting must not be ignored: each with why.
	protecting = map[string]string{
		"sslcrl":      "revoked certificates would be accepted; take it out and let the server's certificate authority be one of its own (sslrootcert)",
		"sslcrldir":   "revoked certificates would be accepted; take it out and let the server's certificate authority be one of its own (sslrootcert)",
		"requirepeer": "nobody would look at the user whom the server runs as; take it out, or connect by TCP with sslmode=verify-full",
	}
)

// protection is what a URL asks for beyond what the driver reads from it.
type protection struct{ minTLS uint16 }

// readParameters takes out of a URL what the driver must not see, and leaves the
// rest as it was written: the driver and libpq decode it by rules of their own.
func readParameters(databaseURL *string) (asked protection, ignored []string, err error) {
	base, query, _ := strings.Cut(*databaseURL, "?")
	var kept []string
	for parameter := range strings.SplitSeq(query, "&") {
		name, value, err := unescape(parameter)
		why, protects := protecting[name]
		switch {
		case err != nil: // the driver's to say, without the password
			kept = append(kept, parameter)
		case protects && value != "":
			return asked, nil, fmt.Errorf("%w: DATABASE_URL asks for %s, which this program cannot do, and %s", ErrSettings, name, why)
		case name == "gssencmode" && value == "require":
			return asked, nil, fmt.Errorf("%w: DATABASE_URL asks for gssencmode=require, which this program cannot do; "+
				"take it out and use TLS (sslmode=verify-full)", ErrSettings)
		case name == "ssl_min_protocol_version":
			if asked.minTLS, err = tlsVersion(value); err != nil {
				return asked, nil, err
			}
		case protects, name == "gssencmode" && value == "disable": // it is what happens anyway
		case slices.Contains(tuning, name):
			ignored = append(ignored, name)
		default:
			kept = append(kept, parameter)
		}
	}
	slices.Sort(ignored)
	if *databaseURL = base; len(kept) > 0 && query != "" {
		*databaseURL += "?" + strings.Join(kept, "&")
	}
	return asked, ignored, nil
}

func unescape(parameter string) (name, value string, err error) {
	name, value, _ = strings.Cut(parameter, "=")
	if name, err = url.PathUnescape(name); err == nil {
		value, err = url.PathUnescape(value)
	}
	return name, value, err
}

// tlsVersion reads ssl_min_protocol_version. Older ones than 1.2 are not spoken here.
func tlsVersion(name string) (uint16, error) {
	switch name {
	case "", "TLSv1", "TLSv1.1", "TLSv1.2":
		return tls.VersionTLS12, nil
	case "TLSv1.3":
		return tls.VersionTLS13, nil
	default:
		return 0, fmt.Errorf("%w: DATABASE_URL: ssl_min_protocol_version must be TLSv1.2 or TLSv1.3", ErrSettings)
	}
}

// give has the driver do what was asked for.
func (p protection) give(config *pgxpool.Config) {
	if p.minTLS == 0 {
		return
	}
	if config.ConnConfig.TLSConfig != nil {
		config.ConnConfig.TLSConfig.MinVersion = p.minTLS
	}
	for _, other := range config.ConnConfig.Fallbacks {
		if other.TLSConfig != nil {
			other.TLSConfig.MinVersion = p.minTLS
		}
	}
}
