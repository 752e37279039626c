package webhooks

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"

	"github.com/google/uuid"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/sender"
	"github.com/paceboard/paceboard/internal/worker"
)

// Service keeps the endpoints and sends events to them. Its methods are safe for
// concurrent use.
type Service struct {
	deliverer
	sender *sender.Sender
	tests  chan struct{} // one for each test that may be under way
}

// Start begins to send what is pending. Stop ends it.
func Start(o Options) *Service {
	o.setDefaults()
	s := &Service{tests: make(chan struct{}, maxTests)}
	// Endpoints of many owners may be at one host.
	s.sender = sender.New(sender.Options{Timeout: o.Timeout, Connections: maxTurns * lanes, Anywhere: o.Anywhere})
	if o.post == nil {
		o.post = s.sender.Post
	}
	s.deliverer = deliverer{
		options: o, metrics: newMetrics(o.Metrics),
		wake: worker.NewSignal(), places: make(chan struct{}, maxTurns), endpoints: map[string]*endpoint{},
	}
	run := s.run
	if o.Off {
		run = func(context.Context) {}
	}
	s.loop = worker.Start(context.Background(), run)
	return s
}

// Stop ends the attempts under way, which the next start repeats.
func (s *Service) Stop() {
	s.loop.Stop()
	s.sender.Close()
}

// Create makes an endpoint for one competition, or for all (""), which is sent the
// events from now on, or, if history, from the first. Errors: *competition.InvalidError
// for a URL; competition.ErrForbidden, unless the caller is an operator, or created the
// competition; ErrUnknownCompetition, ErrTooManyWebhooks, ErrUnavailable.
func (s *Service) Create(caller competition.Caller, competitionID, url string, history bool) (competition.Webhook, error) {
	if err := sender.CheckURL(url, s.options.Anywhere); err != nil {
		return competition.Webhook{}, &competition.InvalidError{Fields: []competition.FieldError{{Field: "url", Detail: err.Error()}}}
	}
	w := competition.Webhook{
		ID: uuid.Must(uuid.NewV7()).String(), CompetitionID: competitionID, URL: url,
		Secret: newSecret(), CreatedAt: s.now(),
	}
	if !caller.Operator {
		w.Owner = caller.UserID
	}
	if err := s.mayRead(caller, competitionID); err != nil {
		return competition.Webhook{}, err
	}
	cursors := competition.EndCursors
	if history {
		cursors = competition.KeepCursors
	}
	ctx, cancel := storeContext()
	defer cancel()
	if err := s.options.Store.PutWebhook(ctx, &w, cursors); err != nil {
		return competition.Webhook{}, err
	}
	s.wake.Set()
	return w, nil
}

// mayRead returns nil if the caller may read the feed of a competition, or of all.
func (s *Service) mayRead(caller competition.Caller, competitionID string) error {
	if competitionID == "" {
		if caller.Operator {
			return nil
		}
		return competition.ErrForbidden
	}
	_, err := s.options.Events(competitionID, caller, competition.FeedPlace{}, 1)
	if errors.Is(err, competition.ErrEventsRemoved) {
		return nil
	}
	return err
}

func newSecret() []byte {
	secret := make([]byte, secretBytes)
	rand.Read(secret) // never fails, see crypto/rand
	return secret
}

// List returns the endpoints that the caller may see, all for operators, in the order of
// ids, beginning after one, limit at most. next is empty at the end.
func (s *Service) List(caller competition.Caller, after string, limit int) (list []competition.Webhook, next string, err error) {
	ctx, cancel := storeContext()
	defer cancel()
	if !caller.Operator {
		list, err = s.options.Store.WebhooksOf(ctx, caller.UserID)
		return list, "", err
	}
	list, err = s.options.Store.Webhooks(ctx, after, limit+1)
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].ID
	}
	return list, next, err
}

// Find returns an endpoint. Error: competition.ErrUnknownWebhook if the caller is neither
// its owner nor an operator, too.
func (s *Service) Find(caller competition.Caller, id string) (competition.Webhook, error) {
	ctx, cancel := storeContext()
	defer cancel()
	w, err := s.options.Store.FindWebhook(ctx, id)
	if err == nil && !caller.Operator && (caller.UserID == "" || w.Owner != caller.UserID) {
		return competition.Webhook{}, competition.ErrUnknownWebhook
	}
	return w, err
}

// Delete deletes an endpoint; see Find.
func (s *Service) Delete(caller competition.Caller, id string) (competition.Webhook, error) {
	w, err := s.Find(caller, id)
	if err != nil {
		return w, err
	}
	ctx, cancel := storeContext()
	defer cancel()
	return w, s.options.Store.DeleteWebhook(ctx, id)
}

// Rotate gives an endpoint a new secret. Messages are signed with the one before as well
// for competition.SecretLife.
func (s *Service) Rotate(caller competition.Caller, id string) (competition.Webhook, error) {
	secret := newSecret()
	return s.change(caller, id, competition.KeepCursors, func(w *competition.Webhook) {
		w.OldSecret, w.OldUntil, w.Secret = w.Secret, s.now()+competition.SecretLife, secret
	})
}

// Resume has events sent again to an endpoint that was disabled: first those that are
// pending, unless they are to be discarded.
func (s *Service) Resume(caller competition.Caller, id string, discard bool) (competition.Webhook, error) {
	cursors := competition.RestartCursors
	if discard {
		cursors = competition.EndCursors
	}
	return s.change(caller, id, cursors, func(w *competition.Webhook) { w.DisabledAt, w.Reason = 0, "" })
}

// Retry has what failed attempted again now.
func (s *Service) Retry(caller competition.Caller, id string) (competition.Webhook, error) {
	return s.change(caller, id, competition.RestartCursors, func(*competition.Webhook) {})
}

// change writes an endpoint, again if somebody else did meanwhile.
func (s *Service) change(caller competition.Caller, id string, cursors competition.CursorChange, change func(*competition.Webhook)) (competition.Webhook, error) {
	for try := 1; ; try++ {
		w, err := s.Find(caller, id)
		if err != nil {
			return w, err
		}
		change(&w)
		ctx, cancel := storeContext()
		err = s.options.Store.PutWebhook(ctx, &w, cursors)
		cancel()
		if errors.Is(err, competition.ErrConflict) && try < 3 {
			continue
		}
		s.wake.Set()
		return w, err
	}
}

// Cursors returns how far an endpoint was sent the events of each competition, in the
// order of their ids, beginning after one, limit at most. next is empty at the end.
func (s *Service) Cursors(caller competition.Caller, id, after string, limit int) (list []competition.WebhookCursor, next string, err error) {
	if _, err := s.Find(caller, id); err != nil {
		return nil, "", err
	}
	ctx, cancel := storeContext()
	defer cancel()
	list, err = s.options.Store.WebhookCursors(ctx, competition.WebhookPlace{WebhookID: id, CompetitionID: after}, limit+1)
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].CompetitionID
	}
	return list, next, err
}

// testEvent is what a test sends.
type testEvent struct {
	ID        string   `json:"id"`
	Type      string   `json:"type"`
	Timestamp string   `json:"timestamp"`
	Data      struct{} `json:"data"`
}

// Test sends an endpoint an event of type webhook.test at once, also to a disabled one,
// and returns why it was not taken, for people; nil if it was. Errors: see Find;
// competition.ErrOverloaded.
func (s *Service) Test(caller competition.Caller, id string) (refusal, err error) {
	w, err := s.Find(caller, id)
	if err != nil {
		return nil, err
	}
	select {
	case s.tests <- struct{}{}:
		defer func() { <-s.tests }()
	default:
		return nil, competition.ErrOverloaded
	}
	now := s.now()
	event := testEvent{ID: "evt_test_" + rand.Text(), Type: "webhook.test", Timestamp: string(now.AppendTime(nil))}
	body, err := json.Marshal(event)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.options.Timeout)
	defer cancel()
	return s.options.post(ctx, w.URL, headerOf(&w, event.ID, body, now.Time()), body), nil
}
