package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
)

// What moving competitions from store to store takes besides the ports.

const (
	spanSQL = `
SELECT j.seq, h.last_seq
FROM paceboard.heads h
JOIN paceboard.journal j USING (competition_id)
WHERE competition_id = $1
ORDER BY j.seq
LIMIT 1`
	membershipsInSQL = `
SELECT DISTINCT ON (m.user_id) m.user_id, m.number, m.present, m.creator
FROM paceboard.identities i
JOIN paceboard.memberships m USING (user_id, competition_id)
WHERE i.competition_id = $1
ORDER BY m.user_id`
)

// Span is the seqs with which a competition's journal begins, 1 or what Retain
// has left, and ends; 0 and 0 if there is none.
func (s *Store) Span(ctx context.Context, competitionID string) (first, last uint64, err error) {
	err = s.read.QueryRow(ctx, spanSQL, competitionID).Scan(&first, &last)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, 0, unavailable("find the ends of a journal", err)
	}
	return first, last, nil
}

// MembershipsIn visits all ties to a competition in the order of user ids.
func (s *Store) MembershipsIn(ctx context.Context, competitionID string, visit func(competition.Membership) error) error {
	return s.each(ctx, membershipsInSQL, func(row [][]byte) error {
		return visit(competition.Membership{
			UserID: string(row[0]), CompetitionID: competitionID, Number: uint32(bigint(row[1])), Present: row[2][0] == 1, Creator: row[3][0] == 1,
		})
	}, competitionID)
}

// Graft appends the first batch of a journal whose beginning was removed by
// Retain, in this store or another: it may begin with any seq. A competition
// that has a journal gives competition.ErrConflict. The batch names the epoch of a
// claim, as any does. Until the snapshot that the
// journal stands on is saved, the competition cannot be recovered.
func (s *Store) Graft(ctx context.Context, b *competition.Batch) error {
	if b.FirstSeq > 1 {
		before, err := competition.ChainBefore(b.CompetitionID, b.Records)
		if err != nil {
			return fmt.Errorf("begin a journal: %w", err)
		}
		_, err = s.write.Exec(ctx, `
INSERT INTO paceboard.heads (competition_id, first_seq, last_seq, last_hash, owner, epoch) VALUES ($1, $2, $2, $3, $4, $5)
ON CONFLICT DO NOTHING`, b.CompetitionID, int64(b.FirstSeq-1), before.Hash[:], s.node, int64(b.Epoch))
		if err != nil {
			return unavailable("begin a journal", err)
		}
	}
	if errs := s.Append(ctx, []*competition.Batch{b}); errs != nil {
		return errs[0]
	}
	return nil
}
