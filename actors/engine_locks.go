package actors

import (
	"context"
	"sync"

	"github.com/paceboard/paceboard/competition"
)

// namedLocks are locks by name. A name is forgotten when its lock is not held or waited
// for. The zero value is ready. Safe for concurrent use.
type namedLocks struct {
	mu    sync.Mutex
	names map[string]*namedLock
}

type namedLock struct {
	held  chan struct{} // of capacity 1, full while it is
	users int           // holders and waiters; namedLocks.mu guards it
}

// lock acquires a name's lock. Error: competition.ErrUnavailable at ctx's deadline.
func (l *namedLocks) lock(ctx context.Context, name string) (release func(), err error) {
	l.mu.Lock()
	mine := l.names[name]
	if mine == nil {
		if l.names == nil {
			l.names = map[string]*namedLock{}
		}
		mine = &namedLock{held: make(chan struct{}, 1)}
		l.names[name] = mine
	}
	mine.users++
	l.mu.Unlock()
	select {
	case mine.held <- struct{}{}:
		return func() {
			<-mine.held
			l.forget(name, mine)
		}, nil
	case <-ctx.Done():
		l.forget(name, mine)
		return nil, competition.ErrUnavailable
	}
}

// forget removes a user of a lock, and the lock with the last.
func (l *namedLocks) forget(name string, mine *namedLock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if mine.users--; mine.users == 0 {
		delete(l.names, name)
	}
}
