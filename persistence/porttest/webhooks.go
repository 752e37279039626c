package porttest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// hookOf is a new endpoint, of a creator or of the operators (""), for one competition or
// for all ("").
func hookOf(n int, owner, competitionID string) competition.Webhook {
	return competition.Webhook{
		ID: fmt.Sprintf("hook-%05d", n), Owner: owner, CompetitionID: competitionID, URL: "https://example.com/höoks?x=1",
		Secret: []byte{1, 2, 0, byte(n)}, CreatedAt: Start,
	}
}

// putHook stores a new endpoint.
func putHook(t *testing.T, h *harness, cursors competition.CursorChange, w competition.Webhook) competition.Webhook {
	t.Helper()
	require.NoError(t, h.store.PutWebhook(t.Context(), &w, cursors))
	require.Equal(t, uint64(1), w.Version)
	return w
}

// standings say where cursors stand.
func standings(list []competition.WebhookCursor) (all []string) {
	for _, c := range list {
		all = append(all, fmt.Sprintf("%s %s %d/%d", c.WebhookID, c.CompetitionID, c.Seq, c.LastSeq))
	}
	return all
}

func cursorsOf(t *testing.T, h *harness, id string) []competition.WebhookCursor {
	t.Helper()
	return must(h.store.WebhookCursors(t.Context(), competition.WebhookPlace{WebhookID: id}, 1000))(t)
}

func backlog(t *testing.T, h *harness, now calendar.Millis, limit int, from ...competition.WebhookPlace) []string {
	t.Helper()
	return standings(must(h.store.WebhookBacklog(t.Context(), from, now, limit))(t))
}

// webhookRules hold competition.WebhookStore.
var webhookRules = []rule{
	{"webhooks are there again, in the order of their ids", func(t *testing.T, h *harness) {
		ctx := t.Context()
		require.Empty(t, must(h.store.Webhooks(ctx, "", 10))(t))
		second := putHook(t, h, competition.KeepCursors, hookOf(2, "ann", "board"))
		first := putHook(t, h, competition.KeepCursors, hookOf(1, "", ""))
		third := putHook(t, h, competition.KeepCursors, hookOf(3, "bob", "board"))
		second.OldSecret, second.OldUntil, second.DisabledAt, second.Reason, second.URL = []byte{9}, Start+5, Start+7, "it answered 410", "https://example.org"
		require.NoError(t, h.store.PutWebhook(ctx, &second, competition.KeepCursors))
		require.Equal(t, uint64(2), second.Version)
		h.reopen(t)
		require.Equal(t, []competition.Webhook{first, second, third}, must(h.store.Webhooks(ctx, "", 10))(t))
		require.Equal(t, []competition.Webhook{second}, must(h.store.Webhooks(ctx, first.ID, 1))(t))
		require.Equal(t, []competition.Webhook{third}, must(h.store.WebhooksOf(ctx, "bob"))(t))
		require.Empty(t, must(h.store.WebhooksOf(ctx, "nobody"))(t))
		require.Equal(t, second, must(h.store.FindWebhook(ctx, second.ID))(t))
		_, err := h.store.FindWebhook(ctx, "hook-0")
		require.ErrorIs(t, err, competition.ErrUnknownWebhook)
	}},

	{"a webhook is written by whoever read it last", func(t *testing.T, h *harness) {
		ctx := t.Context()
		w := putHook(t, h, competition.KeepCursors, hookOf(1, "", ""))
		old := w
		require.NoError(t, h.store.PutWebhook(ctx, &w, competition.KeepCursors))
		require.ErrorIs(t, h.store.PutWebhook(ctx, &old, competition.KeepCursors), competition.ErrConflict)
		require.Equal(t, 1, race(t, 4, competition.ErrConflict, func(int) error {
			mine := w
			return h.store.PutWebhook(ctx, &mine, competition.RestartCursors)
		}))
		require.NoError(t, h.store.DeleteWebhook(ctx, w.ID))
		require.ErrorIs(t, h.store.DeleteWebhook(ctx, w.ID), competition.ErrUnknownWebhook)
		require.ErrorIs(t, h.store.PutWebhook(ctx, &w, competition.KeepCursors), competition.ErrUnknownWebhook)
	}},

	{"an owner has a limited number of webhooks, however many make them at once", func(t *testing.T, h *harness) {
		put := func(owner string) func(i int) error {
			return func(i int) error {
				w := hookOf(i+100*len(owner), owner, "board")
				return h.store.PutWebhook(t.Context(), &w, competition.KeepCursors)
			}
		}
		require.Equal(t, competition.MaxWebhooksCreator, race(t, competition.MaxWebhooksCreator+3, competition.ErrTooManyWebhooks, put("ann")))
		require.Equal(t, competition.MaxWebhooksOperators, race(t, competition.MaxWebhooksOperators+3, competition.ErrTooManyWebhooks, put("")))
		require.Equal(t, 1, race(t, 1, nil, put("ruth")))
		require.NoError(t, h.store.ForgetWebhooks(t.Context(), "ann"))
		require.Empty(t, must(h.store.WebhooksOf(t.Context(), "ann"))(t))
		require.Len(t, must(h.store.WebhooksOf(t.Context(), "ruth"))(t), 1)
		require.Len(t, must(h.store.Webhooks(t.Context(), "", 1000))(t), competition.MaxWebhooksOperators+1)
	}},

	{"cursors begin with the first event, or at the ends of the journals", func(t *testing.T, h *harness) {
		a, b := h.begin(t, "a"), h.begin(t, "b")
		all := putHook(t, h, competition.KeepCursors, hookOf(1, "", ""))
		now := putHook(t, h, competition.EndCursors, hookOf(2, "", ""))
		one := putHook(t, h, competition.EndCursors, hookOf(3, "ann", "b"))
		h.reopen(t)
		c := h.begin(t, "c")
		require.Equal(t, []string{
			fmt.Sprintf("%s a 0/%d", all.ID, a.C.Seq()), fmt.Sprintf("%s b 0/%d", all.ID, b.C.Seq()), fmt.Sprintf("%s c 0/%d", all.ID, c.C.Seq()),
		}, standings(cursorsOf(t, h, all.ID)))
		require.Equal(t, []string{
			fmt.Sprintf("%s a %d/%d", now.ID, a.C.Seq(), a.C.Seq()), fmt.Sprintf("%s b %d/%d", now.ID, b.C.Seq(), b.C.Seq()), fmt.Sprintf("%s c 0/%d", now.ID, c.C.Seq()),
		}, standings(cursorsOf(t, h, now.ID)), "a competition that comes later is told from its beginning")
		require.Equal(t, []string{fmt.Sprintf("%s b %d/%d", one.ID, b.C.Seq(), b.C.Seq())}, standings(cursorsOf(t, h, one.ID)))
		require.Equal(t, "b", must(h.store.WebhookCursors(t.Context(), competition.WebhookPlace{WebhookID: all.ID, CompetitionID: "a"}, 1))(t)[0].CompetitionID)
		require.Empty(t, must(h.store.WebhookCursors(t.Context(), competition.WebhookPlace{WebhookID: one.ID, CompetitionID: "b"}, 1))(t))
		require.Empty(t, cursorsOf(t, h, "nobody"))
	}},

	{"cursors are written by whoever read them last", func(t *testing.T, h *harness) {
		ctx := t.Context()
		g := h.begin(t, "a")
		w := putHook(t, h, competition.KeepCursors, hookOf(1, "", ""))
		c := cursorsOf(t, h, w.ID)[0]
		require.Zero(t, c.Version)
		stale := c
		c.Seq, c.DeliveredAt, c.Attempts, c.FailingSince, c.NextAt, c.Error = 1, Start+1, 3, Start+2, Start+3, "no answer"
		require.NoError(t, h.store.SaveWebhookCursor(ctx, &c))
		require.Equal(t, uint64(1), c.Version)
		require.ErrorIs(t, h.store.SaveWebhookCursor(ctx, &stale), competition.ErrConflict)
		h.reopen(t)
		require.Equal(t, []competition.WebhookCursor{c}, cursorsOf(t, h, w.ID))
		require.Equal(t, g.C.Seq(), c.LastSeq)
		require.Equal(t, 1, race(t, 4, competition.ErrConflict, func(int) error {
			mine := c
			mine.Seq = 2
			return h.store.SaveWebhookCursor(ctx, &mine)
		}))

		c = cursorsOf(t, h, w.ID)[0]
		old := c
		require.NoError(t, h.store.PutWebhook(ctx, &w, competition.RestartCursors))
		require.ErrorIs(t, h.store.SaveWebhookCursor(ctx, &old), competition.ErrConflict, "it has been restarted meanwhile")
		c = cursorsOf(t, h, w.ID)[0]
		require.Equal(t, competition.WebhookCursor{WebhookID: w.ID, CompetitionID: "a", Seq: 2, LastSeq: g.C.Seq(), Version: c.Version, DeliveredAt: Start + 1}, c)
		require.NoError(t, h.store.PutWebhook(ctx, &w, competition.EndCursors))
		require.ErrorIs(t, h.store.SaveWebhookCursor(ctx, &c), competition.ErrConflict)
		require.Equal(t, g.C.Seq(), cursorsOf(t, h, w.ID)[0].Seq)

		c = cursorsOf(t, h, w.ID)[0]
		require.NoError(t, h.store.DeleteWebhook(ctx, w.ID))
		require.ErrorIs(t, h.store.SaveWebhookCursor(ctx, &c), competition.ErrConflict, "its endpoint is gone")
		c.Version = 0
		require.ErrorIs(t, h.store.SaveWebhookCursor(ctx, &c), competition.ErrConflict)
		require.Empty(t, cursorsOf(t, h, w.ID))
		again := putHook(t, h, competition.KeepCursors, hookOf(1, "", ""))
		require.Zero(t, cursorsOf(t, h, again.ID)[0].Seq, "nothing is left of the one before")
	}},

	{"the backlog is what does not stand at the end and is due", func(t *testing.T, h *harness) {
		ctx := t.Context()
		ends := map[string]uint64{}
		for _, id := range []string{"a", "b", "c", "d"} {
			ends[id] = h.begin(t, id).C.Seq()
		}
		all := putHook(t, h, competition.KeepCursors, hookOf(1, "", ""))
		one := putHook(t, h, competition.KeepCursors, hookOf(2, "ann", "c"))
		save := func(w competition.Webhook, id string, seq uint64, nextAt calendar.Millis) {
			for _, c := range cursorsOf(t, h, w.ID) {
				if c.CompetitionID == id {
					c.Seq, c.NextAt = seq, nextAt
					require.NoError(t, h.store.SaveWebhookCursor(ctx, &c))
				}
			}
		}
		save(all, "b", ends["b"], 0)
		save(all, "c", 1, 100)
		save(all, "d", ends["d"]+7, 0) // which the store has lost
		everything := []competition.WebhookPlace{{WebhookID: one.ID}, {WebhookID: "gone"}, {WebhookID: all.ID}}
		a, c, d := fmt.Sprintf("%s a 0/%d", all.ID, ends["a"]), fmt.Sprintf("%s c 1/%d", all.ID, ends["c"]), fmt.Sprintf("%s d %d/%d", all.ID, ends["d"]+7, ends["d"])
		own := fmt.Sprintf("%s c 0/%d", one.ID, ends["c"])
		require.Equal(t, []string{own, a, d}, backlog(t, h, 99, 10, everything...))
		require.Equal(t, []string{own, a, c, d}, backlog(t, h, 100, 10, everything...))
		require.Equal(t, []string{own, a}, backlog(t, h, 100, 1, everything...))
		require.Equal(t, []string{c, d}, backlog(t, h, 100, 2, competition.WebhookPlace{WebhookID: all.ID, CompetitionID: "a"}))
		require.Empty(t, backlog(t, h, 100, 2, competition.WebhookPlace{WebhookID: one.ID, CompetitionID: "c"}))
		require.Empty(t, backlog(t, h, 100, 2))
	}},

	{"failing cursors are counted while their endpoint is not disabled", func(t *testing.T, h *harness) {
		ctx := t.Context()
		require.Zero(t, must(h.store.WebhookFailures(ctx))(t))
		h.begin(t, "a")
		h.begin(t, "b")
		w := putHook(t, h, competition.KeepCursors, hookOf(1, "", ""))
		for i, c := range cursorsOf(t, h, w.ID) {
			c.FailingSince = calendar.Millis(20 - i)
			require.NoError(t, h.store.SaveWebhookCursor(ctx, &c))
		}
		require.Equal(t, competition.WebhookFailures{Cursors: 2, Since: 19}, must(h.store.WebhookFailures(ctx))(t))
		w.DisabledAt = Start
		require.NoError(t, h.store.PutWebhook(ctx, &w, competition.KeepCursors))
		require.Zero(t, must(h.store.WebhookFailures(ctx))(t))
	}},

	{"retention keeps what a webhook was not sent yet, unless that is disabled", func(t *testing.T, h *harness) {
		ctx := t.Context()
		old, ok := h.store.(interface {
			Retain(ctx context.Context, olderThan time.Time, step int) (int64, error)
			Retainable(ctx context.Context, olderThan time.Time, visit func(competitionID string, records uint64) error) error
		})
		if !ok {
			t.Skip("this store keeps everything")
		}
		g := h.begin(t, "board")
		for i := range 9 {
			require.NoError(t, g.Join(userOf(i), ""))
			commit(t, g)
		}
		h.snapshot(t, g)
		retain := func() (removed int64) {
			t.Helper()
			would := uint64(0)
			olderThan := time.Now().AddDate(100, 0, 0)
			require.NoError(t, old.Retainable(ctx, olderThan, func(_ string, n uint64) error { would += n; return nil }))
			removed = must(old.Retain(ctx, olderThan, 2))(t)
			require.Equal(t, uint64(removed), would)
			return removed
		}
		all := putHook(t, h, competition.KeepCursors, hookOf(1, "", ""))
		one := putHook(t, h, competition.EndCursors, hookOf(2, "ann", "board"))
		putHook(t, h, competition.KeepCursors, hookOf(3, "ann", "another"))
		require.Zero(t, retain(), "an endpoint without a cursor was sent nothing")
		c := cursorsOf(t, h, all.ID)[0]
		c.Seq = 4
		require.NoError(t, h.store.SaveWebhookCursor(ctx, &c))
		require.Equal(t, int64(4), retain(), "the slowest counts")
		c = cursorsOf(t, h, one.ID)[0]
		c.Seq = 5
		require.NoError(t, h.store.SaveWebhookCursor(ctx, &c))
		all.DisabledAt = Start
		require.NoError(t, h.store.PutWebhook(ctx, &all, competition.KeepCursors))
		require.Equal(t, int64(1), retain(), "a disabled one does not")
		require.NoError(t, h.store.DeleteWebhook(ctx, one.ID))
		require.Equal(t, int64(g.C.Seq()-1-5), retain())
	}},
}
