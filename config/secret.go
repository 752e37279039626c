package config

import (
	"log/slog"
	"net/url"
	"slices"
	"strings"
)

// redacted stands for a secret wherever one is printed.
const redacted = "[redacted]"

// Secret is a key that fmt, slog and JSON print as [redacted]; an empty one prints as nothing, so that a
// log still tells set from unset. Only [Secret.Reveal] gives it away.
type Secret string

// Reveal gives the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String gives [redacted], or nothing for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// revealed gives secrets themselves, each once, without empty ones.
func revealed(secrets ...Secret) (all [][]byte) {
	for i, secret := range secrets {
		if secret != "" && !slices.Contains(secrets[:i], secret) {
			all = append(all, []byte(secret))
		}
	}
	return all
}

// GoString redacts under %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue redacts in slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText redacts in JSON, YAML and the like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// SecretURL is a URL that may hold a password. It prints as scheme, host and path alone: a password may
// also stand in the user name or in the query. Only [SecretURL.Reveal] gives it whole.
type SecretURL string

// Reveal gives the whole URL, password included.
func (u SecretURL) Reveal() string { return string(u) }

// String gives scheme, host and path, or [redacted] if it is no URL.
func (u SecretURL) String() string {
	if u == "" {
		return ""
	}
	parsed, err := url.Parse(string(u))
	if err != nil || parsed.Scheme == "" || parsed.Opaque != "" {
		return redacted
	}
	return (&url.URL{Scheme: parsed.Scheme, Host: parsed.Host, Path: parsed.Path}).String()
}

// GoString redacts under %#v.
func (u SecretURL) GoString() string { return u.String() }

// LogValue redacts in slog.
func (u SecretURL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// MarshalText redacts in JSON, YAML and the like.
func (u SecretURL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// What a value gives away, for the table's column exposed.

// always is for what is a secret as a whole.
func always(string) bool { return true }

// hasPassword is for PostgreSQL's URLs: the password stands after the user, or in the query.
func hasPassword(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil { // What cannot be read may hold anything.
		return true
	}
	if _, set := u.User.Password(); set {
		return true
	}
	for name := range u.Query() {
		if strings.Contains(strings.ToLower(name), "password") {
			return true
		}
	}
	return strings.Contains(u.RawQuery, ";") // A parameter that Go does not read, but others may.
}

// hasUser is for Redis's URLs, where a user may be a password.
func hasUser(raw string) bool {
	u, err := url.Parse(raw)
	return err != nil || u.User != nil || hasPassword(raw)
}

// hasUserOrQuery is for addresses of services, which have their keys in the query.
func hasUserOrQuery(raw string) bool {
	u, err := url.Parse(raw)
	return err != nil || u.User != nil || u.RawQuery != ""
}
