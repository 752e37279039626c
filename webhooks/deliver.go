package webhooks

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/internal/sender"
	"github.com/paceboard/paceboard/internal/worker"
)

// deliverer is the part of a Service that sends events. A round looks for what is
// pending, and gives each endpoint that has something a turn of its own.
type deliverer struct {
	options Options
	metrics metrics

	wake   worker.Signal
	loop   *worker.Loop
	places chan struct{} // one for each turn that may be under way
	turns  sync.WaitGroup

	mu        sync.Mutex
	endpoints map[string]*endpoint // of those that are not disabled
	first     string               // the endpoint after which the next round begins
	short     bool                 // the last round had no place left

	measured time.Time // when the failures were counted; the loop's own
}

// endpoint is what is known of an endpoint between turns.
type endpoint struct {
	busy     bool      // it has a turn
	version  uint64    // that the endpoint had in the last round
	after    string    // the competition after which the next turn begins
	failures int       // turns in a row in which an attempt failed
	restsTil time.Time // it gets no turn before
}

const (
	endpointsPage = 1_000
	backlogPage   = 64               // cursors
	eventsPage    = 100              // events that are read at a time
	pageLife      = time.Second      // after which they are read again: somebody may have been erased
	turnTime      = 10 * time.Second // after which the next endpoint has its turn
	measureEvery  = 10 * time.Second
)

// rests are the pauses after turns in which an attempt failed, so that a receiver that
// is down is not asked for each of its competitions at once.
var rests = worker.Backoff{First: time.Second, Max: 15 * time.Second, Jitter: .2}

func (s *deliverer) run(ctx context.Context) {
	defer s.turns.Wait()
	for ctx.Err() == nil {
		if err := s.round(ctx); err != nil && ctx.Err() == nil {
			s.options.Logger.WarnContext(ctx, "the webhooks cannot be read; they are looked for again", "error", err)
			worker.Pause(ctx, s.options.Every)
		}
		s.wake.Wait(ctx, s.options.Every)
	}
}

// round gives a turn to each endpoint that has something pending, as far as there are
// places.
func (s *deliverer) round(ctx context.Context) error {
	if !s.options.Active() {
		s.metrics.showEndpoints(0, 0) // the node that sends shows them
		s.metrics.showFailures(competition.WebhookFailures{}, s.options.Now())
		return nil
	}
	active, err := s.activeEndpoints(ctx)
	if err != nil {
		return err
	}
	if err := s.measure(ctx); err != nil {
		return err
	}
	from := s.idle(active)
	if len(from) == 0 {
		return nil
	}
	backlog, err := s.options.Store.WebhookBacklog(ctx, from, s.now(), backlogPage)
	if err != nil {
		return err
	}
	pending := map[string][]competition.WebhookCursor{}
	for _, c := range backlog {
		pending[c.WebhookID] = append(pending[c.WebhookID], c)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.short = false
	for _, place := range from {
		known := s.endpoints[place.WebhookID]
		cursors := pending[place.WebhookID]
		if len(cursors) == 0 {
			known.after = "" // the next round begins at the first competition
			continue
		}
		select {
		case s.places <- struct{}{}:
		default:
			s.short = true
			return nil
		}
		s.first, known.busy = place.WebhookID, true
		t := &turn{sender: s, webhook: active[place.WebhookID], until: s.options.Now().Add(turnTime)}
		s.turns.Go(func() { s.take(ctx, t, cursors) })
	}
	return nil
}

// activeEndpoints returns the endpoints that are not disabled, by id.
func (s *deliverer) activeEndpoints(ctx context.Context) (map[string]competition.Webhook, error) {
	active, disabled := map[string]competition.Webhook{}, 0
	for after := ""; ; {
		page, err := s.options.Store.Webhooks(ctx, after, endpointsPage)
		if err != nil {
			return nil, err
		}
		for _, w := range page {
			if after = w.ID; w.IsDisabled() {
				disabled++
			} else {
				active[w.ID] = w
			}
		}
		if len(page) < endpointsPage {
			s.metrics.showEndpoints(len(active), disabled)
			return active, nil
		}
	}
}

// idle returns the endpoints that may have a turn, in the order in which they get one,
// and the places after which it begins. It forgets those that are not active any more.
func (s *deliverer) idle(active map[string]competition.Webhook) (from []competition.WebhookPlace) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, known := range s.endpoints {
		if _, is := active[id]; !is && !known.busy {
			delete(s.endpoints, id)
		}
	}
	ids := make([]string, 0, len(active))
	for id := range active {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	next, found := slices.BinarySearch(ids, s.first)
	if found {
		next++
	}
	for _, id := range slices.Concat(ids[next:], ids[:next]) {
		known := s.endpoints[id]
		if known == nil {
			known = &endpoint{}
			s.endpoints[id] = known
		}
		if known.version != active[id].Version { // somebody may want another attempt now
			known.version, known.failures, known.restsTil = active[id].Version, 0, time.Time{}
		}
		if !known.busy && !s.options.Now().Before(known.restsTil) {
			from = append(from, competition.WebhookPlace{WebhookID: id, CompetitionID: known.after})
		}
	}
	return from
}

// measure counts the failures now and then.
func (s *deliverer) measure(ctx context.Context) error {
	now := s.options.Now()
	if now.Sub(s.measured) < measureEvery {
		return nil
	}
	failures, err := s.options.Store.WebhookFailures(ctx)
	if err == nil {
		s.measured = now
		s.metrics.showFailures(failures, now)
	}
	return err
}

// take has an endpoint's turn, and gives the place back.
func (s *deliverer) take(ctx context.Context, t *turn, cursors []competition.WebhookCursor) {
	more := t.work(ctx, cursors)
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.endpoints[t.webhook.ID]
	known.busy, known.after = false, t.after
	switch {
	case t.failed.Load():
		known.failures++
		known.restsTil = s.options.Now().Add(rests.After(known.failures))
	case t.delivered.Load():
		known.failures = 0
	}
	<-s.places
	if more || s.short {
		s.wake.Set()
	}
}

// turn is some time in which one endpoint is sent events.
type turn struct {
	sender  *deliverer
	webhook competition.Webhook
	until   time.Time
	after   string // the competition after which the next turn begins

	ended     atomic.Bool // nothing more is to be begun
	failed    atomic.Bool // an attempt failed
	delivered atomic.Bool
}

// work sends what is pending, and reports whether there is more that could be sent now.
func (t *turn) work(ctx context.Context, cursors []competition.WebhookCursor) (more bool) {
	for len(cursors) > 0 {
		var next atomic.Int64
		var all sync.WaitGroup
		for range min(lanes, len(cursors)) {
			all.Go(func() {
				for t.goesOn(ctx) {
					n := int(next.Add(1)) - 1
					if n >= len(cursors) {
						return
					}
					t.advance(ctx, &cursors[n])
				}
			})
		}
		all.Wait()
		if begun := min(int(next.Load()), len(cursors)); begun > 0 {
			t.after = cursors[begun-1].CompetitionID
		}
		if !t.goesOn(ctx) {
			return !t.ended.Load()
		}
		if len(cursors) < backlogPage {
			break
		}
		var err error
		from := []competition.WebhookPlace{{WebhookID: t.webhook.ID, CompetitionID: t.after}}
		if cursors, err = t.sender.options.Store.WebhookBacklog(ctx, from, t.sender.now(), backlogPage); err != nil {
			return false // the next round says so
		}
	}
	t.after = ""
	return false
}

// goesOn reports whether another event may be sent.
func (t *turn) goesOn(ctx context.Context) bool {
	return !t.ended.Load() && ctx.Err() == nil && t.sender.options.Now().Before(t.until) && t.sender.options.Active()
}

// advance sends the events of one competition, in order, until one is not taken, or all
// are, or the turn ends.
func (t *turn) advance(ctx context.Context, c *competition.WebhookCursor) {
	s := t.sender
	for more := true; more && t.goesOn(ctx); {
		page, err := s.options.Events(c.CompetitionID, t.webhook.Caller(), competition.FeedPlace{Version: c.Seq}, eventsPage)
		switch {
		case err == nil:
		case t.cannotRead(ctx, c, err):
			continue
		default:
			return
		}
		sent, taken := t.sendAll(ctx, c, page.Events)
		switch {
		case !taken:
			return
		case sent < len(page.Events) || page.Next.Version == c.Seq:
			more = page.More || sent < len(page.Events)
			continue
		}
		c.Seq, more = page.Next.Version, page.More
		if len(page.Events) == 0 && !more {
			c.NextAt = s.now() + calendar.Millis(s.options.Quiet.Milliseconds())
		}
		if !t.save(ctx, c) {
			return
		}
	}
}

// sendAll sends events that have just been read, as far as they may still be sent as they
// were read. taken is false if the turn is over for the competition.
func (t *turn) sendAll(ctx context.Context, c *competition.WebhookCursor, events []competition.PublicEvent) (sent int, taken bool) {
	read := t.sender.options.Now()
	for i := range events {
		switch {
		case i > 0 && t.sender.options.Now().Sub(read) > pageLife:
			return i, true
		case !t.goesOn(ctx) || !t.send(ctx, c, &events[i]):
			return i, false
		}
	}
	return len(events), true
}

// send makes one attempt at an event, and stores what became of it. It reports whether
// the next event may be sent.
func (t *turn) send(ctx context.Context, c *competition.WebhookCursor, e *competition.PublicEvent) bool {
	s := t.sender
	body, err := e.JSON()
	if err == nil {
		s.metrics.underway.Inc()
		err = s.options.post(ctx, t.webhook.URL, headerOf(&t.webhook, e.ID, body, s.options.Now()), body)
		s.metrics.underway.Dec()
	}
	if err != nil && ctx.Err() != nil {
		return false // stopped: the next start sends it again
	}
	now := s.now()
	if err == nil {
		s.metrics.attempts.WithLabelValues("delivered").Inc()
		s.metrics.delay.Observe(max(now.Time().Sub(e.At()), 0).Seconds())
		t.delivered.Store(true)
		*c = competition.WebhookCursor{
			WebhookID: c.WebhookID, CompetitionID: c.CompetitionID, LastSeq: c.LastSeq, Version: c.Version, Seq: e.Seq, DeliveredAt: now,
		}
		return t.save(ctx, c)
	}
	s.metrics.attempts.WithLabelValues("failed").Inc()
	t.failed.Store(true)
	t.ended.Store(true)
	if c.Attempts++; c.FailingSince == 0 {
		c.FailingSince = now
	}
	c.Error = err.Error()
	last := c.FailingSince + calendar.Millis(s.options.GiveUp.Milliseconds())
	c.NextAt = min(now+calendar.Millis(s.options.Pauses.After(c.Attempts).Milliseconds()), last)
	if !t.save(ctx, c) {
		return false
	}
	s.options.Logger.InfoContext(ctx, "a webhook did not take an event, which is sent again", "webhook", c.WebhookID, "competition", c.CompetitionID,
		"seq", e.Seq, "attempt", c.Attempts, "next_at", c.NextAt.Time(), "error", c.Error)
	var status *sender.StatusError
	switch {
	case errors.As(err, &status) && status.Status == http.StatusGone:
		t.disable(ctx, "it answered 410 Gone")
	case now >= last:
		t.disable(ctx, "it has not taken an event of competition "+c.CompetitionID+" since "+string(c.FailingSince.AppendTime(nil))+": "+c.Error)
	}
	return false
}

// cannotRead deals with a feed that cannot be read, and reports whether to read it again.
func (t *turn) cannotRead(ctx context.Context, c *competition.WebhookCursor, err error) bool {
	s := t.sender
	removed, isRemoved := errors.AsType[*competition.EventsRemovedError](err)
	switch {
	case isRemoved && removed.First-1 > c.Seq:
		s.options.Logger.WarnContext(ctx, "events were removed while a webhook was disabled, and cannot be sent to it", "webhook", c.WebhookID,
			"competition", c.CompetitionID, "after", c.Seq, "up_to", removed.First-1)
		c.Seq = removed.First - 1
		return t.save(ctx, c)
	case errors.Is(err, competition.ErrEventsReplaced) && c.Seq > 0:
		s.options.Logger.WarnContext(ctx, "the store has lost events that were sent to a webhook; it is sent all events again", "webhook", c.WebhookID, "competition", c.CompetitionID)
		c.Seq = 0
		return t.save(ctx, c)
	case t.webhook.Owner != "" && (errors.Is(err, competition.ErrForbidden) || errors.Is(err, competition.ErrUnknownCompetition)):
		t.disable(ctx, "its owner may not read the events of the competition any more")
	default:
		s.options.Logger.WarnContext(ctx, "the events for a webhook cannot be read; they are looked for again", "webhook", c.WebhookID, "competition", c.CompetitionID, "error", err)
		c.NextAt = s.now() + calendar.Millis(measureEvery.Milliseconds())
		t.save(ctx, c)
	}
	return false
}

// save stores a cursor. If somebody else wrote it, or the endpoint is gone, the turn ends.
func (t *turn) save(ctx context.Context, c *competition.WebhookCursor) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout) // what was taken should not be sent again
	defer cancel()
	err := t.sender.options.Store.SaveWebhookCursor(ctx, c)
	if err == nil {
		return true
	}
	t.ended.Store(true)
	if !errors.Is(err, competition.ErrConflict) {
		t.failed.Store(true) // it rests, so as not to send the same again and again
		t.sender.options.Logger.WarnContext(ctx, "how far a webhook was sent events cannot be written down; some may be sent again", "webhook", c.WebhookID, "competition", c.CompetitionID, "error", err)
	}
	return false
}

// disable disables the endpoint, unless somebody has changed it meanwhile.
func (t *turn) disable(ctx context.Context, reason string) {
	t.ended.Store(true)
	s := t.sender
	w := t.webhook
	w.DisabledAt, w.Reason = s.now(), reason
	switch err := s.options.Store.PutWebhook(ctx, &w, competition.KeepCursors); {
	case errors.Is(err, competition.ErrConflict), errors.Is(err, competition.ErrUnknownWebhook):
	case err != nil:
		s.options.Logger.WarnContext(ctx, "a webhook cannot be disabled now", "webhook", w.ID, "error", err)
	default:
		s.metrics.disabled.Inc()
		s.options.Logger.ErrorContext(ctx, "a webhook was disabled, and is sent nothing until it is resumed", "webhook", w.ID, "reason", reason)
	}
}

func (s *deliverer) now() calendar.Millis { return calendar.MillisOf(s.options.Now()) }
