package measure

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/paceboard/paceboard/internal/worker"
)

// Main runs a measuring program until it is done or interrupted, or until it has
// taken too long: what hangs must end, too. It prints an error and returns the
// process's exit code.
func Main(name string, longest time.Duration, run func(context.Context) error) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, longest)
	err := run(ctx)
	cancel()
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 1
	}
	return 0
}

// Began is when the program started.
var Began = time.Now()

// Say writes a line of progress.
func Say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%6.1f s  %s\n", time.Since(Began).Seconds(), fmt.Sprintf(format, args...))
}

// SaveJSON writes figures for programs.
func SaveJSON(path string, figures any) error {
	text, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return fmt.Errorf("write the figures: %w", err)
	}
	return save(path, append(text, '\n'))
}

// save writes a file and the folders above it.
func save(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // results for everybody
		return err
	}
	return os.WriteFile(path, text, 0o644) //nolint:gosec // the same
}

// Pause waits, or fails when the measurement ends early.
func Pause(ctx context.Context, d time.Duration) error {
	if !worker.Pause(ctx, d) {
		return context.Cause(ctx)
	}
	return nil
}
