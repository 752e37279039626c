package http

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// refusalLog logs what clients are refused with: one request a minute for each kind of
// refusal, however many there are. Those with 401 are logged where the token is checked,
// with the rule. Safe for concurrent use.
type refusalLog struct {
	log   *slog.Logger
	kinds map[*kind]*refusalsOf
}

// refusalsOf counts the refusals of one kind.
type refusalsOf struct {
	logged  atomic.Int64 // when, in Unix nanoseconds; 0 for never
	skipped atomic.Int64 // since
}

// refusalEvery is the time between two lines for one kind.
const refusalEvery = time.Minute

func newRefusalLog(log *slog.Logger) *refusalLog {
	l := &refusalLog{log: log, kinds: map[*kind]*refusalsOf{}}
	for _, k := range kinds {
		if k.status != fasthttp.StatusUnauthorized {
			l.kinds[k] = &refusalsOf{}
		}
	}
	return l
}

// note counts a refusal, and logs it if none of its kind was for refusalEvery.
func (l *refusalLog) note(p *problem, requestID []byte) {
	of := l.kinds[p.kind]
	if of == nil {
		return
	}
	now, last := time.Now().UnixNano(), of.logged.Load()
	if last != 0 && now-last < int64(refusalEvery) || !of.logged.CompareAndSwap(last, now) {
		of.skipped.Add(1)
		return
	}
	l.log.LogAttrs(context.Background(), slog.LevelInfo, "a request is refused", slog.Int("status", p.kind.status), slog.String("code", p.kind.code),
		slog.String("request_id", string(requestID)), slog.Int64("more_since_last", of.skipped.Swap(0)))
}
