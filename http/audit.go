package http

import (
	"strings"

	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// The operations about a person as such.
const (
	eraseUser  = "eraseUser"
	exportUser = "exportUser"
)

// audit records what an operator did. If the audit log cannot be written, the action
// stands all the same; the entry then goes to the program's log, as an error.
func (s *Server) audit(c *call) {
	entry := competition.AuditEntry{
		ID: uuid.Must(uuid.NewV7()).String(), At: s.nowMillis(),
		Actor: c.who.Actor(), Action: c.route.operation, Route: c.route.path, Targets: c.targets(),
		Status: c.Response.StatusCode(), RequestID: string(c.Response.Header.PeekCanonical(headerRequestID)),
	}
	if c.route.operation == eraseUser { // this entry must not name the person
		if len(entry.Targets) == 1 && entry.Targets[0].Subject == entry.Actor {
			entry.Actor = competition.Subject{Kind: competition.RoleSubject, ID: competition.SelfRole}
		}
		entry.Targets = nil
	}
	if err := s.engine.Note(entry); err != nil {
		s.metrics.auditFailures.Inc()
		s.log.Error("an operator's action is missing from the audit log", "error", err, "entry_id", entry.ID, "actor", entry.Actor.String(),
			"action", entry.Action, "status", entry.Status, "request_id", entry.RequestID)
	}
}

// targets returns what the request named in the parameters of the route, the user
// that its body named, and what it made.
func (c *call) targets() (targets []competition.AuditTarget) {
	for part := range strings.SplitSeq(c.route.path, "/") {
		if place, isPlace := strings.CutPrefix(part, ":"); isPlace {
			targets = append(targets, competition.TargetAt(place, strings.Clone(c.parameter(place))))
		}
	}
	if c.named != "" {
		targets = append(targets, competition.TargetIn("user_id", c.named))
	}
	if c.made != "" {
		targets = append(targets, competition.TargetIn("webhook_id", c.made))
	}
	return targets
}

// shownEntry is an entry of the audit log as operators see it. Actor and Target
// are text, for people and older clients.
type shownEntry struct {
	Seq       uint64         `json:"seq"`
	ID        string         `json:"id"`
	At        string         `json:"at"`
	Actor     string         `json:"actor"`
	By        shownSubject   `json:"by"`
	Action    string         `json:"action"`
	Target    string         `json:"target"`
	Targets   []shownSubject `json:"targets"`
	Status    int            `json:"status"`
	RequestID string         `json:"request_id"`
}

// shownSubject is the person or the thing that an entry is about.
type shownSubject struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

func showSubject(s competition.Subject) shownSubject { return shownSubject{s.Kind.String(), s.ID} }

func showEntry(e *competition.AuditEntry) shownEntry {
	shown := shownEntry{
		Seq: e.Seq, ID: e.ID, At: shownTime(e.At), Actor: e.Actor.String(), By: showSubject(e.Actor), Action: e.Action,
		Target: e.Path(), Targets: []shownSubject{}, Status: e.Status, RequestID: e.RequestID,
	}
	for _, t := range e.Targets {
		shown.Targets = append(shown.Targets, showSubject(t.Subject))
	}
	return shown
}

// listAudit shows the audit log, the latest first.
func (s *Server) listAudit(c *call) error {
	q := c.query()
	limit := q.Limit()
	before := q.AfterNumber(decode.CursorAudit, 63)
	engine, err := s.permit(c, q.Err())
	if err != nil {
		return err
	}
	entries, err := engine.AuditLog(before, limit+1)
	if err != nil {
		return err
	}
	page := map[string]any{}
	if len(entries) > limit {
		entries = entries[:limit]
		page["next_cursor"] = decode.NumberCursor(decode.CursorAudit, entries[limit-1].Seq)
	}
	shown := make([]shownEntry, len(entries))
	for i := range entries {
		shown[i] = showEntry(&entries[i])
	}
	page["entries"] = shown
	return c.replyValue(fasthttp.StatusOK, page)
}
