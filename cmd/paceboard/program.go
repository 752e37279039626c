package main

import (
	"io"
	"log/slog"

	"github.com/paceboard/paceboard/config"
)

// program is what the commands need of the process.
type program struct {
	in       io.Reader
	out, err io.Writer
	environ  []string
	envFile  string
}

func newLogger(w io.Writer, settings config.Settings) *slog.Logger {
	options := &slog.HandlerOptions{Level: settings.LogLevel}
	if settings.LogFormat == config.LogJSON || settings.LogFormat == config.LogAuto && !isTerminal(w) {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
