package actors

import (
	"context"
	"slices"
	"time"

	"github.com/paceboard/paceboard/competition"
)

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
