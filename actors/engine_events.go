package actors

import (
	"context"
	"errors"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// eventsExamined is how many records one page of a feed looks through for those that
// are told: most are syncs, which are not.
const eventsExamined = 10_000

// errPageFull ends the reading of a page.
var errPageFull = errors.New("the page is full")

// Events returns the events of a competition that its operators, or its creator, are
// told of, after a place, limit at most. A page may be short, or empty, although there
// are more. It shows nothing that is not durable, and people as their identities are
// now.
func (e *Engine) Events(competitionID string, caller competition.Caller, after competition.FeedPlace, limit int) (page competition.EventsPage, err error) {
	ctx, end, err := e.begin()
	if err != nil {
		return page, err
	}
	defer end()
	last, err := e.feedEnd(competitionID, caller, deadlineOf(ctx))
	if err != nil {
		return page, err
	}
	page.Next = competition.FeedPlace{Version: after.Version, Epoch: last.Epoch}
	if err := last.Check(after); err != nil || after.Version == last.Seq {
		return page, err
	}
	upTo := min(last.Seq, after.Version+eventsExamined)
	feed, seen := competition.NewFeed(&last.Summary, caller.Operator), after.Version
	err = e.store.ReadEvents(ctx, competitionID, after.Version, upTo, func(record []byte) error {
		if feed.Len() == limit {
			return errPageFull
		}
		if err := feed.Add(record); err != nil {
			return err
		}
		seen, err = competition.SeqOf(record)
		return err
	})
	switch {
	case err == nil:
		seen = upTo
	case !errors.Is(err, errPageFull):
		return page, err
	}
	page.Next.Version, page.More, page.Rows = seen, seen < last.Seq, int(seen-after.Version)
	page.Events, err = e.named(ctx, competitionID, feed)
	return page, err
}

// feedEnd asks the owner of a competition how far its journal is durable.
func (e *Engine) feedEnd(competitionID string, caller competition.Caller, deadline time.Time) (competition.FeedEnd, error) {
	return forward[competition.FeedEnd](e, competitionID, &getFeedEnd{caller}, deadline)
}

// named returns the events of a feed, with the people whom they name.
func (e *Engine) named(ctx context.Context, competitionID string, feed *competition.Feed) ([]competition.PublicEvent, error) {
	var identities []competition.Identity
	if numbers := feed.Numbers(); len(numbers) > 0 {
		var err error
		if identities, err = e.store.IdentitiesOf(ctx, competitionID, numbers); err != nil {
			return nil, err
		}
	}
	return feed.Events(identities), nil
}
