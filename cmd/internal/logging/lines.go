package logging

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paceboard/paceboard/internal/worker"
)

const (
	// maxHeld is how many bytes of lines wait to be written; those beyond that are lost.
	maxHeld = 1 << 20
	// writeEvery is how long a line waits at most, while the writer takes lines.
	writeEvery = 100 * time.Millisecond
	// writeAt is how many bytes are written without waiting for that.
	writeAt = 32 << 10
)

// Lines takes lines and writes them in its own goroutine, many at once. Whoever gives it
// a line never waits: a line for which there is no room, because what is below does not
// take them as fast, is lost, and counted. Safe for concurrent use.
type Lines struct {
	to   io.Writer
	lost atomic.Uint64
	wake worker.Signal
	loop *worker.Loop

	mu    sync.Mutex
	held  []byte
	spare []byte // the goroutine's, for the next held
}

// NewLines makes one on a writer. Each call of Write is one line, or more, and whole.
func NewLines(to io.Writer) *Lines {
	l := &Lines{to: to, wake: worker.NewSignal()}
	l.loop = worker.Start(context.Background(), l.run)
	return l
}

// Write implements io.Writer. It never fails.
func (l *Lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	before := len(l.held)
	if before+len(line) > maxHeld {
		l.mu.Unlock()
		l.lost.Add(1)
		return len(line), nil
	}
	l.held = append(l.held, line...)
	after := len(l.held)
	l.mu.Unlock()
	if before == 0 || before < writeAt && after >= writeAt {
		l.wake.Set()
	}
	return len(line), nil
}

// Lost returns how many lines were lost.
func (l *Lines) Lost() uint64 { return l.lost.Load() }

// Close writes what it holds and ends, by the end of ctx. Lines that come later are lost.
func (l *Lines) Close(ctx context.Context) error {
	ended := make(chan struct{})
	go func() {
		l.loop.Stop()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *Lines) run(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-l.wake:
		case <-ctx.Done():
		}
		if l.size() < writeAt {
			l.wake.Wait(ctx, writeEvery)
		}
		l.write()
	}
	l.write()
}

func (l *Lines) size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.held)
}

// write writes what is held. While it does, as much again may be taken.
func (l *Lines) write() {
	l.mu.Lock()
	lines := l.held
	l.held = l.spare[:0]
	l.mu.Unlock()
	if len(lines) > 0 {
		_, _ = l.to.Write(lines) // there is nowhere to say that the log cannot be written
	}
	l.spare = lines
}
