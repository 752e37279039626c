package embedded

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// Project joins a part of a snapshot into the lifetime statistics, in one batch;
// see competition.LifetimeStore. Like Save it does not wait for the disk: a crash
// leaves all writes up to some point, and a checkpoint never without its rows.
// Concurrent calls take turns. Cost: some 15 µs for each row and month.
func (s *Store) Project(ctx context.Context, p *competition.Projection) (err error) {
	done, err := s.projecting.take(ctx, s)
	if err != nil {
		return err
	}
	defer done()
	checkpoint, err := checkpointOf(s.db, p.CompetitionID)
	if err != nil {
		return err
	}
	if checkpoint < p.From {
		return fmt.Errorf("project what came after seq %d over %d: %w", p.From, checkpoint, competition.ErrConflict)
	}
	// Two rows of a call may be of one user and month, so that it must see what
	// it wrote.
	batch := s.db.NewIndexedBatch()
	defer closeAfter(batch, &err)
	var room []byte
	for i := range p.Rows {
		if err := projectRow(batch, p, &p.Rows[i], &room); err != nil {
			return err
		}
	}
	if p.To > checkpoint {
		key := appendKey(nil, checkpointKeys, p.CompetitionID)
		if err := batch.Set(key, appendCheckpoint(nil, key, p.To), nil); err != nil {
			return unread(err)
		}
	}
	if ctx.Err() != nil {
		return outOfTime(ctx, "nothing was written")
	}
	if batch.Empty() {
		return nil
	}
	return unread(s.db.Apply(batch, pebble.NoSync))
}

// projectRow joins a participant's days into those of the user. A month is encoded
// into room, which the calls share.
func projectRow(batch *pebble.Batch, p *competition.Projection, row *competition.Row, room *[]byte) error {
	if len(row.Days) == 0 {
		return nil
	}
	key := appendNumberKey(nil, identityKeys, p.CompetitionID, row.Number)
	value, err := get(batch, key)
	if err != nil {
		return translate(err, p.CompetitionID, 1)
	}
	if value == nil {
		return nil
	}
	identity, err := parseIdentity(key, value)
	if err != nil {
		return corrupt(p.CompetitionID, 1, "the identity row of participant %d cannot be read: %v", row.Number, err)
	}
	for month, part := range p.History(row, identity.UserID).Months() {
		key = appendLifetimeKey(key[:0], identity.UserID, month)
		if value, err = get(batch, key); err != nil {
			return translate(err, "", 0)
		}
		var known competition.History
		if value != nil {
			if known, err = parseLifetime(key, value, month); err != nil {
				return err
			}
		}
		if !known.Merge(part) {
			continue
		}
		*room = appendLifetime((*room)[:0], key, known) // Not over value, of which known's days may be a part.
		if err := batch.Set(key, *room, nil); err != nil {
			return unread(err)
		}
	}
	return nil
}

// LifetimeOf is a user's days, as of one moment; see competition.LifetimeStore.
// Cost: linear in the user's months and competitions, some 5 µs each.
func (s *Store) LifetimeOf(ctx context.Context, userID string) (months []competition.History, lagging []string, ties int, err error) {
	// What it shows of a commit under way is only where a journal ends: then the
	// competition itself is asked, and that shows what is durable.
	view := s.db.NewSnapshot()
	defer closeAfter(view, &err)
	lower, upper := under(membershipKeys, userID)
	err = each(ctx, view, lower, upper, func(key, value []byte) error {
		ties++
		id := string(key[len(lower):])
		m, err := parseMembership(key, value)
		if err != nil {
			return corrupt(id, 1, "a membership cannot be read: %v", err)
		}
		if m.Number == 0 {
			return nil
		}
		journal, err := storedHead(view, id)
		if err != nil {
			return err
		}
		checkpoint, err := checkpointOf(view, id)
		if checkpoint < journal.seq {
			lagging = append(lagging, id)
		}
		return err
	})
	if err == nil {
		lower, upper = under(lifetimeKeys, userID)
		err = each(ctx, view, lower, upper, func(key, value []byte) error {
			month, ok := lifetimeMonth(key, userID)
			if !ok {
				return fmt.Errorf("%w: lifetime statistics stand under a key that is none", competition.ErrCorrupt)
			}
			h, err := parseLifetime(key, append([]byte(nil), value...), month)
			months = append(months, h)
			return err
		})
	}
	return months, lagging, ties, eachError(err, "", 0)
}

// Unprojected visits the competitions that the lifetime statistics lag;
// see competition.LifetimeStore. Cost: linear in all competitions.
func (s *Store) Unprojected(ctx context.Context, visit func(competitionID string)) error {
	lower, upper := allOf(snapshotKeys)
	err := each(ctx, s.db, lower, upper, func(key, value []byte) error {
		id := name(key)
		checkpoint, err := checkpointOf(s.db, id)
		if err != nil {
			return err
		}
		// A header that cannot be read is reported by whoever projects it.
		if seq, _, err := parseSnapshotHeader(key, value); err != nil || checkpoint < seq {
			visit(id)
		}
		return nil
	})
	return eachError(err, "", 0)
}

// ForgetLifetime deletes a user's days, and waits for the disk; see
// competition.LifetimeStore.
func (s *Store) ForgetLifetime(ctx context.Context, userID string) error {
	// Whoever projects has read an identity, and writes before this deletes.
	return s.write(ctx, s.projecting, func(batch *pebble.Batch) error {
		lower, upper := under(lifetimeKeys, userID)
		return unread(errors.Join(batch.DeleteRange(lower, upper, nil), markUser(batch, userID)))
	})
}

// checkpointOf is how far a competition's snapshots were projected; 0 if never.
func checkpointOf(from pebble.Reader, id string) (uint64, error) {
	seq, _, err := rowOf(from, appendKey(nil, checkpointKeys, id), id, "the checkpoint of its lifetime statistics", func(key, value []byte) (uint64, error) {
		r := fieldsOf(key, value)
		return r.Uint64(), r.End()
	})
	return seq, err
}

func appendCheckpoint(dst, key []byte, seq uint64) []byte {
	return seal(key, binary.BigEndian.AppendUint64(append(dst, rowVersion), seq))
}

func appendLifetime(dst, key []byte, h competition.History) []byte {
	return seal(key, competition.AppendHistory(append(dst, rowVersion), h))
}

// parseLifetime returns a history that is a part of value.
func parseLifetime(key, value []byte, month calendar.Month) (competition.History, error) {
	fields, err := unseal(key, value)
	if err == nil {
		var h competition.History
		if h, err = competition.ParseHistory(month, fields); err == nil {
			return h, nil
		}
	}
	return competition.History{}, fmt.Errorf("%w: lifetime statistics of month %d cannot be read: %w", competition.ErrCorrupt, month, err)
}
