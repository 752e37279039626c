package config

import (
	"log/slog"
	"net/url"
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
