package embedded

import (
	"context"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// Webhooks and their cursors are small: their fields are JSON, sealed like every row.
// Whoever writes one does it in a turn of hooking, so that what was read holds.

// PutWebhook stores an endpoint; see competition.WebhookStore. Cost: linear in the
// endpoints for a new one, and in the competitions if cursors of all change.
func (s *Store) PutWebhook(ctx context.Context, w *competition.Webhook, cursors competition.CursorChange) error {
	written := *w
	written.Version++
	err := s.write(ctx, s.hooking, func(batch *pebble.Batch) error {
		if err := s.mayPut(ctx, w); err != nil {
			return err
		}
		if err := s.changeCursors(ctx, batch, w, cursors); err != nil {
			return err
		}
		return setJSON(batch, appendKey(nil, webhookKeys, w.ID), &written)
	})
	if err == nil {
		w.Version = written.Version
	}
	return err
}

// mayPut returns what is against storing an endpoint.
func (s *Store) mayPut(ctx context.Context, w *competition.Webhook) error {
	if w.Version > 0 {
		stored, err := s.webhook(w.ID)
		if err == nil && stored.Version != w.Version {
			err = competition.ErrConflict
		}
		return err
	}
	own, all := 0, 0
	err := s.eachWebhook(ctx, "", func(other *competition.Webhook) error {
		if other.Owner == w.Owner {
			own++
		}
		if other.Owner != "" {
			all++
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.Admit(own, all)
}

// changeCursors puts what becomes of an endpoint's cursors into a batch.
func (s *Store) changeCursors(ctx context.Context, batch *pebble.Batch, w *competition.Webhook, change competition.CursorChange) error {
	if change == competition.KeepCursors {
		return nil
	}
	return s.eachCursor(ctx, competition.WebhookPlace{WebhookID: w.ID}, w.CompetitionID, func(c *competition.WebhookCursor) error {
		if change == competition.RestartCursors && c.Version == 0 {
			return nil
		}
		fresh := competition.WebhookCursor{WebhookID: w.ID, CompetitionID: c.CompetitionID, Seq: c.Seq, Version: c.Version + 1, DeliveredAt: c.DeliveredAt}
		if change == competition.EndCursors {
			fresh.Seq = c.LastSeq
		}
		return setJSON(batch, cursorKey(w.ID, c.CompetitionID), &fresh)
	})
}

// FindWebhook returns one endpoint; see competition.WebhookStore.
func (s *Store) FindWebhook(ctx context.Context, id string) (competition.Webhook, error) {
	if ctx.Err() != nil {
		return competition.Webhook{}, outOfTime(ctx, "nothing was begun")
	}
	return s.webhook(id)
}

func (s *Store) webhook(id string) (w competition.Webhook, err error) {
	return w, s.readJSON(appendKey(nil, webhookKeys, id), &w, competition.ErrUnknownWebhook)
}

// Webhooks returns endpoints by id; see competition.WebhookStore.
func (s *Store) Webhooks(ctx context.Context, after string, limit int) (list []competition.Webhook, err error) {
	return list, s.eachWebhook(ctx, after, func(w *competition.Webhook) error {
		if len(list) == limit {
			return errEnough
		}
		list = append(list, *w)
		return nil
	})
}

// WebhooksOf returns a creator's endpoints; see competition.WebhookStore. Cost: linear
// in all endpoints.
func (s *Store) WebhooksOf(ctx context.Context, owner string) (list []competition.Webhook, err error) {
	return list, s.eachWebhook(ctx, "", func(w *competition.Webhook) error {
		if w.Owner == owner {
			list = append(list, *w)
		}
		return nil
	})
}

// eachWebhook visits the endpoints after an id.
func (s *Store) eachWebhook(ctx context.Context, after string, visit func(*competition.Webhook) error) error {
	lower, upper := allOf(webhookKeys)
	if after != "" {
		lower = append(appendKey(nil, webhookKeys, after), separator)
	}
	return each(ctx, s.db, lower, upper, func(key, value []byte) error {
		var w competition.Webhook
		if err := parseJSON(key, value, &w); err != nil {
			return err
		}
		return visit(&w)
	})
}

// DeleteWebhook deletes an endpoint; see competition.WebhookStore.
func (s *Store) DeleteWebhook(ctx context.Context, id string) error {
	return s.write(ctx, s.hooking, func(batch *pebble.Batch) error {
		if _, err := s.webhook(id); err != nil {
			return err
		}
		return deleteWebhook(batch, id)
	})
}

func deleteWebhook(batch *pebble.Batch, id string) error {
	lower, upper := under(cursorKeys, id)
	return errors.Join(batch.DeleteRange(lower, upper, nil), batch.Delete(appendKey(nil, webhookKeys, id), nil))
}

// ForgetWebhooks deletes what a user owns; see competition.WebhookStore.
func (s *Store) ForgetWebhooks(ctx context.Context, userID string) error {
	return s.write(ctx, s.hooking, func(batch *pebble.Batch) error {
		err := s.eachWebhook(ctx, "", func(w *competition.Webhook) error {
			if w.Owner != userID {
				return nil
			}
			return deleteWebhook(batch, w.ID)
		})
		if err != nil || batch.Empty() {
			return err
		}
		return setMark(batch, webhookMark)
	})
}

// WebhookCursors returns an endpoint's cursors; see competition.WebhookStore.
func (s *Store) WebhookCursors(ctx context.Context, from competition.WebhookPlace, limit int) (list []competition.WebhookCursor, err error) {
	w, err := s.webhook(from.WebhookID)
	if err != nil {
		return nil, unlessGone(err)
	}
	return list, s.eachCursor(ctx, from, w.CompetitionID, func(c *competition.WebhookCursor) error {
		if len(list) == limit {
			return errEnough
		}
		list = append(list, *c)
		return nil
	})
}

// unlessGone returns nil for the error of an endpoint that is not there.
func unlessGone(err error) error {
	if errors.Is(err, competition.ErrUnknownWebhook) {
		return nil
	}
	return err
}

// WebhookBacklog returns the cursors at which there is something to do; see
// competition.WebhookStore.
func (s *Store) WebhookBacklog(ctx context.Context, from []competition.WebhookPlace, now calendar.Millis, limit int) (list []competition.WebhookCursor, err error) {
	for _, place := range from {
		w, err := s.webhook(place.WebhookID)
		if err != nil {
			if err := unlessGone(err); err != nil {
				return list, err
			}
			continue
		}
		n := 0
		err = s.eachCursor(ctx, place, w.CompetitionID, func(c *competition.WebhookCursor) error {
			if n == limit {
				return errEnough
			}
			if c.Seq != c.LastSeq && c.NextAt <= now {
				n, list = n+1, append(list, *c)
			}
			return nil
		})
		if err != nil {
			return list, err
		}
	}
	return list, nil
}

// eachCursor visits an endpoint's cursors after a place, of one competition, or of all
// that there are ("").
func (s *Store) eachCursor(ctx context.Context, from competition.WebhookPlace, competitionID string, visit func(*competition.WebhookCursor) error) (err error) {
	lower, upper := allOf(headKeys)
	switch {
	case competitionID != "" && competitionID <= from.CompetitionID:
		return nil
	case competitionID != "":
		lower = appendKey(nil, headKeys, competitionID)
		upper = append(appendKey(nil, headKeys, competitionID), separator)
	case from.CompetitionID != "":
		lower = append(appendKey(nil, headKeys, from.CompetitionID), separator)
	}
	var last *competition.WebhookCursor // that was read of those that are stored
	cursors, err := s.db.NewIter(&pebble.IterOptions{LowerBound: cursorKey(from.WebhookID, name(lower)), UpperBound: pastCursors(from.WebhookID)})
	if err != nil {
		return unread(err)
	}
	defer closeAfter(cursors, &err)
	stored := func(id string) (*competition.WebhookCursor, error) {
		for valid := last == nil && cursors.First() || last != nil && last.CompetitionID < id && cursors.Next(); valid; valid = cursors.Next() {
			last = &competition.WebhookCursor{}
			if err := parseJSON(cursors.Key(), cursors.Value(), last); err != nil {
				return nil, err
			}
			if last.CompetitionID >= id {
				break
			}
		}
		if last == nil || last.CompetitionID != id {
			return nil, unread(cursors.Error())
		}
		return last, nil
	}
	return each(ctx, s.db, lower, upper, func(key, value []byte) error {
		journal, err := parseHead(key, value)
		if err != nil {
			return nil //nolint:nilerr // its competition is damaged, as others say
		}
		c := &competition.WebhookCursor{WebhookID: from.WebhookID, CompetitionID: name(key)}
		if known, err := stored(c.CompetitionID); err != nil {
			return err
		} else if known != nil {
			c = known
		}
		c.LastSeq = journal.seq
		return visit(c)
	})
}

func cursorKey(webhookID, competitionID string) []byte {
	return append(append(appendKey(nil, cursorKeys, webhookID), separator), competitionID...)
}

func pastCursors(webhookID string) []byte {
	_, upper := under(cursorKeys, webhookID)
	return upper
}

// SaveWebhookCursor stores a cursor; see competition.WebhookStore. It does not wait for
// the disk: after a crash the events since then are sent again.
func (s *Store) SaveWebhookCursor(ctx context.Context, c *competition.WebhookCursor) (err error) {
	done, err := s.hooking.take(ctx, s)
	if err != nil {
		return err
	}
	defer done()
	if _, err := s.webhook(c.WebhookID); err != nil {
		if errors.Is(err, competition.ErrUnknownWebhook) {
			return competition.ErrConflict
		}
		return err
	}
	key := cursorKey(c.WebhookID, c.CompetitionID)
	var stored competition.WebhookCursor
	switch err := s.readJSON(key, &stored, competition.ErrUnknownWebhook); {
	case unlessGone(err) != nil:
		return err
	case stored.Version != c.Version:
		return competition.ErrConflict
	}
	written := *c
	written.Version, written.LastSeq = c.Version+1, 0
	batch := s.db.NewBatch()
	defer closeAfter(batch, &err)
	if err := setJSON(batch, key, &written); err != nil {
		return err
	}
	if err := s.db.Apply(batch, pebble.NoSync); err != nil {
		return unread(err)
	}
	c.Version = written.Version
	return nil
}

// WebhookFailures counts the cursors that are failing; see competition.WebhookStore.
func (s *Store) WebhookFailures(ctx context.Context) (f competition.WebhookFailures, err error) {
	active, err := s.activeWebhooks(ctx)
	if err != nil {
		return f, err
	}
	for _, ids := range active {
		for _, id := range ids {
			lower, upper := under(cursorKeys, id)
			err := each(ctx, s.db, lower, upper, func(key, value []byte) error {
				var c competition.WebhookCursor
				if err := parseJSON(key, value, &c); err != nil || c.FailingSince == 0 {
					return err
				}
				if f.Cursors++; f.Since == 0 || c.FailingSince < f.Since {
					f.Since = c.FailingSince
				}
				return nil
			})
			if err != nil {
				return f, err
			}
		}
	}
	return f, nil
}

// activeWebhooks returns the ids of the endpoints that are not disabled, by competition;
// those for all competitions are under "".
func (s *Store) activeWebhooks(ctx context.Context) (map[string][]string, error) {
	active := map[string][]string{}
	return active, s.eachWebhook(ctx, "", func(w *competition.Webhook) error {
		if !w.IsDisabled() {
			active[w.CompetitionID] = append(active[w.CompetitionID], w.ID)
		}
		return nil
	})
}

// neededBy returns the seq after which a competition's records are still to be sent to
// an endpoint; upTo if that is below.
func (s *Store) neededBy(active map[string][]string, id string, upTo uint64) (uint64, error) {
	for _, ids := range [][]string{active[""], active[id]} {
		for _, webhookID := range ids {
			var c competition.WebhookCursor
			if err := unlessGone(s.readJSON(cursorKey(webhookID, id), &c, competition.ErrUnknownWebhook)); err != nil {
				return 0, err
			}
			upTo = min(upTo, c.Seq)
		}
	}
	return upTo, nil
}
