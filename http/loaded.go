package http

import (
	"cmp"
	"slices"

	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
)

// shownLoaded is a competition in memory as operators see it.
type shownLoaded struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Status       string `json:"status,omitzero"`
	Participants int    `json:"participant_count"`
	Version      uint64 `json:"version"`
	Events       uint64 `json:"events"`
	ChangedAt    string `json:"changed_at,omitzero"`
	Bytes        int64  `json:"memory_bytes"`
	Damaged      bool   `json:"damaged"`
}

// loadedOrders are the orders of the list, the most first.
var loadedOrders = map[string]func(a, b *competition.Loaded) int{
	"participants": func(a, b *competition.Loaded) int {
		return cmp.Compare(b.Summary.Participants, a.Summary.Participants)
	},
	"activity": func(a, b *competition.Loaded) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(b.ChangedAt, a.ChangedAt))
	},
	"memory": func(a, b *competition.Loaded) int { return cmp.Compare(b.Bytes, a.Bytes) },
}

// listLoaded lists the competitions that this server has in memory.
func (s *Server) listLoaded(c *call) error {
	q := c.query()
	order := loadedOrders["participants"]
	if word, given := q.Text("sort"); given {
		var ok bool
		if order, ok = loadedOrders[word]; !ok {
			q.Refuse("sort", "must be participants, activity or memory")
		}
	}
	limit := q.Limit()
	engine, err := s.permit(c, q.Err())
	if err != nil {
		return err
	}
	all := engine.Loaded()
	slices.SortFunc(all, func(a, b competition.Loaded) int {
		return cmp.Or(order(&a, &b), cmp.Compare(a.Summary.Definition.ID, b.Summary.Definition.ID))
	})
	shown := make([]shownLoaded, 0, min(len(all), limit))
	for i := range all[:min(len(all), limit)] {
		l := &all[i]
		one := shownLoaded{
			ID: l.Summary.Definition.ID, Name: l.Summary.Definition.Name, Participants: l.Summary.Participants,
			Version: l.Version, Events: l.Events, ChangedAt: shownTime(l.ChangedAt), Bytes: l.Bytes, Damaged: l.Damaged,
		}
		if l.Summary.Status != 0 {
			one.Status = l.Summary.Status.String()
		}
		shown = append(shown, one)
	}
	return c.replyValue(fasthttp.StatusOK, map[string]any{"competitions": shown, "total_count": len(all)})
}

// readJournal shows a page of a competition's journal, decoded.
func (s *Server) readJournal(c *call) error {
	id, err := c.competitionID()
	if err != nil {
		return err
	}
	q := c.query()
	after := uint64(q.Integer("after", 0, maxSeq, 0))
	limit := q.Limit()
	engine, err := s.permit(c, q.Err())
	if err != nil {
		return err
	}
	page, err := engine.Journal(id, c.who.Caller, after, limit)
	if err != nil {
		return err
	}
	if page.Records == nil {
		page.Records = []competition.JournalRecord{}
	}
	return c.replyValue(fasthttp.StatusOK, map[string]any{"records": page.Records, "next_after": page.Next, "more": page.More})
}

// maxSeq is the highest seq that JSON holds exactly.
const maxSeq = 1<<53 - 1

// retryPayouts has the dead payouts of one competition, or of all, handed over again.
func (s *Server) retryPayouts(c *call) error {
	f, err := c.optionalForm()
	if err != nil {
		return err
	}
	id, given := f.Text("competition_id")
	if given && !competition.ValidID(id) {
		f.Refuse("competition_id", "must be 1 to 64 of A-Z a-z 0-9 _ -")
	}
	engine, err := s.permit(c, f.Err())
	if err != nil {
		return err
	}
	retried, more, err := engine.RetryPayouts(id, payoutsAtOnce)
	if err != nil {
		return err
	}
	return c.replyValue(fasthttp.StatusOK, map[string]any{"retried": retried, "more": more})
}

// payoutsAtOnce is how many payouts one request retries: each is a write.
const payoutsAtOnce = 500
