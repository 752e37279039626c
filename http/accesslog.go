package http

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/time/rate"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/internal/tracing"
)

// AccessLog says which requests have a line in the log.
type AccessLog struct {
	// Share is how many of the requests have one, from 0 (none) to 1 (all). If it is not
	// 0, those that fail with 5xx all have one.
	Share float64
	// Slow is from which duration on a request is logged as slow; 0: never.
	Slow time.Duration
}

// accessLog logs requests: a share of them, and slow ones. A line has the operation, but
// neither the path nor the query, which may hold people and tokens. Safe for concurrent
// use.
type accessLog struct {
	lines   *slog.Logger // one line a request
	log     *slog.Logger // of slow ones, and of all while it takes lines for debugging
	limits  *RateLimits
	key     [sha256.Size]byte // of this process alone; see user
	share   tracing.Share
	slow    atomic.Int64  // nanoseconds; 0: never
	pace    *rate.Limiter // of lines about slow requests
	skipped atomic.Int64  // slow requests without a line since the last one
}

// When the store hangs, all requests are slow: so many lines a second say it.
const slowLines, slowLinesAtOnce = 10, 50

func newAccessLog(a AccessLog, lines, log *slog.Logger, limits *RateLimits) *accessLog {
	l := &accessLog{lines: lines, log: log, limits: limits, pace: rate.NewLimiter(slowLines, slowLinesAtOnce)}
	rand.Read(l.key[:])
	l.set(a)
	return l
}

func (l *accessLog) set(a AccessLog) {
	l.share.Set(a.Share)
	l.slow.Store(int64(a.Slow))
}

// note logs a request that was answered, if it is to have a line. It allocates nothing
// for one that has none.
func (l *accessLog) note(ctx *fasthttp.RequestCtx, operation string, who *auth.Identity, page []byte, trace string) {
	some, slow, debug := l.share.Some(), l.slow.Load(), l.log.Enabled(ctx, slog.LevelDebug)
	if !some && slow == 0 && !debug {
		return
	}
	var took time.Duration
	if began := ctx.Time(); !began.IsZero() { // else nothing was read
		took = time.Since(began)
	}
	if slow > 0 && took >= time.Duration(slow) {
		if l.pace.Allow() {
			l.line(ctx, l.log, slog.LevelWarn, "a request was slow", operation, who, page, trace, took, slog.Int64("more_since_last", l.skipped.Swap(0)))
		} else {
			l.skipped.Add(1)
		}
	}
	switch {
	case some && (ctx.Response.StatusCode() >= fasthttp.StatusInternalServerError || l.share.Picks()):
		l.line(ctx, l.lines, slog.LevelInfo, "request", operation, who, page, trace, took)
	case debug:
		l.line(ctx, l.log, slog.LevelDebug, "request", operation, who, page, trace, took)
	}
}

// line writes a line. The size of a streamed body is not known yet, and looking at the
// body would wait for its end.
func (l *accessLog) line(ctx *fasthttp.RequestCtx, to *slog.Logger, level slog.Level, text, operation string, who *auth.Identity, page []byte, trace string, took time.Duration, more ...slog.Attr) {
	size := -1
	switch {
	case page != nil:
		size = len(page)
	case !ctx.Response.IsBodyStream():
		size = len(ctx.Response.Body())
	}
	var room [10]slog.Attr
	line := append(room[:0],
		slog.String("request_id", string(ctx.Response.Header.PeekCanonical(headerRequestID))),
		slog.String("operation", operation),
		slog.Int("status", ctx.Response.StatusCode()),
		slog.Duration("took", took),
		slog.Int("bytes", size),
		slog.String("address", l.limits.clientAddress(ctx).String()),
	)
	if trace != "" {
		line = append(line, slog.String("trace_id", trace))
	}
	if who != nil {
		switch by := who.Actor(); by.Kind {
		case competition.UserSubject:
			line = append(line, slog.String("user", l.user(by.ID)))
		case competition.KeySubject:
			line = append(line, slog.String("api_key", by.ID))
		default:
			line = append(line, slog.String("role", by.ID))
		}
	}
	to.LogAttrs(ctx, level, text, append(line, more...)...) //nolint:sloglint // a constant of the caller
}

// user returns what stands for a user in the log: enough to see which requests are of the
// same user while this process lives, and nothing that leads back to them.
func (l *accessLog) user(id string) string {
	sum := hmac.New(sha256.New, l.key[:])
	sum.Write([]byte(id))
	return hex.EncodeToString(sum.Sum(nil)[:8])
}
