package actors

import (
	"slices"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// askedAtOnce is how many competitions one request for lifetime statistics asks at the
// same time. It rarely needs to ask more than those that are running.
const askedAtOnce = 16

// Lifetime returns a user's days in all competitions together, including those that
// the user left. Users see their own; operators see everyone's. An unknown user has
// no days.
//
// Most of it comes from the projection, which names the competitions that may know
// more; these answer from memory, into which they are brought if need be. So every
// sync acknowledged before the call is in it; if one of those competitions cannot
// answer, its error is the call's.
func (e *Engine) Lifetime(caller competition.Caller, userID string) (*competition.Lifetime, error) {
	if !caller.Operator && caller.UserID != userID {
		return nil, competition.ErrForbidden
	}
	ctx, end, err := e.begin()
	if err != nil {
		return nil, err
	}
	defer end()
	release, err := e.recalling.lock(ctx, userID)
	if err != nil {
		return nil, err
	}
	defer release()
	months, lagging, ties, err := e.store.LifetimeOf(ctx, userID)
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
	for ids := range slices.Chunk(lagging, askedAtOnce) {
		if err := e.addHistories(all, ids, userID, deadlineOf(ctx)); err != nil {
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
			h, err := forward[competition.History](e, id, &getHistory{UserID: userID}, deadline)
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
