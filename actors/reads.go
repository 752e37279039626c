package actors

import (
	"context"
	"errors"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// Queries, as the actor gets them.
type (
	getTop  struct{ caller competition.Caller }
	getPage struct {
		caller        competition.Caller
		offset, limit int
	}
	getAround struct {
		caller competition.Caller
		userID string
		radius int
	}
	getStats struct {
		caller   competition.Caller
		userID   string
		from, to competition.Day
	}
	getSummary      struct{ caller competition.Caller }
	getParticipants struct {
		caller competition.Caller
		after  uint32
		limit  int
	}
	participantsReply struct {
		entries []competition.Entry
		next    uint32
	}
)

// Top is the published top of the board. It is answered without a message but
// for the first reader in a while, who has the actor make it; as long as there are
// readers every batch of syncs publishes it.
func (e *Engine) Top(competitionID string, caller competition.Caller) (*competition.Published, error) {
	deadline := e.deadline()
	h, err := e.enter(competitionID, deadline)
	if err != nil {
		return nil, err
	}
	defer e.leave(h)
	if !h.read.Load() { // as in enter
		h.read.Store(true)
	}
	version := h.version.Load()
	if top := h.top.Load(); top != nil && top.Version >= version && version > 0 && (!top.Private || caller.Operator) {
		return top, nil
	}
	return ask[*competition.Published](e, h, &getTop{caller: caller}, deadline)
}

// Page is the board from offset on.
func (e *Engine) Page(competitionID string, caller competition.Caller, offset, limit int) (competition.Board, error) {
	return send[competition.Board](e, competitionID, &getPage{caller: caller, offset: offset, limit: limit})
}

// Around is the board around a user.
func (e *Engine) Around(competitionID string, caller competition.Caller, userID string, radius int) (competition.Board, error) {
	return send[competition.Board](e, competitionID, &getAround{caller: caller, userID: userID, radius: radius})
}

// Stats is a user's part in one competition. Who may see it is the caller's
// matter: a user sees the own, an operator everybody's.
func (e *Engine) Stats(competitionID string, caller competition.Caller, userID string, from, to competition.Day) (competition.Stats, error) {
	if !caller.Operator && caller.UserID != userID {
		return competition.Stats{}, competition.ErrForbidden
	}
	return send[competition.Stats](e, competitionID, &getStats{caller: caller, userID: userID, from: from, to: to})
}

// Participants lists who is on the board, by enrolment.
func (e *Engine) Participants(competitionID string, caller competition.Caller, after uint32, limit int) ([]competition.Entry, uint32, error) {
	reply, err := send[participantsReply](e, competitionID, &getParticipants{caller: caller, after: after, limit: limit})
	return reply.entries, reply.next, err
}

// Competition is the summary of one competition.
func (e *Engine) Competition(competitionID string, caller competition.Caller) (competition.Summary, error) {
	if err := e.admit(); err != nil {
		return competition.Summary{}, err
	}
	defer e.dismiss()
	deadline := e.deadline()
	summary, err := e.summary(competitionID, deadline)
	if err != nil {
		return competition.Summary{}, err
	}
	if summary.Definition.Visibility == competition.Private && !caller.Operator {
		return forward[competition.Summary](e, competitionID, &getSummary{caller: caller}, deadline)
	}
	return summary, nil
}

// summary is what is known of a competition without waking it.
func (e *Engine) summary(id string, deadline time.Time) (competition.Summary, error) {
	if h := e.registry.find(id); h != nil {
		if s := h.summary.Load(); s != nil {
			return *s, nil
		}
	}
	ctx, cancel := context.WithDeadline(e.life, deadline)
	defer cancel()
	return e.Store.Find(ctx, id)
}

func (e *Engine) memberships(userID string, deadline time.Time) ([]competition.Membership, error) {
	ctx, cancel := context.WithDeadline(e.life, deadline)
	defer cancel()
	return e.Store.MembershipsOf(ctx, userID)
}

// Competitions lists what the caller may see, of one status or of all (0), in
// the order of lists, beginning after a place; next is the zero value at the end.
// Summaries that cannot be read are left out.
func (e *Engine) Competitions(caller competition.Caller, status competition.Status, after competition.ListPlace, limit int) (list []competition.Summary, next competition.ListPlace, err error) {
	if err := e.admit(); err != nil {
		return nil, next, err
	}
	defer e.dismiss()
	ctx, cancel := context.WithDeadline(e.life, e.deadline())
	defer cancel()
	list, next, err = e.Store.Visible(ctx, competition.Listing{
		Reader: caller.UserID, Operator: caller.Operator, Status: status, After: after, Limit: limit,
	})
	return list, next, e.damage.tolerate("a list of competitions", err)
}

// CompetitionsOf lists those that a user takes part in, in the order of ids.
func (e *Engine) CompetitionsOf(userID, after string, limit int) (list []competition.Summary, next string, err error) {
	if err := e.admit(); err != nil {
		return nil, "", err
	}
	defer e.dismiss()
	deadline := e.deadline()
	memberships, err := e.memberships(userID, deadline)
	if err != nil {
		return nil, "", err
	}
	for _, m := range memberships {
		if !m.Present || m.CompetitionID <= after {
			continue
		}
		if len(list) == limit {
			return list, list[limit-1].Definition.ID, nil
		}
		s, err := e.summary(m.CompetitionID, deadline)
		if errors.Is(err, competition.ErrUnknownCompetition) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		list = append(list, s)
	}
	return list, "", nil
}
