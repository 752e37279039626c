package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// host takes an IP address or a host name, without port.
func host(dst *string) parser {
	return func(raw string) *refusal {
		if _, err := netip.ParseAddr(raw); err != nil && strings.ContainsAny(raw, ":/[]@ \t") {
			return &refusal{"is neither an IP address nor a host name", "give it without scheme, brackets or port, such as 127.0.0.1 or ::"}
		}
		*dst = raw
		return nil
	}
}

// networks takes IP networks, or single addresses, by commas.
func networks(dst *[]netip.Prefix) parser {
	return func(raw string) *refusal {
		var list []netip.Prefix
		for part := range parts(raw) {
			prefix, err := netip.ParsePrefix(part)
			if address, errAddress := netip.ParseAddr(part); errAddress == nil {
				prefix, err = netip.PrefixFrom(address, address.BitLen()), nil
			}
			if err != nil {
				return &refusal{fmt.Sprintf("contains %q, which is not an IP network", part), "give networks such as 10.0.0.0/8, separated by commas"}
			}
			list = append(list, prefix.Masked())
		}
		*dst = list
		return nil
	}
}

// loopbackAddress takes host:port on this machine, or off. The profiler shows memory, hence no other host.
func loopbackAddress(dst *string) parser {
	return func(raw string) *refusal {
		if raw == "off" {
			*dst = ""
			return nil
		}
		name, port, err := net.SplitHostPort(raw)
		if n, errPort := strconv.ParseUint(port, 10, 16); err != nil || errPort != nil || n == 0 {
			return &refusal{"is not host:port", "give it as 127.0.0.1:6060, or off"}
		}
		if !isLoopback(name) {
			return &refusal{"can be reached from other machines", "give a loopback address such as 127.0.0.1:6060, or off"}
		}
		*dst = raw
		return nil
	}
}

// ownAddress takes host:port, on any interface, or off.
func ownAddress(dst *string) parser {
	return func(raw string) *refusal {
		if raw == "off" {
			*dst = ""
			return nil
		}
		name, port, err := net.SplitHostPort(raw)
		if n, errPort := strconv.ParseUint(port, 10, 16); err != nil || errPort != nil || n == 0 || name == "" {
			return &refusal{"is not host:port", "give it as 127.0.0.1:9100, or 0.0.0.0:9100 for all interfaces, or off"}
		}
		*dst = raw
		return nil
	}
}

// nodeAddress takes host:port where a node listens for others, or off; or else, how they reach it.
func nodeAddress(dst *string, listen bool) parser {
	advice, least := "give it as others reach this machine, such as 10.0.0.5:7946", uint64(1)
	if listen {
		advice, least = "give it as 10.0.0.5:7946, or 0.0.0.0:7946 for all interfaces, or off", 0
	}
	return func(raw string) *refusal {
		if raw == "" || listen && raw == "off" {
			*dst = ""
			return nil
		}
		name, port, err := net.SplitHostPort(raw)
		if n, errPort := strconv.ParseUint(port, 10, 16); err != nil || errPort != nil || n < least || name == "" {
			return &refusal{"is not host:port", advice}
		}
		if !listen && isUnspecified(name) {
			return &refusal{"is no address that others can connect to", advice}
		}
		*dst = raw
		return nil
	}
}

// isUnspecified tells an address that stands for all interfaces.
func isUnspecified(name string) bool {
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsUnspecified()
}

func isLoopback(name string) bool {
	if name == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsLoopback()
}

// bareURL parses scheme://host[:port], which a single slash may follow: nil if there is anything else.
func bareURL(raw string) *url.URL {
	u, err := url.Parse(strings.TrimSuffix(raw, "/"))
	if err != nil || u.Hostname() == "" || *u != (url.URL{Scheme: u.Scheme, Host: u.Host}) {
		return nil
	}
	return u
}

// supabaseURL takes the project's URL. That plain http is for loopback or --dev is a rule of serve.
func supabaseURL(dst *string) parser {
	return func(raw string) *refusal {
		if raw == "" {
			return nil
		}
		u := bareURL(raw)
		if u == nil || u.Scheme != "https" && u.Scheme != "http" {
			return &refusal{
				"is not the URL of a Supabase project",
				"give only scheme and host, such as https://abcd.supabase.co",
			}
		}
		*dst = u.String()
		return nil
	}
}

// jwksURL takes the address of a key set. That plain http is for loopback, --dev or SUPABASE_ALLOW_HTTP is
// a rule of serve.
func jwksURL(dst *string) parser {
	return func(raw string) *refusal {
		if raw == "" {
			return nil
		}
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
			return &refusal{
				"is not the URL of a key set",
				"give one such as https://abcd.supabase.co/auth/v1/.well-known/jwks.json",
			}
		}
		*dst = u.String()
		return nil
	}
}

func postgresURL(dst *SecretURL) parser {
	return secretURL(dst, "postgres", "postgresql", "postgres://user:password@host:5432/database")
}

func redisURL(dst *SecretURL) parser {
	return secretURL(dst, "redis", "rediss", "redis://:password@host:6379/0, or rediss:// for TLS",
		"redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster")
}

// webhookURL takes a URL to post to. That plain http is for loopback or --dev is a rule of serve.
func webhookURL(dst *SecretURL) parser {
	const example = "https://pay.example.com/prizes"
	take := secretURL(dst, "http", "https", example)
	return func(raw string) *refusal {
		if r := take(raw); r != nil || raw == "" {
			return r
		}
		if u, err := url.Parse(raw); err != nil || u.Hostname() == "" || u.Fragment != "" {
			*dst = ""
			return &refusal{"names no host, or has a fragment", "give one such as " + example}
		}
		return nil
	}
}

// secretURL takes a URL of one of two schemes, or of others that are less common. Errors of url.Parse quote it, so they are not passed on.
func secretURL(dst *SecretURL, scheme, other, example string, more ...string) parser {
	return func(raw string) *refusal {
		if raw == "" {
			return nil
		}
		u, err := url.Parse(raw)
		switch {
		case err != nil:
			return &refusal{"is not a URL", "write special characters in user name and password as %XX; it looks like " + example}
		case u.Scheme != scheme && u.Scheme != other && !slices.Contains(more, u.Scheme) || u.Opaque != "":
			return &refusal{"is not a " + scheme + ":// or " + other + ":// URL", "give one such as " + example}
		}
		*dst = SecretURL(raw)
		return nil
	}
}

// origins takes a list of origins by commas, or * alone. They are kept as browsers send them (RFC 6454,
// section 6.2: lower case, no default port), so that comparing strings will do.
func origins(dst *[]string) parser {
	return func(raw string) *refusal {
		if raw == "" {
			return nil
		}
		items := strings.Split(raw, ",")
		for i, item := range items {
			origin, ok := normalOrigin(strings.TrimSpace(item))
			if !ok {
				return &refusal{
					fmt.Sprintf("has no origin in position %d", i+1),
					"give scheme://host or scheme://host:port, such as https://app.example.com, or * for all",
				}
			}
			items[i] = origin
		}
		if len(items) > 1 && slices.Contains(items, "*") {
			return &refusal{"combines * with others", "give * alone for all, or the origins without it"}
		}
		*dst = items
		return nil
	}
}

func normalOrigin(item string) (string, bool) {
	if item == "*" {
		return item, true
	}
	u := bareURL(strings.ToLower(item))
	if u == nil || u.Scheme == "" || strings.Contains(u.Host, "*") {
		return "", false
	}
	switch u.Scheme + ":" + u.Port() {
	case "http:80", "https:443":
		u.Host = strings.TrimSuffix(u.Host, ":"+u.Port())
	}
	return u.String(), true
}

// collectorURL takes the address of a collector of traces.
func collectorURL(dst *string) parser {
	return func(raw string) *refusal {
		if raw == "" {
			return nil
		}
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.RawQuery != "" {
			return &refusal{"is not the URL of a collector", "give one without user and query, such as http://localhost:4318; secrets go into OTEL_EXPORTER_OTLP_HEADERS"}
		}
		*dst = strings.TrimSuffix(u.String(), "/")
		return nil
	}
}

// archiveURL takes a folder, or the URL of a bucket.
func archiveURL(dst *string) parser {
	const example = "/mnt/archive, or s3://bucket/prefix?endpoint=https://host&region=name"
	return func(raw string) *refusal {
		u, err := url.Parse(raw)
		switch {
		case err != nil:
			return &refusal{"is neither a folder nor a URL", "write " + example}
		case u.Scheme != "" && u.Scheme != "file" && u.Scheme != "s3":
			return &refusal{"begins with " + u.Scheme + "://", "write " + example}
		case u.User != nil:
			return &refusal{"contains a user, and everybody on the machine can read flags (ps)", "set ARCHIVE_ACCESS_KEY and ARCHIVE_SECRET_KEY instead"}
		case u.Scheme == "file" && (u.Host != "" || u.Path == ""):
			return &refusal{"names no folder of this machine", "write the folder's path"}
		}
		if u.Scheme == "s3" {
			endpoint, err := url.Parse(u.Query().Get("endpoint"))
			if u.Host == "" || err != nil || endpoint.String() != "" && (endpoint.Host == "" || endpoint.Scheme != "https" && endpoint.Scheme != "http") {
				return &refusal{"names no bucket, or its endpoint is no http or https URL", "write " + example}
			}
			if endpoint.Scheme == "http" && !isLoopback(endpoint.Hostname()) {
				return &refusal{"has a plain http endpoint, so others could read who did what", "use https://, or a loopback host"}
			}
		}
		*dst = raw
		return nil
	}
}
