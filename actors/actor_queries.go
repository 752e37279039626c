package actors

import (
	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/competition"
)

// query answers v if it only reads, and reports whether it does.
func (a *competitionActor) query(v *mailbox.Envelope) bool {
	var err error
	switch q := v.Command.(type) {
	case *getTop:
		if err = a.mayRead(q.Caller); err == nil {
			v.Answer = a.publish()
		}
	case *getTopSince:
		if q.Shared && a.core.Exists() {
			v.Answer = a.publish() // what is private does not leave this node
		} else if err = a.mayRead(q.Caller); err == nil {
			v.Answer = a.publish()
		}
	case *subscribe:
		if err = a.mayRead(q.caller); err == nil {
			a.subscribe(q)
			v.Answer = struct{}{}
		}
	case *getStandings:
		if err = competition.ErrUnknownCompetition; a.core.Exists() {
			v.Answer, err = a.standings(q), nil
		}
	case *getPage:
		if err = a.mayRead(q.Caller); err == nil {
			v.Answer = a.core.Page(q.room, q.Offset, q.Limit)
		}
	case *getAround:
		if err = a.mayRead(q.Caller); err == nil {
			v.Answer, err = a.core.Around(q.room, q.UserID, q.Radius)
		}
	case *getStats:
		if err = competition.ErrUnknownCompetition; a.core.Exists() {
			v.Answer, err = a.core.Stats(q.UserID, q.Span)
			err = a.conceal(q.Caller, err)
		}
	case *getFlags:
		if err = competition.ErrUnknownCompetition; a.core.Exists() {
			list, next := a.core.Flags(q.Before, q.Limit)
			v.Answer, err = flagsReply{list, next}, nil
		}
	case *getExclusions:
		if err = competition.ErrUnknownCompetition; a.core.Exists() {
			list, next := a.core.Exclusions(q.After, q.Limit)
			v.Answer, err = exclusionsReply{list, next}, nil
		}
	case *getExplanation:
		if err = competition.ErrUnknownCompetition; a.core.Exists() {
			v.Answer, err = a.core.Explain(q.UserID, q.Span)
			err = a.conceal(q.Caller, err)
		}
	case *getHistory:
		v.Answer = a.core.History(q.UserID)
	case *getPerson:
		person, ok := a.core.Person(q.UserID, q.Span)
		if v.Answer = person; !ok {
			err = competition.ErrNotEnrolled
		}
	case *getInvitable:
		if err = a.core.MayInvite(q.Caller); err == nil {
			v.Answer = a.core.Summary()
		}
	case *getSharable:
		if err = a.core.MayShare(q.Caller); err == nil {
			v.Answer = a.core.Summary()
		}
	case *takesPart:
		v.Answer = a.core.TakesPart(q.UserID)
	case *previewJoin:
		v.Answer, err = a.core.PreviewJoin((*competition.JoinCompetition)(q))
	case *saveRows:
		a.saveNow(v)
		return true
	case *calculatePrizes:
		if err = competition.ErrUnknownCompetition; a.core.Exists() {
			v.Answer, err = a.core.Calculate(q.PoolMinor)
		}
	case *getFeedEnd:
		v.Answer, err = a.core.FeedEnd(q.Caller)
	case *getAmendments:
		var list []competition.Amendment
		list, err = a.core.Amendments(q.Caller)
		v.Answer = amendmentsReply{list}
	case *getSettledPrizes:
		if err = a.mayRead(q.Caller); err == nil {
			v.Answer = competition.SettledPrizes{Best: a.publish().SettledPrizes(), Count: a.core.PrizesCount()}
		}
	case *getSummary:
		if err = a.mayRead(q.Caller); err == nil {
			v.Answer = a.core.Summary()
		}
	case *getParticipants:
		if err = a.mayRead(q.Caller); err == nil {
			entries, next := a.core.Participants(q.After, q.Limit, q.Search)
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

// standings answers a getStandings.
func (a *competitionActor) standings(q *getStandings) standingsReply {
	reply := standingsReply{Of: make([]standingReply, len(q.Of))}
	for i, of := range q.Of {
		r := &reply.Of[i]
		if r.Readable = a.core.Readable(of.Caller); r.Readable && of.UserID != "" {
			r.Entry, r.OnBoard = a.core.Standing(of.UserID)
		}
	}
	return reply
}
