package actors

import (
	"errors"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// Loaded returns the competitions that this process has in memory, in no order.
func (e *Engine) Loaded() []competition.Loaded {
	var all []competition.Loaded
	for _, h := range e.actors.registry.all() {
		l := competition.Loaded{
			Version: h.version.Load(), Events: h.applied.Load(), ChangedAt: calendar.Millis(h.changed.Load()), Bytes: h.bytes.Load(), Damaged: h.damage.Load() != nil,
		}
		switch s := h.summary.Load(); {
		case s != nil:
			l.Summary = *s
		case !l.Damaged:
			continue // it does not exist, or is not recovered yet
		}
		l.Summary.Definition.ID = h.id
		all = append(all, l)
	}
	return all
}

// Journal returns the records of a competition's journal after a seq, limit at most, for
// operators. It shows nothing that is not durable.
func (e *Engine) Journal(competitionID string, caller competition.Caller, after uint64, limit int) (page competition.JournalPage, err error) {
	if !caller.Operator {
		return page, competition.ErrForbidden
	}
	ctx, end, err := e.begin()
	if err != nil {
		return page, err
	}
	defer end()
	last, err := e.feedEnd(competitionID, caller, deadlineOf(ctx))
	if err != nil {
		return page, err
	}
	page.Next = after
	if after >= last.Seq {
		return page, nil
	}
	upTo := min(last.Seq, after+uint64(limit))
	err = e.store.ReadRecords(ctx, competitionID, after, upTo, func(record []byte) error {
		read, err := competition.ReadRecord(competitionID, record)
		page.Records = append(page.Records, read)
		return err
	})
	if err != nil {
		return page, err
	}
	page.Next, page.More = upTo, upTo < last.Seq
	numbers := page.Numbers()
	if len(numbers) == 0 {
		return page, nil
	}
	identities, err := e.store.IdentitiesOf(ctx, competitionID, numbers)
	page.Name(identities)
	return page, err
}

// RetryPayouts has the dead payouts of one competition, or of all (""), handed over again
// as [Engine.RetryPayout] does, limit at most; more may be left. An error may come after
// some were.
func (e *Engine) RetryPayouts(competitionID string, limit int) (retried int, more bool, err error) {
	dead := ledger.HandoverDead
	list, next, err := e.Payouts(&dead, ledger.PrizeID{CompetitionID: competitionID}, limit)
	if err != nil {
		return 0, false, err
	}
	for i := range list {
		id := list[i].Prize.ID()
		if competitionID != "" && id.CompetitionID != competitionID {
			return retried, false, nil
		}
		switch _, err := e.RetryPayout(id); {
		case errors.Is(err, competition.ErrUnknownPrize): // decided meanwhile
		case err != nil:
			return retried, true, err
		default:
			retried++
		}
	}
	return retried, next.CompetitionID != "", nil
}

// Amendments returns what operators have changed after a competition was made, the
// earliest first, for whoever may see the competition.
func (e *Engine) Amendments(competitionID string, caller competition.Caller) ([]competition.Amendment, error) {
	reply, err := send[amendmentsReply](e, competitionID, &getAmendments{caller})
	return reply.List, err
}
