package http

import (
	"context"
	"log/slog"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/internal/worker"
)

// refusalLog logs what clients are refused with: one request a minute for each kind of
// refusal, however many there are. Those with 401 are logged where the token is checked,
// with the rule. Safe for concurrent use.
type refusalLog struct {
	log   *slog.Logger
	now   func() time.Time
	kinds map[*kind]*worker.Pace
}

func newRefusalLog(log *slog.Logger, now func() time.Time) *refusalLog {
	l := &refusalLog{log: log, now: now, kinds: map[*kind]*worker.Pace{}}
	for _, k := range kinds {
		if k.status != fasthttp.StatusUnauthorized {
			l.kinds[k] = &worker.Pace{}
		}
	}
	return l
}

// note counts a refusal, and logs it if it is time to.
func (l *refusalLog) note(p *problem, requestID []byte) {
	pace := l.kinds[p.kind]
	if pace == nil {
		return
	}
	if skipped, due := pace.Due(l.now()); due {
		l.log.LogAttrs(context.Background(), slog.LevelInfo, "a request is refused", slog.Int("status", p.kind.status), slog.String("code", p.kind.code),
			slog.String("request_id", string(requestID)), slog.Int("more_since_last", skipped))
	}
}
