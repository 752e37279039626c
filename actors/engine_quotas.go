package actors

import (
	"context"
	"errors"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// A command that is Limited and would create a competition or enrol a user comes
// back uncounted. Then the user's open competitions are counted in the store, and
// the command is sent again, not Limited. From counting until it is durable nothing
// else in this process counts for the same user, so that the count is exact
// whatever races. Users who take part already never come here.

// quota is one of the two kinds.
type quota uint8

const (
	making quota = iota
	takingPart
)

func isUncounted(err error) bool { return errors.Is(err, competition.ErrUncounted) }

// limits reports whether a sync may enrol its user within the quota only.
func (e *Engine) limits(s *competition.SubmitSync) bool { return e.options.MaxJoined > 0 && !s.Trusted }

// free returns how many more competitions a user may have; 0 or less is none.
func (e *Engine) free(ctx context.Context, userID string, q quota) (int, error) {
	ties, err := e.store.OpenTies(ctx, userID)
	if err := e.damage.tolerate("the competitions of a user", err); err != nil {
		return 0, err
	}
	n, most := 0, e.options.MaxJoined
	if q == making {
		most = e.options.MaxCreated
	}
	for i := range ties {
		if q == making && ties[i].Creator || q == takingPart && ties[i].Present {
			n++
		}
	}
	return most - n, nil
}

// withinQuota carries a command out if the user may have one more competition, and
// returns when it is durable, or not carried out.
func (e *Engine) withinQuota(ctx context.Context, userID string, q quota, carryOut func() error) error {
	release, err := e.counting.lock(ctx, userID)
	if err != nil {
		return err
	}
	defer release()
	switch free, err := e.free(ctx, userID, q); {
	case err != nil:
		return err
	case free <= 0:
		return competition.ErrTooManyCompetitions
	}
	return carryOut()
}

// forwardJoin carries out a join, which the caller does not change any more.
func (e *Engine) forwardJoin(ctx context.Context, competitionID string, j *competition.JoinCompetition) (entry competition.Entry, err error) {
	limited := *j
	limited.Limited = e.options.MaxJoined > 0 && !j.Operator
	entry, err = forward[competition.Entry](e, competitionID, &limited, deadlineOf(ctx))
	if isUncounted(err) {
		err = e.withinQuota(ctx, j.UserID, takingPart, func() (err error) {
			entry, err = forward[competition.Entry](e, competitionID, j, deadlineOf(ctx))
			return err
		})
	}
	return entry, err
}

// submitUncounted submits the items of a batch that would enrol their users, as far as
// these may have so many competitions.
func (e *Engine) submitUncounted(items []competition.BatchItem, deadline time.Time) {
	places := map[string][]int{} // by user
	for i := range items {
		if isUncounted(items[i].Err) {
			places[items[i].Sync.UserID] = append(places[items[i].Sync.UserID], i)
		}
	}
	for user, of := range places {
		if err := e.submitCounted(user, items, of, deadline); err != nil {
			for _, place := range of {
				if isUncounted(items[place].Err) {
					items[place].Err = err
				}
			}
		}
	}
}

// submitCounted goes on until each of the user's items has its answer: those within
// the quota go together, and some of them may then be refused for another reason. The
// error is that of all the others.
func (e *Engine) submitCounted(userID string, items []competition.BatchItem, places []int, deadline time.Time) error {
	ctx, cancel := context.WithDeadline(e.life, deadline)
	defer cancel()
	release, err := e.counting.lock(ctx, userID)
	if err != nil {
		return err
	}
	defer release()
	for len(places) > 0 {
		free, err := e.free(ctx, userID, takingPart)
		if err != nil {
			return err
		}
		if free <= 0 {
			return competition.ErrTooManyCompetitions
		}
		var now []competition.BatchItem
		var taken, later []int
		chosen := map[string]bool{}
		for _, place := range places {
			id := items[place].CompetitionID
			if !chosen[id] && len(chosen) == free {
				later = append(later, place)
				continue
			}
			chosen[id] = true
			item := items[place]
			item.Err, item.Sync.Limited = nil, false
			now, taken = append(now, item), append(taken, place)
		}
		e.submitNamed(now, deadline)
		for i, place := range taken {
			items[place].Replies, items[place].Err = now[i].Replies, now[i].Err
		}
		places = later
	}
	return nil
}
