package actors

import (
	"context"
	"maps"
	"slices"

	"github.com/paceboard/paceboard/competition"
)

// memoryInvitations is what a memoryStore keeps of invitations.
type memoryInvitations struct {
	rows  map[string]competition.Invitation
	codes map[competition.CodeHash]competition.JoinCode
}

// invitationCall is call, and makes room. It leaves the store locked.
func (s *memoryStore) invitationCall(ctx context.Context, name string) error {
	if err := s.call(ctx, name); err != nil {
		return err
	}
	if s.invitations.rows == nil {
		s.invitations.rows, s.invitations.codes = map[string]competition.Invitation{}, map[competition.CodeHash]competition.JoinCode{}
	}
	return nil
}

// latest is a user's latest invitation to a competition, or nil.
func (m *memoryInvitations) latest(competitionID, userID string) (latest *competition.Invitation) {
	for _, id := range slices.Sorted(maps.Keys(m.rows)) {
		if i := m.rows[id]; i.CompetitionID == competitionID && i.UserID == userID {
			latest = &i
		}
	}
	return latest
}

func (s *memoryStore) Invite(ctx context.Context, r *competition.Inviting) ([]competition.Invitation, error) {
	if err := s.invitationCall(ctx, "Invite"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var latest []*competition.Invitation
	for _, guest := range r.Guests {
		latest = append(latest, s.invitations.latest(r.CompetitionID, guest.UserID))
	}
	open, recent := 0, 0
	for _, i := range s.invitations.rows {
		if i.CompetitionID == r.CompetitionID && i.Pending(r.Now) && !i.ByCode() {
			open++
		}
		if i.InvitedBy == r.InvitedBy && i.CreatedAt > r.Since() {
			recent++
		}
	}
	result, made, raised, err := r.Decide(latest, open, recent)
	for _, i := range append(made, raised...) {
		s.invitations.rows[i.ID] = i
	}
	return result, err
}

func (s *memoryStore) FindInvitation(ctx context.Context, id string) (competition.Invitation, error) {
	if err := s.invitationCall(ctx, "FindInvitation"); err != nil {
		return competition.Invitation{}, err
	}
	defer s.mu.Unlock()
	i, ok := s.invitations.rows[id]
	if !ok {
		return i, competition.ErrUnknownInvitation
	}
	return i, nil
}

func (s *memoryStore) LatestInvitation(ctx context.Context, competitionID, userID string) (competition.Invitation, error) {
	if err := s.invitationCall(ctx, "LatestInvitation"); err != nil {
		return competition.Invitation{}, err
	}
	defer s.mu.Unlock()
	if i := s.invitations.latest(competitionID, userID); i != nil {
		return *i, nil
	}
	return competition.Invitation{}, competition.ErrUnknownInvitation
}

func (s *memoryStore) eachInvitation(ctx context.Context, call string, wanted func(i *competition.Invitation) bool, visit func(competition.Invitation) bool) error {
	if err := s.invitationCall(ctx, call); err != nil {
		return err
	}
	rows := maps.Clone(s.invitations.rows)
	s.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		if i := rows[id]; wanted(&i) && !visit(i) {
			break
		}
	}
	return nil
}

func (s *memoryStore) InvitationsTo(ctx context.Context, userID string, _ competition.InvitationPlace, visit func(competition.Invitation) bool) error {
	return s.eachInvitation(ctx, "InvitationsTo", func(i *competition.Invitation) bool { return i.UserID == userID }, visit)
}

func (s *memoryStore) InvitationsIn(ctx context.Context, competitionID, behind string, visit func(competition.Invitation) bool) error {
	return s.eachInvitation(ctx, "InvitationsIn", func(i *competition.Invitation) bool { return i.CompetitionID == competitionID && i.ID > behind }, visit)
}

func (s *memoryStore) DecideInvitation(ctx context.Context, id string, now competition.Millis, to competition.InvitationState) (competition.Invitation, error) {
	if err := s.invitationCall(ctx, "DecideInvitation"); err != nil {
		return competition.Invitation{}, err
	}
	defer s.mu.Unlock()
	i, ok := s.invitations.rows[id]
	if !ok {
		return i, competition.ErrUnknownInvitation
	}
	_, err := i.Decide(now, to)
	if err == nil {
		s.invitations.rows[id] = i
	}
	return i, err
}

func (s *memoryStore) PutJoinCode(ctx context.Context, c *competition.JoinCode) error {
	if err := s.invitationCall(ctx, "PutJoinCode"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.invitations.codes[c.Hash] = *c
	return nil
}

func (s *memoryStore) JoinCodesOf(ctx context.Context, competitionID string) (codes []competition.JoinCode, err error) {
	if err := s.invitationCall(ctx, "JoinCodesOf"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	for _, c := range s.invitations.codes {
		if c.CompetitionID == competitionID {
			codes = append(codes, c)
		}
	}
	return codes, nil
}

func (s *memoryStore) DeleteJoinCode(ctx context.Context, competitionID, id string) error {
	if err := s.invitationCall(ctx, "DeleteJoinCode"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for hash, c := range s.invitations.codes {
		if c.CompetitionID == competitionID && c.ID == id {
			delete(s.invitations.codes, hash)
			return nil
		}
	}
	return competition.ErrUnknownInvitation
}

func (s *memoryStore) Redeem(ctx context.Context, r *competition.Redemption) (competition.Invitation, bool, error) {
	if err := s.invitationCall(ctx, "Redeem"); err != nil {
		return competition.Invitation{}, false, err
	}
	defer s.mu.Unlock()
	c, ok := s.invitations.codes[r.Hash]
	if !ok {
		return competition.Invitation{}, false, competition.ErrUnknownCode
	}
	i, made, err := r.Decide(&c, s.invitations.latest(c.CompetitionID, r.UserID))
	if made {
		c.Uses--
		s.invitations.codes[r.Hash], s.invitations.rows[i.ID] = c, i
	}
	return i, made, err
}

func (s *memoryStore) Unredeem(ctx context.Context, id string) error {
	if err := s.invitationCall(ctx, "Unredeem"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if i := s.invitations.rows[id]; i.State == competition.InvitationOpen && i.ByCode() {
		delete(s.invitations.rows, id)
		if c, ok := s.invitations.codes[i.Code]; ok {
			c.Uses++
			s.invitations.codes[i.Code] = c
		}
	}
	return nil
}

func (s *memoryStore) SweepInvitations(ctx context.Context, now competition.Millis, limit int) (deleted int, err error) {
	if err := s.invitationCall(ctx, "SweepInvitations"); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	for id, i := range s.invitations.rows {
		if i.KeptUntil() <= now && deleted < limit {
			delete(s.invitations.rows, id)
			deleted++
		}
	}
	return deleted, nil
}

func (s *memoryStore) ForgetInvitations(ctx context.Context, userID string) error {
	if err := s.invitationCall(ctx, "ForgetInvitations"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for id, i := range s.invitations.rows {
		if i.UserID == userID {
			delete(s.invitations.rows, id)
		} else if i.InvitedBy == userID {
			i.InvitedBy = ""
			s.invitations.rows[id] = i
		}
	}
	return nil
}

func (s *memoryStore) CodeKey(ctx context.Context) (competition.Key, error) {
	if err := s.invitationCall(ctx, "CodeKey"); err != nil {
		return competition.Key{}, err
	}
	defer s.mu.Unlock()
	return competition.Key{1, 2, 3}, nil
}
