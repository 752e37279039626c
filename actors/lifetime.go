package actors

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// getHistory asks for what a competition knows of a user's days.
type getHistory struct{ userID string }

// askedAtOnce is how many competitions one request for lifetime statistics asks
// at the same time. It rarely needs to ask more than those that are running.
const askedAtOnce = 16

// Lifetime is a user's days in all competitions together, those of competitions
// that the user left included. Who may see it is the caller's matter: a user
// sees the own, an operator everybody's. A user who is not known has no days.
//
// The projection says most of it, and names the competitions that may know more;
// these answer from memory, into which they are brought if need be. So every
// sync acknowledged before the call is in it; if one of those competitions cannot
// answer, its error is the call's.
func (e *Engine) Lifetime(caller competition.Caller, userID string) (*competition.Lifetime, error) {
	if !caller.Operator && caller.UserID != userID {
		return nil, competition.ErrForbidden
	}
	if err := e.admit(); err != nil {
		return nil, err
	}
	defer e.dismiss()
	deadline := e.deadline()
	ctx, cancel := context.WithDeadline(e.life, deadline)
	defer cancel()
	release, err := e.recalling.lock(ctx, userID)
	if err != nil {
		return nil, err
	}
	defer release()
	months, behind, ties, err := e.Store.LifetimeOf(ctx, userID)
	if err != nil {
		return nil, err
	}
	all := &competition.Lifetime{}
	all.Cost(ties)
	for _, month := range months {
		if ctx.Err() != nil {
			return nil, errNoAnswer
		}
		all.Add(month)
	}
	for ids := range slices.Chunk(behind, askedAtOnce) {
		if err := e.addHistories(all, ids, userID, deadline); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// addHistories asks some competitions at once.
func (e *Engine) addHistories(all *competition.Lifetime, ids []string, userID string, deadline time.Time) error {
	type answer struct {
		history competition.History
		err     error
	}
	answers := make(chan answer, len(ids))
	for _, id := range ids {
		go func() {
			h, err := e.history(id, userID, deadline)
			answers <- answer{h, err}
		}()
	}
	var first error
	for range ids {
		switch a := <-answers; {
		case a.err == nil:
			all.Add(a.history)
		case first == nil:
			first = a.err
		}
	}
	return first
}

// history is what one competition knows of a user's days.
func (e *Engine) history(id, userID string, deadline time.Time) (competition.History, error) {
	return forward[competition.History](e, id, &getHistory{userID: userID}, deadline)
}

// queues are locks by name. Unlike those of stripes, nobody waits for another name's.
// The zero value has none that is held. Safe for concurrent use.
type queues struct {
	mu    sync.Mutex
	names map[string]*queue
}

type queue struct {
	held  chan struct{} // of capacity 1, full while it is
	users int           // who holds it or waits for it; queues.mu guards it
}

// lock takes a name's lock. Error: competition.ErrUnavailable at ctx's deadline.
func (q *queues) lock(ctx context.Context, name string) (release func(), err error) {
	q.mu.Lock()
	mine := q.names[name]
	if mine == nil {
		if q.names == nil {
			q.names = map[string]*queue{}
		}
		mine = &queue{held: make(chan struct{}, 1)}
		q.names[name] = mine
	}
	mine.users++
	q.mu.Unlock()
	select {
	case mine.held <- struct{}{}:
		return func() {
			<-mine.held
			q.leave(name, mine)
		}, nil
	case <-ctx.Done():
		q.leave(name, mine)
		return nil, competition.ErrUnavailable
	}
}

// leave forgets a name for which nobody is there any more.
func (q *queues) leave(name string, mine *queue) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if mine.users--; mine.users == 0 {
		delete(q.names, name)
	}
}
