package logging

import (
	"io"
	"log/slog"
)

// New makes a logger of JSON or text lines. In JSON, a duration is a number of seconds, and the name of its field says
// so: took_seconds; in text it is written as 1.5s.
func New(w io.Writer, inJSON bool, level slog.Leveler) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if inJSON {
		options.ReplaceAttr = secondsOf
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// secondsOf replaces a duration, which JSON would have as nanoseconds.
func secondsOf(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() != slog.KindDuration {
		return a
	}
	return slog.Float64(a.Key+"_seconds", a.Value.Duration().Seconds())
}
