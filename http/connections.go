package http

import (
	"cmp"
	"slices"

	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// watching is a live client that says what it watches, from any goroutine.
type watching interface{ boards() []string }

// shownConnection is a live connection as operators see it.
type shownConnection struct {
	UserID       string   `json:"user_id,omitzero"` // none for API keys and the service role
	Transport    string   `json:"transport"`
	Since        string   `json:"since"`
	Competitions []string `json:"competitions"`
}

// list returns the open connections, of one user or of all (""), of one board or of all,
// the oldest first.
func (l *liveClients) list(userID, competitionID string) (all []shownConnection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for client, is := range l.open {
		if userID != "" && is.userID != userID {
			continue
		}
		shown := shownConnection{UserID: is.userID, Transport: is.over, Since: shownTime(is.since), Competitions: []string{}}
		if w, ok := client.(watching); ok {
			shown.Competitions = w.boards()
		}
		if competitionID == "" || slices.Contains(shown.Competitions, competitionID) {
			all = append(all, shown)
		}
	}
	slices.SortFunc(all, func(a, b shownConnection) int {
		return cmp.Or(cmp.Compare(a.Since, b.Since), cmp.Compare(a.UserID, b.UserID))
	})
	return all
}

// endOf ends the connections of a user, and returns how many.
func (l *liveClients) endOf(userID string) (ended int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for client, is := range l.open {
		if is.userID == userID {
			client.end(closedByOperator)
			ended++
		}
	}
	return ended
}

// listConnections lists the live connections of this server.
func (s *Server) listConnections(c *call) error {
	userID, competitionID, limit, err := readConnections(c)
	if _, err = s.permit(c, err); err != nil {
		return err
	}
	all := s.live.list(userID, competitionID)
	total := len(all)
	shown := all[:min(len(all), limit)]
	if shown == nil {
		shown = []shownConnection{}
	}
	return c.replyValue(fasthttp.StatusOK, map[string]any{"connections": shown, "total_count": total})
}

func readConnections(c *call) (userID, competitionID string, limit int, err error) {
	q := c.query()
	if text, given := q.Text("user_id"); given {
		if userID = text; !competition.ValidUserID(text) {
			q.Refuse("user_id", decode.BadUserID)
		}
	}
	if text, given := q.Text("competition_id"); given {
		if competitionID = text; !competition.ValidID(text) {
			q.Refuse("competition_id", decode.BadCompetitionID)
		}
	}
	return userID, competitionID, q.Limit(), q.Err()
}

// closeConnections ends the live connections of a user on this server.
func (s *Server) closeConnections(c *call) error {
	userID, _, _, err := readConnections(c)
	if err == nil && userID == "" {
		err = kindInvalidRequest.listing([]competition.FieldError{{Field: "user_id", Detail: "must be there"}})
	}
	if _, err = s.permit(c, err); err != nil {
		return err
	}
	c.named = userID
	return c.replyValue(fasthttp.StatusOK, map[string]any{"closed": s.live.endOf(userID)})
}
