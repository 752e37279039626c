package http

import (
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
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
	if c.route.operation == eraseUser {
		if len(entry.Targets) == 1 && entry.Targets[0].Subject == entry.Actor {
			entry.Actor = competition.Subject{Kind: competition.RoleSubject, ID: competition.SelfRole}
		}
		if c.erase != openErasure { // this entry must not name the person
			entry.Targets = nil
		}
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
	wanted := readAuditFilter(&q)
	engine, err := s.permit(c, q.Err())
	if err != nil {
		return err
	}
	entries, next, err := s.searchAudit(c, engine, wanted, before, limit)
	if err != nil {
		return err
	}
	shown := make([]shownEntry, len(entries))
	for i := range entries {
		shown[i] = showEntry(&entries[i])
	}
	return c.replyAudit("entries", shown, next)
}

// replyAudit replies with a list that was made of the audit log.
func (c *call) replyAudit(name string, list any, next uint64) error {
	page := map[string]any{name: list}
	if next > 0 {
		page["next_cursor"] = decode.NumberCursor(decode.CursorAudit, next)
	}
	return c.replyValue(fasthttp.StatusOK, page)
}

// auditFilter says which entries of the audit log are wanted. What is empty wants all.
type auditFilter struct {
	actor, action, requestID string
	userID, competitionID    string          // whom and what an entry names
	from, until              calendar.Millis // until is not included
}

func readAuditFilter(q *decode.Query) (f auditFilter) {
	f.actor, _ = q.Text("actor")
	f.action, _ = q.Text("action")
	f.requestID, _ = q.Text("request_id")
	var given bool
	if f.userID, given = q.Text("user_id"); given && !competition.ValidUserID(f.userID) {
		q.Refuse("user_id", decode.BadUserID)
	}
	if f.competitionID, given = q.Text("competition_id"); given && !competition.ValidID(f.competitionID) {
		q.Refuse("competition_id", decode.BadCompetitionID)
	}
	if q.Has("from") {
		f.from = calendar.MillisOf(q.Day("from", 0).Time())
	}
	if q.Has("to") {
		f.until = calendar.MillisOf((q.Day("to", 0) + 1).Time())
	}
	return f
}

// wants reports whether an entry is one of those. Entries name the user already.
func (f *auditFilter) wants(e *competition.AuditEntry) bool {
	return (f.actor == "" || f.actor == e.Actor.String()) && (f.action == "" || f.action == e.Action) &&
		(f.requestID == "" || f.requestID == e.RequestID) && e.At >= f.from && (f.until == 0 || e.At < f.until) &&
		(f.competitionID == "" || slices.ContainsFunc(e.Targets, func(t competition.AuditTarget) bool {
			return t.Subject == competition.Subject{Kind: competition.CompetitionSubject, ID: f.competitionID}
		}))
}

// maxAuditSearched is how many entries of the audit log one page looks through.
const maxAuditSearched = 1_000

// searchAudit returns the entries before a seq (0: the last ones) that are wanted, the
// latest first, limit at most, and the seq before which the next page begins, or 0 at the
// end. It costs the entries that it looks through.
func (s *Server) searchAudit(c *call, engine Engine, f auditFilter, before uint64, limit int) (found []competition.AuditEntry, next uint64, err error) {
	read, most := engine.AuditLog, limit+1
	if f.userID != "" {
		read = func(before uint64, limit int) ([]competition.AuditEntry, error) {
			return engine.AuditLogOf(f.userID, before, limit)
		}
	}
	if f != (auditFilter{userID: f.userID}) {
		most = max(maxAuditSearched, most)
	}
	entries, err := read(before, most)
	if err != nil {
		return nil, 0, err
	}
	s.chargeRows(c, len(entries))
	for i := range entries {
		if len(found) == limit {
			return found, next, nil
		}
		next = entries[i].Seq
		if f.wants(&entries[i]) {
			found = append(found, entries[i])
		}
	}
	if len(entries) < most {
		next = 0
	}
	return found, next, nil
}
