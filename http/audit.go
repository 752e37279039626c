package http

import (
	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
)

// The operations about a person as such.
const (
	eraseUser  = "eraseUser"
	exportUser = "exportUser"
)

// audit writes down what an operator did. That it cannot be written does not
// undo it, but is loud: the log has the entry then.
func (s *Server) audit(c *call) {
	entry := competition.AuditEntry{
		ID: uuid.Must(uuid.NewV7()).String(), At: s.nowMillis(),
		Actor: c.who.actor(), Action: c.route.operation, Target: string(c.URI().PathOriginal()),
		Status: c.Response.StatusCode(), RequestID: string(c.Response.Header.PeekCanonical(headerRequestID)),
	}
	if c.route.operation == eraseUser { // of all entries this one must not name the person
		if id, _ := c.userID(); entry.Actor == id {
			entry.Actor = "self"
		}
		entry.Target = c.route.path
	}
	if err := s.engine.Note(entry); err != nil {
		s.metrics.auditFailures.Inc()
		s.log.Error("an operator's action is missing from the audit log", "error", err, "entry_id", entry.ID, "actor", entry.Actor,
			"action", entry.Action, "status", entry.Status, "request_id", entry.RequestID)
	}
}

// shownEntry is an entry of the audit log as operators see it.
type shownEntry struct {
	ID        string `json:"id"`
	At        string `json:"at"`
	Actor     string `json:"actor"`
	Action    string `json:"action"`
	Target    string `json:"target"`
	Status    int    `json:"status"`
	RequestID string `json:"request_id"`
}

// listAudit shows the audit log, the latest first.
func (s *Server) listAudit(c *call) error {
	q := c.query()
	limit := q.integer("limit", 1, maxLimit, defaultLimit)
	before, given := q.cursor(cursorAudit)
	if given && uuid.Validate(before) != nil {
		q.refuse("cursor", badCursor)
	}
	if err := q.err(); err != nil {
		return err
	}
	engine, err := s.permit(c)
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
		page["next_cursor"] = encodeCursor(cursorAudit, entries[limit-1].ID)
	}
	shown := make([]shownEntry, len(entries))
	for i, e := range entries {
		shown[i] = shownEntry{e.ID, shownTime(e.At), e.Actor, e.Action, e.Target, e.Status, e.RequestID}
	}
	page["entries"] = shown
	return c.replyValue(fasthttp.StatusOK, page)
}
