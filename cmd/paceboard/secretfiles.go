package main

import (
	"fmt"
	"log/slog"

	"github.com/paceboard/paceboard/config"
)

func warnOfFiles(logger *slog.Logger, settings *config.Settings) {
	for _, warning := range looseFiles(settings) {
		logger.Warn("a secret is not well kept", "problem", warning)
	}
}

// looseFiles warns of files with secrets that every user of the machine may read.
func looseFiles(settings *config.Settings) (warnings []error) {
	for _, path := range settings.LooseFiles() {
		warnings = append(warnings, fmt.Errorf("every user of this machine may read %s: chmod o= it, or mount it with mode 0440", path))
	}
	return warnings
}
