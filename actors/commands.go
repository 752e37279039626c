package actors

import (
	"errors"

	"github.com/paceboard/paceboard/competition"
)

// createReply answers a CreateCompetition.
type createReply struct {
	summary competition.Summary
	created bool
}

// SubmitSync submits to one competition, and returns once the sync is durable.
// It allocates nothing of its own.
func (e *Engine) SubmitSync(competitionID string, s *competition.SubmitSync) (competition.SyncReply, error) {
	h, err := e.enter(competitionID)
	if err != nil {
		return competition.SyncReply{}, err
	}
	defer e.leave(h)
	v := newEnvelope()
	v.sync = *s
	e.tell(h, v)
	if !v.await(e.RequestTimeout) {
		return competition.SyncReply{}, errNoAnswer
	}
	reply, err := v.reply, v.err
	v.release()
	return reply, err
}

// batchOfSyncs are the syncs of one request for one competition. The actor has
// its own copies, so that a caller who gives up shares nothing with it.
type batchOfSyncs struct {
	items []competition.BatchItem
	open  int // not answered yet
}

// SubmitBatch submits many syncs at once and fills in each item's Replies or
// Err. Items for one competition travel together.
func (e *Engine) SubmitBatch(items []competition.BatchItem) {
	places := map[string][]int{}
	var order []string
	for i := range items {
		id := items[i].CompetitionID
		if id == "" {
			continue
		}
		if places[id] == nil {
			order = append(order, id)
		}
		places[id] = append(places[id], i)
	}
	pending := make([]*groupUnderway, 0, len(order))
	for _, id := range order {
		pending = append(pending, e.submitGroup(id, items, places[id]))
	}
	for _, g := range pending {
		e.finishGroup(g, items)
	}
	for i := range items {
		if items[i].CompetitionID == "" {
			items[i].Replies, items[i].Err = e.SubmitEverywhere(&items[i].Sync)
		}
	}
}

// groupUnderway is a batchOfSyncs that was sent.
type groupUnderway struct {
	handle   *handle
	envelope *envelope
	places   []int // of its items among those of the request
	err      error // nothing was sent
}

func (e *Engine) submitGroup(id string, items []competition.BatchItem, places []int) *groupUnderway {
	h, err := e.enter(id)
	if err != nil {
		return &groupUnderway{places: places, err: err}
	}
	group := &batchOfSyncs{items: make([]competition.BatchItem, len(places)), open: len(places)}
	for i, place := range places {
		group.items[i] = items[place]
	}
	v := newEnvelope()
	v.command = group
	e.tell(h, v)
	return &groupUnderway{handle: h, envelope: v, places: places}
}

func (e *Engine) finishGroup(g *groupUnderway, items []competition.BatchItem) {
	err := g.err
	if g.handle != nil {
		defer e.leave(g.handle)
		if !g.envelope.await(e.RequestTimeout) {
			err = errNoAnswer
		} else {
			defer g.envelope.release()
			err = g.envelope.err
		}
	}
	for i, place := range g.places {
		if err != nil {
			items[place].Err = err
			continue
		}
		answered := &g.envelope.command.(*batchOfSyncs).items[i]
		items[place].Replies, items[place].Err = answered.Replies, answered.Err
	}
}

// SubmitEverywhere submits to every competition that the user takes part in,
// that is open and that covers the day. When none does, the error is
// ErrNotEnrolled; when all that do refuse, it is the first refusal. Any other
// failure is the call's, which may then be repeated.
func (e *Engine) SubmitEverywhere(s *competition.SubmitSync) ([]competition.JoinedReply, error) {
	targets, err := e.openFor(s)
	if err != nil {
		return nil, err
	}
	items := make([]competition.BatchItem, len(targets))
	for i, id := range targets {
		items[i] = competition.BatchItem{CompetitionID: id, Sync: *s}
		items[i].Sync.MembersOnly = true
	}
	if len(items) > 0 {
		e.SubmitBatch(items)
	}
	var replies []competition.JoinedReply
	refusal := error(competition.ErrNotEnrolled)
	for i := range items {
		switch err := items[i].Err; {
		case err == nil:
			replies = append(replies, items[i].Replies...)
		case errors.Is(err, competition.ErrUnavailable), errors.Is(err, competition.ErrOverloaded), errors.Is(err, competition.ErrInternal):
			return nil, err
		case errors.Is(refusal, competition.ErrNotEnrolled) && !skips(err):
			refusal = err
		}
	}
	if len(replies) == 0 {
		return nil, refusal
	}
	return replies, nil
}

// skips reports whether a competition with this refusal is none that the sync
// was meant for.
func skips(err error) bool {
	return errors.Is(err, competition.ErrNotStarted) || errors.Is(err, competition.ErrClosed) || errors.Is(err, competition.ErrOutsideWindow)
}

// openFor is the ids of the competitions a sync without one goes to.
func (e *Engine) openFor(s *competition.SubmitSync) ([]string, error) {
	memberships, err := e.memberships(s.UserID)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, m := range memberships {
		if !m.Present {
			continue
		}
		summary, err := e.summary(m.CompetitionID)
		if err != nil {
			return nil, err
		}
		// An upcoming one may have started this moment: it decides itself.
		d := &summary.Definition
		if (summary.Status.Open() || summary.Status == competition.Upcoming) && d.FirstDay <= s.Day && s.Day <= d.LastDay {
			ids = append(ids, m.CompetitionID)
		}
	}
	return ids, nil
}

// Create creates a competition; created is false when the same one was there.
func (e *Engine) Create(c *competition.CreateCompetition) (s competition.Summary, created bool, err error) {
	if err := c.Definition.Validate(); err != nil {
		return s, false, err // an actor is not worth it
	}
	anyID := func(string) error { return nil }
	reply, err := send[createReply](e, c.Definition.ID, c, anyID)
	return reply.summary, reply.created, err
}

// Edit changes a competition's definition.
func (e *Engine) Edit(competitionID string, c *competition.EditCompetition) (competition.Summary, error) {
	return send[competition.Summary](e, competitionID, c, e.exists)
}

// Cancel calls a competition off.
func (e *Engine) Cancel(competitionID string, c *competition.CancelCompetition) (competition.Summary, error) {
	return send[competition.Summary](e, competitionID, c, e.exists)
}

// Join enrols a user, and returns the user's entry on the board.
func (e *Engine) Join(competitionID string, j *competition.JoinCompetition) (competition.Entry, error) {
	return send[competition.Entry](e, competitionID, j, e.exists)
}

// Leave takes a user off the board.
func (e *Engine) Leave(competitionID string, l *competition.LeaveCompetition) error {
	_, err := send[struct{}](e, competitionID, l, e.exists)
	return err
}

// send enters a competition, asks, and leaves.
func send[T any](e *Engine, id string, command any, exists func(string) error) (T, error) {
	h, err := e.enterIf(id, exists)
	if err != nil {
		var zero T
		return zero, err
	}
	defer e.leave(h)
	return ask[T](e, h, command)
}
