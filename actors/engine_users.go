package actors

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
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

// clusterLocks are locks by name that the nodes of a cluster share. Without holds they are
// those of this process. Safe for concurrent use.
type clusterLocks struct {
	here  namedLocks
	holds competition.Holds // nil for a process that is alone
	kind  competition.HoldKind
}

// lock acquires a name's lock: first in this process, so that it asks the store for a name
// once at a time. Error: competition.ErrUnavailable at ctx's deadline, or if the store does
// not answer.
func (l *clusterLocks) lock(ctx context.Context, name string) (release func(), err error) {
	releaseHere, err := l.here.lock(ctx, name)
	if err != nil || l.holds == nil {
		return releaseHere, err
	}
	releaseThere, err := l.holds.Hold(ctx, l.kind, name)
	if err != nil {
		releaseHere()
		return nil, err
	}
	return func() {
		releaseThere()
		releaseHere()
	}, nil
}

const (
	maxTriesHour = 10
	maxTriers    = 100_000
	anHour       = calendar.Millis(60 * 60 * 1000)
)

// tries counts how many codes each user has tried within an hour. Safe for
// concurrent use.
type tries struct {
	mu    sync.Mutex
	users map[string]tried
}

type tried struct {
	since   calendar.Millis
	n       int
	preview competition.CodeHash // of the code that was previewed last and not yet used to join
}

// previewed notes that a user has seen what a code leads to.
func (t *tries) previewed(userID string, hash competition.CodeHash) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if mine, known := t.users[userID]; known {
		mine.preview = hash
		t.users[userID] = mine
	}
}

// take counts a try, and reports whether it is allowed. A join by the code that the user
// previewed last is free, once; joins is its code's hash, and zero for a preview. Cost:
// linear in the users who tried, each time that they have become too many to remember.
func (t *tries) take(userID string, joins competition.CodeHash, now calendar.Millis) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	mine := t.users[userID]
	if now >= mine.since+anHour {
		mine = tried{since: now}
	}
	if joins != (competition.CodeHash{}) && joins == mine.preview {
		mine.preview = competition.CodeHash{}
		t.users[userID] = mine
		return true
	}
	if mine.n++; mine.n > maxTriesHour {
		return false
	}
	if t.users == nil || len(t.users) >= maxTriers {
		recent := map[string]tried{}
		for user, other := range t.users {
			if now < other.since+anHour && len(recent) < maxTriers/2 {
				recent[user] = other
			}
		}
		t.users = recent
	}
	t.users[userID] = mine
	return true
}

// erasing keeps what erasures that were cut short have erased, by user: they have
// deleted the ties of the competitions that they got to, and the next call asks these
// again. So it has the same answer, and makes up for a snapshot that could not be
// stored, and for an answer that was lost. None of it is stored, since that would name
// the person. Safe for concurrent use.
type erasing struct {
	mu    sync.Mutex
	users map[string]*begun
}

// begun is an erasure under way.
type begun struct {
	competitions map[string]bool
	transactions int
}

// maxErasing is how many users are remembered; beyond that, some are not.
const maxErasing = 10_000

// begin notes what an erasure is about, and returns that together with what earlier
// ones that were cut short were about: competitions, in the order of ids, and how many
// transactions.
func (e *erasing) begin(userID string, ties []string, transactions int) (competitions []string, all int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	b := e.users[userID]
	if b == nil {
		b = &begun{competitions: map[string]bool{}}
		for other := range e.users {
			if len(e.users) < maxErasing {
				break
			}
			delete(e.users, other)
		}
		e.users[userID] = b
	}
	for _, id := range ties {
		b.competitions[id] = true
	}
	b.transactions = max(b.transactions, transactions)
	return slices.Sorted(maps.Keys(b.competitions)), b.transactions
}

func (e *erasing) end(userID string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.users, userID)
}
