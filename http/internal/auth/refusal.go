package auth

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"
)

// The kinds of a [RefusalError].
var (
	ErrMissing     = errors.New("there is no token")
	ErrInvalid     = errors.New("the token is not valid")
	ErrExpired     = errors.New("the token has expired")
	ErrUnavailable = errors.New("the token cannot be checked now")
)

// RefusalError is why a caller is not admitted. It wraps its Kind.
type RefusalError struct {
	Kind       error  // one of the above
	Detail     string // for the client and the log; of the token it holds short, quoted claims alone
	RetryAfter int    // seconds, if Kind is ErrUnavailable and it is known
	rule       string // one of few words by which the log counts; empty for ErrUnavailable, which is not the token's fault
}

func (r *RefusalError) Error() string { return "the token is refused: " + r.Detail }

func (r *RefusalError) Unwrap() error { return r.Kind }

// refuseToken makes the refusal of a token by a rule.
func refuseToken(rule, format string, args ...any) *RefusalError {
	return &RefusalError{Kind: ErrInvalid, rule: rule, Detail: fmt.Sprintf(format, args...)}
}

// errMalformedToken is returned for something that is not a token.
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

// refusalLog logs why callers get 401: for each rule one reason a minute, however many
// there are. Safe for concurrent use.
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

// note counts a refusal, and logs it if its rule was not logged for refusalEvery.
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
