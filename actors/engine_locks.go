package actors

import (
	"context"
	"sync"

	"github.com/paceboard/paceboard/competition"
)

// namedLocks are locks by name: nobody waits for another name's. A name is forgotten
// when nobody holds its lock or waits for it. The zero value has none that is held.
// Safe for concurrent use.
type namedLocks struct {
	mu    sync.Mutex
	names map[string]*namedLock
}

type namedLock struct {
	held  chan struct{} // of capacity 1, full while it is
	users int           // who holds it or waits for it; namedLocks.mu guards it
}

// lock takes a name's lock. Error: competition.ErrUnavailable at ctx's deadline.
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

// forget removes a name whose lock nobody holds or waits for.
func (l *namedLocks) forget(name string, mine *namedLock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if mine.users--; mine.users == 0 {
		delete(l.names, name)
	}
}
