package competition

import (
	"maps"
	"slices"

	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition/calendar"
)

// Decisions as openapi.yaml tells them: what was decided about a person stays when the
// person is erased, for as long as it can decide anything.

func (m *model) withMoney() bool {
	return m.def.EntryFeeMinor > 0 || m.def.PrizePoolMinor > 0 || m.balances["pool/spring"] > 0
}

// rules: with money set, everything but name and description is the operators'.
func (m *model) rules(c Caller) bool { return c.Operator || m.manages(c) && !m.withMoney() }

// keeps: until settlement or cancelling, or 30 days after completed where there is
// no money.
func (m *model) keeps() bool {
	switch m.status() {
	case Cancelled, Settled:
		return false
	case Completed:
		return m.withMoney() || m.now < m.def.End+calendar.Millis(m.def.LateSyncHours)*hour+30*day
	default:
		return true
	}
}

func (r modelReview) decides() bool { return r.excluded || r.removedAt > 0 || len(r.days) > 0 }

// takeOver: who enrols again has been decided about.
func (m *model) takeOver(id string, p *modelPerson) {
	kept, ok := m.kept[id]
	if !ok {
		return
	}
	delete(m.kept, id)
	p.review.excluded, p.review.reason = kept.excluded, kept.reason
	for _, d := range slices.Sorted(maps.Keys(kept.days)) {
		if p.review.days == nil {
			p.review.days = map[calendar.Day]Correction{}
		}
		p.review.days[d] = kept.days[d]
		m.rescore(p)
	}
}

func (m *model) remove(cmd *RemoveParticipant) error {
	p := m.people[cmd.UserID]
	switch {
	case cmd.Reason == "" || cmd.Reason == "it was "+cmd.UserID:
		return &InvalidError{}
	case !m.rules(cmd.Caller):
		return ErrForbidden
	case !m.created:
		return ErrUnknownCompetition
	case p == nil:
		return ErrNotEnrolled
	case m.ended():
		return ErrClosed
	case p.review.removedAt > 0:
		return nil
	}
	p.present, p.review.removedAt, p.review.removal = false, m.now, cmd.Reason
	if m.status() == Upcoming {
		m.refund(p, cmd.UserID)
	}
	return nil
}

func drawRemove(t *rapid.T) *RemoveParticipant {
	id := drawUser(t)
	return &RemoveParticipant{Caller: drawCaller(t, ""), UserID: id, Reason: pick(t, "reason", "a rival", "rude", "", "it was "+id)}
}

// gone is what the model calls whom it has erased, until the competition has said
// what it calls them.
const gone = "gone"

// call has the model call somebody by another name.
func (m *model) call(before, after string) {
	if p := m.people[before]; p != nil {
		delete(m.people, before)
		m.people[after] = p
	}
	if m.creator == before {
		m.creator = after
	}
	for i := range m.prizes {
		if m.prizes[i].user == before {
			m.prizes[i].user = after
		}
	}
	for _, kind := range []string{"wallet/", "outside/"} {
		if minor, ok := m.balances[kind+before]; ok {
			delete(m.balances, kind+before)
			m.balances[kind+after] = minor
		}
	}
}
