package http

import "github.com/paceboard/paceboard/competition"

// Webhooks is what the routes need of whoever sends events to endpoints. All calls are
// safe for concurrent use and wait for a bounded time. Besides what is named, each may
// return competition.ErrUnavailable; those with an id ErrUnknownWebhook, if the caller is
// neither the owner nor an operator, too.
type Webhooks interface {
	// Create makes an endpoint for one competition, or for all (""), which is sent the
	// events from now on, or, if history, from the first.
	Create(caller competition.Caller, competitionID, url string, history bool) (competition.Webhook, error)
	// List returns the endpoints that the caller may see, beginning after an id; next is
	// empty at the end.
	List(caller competition.Caller, after string, limit int) (list []competition.Webhook, next string, err error)
	Find(caller competition.Caller, id string) (competition.Webhook, error)
	Delete(caller competition.Caller, id string) (competition.Webhook, error)
	Rotate(caller competition.Caller, id string) (competition.Webhook, error)
	Resume(caller competition.Caller, id string, discard bool) (competition.Webhook, error)
	Retry(caller competition.Caller, id string) (competition.Webhook, error)
	// Test sends an event of a test, and returns why it was not taken.
	Test(caller competition.Caller, id string) (refusal, err error)
	// Cursors returns how far the endpoint was sent the events of each competition,
	// beginning after one; next is empty at the end.
	Cursors(caller competition.Caller, id, after string, limit int) (list []competition.WebhookCursor, next string, err error)
}
