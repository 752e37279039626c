package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"
)

// fault fails one operation on the file system, the nth, and counts them. From
// the moment that the store reports a fatal error none succeeds any more: the
// process would be gone.
type fault struct {
	mu   sync.Mutex
	nth  int // 0 for none
	seen int
	what string
	gone chan struct{} // closed when the process is dead
}

func newFault(nth int) *fault { return &fault{nth: nth, gone: make(chan struct{})} }

func (f *fault) String() string { return "fault" }

func (f *fault) MaybeError(op errorfs.Op) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.died() {
		return errorfs.ErrInjected
	}
	if f.seen++; f.seen != f.nth {
		return nil
	}
	f.what = fmt.Sprintf("operation %d on %s", op.Kind, op.Path)
	if f.kills(op) {
		close(f.gone)
		f.mu.Unlock()
		select {}
	}
	return errorfs.ErrInjected
}

// kills tells of the failures on which Pebble ends the process: by Fatalf (which
// TestFailedSync is about), or by a panic that nobody can recover from, because
// it comes in a goroutine of Pebble's or while a lock is given away. It cannot
// write to its log, change to another one, or make another MANIFEST the current
// one.
func (f *fault) kills(op errorfs.Op) bool {
	if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && strings.HasSuffix(op.Path, ".log") {
		return true
	}
	stack := string(debug.Stack())
	return strings.Contains(stack, ".rotateWAL(") || strings.Contains(stack, "atomicfs.(*Marker).Move(")
}

func (f *fault) died() bool {
	select {
	case <-f.gone:
		return true
	default:
		return false
	}
}

func (f *fault) die(string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.died() {
		close(f.gone)
	}
}

// script plays 200 operations: appends, and now and then a snapshot, a look at
// everything, and a restart. An error ends it; so does the death of the process.
func (f *fault) script(p *play, disk vfs.FS) error {
	ctx, cancel := testContext()
	defer cancel()
	go func() {
		select {
		case <-f.gone:
			cancel()
		case <-ctx.Done():
		}
	}()
	o := small(onMemory(errorfs.Wrap(disk, f)))
	o.OnFatal = f.die
	var s *Store
	for i := range 200 {
		var err error
		switch {
		case i%50 == 0:
			if s != nil {
				if err := f.close(s); err != nil {
					return err
				}
			}
			if s, err = Open(ctx, o); err == nil {
				p.on(s)
			}
		case i%20 == 13:
			err = p.save(ctx)
		case i%40 == 39:
			err = check(ctx, s, p.accounts())
		default:
			err = p.round(ctx)
		}
		if err != nil {
			return err
		}
	}
	return f.close(s)
}

// close closes a store, which may never return in a process that is dead.
func (f *fault) close(s *Store) error {
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	select {
	case err := <-closed:
		return err
	case <-f.gone:
		return errStopped
	}
}

// TestEveryIOFails fails each operation of a script in a run of its own. What
// was acknowledged must be there afterwards, and nothing else but what was being
// written at the end.
func TestEveryIOFails(t *testing.T) {
	if !inChild(t) {
		return
	}
	dry := newFault(0)
	require.NoError(t, dry.script(newPlay(1, 3), vfs.NewMem()))
	// With the race detector, or in a hurry, the points are thinned out; another
	// set of them is taken each day.
	stride := 1
	if raceEnabled {
		stride = 10
	}
	if testing.Short() {
		stride *= 10
	}
	runs, died, went := 0, 0, 0
	for nth := 1 + time.Now().YearDay()%stride; nth <= dry.seen; nth += stride {
		f := newFault(nth)
		disk := vfs.NewCrashableMem()
		p := newPlay(1, 3)
		began := time.Now()
		err := f.script(p, disk)
		if time.Since(began) > time.Second {
			println(nth, f.what, time.Since(began).String(), fmt.Sprint(err))
		}
		// Alternately only the process dies, and the machine.
		clone := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100 * (nth % 2), RNG: p.rng})
		require.NoError(t, survives(clone, p.accounts()), "fault %d: %s; the script ended with: %v", nth, f.what, err)
		runs++
		switch {
		case f.died():
			died++
		case err == nil:
			went++
		}
	}
	t.Logf("%d operations, %d of them failed: the process died %d times and nothing was noticed %d times", dry.seen, runs, died, went)
}

// stuck holds back every sync while it is closed to them.
type stuck struct {
	mu   sync.Mutex
	gate chan struct{} // nil lets pass
	hit  chan struct{} // told of every operation that waits
}

func (s *stuck) String() string { return "stuck" }

func (s *stuck) MaybeError(op errorfs.Op) error {
	s.mu.Lock()
	gate := s.gate
	s.mu.Unlock()
	if gate != nil && (op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData) {
		s.hit <- struct{}{}
		<-gate
	}
	return nil
}

func (s *stuck) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate, s.hit = make(chan struct{}), make(chan struct{}, 100)
}

func (s *stuck) open() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.gate)
	s.gate = nil
}

var (
	_ = context.Background
	_ = errors.New
	_ = io.EOF
)
