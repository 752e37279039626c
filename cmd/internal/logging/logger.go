package logging

import (
	"io"
	"log/slog"
)

// New makes a logger of JSON or text lines.
func New(w io.Writer, inJSON bool, level slog.Leveler) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if inJSON {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
