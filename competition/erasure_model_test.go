package competition

import "github.com/stretchr/testify/require"

// erase makes somebody nobody: what stays is the number, and the money under a
// name that tells nothing.
func (m *model) erase(cmd *EraseParticipant) error {
	p := m.people[cmd.UserID]
	switch {
	case !m.created:
		return ErrUnknownCompetition
	case p == nil && m.creator != cmd.UserID:
		return nil
	}
	for i := range m.prizes {
		if m.prizes[i].user == cmd.UserID && m.prizes[i].status == "pending" {
			return ErrPrizePending
		}
	}
	if p == nil {
		m.call(cmd.UserID, gone)
		return nil
	}
	if m.status() == Upcoming {
		m.refund(p, cmd.UserID)
	}
	if p.review.decides() && m.keeps() {
		kept := p.review.clone()
		kept.flags = nil
		m.kept[cmd.UserID] = kept
	}
	nobody := modelPerson{number: p.number, paid: p.paid, erased: true}
	if m.settled && p.onBoard() { // prizes name ranks
		nobody.present, nobody.score, nobody.reached, nobody.updated = true, p.score, p.reached, m.settledAt
	}
	*p = nobody
	m.call(cmd.UserID, gone)
	return nil
}

// agreeOnErasures fails where a row names somebody whom the visible model does
// not know: nobody but those it does may be found anywhere.
func (r *harness) agreeOnErasures() {
	t := r.t
	known := func(id string) bool { return r.shown.people[id] != nil || r.shown.creator == id }
	for number, i := range r.store.identities {
		require.True(t, known(i.UserID), "identity %d is of %s", number, i.UserID)
	}
	for id := range r.store.memberships {
		require.True(t, known(id), "a membership of %s", id)
	}
	for _, transaction := range r.store.ledger.Transactions {
		for _, p := range transaction.Postings {
			require.True(t, !p.Account.OfUser() || known(p.Account.Owner), "an account of %s", p.Account.Owner)
		}
	}
	for number := uint32(1); number <= r.c.participants.count; number++ {
		require.True(t, known(r.c.participants.at(number).userID), "participant %d", number)
	}
	for id := range r.c.participants.byUser {
		require.True(t, known(id), id)
	}
}
