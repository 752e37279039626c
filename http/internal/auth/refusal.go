package auth

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/paceboard/paceboard/internal/worker"
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

	mu    sync.Mutex
	paces map[string]*worker.Pace // by rule
}

func newRefusalLog(log *slog.Logger, now func() time.Time) *refusalLog {
	return &refusalLog{log: log, now: now, paces: map[string]*worker.Pace{}}
}

// note counts a refusal, and logs it if it is time to.
func (l *refusalLog) note(rule, detail string) {
	if skipped, due := l.pace(rule).Due(l.now()); due {
		l.log.Info("a caller is refused with 401", "rule", rule, "reason", detail, "more_since_last", skipped)
	}
}

func (l *refusalLog) pace(rule string) *worker.Pace {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.paces[rule] == nil {
		l.paces[rule] = &worker.Pace{}
	}
	return l.paces[rule]
}
