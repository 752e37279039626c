package http

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/internal/worker"
)

// liveClient is a socket or an event stream that is open.
type liveClient interface {
	// end asks the client's goroutine to finish; it never blocks.
	end(c closing)
	// wake makes the client's goroutine check its state; it never blocks.
	wake()
}

// connection is what is known of a live client.
type connection struct {
	userID string // empty where none is counted
	linkID string // of the board link that it came by; empty without one
	over   string // the transport, as metrics have it
	since  calendar.Millis
}

// liveClients are the open clients, so that the server can end them, and no user, and no
// board link, has too many.
type liveClients struct {
	mostOfUser, mostOfLink int

	mu     sync.Mutex
	open   map[liveClient]connection
	users  map[string]int                     // how many each has open
	links  map[string]map[liveClient]struct{} // that came by each board link
	closed bool
	empty  chan struct{} // closed when the last one has ended after endAll
}

func newLiveClients(mostOfUser, mostOfLink int) *liveClients {
	return &liveClients{mostOfUser: mostOfUser, mostOfLink: mostOfLink, open: map[liveClient]connection{}, users: map[string]int{}, links: map[string]map[liveClient]struct{}{}, empty: make(chan struct{})}
}

// Why a live client is not admitted.
var (
	errStopping       = kindNotReady.with("the server is shutting down")
	errBoardMoved     = kindNotReady.with("the node that keeps the board cannot be reached; reconnect with since")
	errTooManySockets = kindTooManySockets.with("close some: a user's WebSockets and event streams count together").of(userSockets)
	errTooManyOfLink  = kindTooManySockets.with("the board link has as many live connections as it may have; poll the board, or try again later").of(linkSockets)
)

// add admits a client, unless the server is stopping, or its user or its board link has as
// many as allowed. API keys and the service role speak for no user.
func (l *liveClients) add(c liveClient, is connection) error {
	userID := is.userID
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return errStopping
	case userID != "" && l.users[userID] >= l.mostOfUser:
		return errTooManySockets
	case is.linkID != "" && len(l.links[is.linkID]) >= l.mostOfLink:
		return errTooManyOfLink
	}
	if userID != "" {
		l.users[userID]++
	}
	if is.linkID != "" {
		if l.links[is.linkID] == nil {
			l.links[is.linkID] = map[liveClient]struct{}{}
		}
		l.links[is.linkID][c] = struct{}{}
	}
	l.open[c] = is
	return nil
}

func (l *liveClients) remove(c liveClient) {
	l.mu.Lock()
	defer l.mu.Unlock()
	is := l.open[c]
	if is.userID != "" {
		if l.users[is.userID]--; l.users[is.userID] == 0 {
			delete(l.users, is.userID)
		}
	}
	if of := l.links[is.linkID]; of != nil {
		if delete(of, c); len(of) == 0 {
			delete(l.links, is.linkID)
		}
	}
	delete(l.open, c)
	if l.closed && len(l.open) == 0 {
		close(l.empty)
	}
}

func (l *liveClients) count() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return float64(len(l.open))
}

// wakeAll makes every client check its state, since keys of tokens were withdrawn,
// maybe its own.
func (l *liveClients) wakeAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		c.wake()
	}
}

// wakeLink makes the clients of a board link check their state, since it was revoked.
func (l *liveClients) wakeLink(linkID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.links[linkID] {
		c.wake()
	}
}

// endSpread ends the clients that are open one after another, in no order, so that they
// do not all come to another server at once: the last one after the time given, or when
// ctx ends.
func (l *liveClients) endSpread(ctx context.Context, over time.Duration) {
	l.mu.Lock()
	open := slices.Collect(maps.Keys(l.open)) // in no order
	l.mu.Unlock()
	began := time.Now()
	for i, c := range open {
		due := over * time.Duration(i+1) / time.Duration(len(open))
		if wait := due - time.Since(began); wait >= leastPause && !worker.Pause(ctx, wait) {
			return
		}
		c.end(goingAway)
	}
}

// leastPause bounds how often a timer is set for many clients.
const leastPause = 10 * time.Millisecond

// goingAway tells a client to connect to another server, or to this one when it is back.
var goingAway = closing{closeGoingAway, "the server is shutting down; reconnect with since"}

// endAll tells every client that the server is stopping, and waits until all are
// gone, or for ctx.
func (l *liveClients) endAll(ctx context.Context) error {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		if len(l.open) == 0 {
			close(l.empty)
		}
	}
	for c := range l.open {
		c.end(goingAway)
	}
	waiting := len(l.open)
	l.mu.Unlock()
	if waiting == 0 {
		return nil
	}
	select {
	case <-l.empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
