package embedded

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// pebbleLog takes what Pebble has to say. Pebble reports a write that cannot be
// made durable by Fatalf, which must not return.
type pebbleLog struct {
	logger  *slog.Logger
	onFatal func(message string)
	once    sync.Once
	dead    chan struct{} // closed by the first Fatalf

	manifest atomic.Pointer[string] // the path of the MANIFEST in use
	wal      atomic.Uint64          // the number of the log in use
	stalls   atomic.Uint64          // of writes
}

func newPebbleLog(logger *slog.Logger, onFatal func(string)) *pebbleLog {
	l := &pebbleLog{logger: logger, onFatal: onFatal, dead: make(chan struct{})}
	if onFatal == nil {
		l.onFatal = l.exit
	}
	return l
}

// exit is the default end.
func (l *pebbleLog) exit(message string) {
	l.logger.Error("a write could not be made durable: stopping, so that nothing is acknowledged that is not on disk; look after the disk, then start again",
		"reason", message)
	os.Exit(1) //nolint:revive // deep-exit: a failed fsync must not be survived, and there is nobody to return to.
}

// Fatalf is called by whichever goroutine of Pebble's met the failure.
func (l *pebbleLog) Fatalf(format string, args ...any) {
	l.once.Do(func() {
		close(l.dead)
		l.onFatal(fmt.Sprintf(format, args...))
	})
	select {} // Nothing that rests on the failed write may go on.
}

func (l *pebbleLog) Infof(format string, args ...any) {
	if l.logger.Enabled(context.Background(), slog.LevelDebug) {
		l.logger.Debug("pebble", "said", fmt.Sprintf(format, args...))
	}
}

func (l *pebbleLog) Errorf(format string, args ...any) {
	l.logger.Error("pebble", "said", fmt.Sprintf(format, args...))
}

// events are the ones that somebody should read. Without a handler Pebble
// treats a damaged block as fatal, for all competitions; here the one that is
// read gets an error.
func (l *pebbleLog) events() *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: func(err error) {
			l.logger.Error("pebble could not flush or compact and will try again", "error", err)
		},
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			l.logger.Error("a block of the store is damaged: competitions that need it are refused; restore the data folder from a backup",
				"file", info.Path, "keys", info.Bounds.String(), "error", info.Details)
		},
		ManifestCreated: func(info pebble.ManifestCreateInfo) {
			if info.Err == nil {
				l.manifest.Store(&info.Path)
			}
		},
		WALCreated: func(info pebble.WALCreateInfo) {
			if info.Err == nil {
				l.wal.Store(uint64(info.FileNum))
			}
		},
		WriteStallBegin: func(info pebble.WriteStallBeginInfo) {
			l.stalls.Add(1)
			l.logger.Warn("pebble holds writes back until the disk has caught up", "reason", info.Reason)
		},
	}
}
