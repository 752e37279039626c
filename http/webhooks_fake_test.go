package http

import (
	"errors"

	"github.com/paceboard/paceboard/competition"
)

// webhookID is the one endpoint of the tests.
const webhookID = "019a7b9e-1c2d-7e3f-8a4b-5c6d7e8f9a0b"

// fakeWebhooks has one endpoint, or as many as are asked for, which everybody may see.
type fakeWebhooks struct {
	asked   *[]any // what Create and Resume were called with
	err     error  // of all calls
	refusal error  // of tests
}

// sampleWebhook is the endpoint.
func sampleWebhook() competition.Webhook {
	return competition.Webhook{ID: webhookID, Owner: "u1", CompetitionID: "spring", URL: "https://example.com/hooks", Secret: []byte("0123456789abcdef"), CreatedAt: 1_800_000_000_000}
}

func (f fakeWebhooks) note(what ...any) {
	if f.asked != nil {
		*f.asked = append(*f.asked, what...)
	}
}

func (f fakeWebhooks) Create(caller competition.Caller, competitionID, url string, history bool) (competition.Webhook, error) {
	f.note(caller, competitionID, url, history)
	return sampleWebhook(), f.err
}

func (f fakeWebhooks) List(_ competition.Caller, after string, _ int) ([]competition.Webhook, string, error) {
	f.note(after)
	return []competition.Webhook{sampleWebhook()}, webhookID, f.err
}

func (f fakeWebhooks) Find(competition.Caller, string) (competition.Webhook, error) {
	return sampleWebhook(), f.err
}

func (f fakeWebhooks) Delete(caller competition.Caller, id string) (competition.Webhook, error) {
	return f.Find(caller, id)
}

func (f fakeWebhooks) Rotate(caller competition.Caller, id string) (competition.Webhook, error) {
	return f.Find(caller, id)
}

func (f fakeWebhooks) Resume(_ competition.Caller, id string, discard bool) (competition.Webhook, error) {
	f.note(id, discard)
	w := sampleWebhook()
	w.DisabledAt, w.Reason, w.OldUntil = w.CreatedAt+1000, "it answered 410 Gone", w.CreatedAt+2000
	return w, f.err
}

func (f fakeWebhooks) Retry(caller competition.Caller, id string) (competition.Webhook, error) {
	return f.Find(caller, id)
}

func (f fakeWebhooks) Test(competition.Caller, string) (refusal, err error) {
	return f.refusal, f.err
}

func (f fakeWebhooks) Cursors(_ competition.Caller, id, after string, _ int) ([]competition.WebhookCursor, string, error) {
	f.note(id, after)
	return []competition.WebhookCursor{
		{WebhookID: id, CompetitionID: "autumn", Seq: 7, LastSeq: 7, DeliveredAt: 1_800_000_000_000, NextAt: 1_800_000_003_000},
		{WebhookID: id, CompetitionID: "spring", LastSeq: 3, Attempts: 2, FailingSince: 1_800_000_000_000, NextAt: 1_800_000_005_000, Error: "the webhook answered 502"},
	}, "spring", f.err
}

var errRefused = errors.New("the webhook answered 502")
