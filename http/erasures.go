package http

import (
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// shownErasure is a request to erase a person, for operators.
type shownErasure struct {
	ID          string `json:"id"`
	RequestedAt string `json:"requested_at"`
	RequestedBy string `json:"requested_by"`
	State       string `json:"state"`
	UserID      string `json:"user_id,omitempty"`
	Status      int    `json:"status"`
	RequestID   string `json:"request_id"`
}

// showErasure shows an entry of the audit log that says that somebody asked for an
// erasure. The person whom it names has a pseudonym there once a later one was carried
// out.
func showErasure(e *competition.AuditEntry) shownErasure {
	shown := shownErasure{
		ID: e.ID, RequestedAt: shownTime(e.At), RequestedBy: e.Actor.String(), State: "refused", Status: e.Status, RequestID: e.RequestID,
	}
	switch {
	case e.Status < 300:
		shown.State = "done"
	case len(e.Targets) == 0:
	case competition.IsPseudonym(e.Targets[0].ID):
		shown.State = "done"
	default:
		shown.State, shown.UserID = "open", e.Targets[0].ID
	}
	return shown
}

// listErasures lists the requests to erase a person, the latest first.
func (s *Server) listErasures(c *call) error {
	q := c.query()
	limit := q.Limit()
	before := q.AfterNumber(decode.CursorAudit, 63)
	engine, err := s.permit(c, q.Err())
	if err != nil {
		return err
	}
	entries, next, err := s.searchAudit(c, engine, auditFilter{action: eraseUser}, before, limit)
	if err != nil {
		return err
	}
	shown := make([]shownErasure, len(entries))
	for i := range entries {
		shown[i] = showErasure(&entries[i])
	}
	return c.replyAudit("erasures", shown, next)
}
