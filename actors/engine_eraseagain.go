package actors

import (
	"context"
	"errors"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// ErasedAgain says what became of those in a competition who had been erased.
type ErasedAgain struct {
	Erased  []string // now
	Back    []string // who enrolled after they had been erased, and stay
	Unknown []string // of whom the journal does not say when they enrolled any more; they stay
	Pending []string // who have a prize that is still to be paid, and stay
}

// EraseAgain erases those in a competition, the creator included, who enrolled before
// they were erased, as erasedAt says: after the store was restored to a state from before.
// [Engine.FinishErasures] does the rest. It may be repeated. A competition that does not
// exist has nobody.
func (e *Engine) EraseAgain(ctx context.Context, competitionID string, erasedAt func(userID string) (at calendar.Millis, was bool)) (again ErasedAgain, err error) {
	if err := e.admit(); err != nil {
		return again, err
	}
	defer e.dismiss()
	var found []competition.Identity
	err = e.store.ReadIdentities(ctx, competitionID, func(i competition.Identity) error {
		if _, was := erasedAt(i.UserID); was {
			found = append(found, i)
		}
		return nil
	})
	if err != nil || len(found) == 0 {
		return again, err
	}
	enrolled, first, err := e.enrolments(ctx, competitionID)
	if err != nil {
		return again, err
	}
	for _, i := range found {
		erased, _ := erasedAt(i.UserID)
		at, known := enrolled[i.Number]
		switch {
		case known && at > erased:
			again.Back = append(again.Back, i.UserID)
			continue
		case !known && first > erased: // it was before the first record, which is no help
			again.Unknown = append(again.Unknown, i.UserID)
			continue
		}
		switch _, err := e.eraseIn(competitionID, i.UserID); {
		case errors.Is(err, competition.ErrPrizePending):
			again.Pending = append(again.Pending, i.UserID)
		case err != nil:
			return again, err
		default:
			again.Erased = append(again.Erased, i.UserID)
		}
	}
	return again, nil
}

// enrolments returns when each number was given to somebody, as far as the journal still
// says, and when its first record is from.
func (e *Engine) enrolments(ctx context.Context, competitionID string) (at map[uint32]calendar.Millis, first calendar.Millis, err error) {
	end, err := e.feedEnd(competitionID, competition.Caller{Operator: true}, e.deadline())
	if err != nil {
		return nil, 0, err
	}
	at = map[uint32]calendar.Millis{}
	after := uint64(0)
	read := func() error {
		return e.store.ReadEvents(ctx, competitionID, after, end.Seq, func(record []byte) error {
			number, when, ok, err := competition.EnrolmentIn(competitionID, record)
			if ok {
				at[number] = when
			}
			return err
		})
	}
	err = read()
	if removed, ok := errors.AsType[*competition.EventsRemovedError](err); ok {
		after = removed.First - 1
		err = read()
	}
	if err != nil || after == 0 {
		return at, 0, err
	}
	err = e.store.ReadRecords(ctx, competitionID, after, after+1, func(record []byte) (err error) {
		first, err = competition.TimeOf(record)
		return err
	})
	return at, first, err
}

// FinishErasures does for those whom EraseAgain has erased what concerns no single
// competition. Those who still have a tie to one came back: kept names them, and their
// statistics and entries in the audit log stay.
func (e *Engine) FinishErasures(ctx context.Context, userIDs []string) (kept []string, err error) {
	if err := e.admit(); err != nil {
		return nil, err
	}
	defer e.dismiss()
	for _, userID := range userIDs {
		if err := e.replaceStale(userID); err != nil {
			return kept, err
		}
		ties, err := e.tiesOf(userID, "", 1)
		if err != nil {
			return kept, err
		}
		if len(ties) > 0 {
			kept = append(kept, userID)
			continue
		}
		if err := e.forgetEverywhere(ctx, userID); err != nil {
			return kept, err
		}
	}
	return kept, e.store.Scrub(ctx)
}
