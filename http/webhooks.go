package http

import (
	"strings"

	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// shownWebhook is an endpoint as clients see it.
type shownWebhook struct {
	ID             string `json:"id"`
	UserID         string `json:"user_id,omitzero"`        // its owner
	CompetitionID  string `json:"competition_id,omitzero"` // absent for all
	URL            string `json:"url"`
	Secret         string `json:"secret,omitzero"` // once, when it is made
	OldSecretUntil string `json:"old_secret_until,omitzero"`
	State          string `json:"state"`
	Reason         string `json:"reason,omitzero"`
	DisabledAt     string `json:"disabled_at,omitzero"`
	CreatedAt      string `json:"created_at"`
}

func showWebhook(w *competition.Webhook) shownWebhook {
	shown := shownWebhook{
		ID: w.ID, UserID: w.Owner, CompetitionID: w.CompetitionID, URL: w.URL, State: "active", Reason: w.Reason,
		OldSecretUntil: shownTime(w.OldUntil), DisabledAt: shownTime(w.DisabledAt), CreatedAt: shownTime(w.CreatedAt),
	}
	if w.IsDisabled() {
		shown.State = "disabled"
	}
	return shown
}

// createWebhook makes an endpoint, whose secret is never shown again.
func (s *Server) createWebhook(c *call) error {
	f, err := decode.ReadForm(c.Request.Body())
	if err != nil {
		return err
	}
	url, given := f.Text("url")
	if !given {
		f.Refuse("url", "is required: where events are to be sent, such as https://example.com/hooks")
	}
	competitionID, given := f.Text("competition_id")
	if given && !competition.ValidID(competitionID) {
		f.Refuse("competition_id", decode.BadCompetitionID)
	}
	from, given := f.Text("from")
	if given && from != "now" && from != "start" {
		f.Refuse("from", "must be now or start")
	}
	if _, err := s.permit(c, f.Err()); err != nil {
		return err
	}
	if !c.who.Caller.Operator && competitionID == "" {
		return kindForbidden.with("only operators have webhooks for all competitions; give competition_id")
	}
	w, err := s.webhooks.Create(c.who.Caller, strings.Clone(competitionID), strings.Clone(url), from == "start")
	c.made = w.ID
	return c.replyWebhook(err, fasthttp.StatusCreated, &w, true)
}

// replyWebhook answers with an endpoint, and with its secret if it is new, unless err
// says why there is none.
func (c *call) replyWebhook(err error, status int, w *competition.Webhook, secret bool) error {
	if err != nil {
		return err
	}
	shown := showWebhook(w)
	if secret {
		shown.Secret = w.SecretText()
	}
	c.Response.Header.SetCanonical(headerCacheControl, valueNoStore)
	return c.replyValue(status, shown)
}

func (s *Server) listWebhooks(c *call) error {
	q := c.query()
	after, limit := q.AfterWebhook(), q.Limit()
	if _, err := s.permit(c, q.Err()); err != nil {
		return err
	}
	list, next, err := s.webhooks.List(c.who.Caller, strings.Clone(after), limit)
	if err != nil {
		return err
	}
	shown := make([]shownWebhook, len(list))
	for i := range list {
		shown[i] = showWebhook(&list[i])
	}
	return c.replyPage("webhooks", shown, decode.Cursor(decode.CursorWebhook, next))
}

// replyPage answers with a page of a list, where speed does not matter.
func (c *call) replyPage(name string, list any, cursor string) error {
	page := map[string]any{name: list}
	if cursor != "" {
		page["next_cursor"] = cursor
	}
	c.Response.Header.SetCanonical(headerCacheControl, valueNoStore)
	return c.replyValue(fasthttp.StatusOK, page)
}

func (s *Server) getWebhook(c *call) error { return s.answerWebhook(c, nil, s.webhooks.Find, false) }

func (s *Server) deleteWebhook(c *call) error {
	return s.answerWebhook(c, nil, s.webhooks.Delete, false)
}

// rotateWebhook gives an endpoint a new secret, which is never shown again.
func (s *Server) rotateWebhook(c *call) error {
	return s.answerWebhook(c, nil, s.webhooks.Rotate, true)
}

func (s *Server) retryWebhook(c *call) error { return s.answerWebhook(c, nil, s.webhooks.Retry, false) }

// resumeWebhook has a disabled endpoint sent events again.
func (s *Server) resumeWebhook(c *call) error {
	f, err := decode.ReadForm(c.Request.Body())
	if err != nil {
		return err
	}
	pending, _ := f.Text("pending")
	if pending != "deliver" && pending != "discard" {
		f.Refuse("pending", "must be deliver or discard")
	}
	return s.answerWebhook(c, f.Err(), func(caller competition.Caller, id string) (competition.Webhook, error) {
		return s.webhooks.Resume(caller, id, pending == "discard")
	}, false)
}

// answerWebhook does something to the endpoint of the path, and answers with it.
func (s *Server) answerWebhook(c *call, bad error, do func(competition.Caller, string) (competition.Webhook, error), secret bool) error {
	id, err := s.permitWebhook(c, bad)
	if err != nil {
		return err
	}
	w, err := do(c.who.Caller, id)
	return c.replyWebhook(err, fasthttp.StatusOK, &w, secret)
}

// permitWebhook returns the endpoint of the path, copied, if the caller may use the
// route. Error: competition.ErrUnknownWebhook for anything that cannot be an id.
func (s *Server) permitWebhook(c *call, bad error) (string, error) {
	if _, err := s.permit(c, bad); err != nil {
		return "", err
	}
	id, ok := decode.Unescape(c.parameter("webhook_id"), false)
	if !ok || uuid.Validate(id) != nil {
		return "", competition.ErrUnknownWebhook
	}
	return strings.Clone(id), nil
}

// unitsOfTest is what a test costs besides, since it has the server send a request to
// whomever the caller names.
const unitsOfTest = 20

// testWebhook sends an event of a test, and says whether it was taken.
func (s *Server) testWebhook(c *call) error {
	id, err := s.permitWebhook(c, nil)
	if err != nil {
		return err
	}
	s.chargeRows(c, unitsOfTest*rowsOfUnit)
	refusal, err := s.webhooks.Test(c.who.Caller, id)
	if err != nil {
		return err
	}
	answer := map[string]any{"delivered": refusal == nil}
	if refusal != nil {
		answer["error"] = refusal.Error()
	}
	return c.replyValue(fasthttp.StatusOK, answer)
}

// shownDelivery is how far an endpoint was sent the events of one competition.
type shownDelivery struct {
	CompetitionID string `json:"competition_id"`
	Seq           uint64 `json:"seq"`
	LastSeq       uint64 `json:"last_seq"`
	DeliveredAt   string `json:"delivered_at,omitzero"`
	Attempts      int    `json:"attempts,omitzero"`
	FailingSince  string `json:"failing_since,omitzero"`
	NextAttemptAt string `json:"next_attempt_at,omitzero"`
	LastError     string `json:"last_error,omitzero"`
}

func (s *Server) listDeliveries(c *call) error {
	q := c.query()
	after, limit := q.AfterCompetition(), q.Limit()
	id, err := s.permitWebhook(c, q.Err())
	if err != nil {
		return err
	}
	list, next, err := s.webhooks.Cursors(c.who.Caller, id, strings.Clone(after), limit)
	if err != nil {
		return err
	}
	shown := make([]shownDelivery, len(list))
	for i, cursor := range list {
		shown[i] = shownDelivery{
			CompetitionID: cursor.CompetitionID, Seq: cursor.Seq, LastSeq: cursor.LastSeq, DeliveredAt: shownTime(cursor.DeliveredAt),
			Attempts: cursor.Attempts, FailingSince: shownTime(cursor.FailingSince), LastError: cursor.Error,
		}
		if cursor.Attempts > 0 {
			shown[i].NextAttemptAt = shownTime(cursor.NextAt)
		}
	}
	return c.replyPage("deliveries", shown, decode.Cursor(decode.CursorCompetition, next))
}
