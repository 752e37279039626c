package embedded

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// Board links are few and small: their fields are JSON, sealed like every row. Whoever
// writes one does it in a turn of linking, so that what was read holds.

// linkPlace is where a link's row is found by its id.
type linkPlace struct{ Hash competition.CodeHash }

// PutBoardLink stores a new link; see competition.BoardLinkStore.
func (s *Store) PutBoardLink(ctx context.Context, l *competition.BoardLink) error {
	return s.write(ctx, s.linking, func(batch *pebble.Batch) error {
		links, err := s.BoardLinksOf(ctx, l.CompetitionID)
		if err != nil {
			return err
		}
		live := 0
		for i := range links {
			if !links[i].Ended(l.CreatedAt) {
				live++
			} else if err := deleteBoardLink(batch, &links[i]); err != nil {
				return err
			}
		}
		if live >= competition.MaxBoardLinks {
			return competition.ErrTooManyBoardLinks
		}
		end := linkEndKey(l)
		return errors.Join(
			setJSON(batch, linkKey(l.Hash), l),
			setJSON(batch, linkOfKey(l.CompetitionID, l.ID), linkPlace{l.Hash}),
			batch.Set(end, seal(end, []byte{rowVersion}), nil))
	})
}

// FindBoardLink returns one link; see competition.BoardLinkStore.
func (s *Store) FindBoardLink(ctx context.Context, hash competition.CodeHash) (competition.BoardLink, error) {
	if ctx.Err() != nil {
		return competition.BoardLink{}, outOfTime(ctx, "nothing was begun")
	}
	return s.boardLink(hash)
}

func (s *Store) boardLink(hash competition.CodeHash) (l competition.BoardLink, err error) {
	return l, s.readJSON(linkKey(hash), &l, competition.ErrUnknownBoardLink)
}

// BoardLinksOf returns a competition's links; see competition.BoardLinkStore.
func (s *Store) BoardLinksOf(ctx context.Context, competitionID string) (links []competition.BoardLink, err error) {
	lower, upper := under(linkOfKeys, competitionID)
	return links, each(ctx, s.db, lower, upper, func(key, value []byte) error {
		var place linkPlace
		if err := parseJSON(key, value, &place); err != nil {
			return err
		}
		l, err := s.boardLink(place.Hash)
		if errors.Is(err, competition.ErrUnknownBoardLink) { // it has just been deleted
			return nil
		}
		links = append(links, l)
		return err
	})
}

// DeleteBoardLink ends a link; see competition.BoardLinkStore.
func (s *Store) DeleteBoardLink(ctx context.Context, competitionID, id string) (l competition.BoardLink, err error) {
	return l, s.write(ctx, s.linking, func(batch *pebble.Batch) error {
		var place linkPlace
		if err := s.readJSON(linkOfKey(competitionID, id), &place, competition.ErrUnknownBoardLink); err != nil {
			return err
		}
		if l, err = s.boardLink(place.Hash); err != nil {
			return err
		}
		return deleteBoardLink(batch, &l)
	})
}

// SweepBoardLinks deletes links that have expired; see competition.BoardLinkStore.
func (s *Store) SweepBoardLinks(ctx context.Context, now calendar.Millis, limit int) (deleted int, err error) {
	return deleted, s.write(ctx, s.linking, func(batch *pebble.Batch) error {
		lower, _ := allOf(linkEndKeys)
		return each(ctx, s.db, lower, binary.BigEndian.AppendUint64([]byte{linkEndKeys, '/'}, uint64(now)+1), func(key, _ []byte) error {
			if deleted == limit {
				return errEnough
			}
			deleted++
			hash := competition.CodeHash(key[kindSize+timestampSize:])
			l, err := s.boardLink(hash)
			switch {
			case errors.Is(err, competition.ErrCorrupt), errors.Is(err, competition.ErrUnknownBoardLink):
				return deleteAll(batch, key, linkKey(hash)) // a damaged row must not stop the others
			case err != nil:
				return err
			}
			return deleteBoardLink(batch, &l)
		})
	})
}

func linkKey(hash competition.CodeHash) []byte { return append([]byte{linkKeys, '/'}, hash[:]...) }

func linkOfKey(competitionID, id string) []byte {
	return append(append(appendKey(nil, linkOfKeys, competitionID), separator), id...)
}

// linkEndKey is the key by which a link is swept.
func linkEndKey(l *competition.BoardLink) []byte {
	return append(binary.BigEndian.AppendUint64([]byte{linkEndKeys, '/'}, uint64(l.ExpiresAt)), l.Hash[:]...)
}

func deleteBoardLink(batch *pebble.Batch, l *competition.BoardLink) error {
	return deleteAll(batch, linkKey(l.Hash), linkOfKey(l.CompetitionID, l.ID), linkEndKey(l))
}
