package actors

import (
	"context"
	"errors"

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
