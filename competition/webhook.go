package competition

import (
	"encoding/base64"
	"errors"

	"github.com/paceboard/paceboard/competition/calendar"
)

// Webhook is an endpoint of another system that is sent the events of a competition, or
// of all, as a feed tells them.
type Webhook struct {
	ID            string // UUIDv7
	Owner         string // the creator of the competition, who is told what creators are told; empty: the operators
	CompetitionID string // empty: all competitions, which is for operators alone
	URL           string
	Secret        []byte          // signs the messages
	OldSecret     []byte          // signs them, too, until OldUntil
	OldUntil      calendar.Millis // 0 if the secret was never replaced
	CreatedAt     calendar.Millis
	DisabledAt    calendar.Millis // 0 while events are sent
	Reason        string          // why it was disabled
	Version       uint64          // how often it was written; 0 before it is stored
}

// The limits of webhooks.
const (
	MaxWebhooksOperators = 50     // of the operators together
	MaxWebhooksCreator   = 5      // of one creator
	MaxWebhooks          = 10_000 // of all creators together
)

// SecretLife is how long messages are signed with the old secret as well.
const SecretLife = calendar.Millis(24 * millisPerHour)

// Errors of webhooks.
var (
	// ErrUnknownWebhook is returned for an endpoint that was never made, was deleted, or
	// is none of the caller's.
	ErrUnknownWebhook = errors.New("there is no such webhook")
	// ErrTooManyWebhooks is returned when an owner, or all creators together, have as
	// many endpoints as they may have.
	ErrTooManyWebhooks = errors.New("there are already as many webhooks as there may be: 5 of a creator, 50 of the operators")
)

// IsDisabled reports whether nothing is sent to the endpoint.
func (w *Webhook) IsDisabled() bool { return w.DisabledAt != 0 }

// Caller returns as whom the endpoint reads feeds.
func (w *Webhook) Caller() Caller { return Caller{UserID: w.Owner, Operator: w.Owner == ""} }

// Admit returns ErrTooManyWebhooks if there is no place for a new endpoint. own is how
// many its owner has, and all how many creators have.
func (w *Webhook) Admit(own, all int) error {
	if w.Owner == "" && own >= MaxWebhooksOperators || w.Owner != "" && (own >= MaxWebhooksCreator || all >= MaxWebhooks) {
		return ErrTooManyWebhooks
	}
	return nil
}

// WebhookCursor is how far an endpoint has been sent the events of one competition. An
// endpoint without a stored cursor for a competition is sent its events from the first.
type WebhookCursor struct {
	WebhookID     string
	CompetitionID string
	Seq           uint64 // up to which the journal was looked through, and what is told of it was taken
	LastSeq       uint64 // where the journal ended when the cursor was read; not stored
	Version       uint64 // how often it was written; 0 if it is not stored

	DeliveredAt  calendar.Millis // when an event was last taken; 0 for never
	Attempts     int             // in a row that failed at the next event
	FailingSince calendar.Millis // when the first of them failed; 0 if none has
	NextAt       calendar.Millis // before which it is not looked at again
	Error        string          // of the last attempt
}

// CursorChange is what becomes of an endpoint's cursors when the endpoint is written.
type CursorChange uint8

// The changes.
const (
	KeepCursors    CursorChange = iota // nothing
	RestartCursors                     // they are due at once, as if no attempt had failed
	EndCursors                         // they stand at the ends of the journals: what was not sent is not sent any more
)

// WebhookPlace is a place in the cursors of one endpoint.
type WebhookPlace struct{ WebhookID, CompetitionID string }

// WebhookFailures are the cursors of endpoints that are not disabled, at whose next event
// the last attempt failed.
type WebhookFailures struct {
	Cursors int
	Since   calendar.Millis // the earliest FailingSince; 0 if there are none
}

// SecretText returns the secret as receivers are given it (Standard Webhooks).
func (w *Webhook) SecretText() string {
	return "whsec_" + base64.StdEncoding.EncodeToString(w.Secret)
}
