package actors

import (
	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/competition"
)

// Queries, as the actor gets them.
type (
	getTop  struct{ caller competition.Caller }
	getPage struct {
		caller        competition.Caller
		offset, limit int
		room          []competition.Entry
	}
	getAround struct {
		caller competition.Caller
		userID string
		radius int
		room   []competition.Entry
	}
	getStats struct {
		caller competition.Caller
		userID string
		span   competition.Span
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
	getFlags struct {
		before uint64
		limit  int
	}
	flagsReply struct {
		list []competition.FlaggedEntry
		next uint64
	}
	getExplanation struct {
		caller competition.Caller
		userID string
		span   competition.Span
	}
	getHistory struct{ userID string } // of the user's days
	getPerson  struct {                // all that is known of a user
		userID string
		span   competition.Span
	}
	getInvitable    struct{ caller competition.Caller } // answered with a Summary
	takesPart       struct{ userID string }             // answered with a bool
	calculatePrizes struct{ poolMinor int64 }           // 0 is the competition's own pool
)

// query answers v if it only reads, and reports whether it does.
func (a *competitionActor) query(v *mailbox.Envelope) bool {
	var err error
	switch q := v.Command.(type) {
	case *getTop:
		if err = a.mayRead(q.caller); err == nil {
			v.Answer = a.publish()
		}
	case *subscribe:
		if err = a.mayRead(q.caller); err == nil {
			a.subscribe(q)
			v.Answer = struct{}{}
		}
	case *getPage:
		if err = a.mayRead(q.caller); err == nil {
			v.Answer = a.core.Page(q.room, q.offset, q.limit)
		}
	case *getAround:
		if err = a.mayRead(q.caller); err == nil {
			v.Answer, err = a.core.Around(q.room, q.userID, q.radius)
		}
	case *getStats:
		if err = competition.ErrUnknownCompetition; a.core.Exists() {
			v.Answer, err = a.core.Stats(q.userID, q.span)
			err = a.conceal(q.caller, err)
		}
	case *getFlags:
		if err = competition.ErrUnknownCompetition; a.core.Exists() {
			list, next := a.core.Flags(q.before, q.limit)
			v.Answer, err = flagsReply{list, next}, nil
		}
	case *getExplanation:
		if err = competition.ErrUnknownCompetition; a.core.Exists() {
			v.Answer, err = a.core.Explain(q.userID, q.span)
			err = a.conceal(q.caller, err)
		}
	case *getHistory:
		v.Answer = a.core.History(q.userID)
	case *getPerson:
		person, ok := a.core.Person(q.userID, q.span)
		if v.Answer = person; !ok {
			err = competition.ErrNotEnrolled
		}
	case *getInvitable:
		if err = a.core.MayInvite(q.caller); err == nil {
			v.Answer = a.core.Summary()
		}
	case *takesPart:
		v.Answer = a.core.TakesPart(q.userID)
	case *saveRows:
		a.saveNow(v)
		return true
	case *calculatePrizes:
		if err = competition.ErrUnknownCompetition; a.core.Exists() {
			v.Answer, err = a.core.Calculate(q.poolMinor)
		}
	case *getSummary:
		if err = a.mayRead(q.caller); err == nil {
			v.Answer = a.core.Summary()
		}
	case *getParticipants:
		if err = a.mayRead(q.caller); err == nil {
			entries, next := a.core.Participants(q.after, q.limit)
			v.Answer = participantsReply{entries, next}
		}
	default:
		return false
	}
	v.Respond(err)
	return true
}

// mayRead returns competition.ErrUnknownCompetition for callers who may not see
// the competition, as for one that was never created.
func (a *competitionActor) mayRead(caller competition.Caller) error {
	if !a.core.Exists() || !a.core.Readable(caller) {
		return competition.ErrUnknownCompetition
	}
	return nil
}

// conceal returns the refusal of a read that users may always make about themselves,
// in a form that tells nothing to a caller who may not see the competition.
func (a *competitionActor) conceal(caller competition.Caller, refusal error) error {
	if refusal == nil || a.core.Readable(caller) {
		return refusal
	}
	return competition.ErrUnknownCompetition
}
