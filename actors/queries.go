package actors

import "github.com/paceboard/paceboard/competition"

// query answers what only reads; false means that v is no query.
func (a *competitionActor) query(v *envelope) bool {
	var err error
	switch q := v.command.(type) {
	case *getTop:
		if err = a.mayRead(q.caller); err == nil {
			v.answer = a.publish()
		}
	case *subscribe:
		if err = a.mayRead(q.caller); err == nil {
			a.subscribe(q)
			v.answer = struct{}{}
		}
	case *getPage:
		if err = a.mayRead(q.caller); err == nil {
			v.answer = a.core.Page(q.offset, q.limit)
		}
	case *getAround:
		if err = a.mayRead(q.caller); err == nil {
			v.answer, err = a.core.Around(q.userID, q.radius)
		}
	case *getStats:
		if err = competition.ErrUnknownCompetition; a.core.Exists() {
			v.answer, err = a.core.Stats(q.userID, q.from, q.to)
		}
	case *getFlags:
		if err = competition.ErrUnknownCompetition; a.core.Exists() {
			list, next := a.core.Flags(q.before, q.limit)
			v.answer, err = flagsReply{list, next}, nil
		}
	case *getExplanation:
		if err = competition.ErrUnknownCompetition; a.core.Exists() {
			v.answer, err = a.core.Explain(q.userID)
		}
	case *getHistory:
		v.answer = a.core.History(q.userID)
	case *getPerson:
		person, ok := a.core.Person(q.userID)
		if v.answer = person; !ok {
			err = competition.ErrNotEnrolled
		}
	case *saveRows:
		a.saveNow(v)
		return true
	case *calculatePrizes:
		if err = competition.ErrUnknownCompetition; a.core.Exists() {
			v.answer, err = a.core.Calculate(q.poolMinor)
		}
	case *getSummary:
		if err = a.mayRead(q.caller); err == nil {
			v.answer = a.core.Summary()
		}
	case *getParticipants:
		if err = a.mayRead(q.caller); err == nil {
			entries, next := a.core.Participants(q.after, q.limit)
			v.answer = participantsReply{entries, next}
		}
	default:
		return false
	}
	v.respond(err)
	return true
}

func (a *competitionActor) mayRead(caller competition.Caller) error {
	switch {
	case !a.core.Exists():
		return competition.ErrUnknownCompetition
	case !a.core.Readable(caller):
		return competition.ErrForbidden
	default:
		return nil
	}
}

// publish is the top of the board, made anew if the state has moved on.
func (a *competitionActor) publish() *competition.Published {
	if top := a.handle.top.Load(); top != nil && top.Version == a.core.Version() && top.PrizesDecided == a.core.PrizesDecided() {
		return top
	}
	top := &competition.Published{Board: a.core.Page(0, competition.PublishedEntries).Keep()}
	top.Prizes, top.PrizesDecided = a.core.Prizes(competition.PublishedEntries).Prizes, a.core.PrizesDecided()
	a.handle.top.Store(top)
	return top
}
