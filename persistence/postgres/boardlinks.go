package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

const (
	linkColumns = `link_id, hash, key, competition_id, names, created_at, expires_at`

	insertLinkSQL = `INSERT INTO paceboard.board_links (` + linkColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7)`
	findLinkSQL   = `SELECT ` + linkColumns + ` FROM paceboard.board_links WHERE hash = $1`
	linksOfSQL    = `SELECT ` + linkColumns + ` FROM paceboard.board_links WHERE competition_id = $1 ORDER BY link_id`
	endedLinksSQL = `DELETE FROM paceboard.board_links WHERE competition_id = $1 AND expires_at <= $2`
	liveLinksSQL  = `SELECT count(*) FROM paceboard.board_links WHERE competition_id = $1`
	deleteLinkSQL = `DELETE FROM paceboard.board_links WHERE competition_id = $1 AND link_id = $2 RETURNING ` + linkColumns
	sweepLinksSQL = `
DELETE FROM paceboard.board_links WHERE link_id IN (
    SELECT link_id FROM paceboard.board_links WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`
)

// PutBoardLink stores a new link; see competition.BoardLinkStore.
func (s *Store) PutBoardLink(ctx context.Context, l *competition.BoardLink) error {
	return linkFailure("make a board link", pgx.BeginFunc(ctx, s.write, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockSQL, "board links to "+l.CompetitionID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, endedLinksSQL, l.CompetitionID, l.CreatedAt.Time()); err != nil {
			return err
		}
		var live int
		if err := tx.QueryRow(ctx, liveLinksSQL, l.CompetitionID).Scan(&live); err != nil {
			return err
		}
		if live >= competition.MaxBoardLinks {
			return competition.ErrTooManyBoardLinks
		}
		_, err := tx.Exec(ctx, insertLinkSQL, l.ID, l.Hash[:], l.Key[:], l.CompetitionID, l.Names.String(), l.CreatedAt.Time(), l.ExpiresAt.Time())
		return err
	}))
}

// FindBoardLink returns one link; see competition.BoardLinkStore.
func (s *Store) FindBoardLink(ctx context.Context, hash competition.CodeHash) (competition.BoardLink, error) {
	return onlyLink(boardLinks(ctx, s.read, "read a board link", findLinkSQL, hash[:]))
}

// BoardLinksOf returns a competition's links; see competition.BoardLinkStore.
func (s *Store) BoardLinksOf(ctx context.Context, competitionID string) ([]competition.BoardLink, error) {
	return boardLinks(ctx, s.read, "list board links", linksOfSQL, competitionID)
}

// DeleteBoardLink ends a link; see competition.BoardLinkStore.
func (s *Store) DeleteBoardLink(ctx context.Context, competitionID, id string) (competition.BoardLink, error) {
	return onlyLink(boardLinks(ctx, s.write, "delete a board link", deleteLinkSQL, competitionID, id))
}

// SweepBoardLinks deletes links that have expired; see competition.BoardLinkStore.
func (s *Store) SweepBoardLinks(ctx context.Context, now calendar.Millis, limit int) (deleted int, err error) {
	done, err := s.write.Exec(ctx, sweepLinksSQL, now.Time(), limit)
	if err != nil {
		return 0, unavailable("sweep board links", err)
	}
	return int(done.RowsAffected()), nil
}

func boardLinks(ctx context.Context, from querier, what, sql string, arguments ...any) ([]competition.BoardLink, error) {
	rows, _ := from.Query(ctx, sql, arguments...) // CollectRows tells its error
	links, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l competition.BoardLink, err error) {
		var hash, key []byte
		var names string
		var created, expires time.Time
		err = row.Scan(&l.ID, &hash, &key, &l.CompetitionID, &names, &created, &expires)
		copy(l.Hash[:], hash)
		copy(l.Key[:], key)
		l.Names, _ = competition.ParseNamePrivacy(names) // the table takes no other words
		l.CreatedAt, l.ExpiresAt = calendar.MillisOf(created), calendar.MillisOf(expires)
		return l, err
	})
	return links, linkFailure(what, err)
}

// onlyLink returns the one link of a result.
func onlyLink(links []competition.BoardLink, err error) (competition.BoardLink, error) {
	switch {
	case err != nil:
		return competition.BoardLink{}, err
	case len(links) == 0:
		return competition.BoardLink{}, competition.ErrUnknownBoardLink
	}
	return links[0], nil
}

// linkFailure leaves the core's own refusal as it is.
func linkFailure(what string, err error) error {
	return unlessRefusal(what, err, competition.ErrTooManyBoardLinks)
}
