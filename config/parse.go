package config

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parser checks one raw value and stores it where it was bound to, or says what is wrong with it. It is
// not given an empty value unless the setting's default is empty, and must accept that one.
type parser func(raw string) *refusal

// minSecretBytes is the shortest key that HS256 may use: as long as its hash (RFC 7518, section 3.2).
const minSecretBytes = 32

// maxIssuerBytes is the longest issuer that makes sense.
const maxIssuerBytes = 512

func text[T ~string](dst *T) parser {
	return func(raw string) *refusal {
		*dst = T(raw)
		return nil
	}
}

func boolean(dst *bool) parser {
	return func(raw string) *refusal {
		if raw == "" {
			return nil
		}
		on, err := strconv.ParseBool(raw)
		if err != nil {
			return &refusal{"is neither true nor false", "give the flag alone to switch it on"}
		}
		*dst = on
		return nil
	}
}

// number takes a whole number from lo to hi.
func number(dst *int, lo, hi int) parser {
	return func(raw string) *refusal {
		n, err := strconv.Atoi(raw)
		if err != nil || n < lo || n > hi {
			return &refusal{"is not a whole number in range", fmt.Sprintf("give one from %d to %d", lo, hi)}
		}
		*dst = n
		return nil
	}
}

// share takes a part of the whole, from 0 to 1.
func share(dst *float64) parser {
	return func(raw string) *refusal {
		part, err := strconv.ParseFloat(raw, 64)
		if err != nil || !(0 <= part && part <= 1) { // NaN is neither
			return &refusal{"is not a share", "give a number from 0 (none) to 1 (all), such as 0.01"}
		}
		*dst = part
		return nil
	}
}

// duration takes what [time.ParseDuration] takes, and whole days as 30d, from lo to hi.
func duration(dst *time.Duration, lo, hi time.Duration, example string) parser {
	return func(raw string) *refusal {
		d, err := parseDuration(raw)
		switch {
		case err != nil:
			return &refusal{"is not a duration", "write a number with a unit (ms, s, m, h or d), such as " + example}
		case d < lo || d > hi:
			return &refusal{"is out of range", fmt.Sprintf("give a duration from %s to %s, such as %s",
				formatDuration(lo), formatDuration(hi), example)}
		}
		*dst = d
		return nil
	}
}

// unset stands for a duration whose default depends on other settings.
const unset = time.Duration(-1)

// orDefault leaves a duration unset where there is no value.
func orDefault(dst *time.Duration, parse parser) parser {
	return func(raw string) *refusal {
		if raw == "" {
			*dst = unset
			return nil
		}
		return parse(raw)
	}
}

func parseDuration(raw string) (time.Duration, error) {
	if number, ok := strings.CutSuffix(raw, "d"); ok {
		days, err := strconv.ParseUint(number, 10, 16)
		return time.Duration(days) * day, err
	}
	return time.ParseDuration(raw)
}

// formatDuration writes a duration the way people do: 10m instead of 10m0s, 2d instead of 48h0m0s.
func formatDuration(d time.Duration) string {
	if d >= 2*day && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// choice is one word that a setting may be, and its value.
type choice[T any] struct {
	word  string
	value T
}

func oneOf[T any](dst *T, choices []choice[T]) parser {
	return func(raw string) *refusal {
		words := make([]string, len(choices))
		for i, c := range choices {
			if strings.EqualFold(raw, c.word) {
				*dst = c.value
				return nil
			}
			words[i] = c.word
		}
		last := len(words) - 1
		return &refusal{
			"is not one of the choices",
			"give " + strings.Join(words[:last], ", ") + " or " + words[last],
		}
	}
}

// parts yields what stands between the commas of a list, trimmed, without empty parts.
func parts(raw string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for part := range strings.SplitSeq(raw, ",") {
			if part = strings.TrimSpace(part); part != "" && !yield(part) {
				return
			}
		}
	}
}

// issuers takes a list of issuers by commas, or any alone. They are compared with tokens byte by byte.
func issuers(dst *[]string) parser {
	const advice = "give them as tokens have them, such as https://abcd.supabase.co/auth/v1, separated by commas, or any"
	return func(raw string) *refusal {
		var list []string
		for part := range parts(raw) {
			if len(part) > maxIssuerBytes || strings.ContainsFunc(part, func(r rune) bool { return r <= ' ' || r > '~' }) {
				return &refusal{"contains an issuer that is too long, or has spaces or special characters", advice}
			}
			list = append(list, part)
		}
		if len(list) > 1 && slices.Contains(list, AnyIssuer) {
			return &refusal{"combines any with others", advice}
		}
		*dst = list
		return nil
	}
}

// signingSecret takes a key for HMAC-SHA-256.
func signingSecret(dst *Secret) parser {
	return hmacKey(dst, "is %d bytes long, but needs at least %d", "make one with: openssl rand -hex 32")
}

// jwtSecret takes the key that a project signs tokens with.
func jwtSecret(dst *Secret) parser {
	return hmacKey(dst, "is %d bytes long, but HS256 needs at least %d (RFC 7518, section 3.2)",
		"use the project's JWT secret, or make one with: openssl rand -hex 32")
}

// hmacKey takes a key of minSecretBytes or more, or none. tooShort is the problem of a shorter one, a
// format of its length and of the least.
func hmacKey(dst *Secret, tooShort, advice string) parser {
	return func(raw string) *refusal {
		switch {
		case strings.TrimSpace(raw) != raw: // Kept silently, it would fail every signature.
			return &refusal{"begins or ends with white space", "remove it, including a line break at the end"}
		case raw != "" && len(raw) < minSecretBytes:
			return &refusal{fmt.Sprintf(tooShort, len(raw), minSecretBytes), advice}
		}
		*dst = Secret(raw)
		return nil
	}
}

// publicKey takes the key that pages show to the project's sign-in: an anon key or a publishable one. Every browser
// gets it, so one that opens more than that is refused.
func publicKey(dst *Secret) parser {
	return func(raw string) *refusal {
		role := keyRole(raw)
		switch {
		case strings.ContainsFunc(raw, func(c rune) bool { return c <= ' ' || c > '~' }):
			return &refusal{"has spaces or special characters", "copy the project's anon or publishable key again"}
		case strings.HasPrefix(raw, "sb_secret_"), role != "" && role != "anon":
			return &refusal{
				"is a secret key of the project, but every browser would get it",
				"use the anon key or the publishable one, and replace this one if others could read it",
			}
		}
		*dst = Secret(raw)
		return nil
	}
}

// keyRole returns the role that a project's key names if the key is a JWT, as anon and service_role keys are. Its
// signature is not checked.
func keyRole(key string) string {
	parts := strings.Split(key, ".")
	if len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		Role string `json:"role"`
	}
	_ = json.Unmarshal(payload, &claims) // what is no JSON names no role
	return claims.Role
}

// Pairs gives the names and values of OTEL_EXPORTER_OTLP_HEADERS or OTEL_RESOURCE_ATTRIBUTES, which were checked
// when they were read. The map is the caller's.
func Pairs(raw string) map[string]string {
	all, _ := keyValues(raw)
	return all
}

// pairs takes a list of names and values, name=value,name=value, in which values may be percent-encoded.
func pairs[T ~string](dst *T, valid func(name, value string) bool) parser {
	return func(raw string) *refusal {
		all, ok := keyValues(raw)
		for name, value := range all {
			ok = ok && valid(name, value)
		}
		if !ok {
			return &refusal{"is not a list of names and values", "write name=value,name=value; %2C is a comma"}
		}
		*dst = T(raw)
		return nil
	}
}

// keyValues reads such a list.
func keyValues(raw string) (all map[string]string, ok bool) {
	all = map[string]string{}
	for part := range parts(raw) {
		name, value, found := strings.Cut(part, "=")
		text, err := url.PathUnescape(strings.TrimSpace(value))
		if name = strings.TrimSpace(name); !found || name == "" || err != nil {
			return all, false
		}
		all[name] = text
	}
	return all, true
}

// isHeader reports whether a header field may be sent.
func isHeader(name, value string) bool {
	for _, c := range name {
		if c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c) {
			return false
		}
	}
	return !strings.ContainsAny(value, "\r\n\x00") && http.CanonicalHeaderKey(name) != "Content-Length"
}

// isAttribute takes all.
func isAttribute(string, string) bool { return true }
