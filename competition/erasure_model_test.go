package competition

import (
	"encoding/binary"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

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
	if m.creator == cmd.UserID {
		m.creator = cmd.Pseudonym
	}
	if p == nil {
		return nil
	}
	if m.status() == Upcoming {
		m.refund(p, cmd.UserID)
	}
	delete(m.people, cmd.UserID)
	m.people[cmd.Pseudonym] = &modelPerson{number: p.number, paid: p.paid, erased: true}
	for i := range m.prizes {
		if m.prizes[i].user == cmd.UserID {
			m.prizes[i].user = cmd.Pseudonym
		}
	}
	for _, kind := range []string{"wallet/", "outside/"} {
		if minor, ok := m.balances[kind+cmd.UserID]; ok {
			delete(m.balances, kind+cmd.UserID)
			m.balances[kind+cmd.Pseudonym] = minor
		}
	}
	return nil
}

func (r *rig) drawErasure(t *rapid.T) *EraseParticipant {
	r.erasures++
	var random [16]byte
	binary.BigEndian.PutUint64(random[:], uint64(r.erasures))
	return &EraseParticipant{UserID: drawUser(t), Pseudonym: NewPseudonym(random)}
}

// agreeOnErasures fails where a row names somebody whom the visible model does
// not know: nobody but those it does may be found anywhere.
func (r *rig) agreeOnErasures() {
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
