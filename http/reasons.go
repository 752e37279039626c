package http

import (
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// tokenError is why a token is refused.
type tokenError struct {
	kind   *kind
	rule   string // which, in one word of few: the log counts by it
	detail string // for the client and the log; of the token it holds short, quoted claims alone
}

func (e *tokenError) Error() string { return "the token is refused: " + e.detail }

// refuseToken is the refusal of a token by a rule.
func refuseToken(rule, format string, args ...any) *tokenError {
	return &tokenError{kind: kindInvalidToken, rule: rule, detail: fmt.Sprintf(format, args...)}
}

// errMalformedToken is returned for what is no token at all.
var errMalformedToken = refuseToken("malformed", "it is not a JWT: three parts of base64url, joined by dots, the first two of them JSON objects")

// quoteShort quotes what a token says, so that it is safe to show and to log: cut
// to 64 characters, in ASCII.
func quoteShort(text string) string {
	const most = 64
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return strconv.Quote(text)
}

// issuers are whose tokens for users are taken.
type issuers struct {
	list []string // empty for anybody's
	bare bool     // HS256 tokens may name none, as those of a self-hosted project do
}

// anyIssuer is the setting that takes anybody's.
const anyIssuer = "any"

// newIssuers reads the setting; empty is the project's own issuer.
func newIssuers(setting []string, supabaseURL string) issuers {
	switch {
	case slices.Contains(setting, anyIssuer):
		return issuers{}
	case len(setting) > 0:
		return issuers{list: setting}
	case supabaseURL != "":
		return issuers{list: []string{issuerOf(supabaseURL)}, bare: true}
	default:
		return issuers{}
	}
}

// check checks the issuer that a token in one of the methods names.
func (i issuers) check(issuer string, methods []string) error {
	if len(i.list) == 0 || slices.Contains(i.list, issuer) || issuer == "" && i.bare && slices.Contains(methods, "HS256") {
		return nil
	}
	quoted := make([]string, len(i.list))
	for n, one := range i.list {
		quoted[n] = strconv.Quote(one)
	}
	if len(i.list) == 1 {
		return refuseToken("issuer", "issuer %s is not %s", quoteShort(issuer), quoted[0])
	}
	return refuseToken("issuer", "issuer %s is none of %s", quoteShort(issuer), strings.Join(quoted, ", "))
}

// refusalLog logs why callers get 401: each rule's reason once a minute, however
// many come. Safe for concurrent use.
type refusalLog struct {
	log *slog.Logger
	now func() time.Time

	mu   sync.Mutex
	last map[string]*refusalsOf
}

// refusalsOf counts those by one rule.
type refusalsOf struct {
	logged  time.Time
	skipped int // since
}

// refusalEvery is the time between two lines for one rule.
const refusalEvery = time.Minute

func newRefusalLog(log *slog.Logger, now func() time.Time) *refusalLog {
	return &refusalLog{log: log, now: now, last: map[string]*refusalsOf{}}
}

// note counts a refusal, and logs it if its rule's turn has come.
func (l *refusalLog) note(rule, detail string) {
	now := l.now()
	l.mu.Lock()
	seen := l.last[rule]
	if seen != nil && now.Sub(seen.logged) < refusalEvery {
		seen.skipped++
		l.mu.Unlock()
		return
	}
	skipped := 0
	if seen != nil {
		skipped = seen.skipped
	}
	l.last[rule] = &refusalsOf{logged: now}
	l.mu.Unlock()
	l.log.Info("a caller is refused with 401", "rule", rule, "reason", detail, "more_since_last", skipped)
}
