package actors

import (
	"bytes"
	"context"
	"slices"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// The calls of the memoryStore that the hook before may refuse.

func (s *memoryStore) Save(ctx context.Context, snapshot *competition.Snapshot) error {
	store, err := s.call(ctx, "Save")
	if err != nil {
		return err
	}
	kept := *snapshot
	kept.Header, kept.Rows = bytes.Clone(kept.Header), cloneRows(kept.Rows)
	again := func(to competition.Store) error { return to.Save(context.Background(), &kept) }
	if err := store.Save(ctx, snapshot); err != nil {
		return err
	}
	s.set(func() {
		s.saved[kept.CompetitionID] = kept.Seq
		s.wrote("Save", again)
	})
	return nil
}

func (s *memoryStore) Project(ctx context.Context, p *competition.Projection) error {
	store, err := s.call(ctx, "Project")
	if err != nil {
		return err
	}
	kept := *p
	kept.Rows, kept.Sources = cloneRows(kept.Rows), slices.Clone(kept.Sources)
	again := func(to competition.Store) error { return to.Project(context.Background(), &kept) }
	if err := store.Project(ctx, p); err != nil {
		return err
	}
	s.set(func() {
		s.projected[kept.CompetitionID] = max(s.projected[kept.CompetitionID], kept.To)
		s.wrote("Project", again)
	})
	return nil
}

func cloneRows(rows []competition.Row) []competition.Row {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].Days = bytes.Clone(rows[i].Days)
	}
	return rows
}

func (s *memoryStore) StaleSnapshots(ctx context.Context, userID string) ([]string, error) {
	store, err := s.call(ctx, "StaleSnapshots")
	if err != nil {
		return nil, err
	}
	return store.StaleSnapshots(ctx, userID)
}

func (s *memoryStore) Pseudonymise(ctx context.Context, e competition.Erasure, now calendar.Millis, newID func() string) error {
	store, err := s.call(ctx, "Pseudonymise")
	if err != nil {
		return err
	}
	s.set(func() { s.pseudonymised = append(s.pseudonymised, e) })
	return store.Pseudonymise(ctx, e, now, newID)
}

func (s *memoryStore) Scrub(ctx context.Context) error {
	_, err := s.call(ctx, "Scrub")
	if err == nil {
		s.set(func() { s.scrubs++ })
	}
	return err
}

func (s *memoryStore) Summaries(ctx context.Context, ids []string) ([]competition.Summary, error) {
	store, err := s.call(ctx, "Summaries")
	if err != nil {
		return nil, err
	}
	found, err := store.Summaries(ctx, ids)
	s.set(func() {
		for i, id := range ids {
			if s.damaged[id] {
				found[i], err = competition.Summary{}, competition.ErrCorrupt
			}
		}
	})
	return found, err
}

func (s *memoryStore) OpenTies(ctx context.Context, userID string) ([]competition.Tie, error) {
	store, err := s.call(ctx, "OpenTies")
	if err != nil {
		return nil, err
	}
	ties, err := store.OpenTies(ctx, userID)
	s.set(func() {
		ties = slices.DeleteFunc(ties, func(tie competition.Tie) bool {
			if !s.damaged[tie.CompetitionID] {
				return false
			}
			err = competition.ErrCorrupt
			return true
		})
	})
	return ties, err
}

func (s *memoryStore) Read(ctx context.Context, id string, after uint64, visit func([]byte) error) error {
	store, err := s.call(ctx, "Read")
	if err != nil {
		return err
	}
	var altered []byte
	s.set(func() { altered = s.altered[id] })
	return store.Read(ctx, id, after, func(records []byte) error {
		if bytes.Equal(records, altered) {
			records = bytes.Clone(records)
			records[20] ^= 1
		}
		return visit(records)
	})
}

func (s *memoryStore) ReadIdentities(ctx context.Context, id string, visit func(competition.Identity) error) error {
	store, err := s.call(ctx, "ReadIdentities")
	if err != nil {
		return err
	}
	return store.ReadIdentities(ctx, id, visit)
}

func (s *memoryStore) Load(ctx context.Context, id string, header func([]byte) error, row func(competition.Row) error) error {
	store, err := s.call(ctx, "Load")
	if err != nil {
		return err
	}
	return store.Load(ctx, id, header, row)
}

func (s *memoryStore) Find(ctx context.Context, id string) (found competition.Summary, err error) {
	store, err := s.call(ctx, "Find")
	if err != nil {
		return found, err
	}
	return store.Find(ctx, id)
}

func (s *memoryStore) Created(ctx context.Context, ids []string) (at []calendar.Millis, err error) {
	store, err := s.call(ctx, "Created")
	if err != nil {
		return at, err
	}
	return store.Created(ctx, ids)
}

func (s *memoryStore) List(ctx context.Context, after string, visit func(competition.Summary) bool) error {
	store, err := s.call(ctx, "List")
	if err != nil {
		return err
	}
	return store.List(ctx, after, visit)
}

func (s *memoryStore) MembershipsOf(ctx context.Context, userID, after string, limit int) (page []competition.Membership, err error) {
	store, err := s.call(ctx, "MembershipsOf")
	if err != nil {
		return page, err
	}
	return store.MembershipsOf(ctx, userID, after, limit)
}

func (s *memoryStore) Visible(ctx context.Context, l competition.Listing) (page []competition.Summary, next competition.ListPlace, err error) {
	store, err := s.call(ctx, "Visible")
	if err != nil {
		return page, next, err
	}
	return store.Visible(ctx, l)
}

func (s *memoryStore) DueBefore(ctx context.Context, after competition.Due, before calendar.Millis, limit int) (due []competition.Due, err error) {
	store, err := s.call(ctx, "DueBefore")
	if err != nil {
		return due, err
	}
	return store.DueBefore(ctx, after, before, limit)
}

func (s *memoryStore) LifetimeOf(ctx context.Context, userID string) (months []competition.History, lacking []string, ties int, err error) {
	store, err := s.call(ctx, "LifetimeOf")
	if err != nil {
		return months, lacking, ties, err
	}
	return store.LifetimeOf(ctx, userID)
}

func (s *memoryStore) Unprojected(ctx context.Context, visit func(string)) error {
	store, err := s.call(ctx, "Unprojected")
	if err != nil {
		return err
	}
	return store.Unprojected(ctx, visit)
}

func (s *memoryStore) ForgetLifetime(ctx context.Context, userID string) error {
	store, err := s.call(ctx, "ForgetLifetime")
	if err != nil {
		return err
	}
	return store.ForgetLifetime(ctx, userID)
}

func (s *memoryStore) TransactionsOf(ctx context.Context, userID string, after ledger.Place, visit func(ledger.UserTransaction) bool) error {
	store, err := s.call(ctx, "TransactionsOf")
	if err != nil {
		return err
	}
	return store.TransactionsOf(ctx, userID, after, visit)
}

func (s *memoryStore) PrizesOf(ctx context.Context, userID string, after ledger.Place, visit func(ledger.Prize) bool) error {
	store, err := s.call(ctx, "PrizesOf")
	if err != nil {
		return err
	}
	return store.PrizesOf(ctx, userID, after, visit)
}

func (s *memoryStore) PendingPrizes(ctx context.Context, after ledger.PrizeID, visit func(ledger.Prize, ledger.Handover) bool) error {
	store, err := s.call(ctx, "PendingPrizes")
	if err != nil {
		return err
	}
	return store.PendingPrizes(ctx, after, visit)
}

func (s *memoryStore) SaveHandover(ctx context.Context, h *ledger.Handover, attempts int) error {
	store, err := s.call(ctx, "SaveHandover")
	if err != nil {
		return err
	}
	return store.SaveHandover(ctx, h, attempts)
}

func (s *memoryStore) ReadLedger(ctx context.Context, id string, transaction func(ledger.Transaction) error, prize func(ledger.Prize) error) error {
	store, err := s.call(ctx, "ReadLedger")
	if err != nil {
		return err
	}
	return store.ReadLedger(ctx, id, transaction, prize)
}

func (s *memoryStore) Invite(ctx context.Context, r *competition.Inviting) (made []competition.Invitation, err error) {
	store, err := s.call(ctx, "Invite")
	if err != nil {
		return made, err
	}
	return store.Invite(ctx, r)
}

func (s *memoryStore) FindInvitation(ctx context.Context, id string) (i competition.Invitation, err error) {
	store, err := s.call(ctx, "FindInvitation")
	if err != nil {
		return i, err
	}
	return store.FindInvitation(ctx, id)
}

func (s *memoryStore) LatestInvitation(ctx context.Context, competitionID, userID string) (i competition.Invitation, err error) {
	store, err := s.call(ctx, "LatestInvitation")
	if err != nil {
		return i, err
	}
	return store.LatestInvitation(ctx, competitionID, userID)
}

func (s *memoryStore) InvitationsTo(ctx context.Context, userID string, after competition.InvitationPlace, visit func(competition.Invitation) bool) error {
	store, err := s.call(ctx, "InvitationsTo")
	if err != nil {
		return err
	}
	return store.InvitationsTo(ctx, userID, after, visit)
}

func (s *memoryStore) InvitationsIn(ctx context.Context, competitionID, after string, visit func(competition.Invitation) bool) error {
	store, err := s.call(ctx, "InvitationsIn")
	if err != nil {
		return err
	}
	return store.InvitationsIn(ctx, competitionID, after, visit)
}

func (s *memoryStore) DecideInvitation(ctx context.Context, id string, now calendar.Millis, to competition.InvitationState) (i competition.Invitation, err error) {
	store, err := s.call(ctx, "DecideInvitation")
	if err != nil {
		return i, err
	}
	return store.DecideInvitation(ctx, id, now, to)
}

func (s *memoryStore) PutJoinCode(ctx context.Context, c *competition.JoinCode) error {
	store, err := s.call(ctx, "PutJoinCode")
	if err != nil {
		return err
	}
	return store.PutJoinCode(ctx, c)
}

func (s *memoryStore) JoinCodesOf(ctx context.Context, competitionID string) (codes []competition.JoinCode, err error) {
	store, err := s.call(ctx, "JoinCodesOf")
	if err != nil {
		return codes, err
	}
	return store.JoinCodesOf(ctx, competitionID)
}

func (s *memoryStore) FindJoinCode(ctx context.Context, hash competition.CodeHash) (c competition.JoinCode, err error) {
	store, err := s.call(ctx, "FindJoinCode")
	if err != nil {
		return c, err
	}
	return store.FindJoinCode(ctx, hash)
}

func (s *memoryStore) DeleteJoinCode(ctx context.Context, competitionID, id string) error {
	store, err := s.call(ctx, "DeleteJoinCode")
	if err != nil {
		return err
	}
	return store.DeleteJoinCode(ctx, competitionID, id)
}

func (s *memoryStore) Redeem(ctx context.Context, r *competition.Redemption) (i competition.Invitation, made bool, err error) {
	store, err := s.call(ctx, "Redeem")
	if err != nil {
		return i, made, err
	}
	return store.Redeem(ctx, r)
}

func (s *memoryStore) Unredeem(ctx context.Context, id string) error {
	store, err := s.call(ctx, "Unredeem")
	if err != nil {
		return err
	}
	return store.Unredeem(ctx, id)
}

func (s *memoryStore) SweepInvitations(ctx context.Context, now calendar.Millis, limit int) (deleted int, err error) {
	store, err := s.call(ctx, "SweepInvitations")
	if err != nil {
		return deleted, err
	}
	return store.SweepInvitations(ctx, now, limit)
}

func (s *memoryStore) ForgetInvitations(ctx context.Context, userID string) error {
	store, err := s.call(ctx, "ForgetInvitations")
	if err != nil {
		return err
	}
	return store.ForgetInvitations(ctx, userID)
}

func (s *memoryStore) ForgetWebhooks(ctx context.Context, userID string) error {
	store, err := s.call(ctx, "ForgetWebhooks")
	if err != nil {
		return err
	}
	return store.ForgetWebhooks(ctx, userID)
}

func (s *memoryStore) PutBoardLink(ctx context.Context, l *competition.BoardLink) error {
	store, err := s.call(ctx, "PutBoardLink")
	if err != nil {
		return err
	}
	return store.PutBoardLink(ctx, l)
}

func (s *memoryStore) FindBoardLink(ctx context.Context, hash competition.CodeHash) (l competition.BoardLink, err error) {
	store, err := s.call(ctx, "FindBoardLink")
	if err != nil {
		return l, err
	}
	return store.FindBoardLink(ctx, hash)
}

func (s *memoryStore) BoardLinksOf(ctx context.Context, competitionID string) (links []competition.BoardLink, err error) {
	store, err := s.call(ctx, "BoardLinksOf")
	if err != nil {
		return links, err
	}
	return store.BoardLinksOf(ctx, competitionID)
}

func (s *memoryStore) DeleteBoardLink(ctx context.Context, competitionID, id string) (l competition.BoardLink, err error) {
	store, err := s.call(ctx, "DeleteBoardLink")
	if err != nil {
		return l, err
	}
	return store.DeleteBoardLink(ctx, competitionID, id)
}

func (s *memoryStore) SweepBoardLinks(ctx context.Context, now calendar.Millis, limit int) (deleted int, err error) {
	store, err := s.call(ctx, "SweepBoardLinks")
	if err != nil {
		return deleted, err
	}
	return store.SweepBoardLinks(ctx, now, limit)
}

func (s *memoryStore) CodeKey(ctx context.Context) (key competition.Key, err error) {
	store, err := s.call(ctx, "CodeKey")
	if err != nil {
		return key, err
	}
	return store.CodeKey(ctx)
}

// Ownership: only the engine under test is on the store, so nothing is written.

func (s *memoryStore) Claim(ctx context.Context, id string) (uint64, error) {
	stored, err := s.call(ctx, "Claim")
	if err != nil {
		return 0, err
	}
	return stored.Claim(ctx, id)
}

func (s *memoryStore) Owns(ctx context.Context, id string, epoch uint64) error {
	stored, err := s.call(ctx, "Owns")
	if err != nil {
		return err
	}
	return stored.Owns(ctx, id, epoch)
}

func (s *memoryStore) Release(ctx context.Context, id string, epoch uint64) error {
	stored, err := s.call(ctx, "Release")
	if err != nil {
		return err
	}
	return stored.Release(ctx, id, epoch)
}

func (s *memoryStore) ReadEvents(ctx context.Context, id string, after, upTo uint64, visit func(record []byte) error) error {
	store, err := s.call(ctx, "ReadEvents")
	if err != nil {
		return err
	}
	return store.ReadEvents(ctx, id, after, upTo, visit)
}

func (s *memoryStore) ReadRecords(ctx context.Context, id string, after, upTo uint64, visit func(record []byte) error) error {
	store, err := s.call(ctx, "ReadRecords")
	if err != nil {
		return err
	}
	return store.ReadRecords(ctx, id, after, upTo, visit)
}

func (s *memoryStore) IdentitiesOf(ctx context.Context, id string, numbers []uint32) ([]competition.Identity, error) {
	store, err := s.call(ctx, "IdentitiesOf")
	if err != nil {
		return nil, err
	}
	return store.IdentitiesOf(ctx, id, numbers)
}
