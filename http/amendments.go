package http

import (
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// amendCompetition changes what may change after the start of a competition.
func (s *Server) amendCompetition(c *call) error {
	id, err := c.competitionID()
	if err != nil {
		return err
	}
	f, err := decode.ReadForm(c.Request.Body())
	if err != nil {
		return err
	}
	cmd := &competition.AmendCompetition{Caller: c.who.Caller}
	if t, given := f.Time("end_date"); given {
		cmd.End = new(t.Millis())
	}
	if word, given := f.Text("visibility"); given {
		cmd.Visibility = new(competition.Visibility(word))
		if *cmd.Visibility != competition.Public && *cmd.Visibility != competition.Private {
			f.Refuse("visibility", "must be public or private")
		}
	}
	limits, limited := f.Object("daily_limits")
	cmd.Reason, _ = f.Text("reason")
	f.RefuseAll(competition.CheckReason(cmd.Reason, ""))
	if cmd.End == nil && cmd.Visibility == nil && !limited {
		f.Refuse("end_date", "is what can be amended, as are daily_limits and visibility: send one of them")
	}
	engine, err := s.permit(c, nil)
	if limited {
		metrics := competition.DefaultDailyLimits
		if err == nil && f.Err() == nil { // those left out stay as they are
			var today competition.Summary
			if today, err = engine.Competition(id, c.who.Caller); err == nil {
				metrics = today.Definition.DailyLimits
			}
		}
		metrics = readLimits(limits, metrics)
		cmd.DailyLimits = &metrics
	}
	if bad := f.Err(); bad != nil { // 400 goes before 403 and 404
		return bad
	}
	if err != nil {
		return err
	}
	summary, err := run[competition.Summary](engine, id, cmd)
	return c.replySummary(err, engine, fasthttp.StatusOK, &summary)
}

// listAmendments lists a competition's amendments, for whoever may see it.
func (s *Server) listAmendments(c *call) error {
	id, err := c.competitionID()
	engine, err := s.permit(c, err)
	if err != nil {
		return err
	}
	list, err := engine.Amendments(id, c.who.Caller)
	return replyList(c, err, "amendments", list, appendAmendment, "")
}

func appendAmendment(dst []byte, a *competition.Amendment) []byte {
	dst = timeField(dst, `{"amended_at":`, a.At)
	dst = textField(dst, `,"reason":`, a.Reason)
	dst = timeField(dst, `,"end_date":`, a.End)
	dst = wordField(dst, `,"visibility":"`, string(a.Visibility))
	return append(appendMetrics(append(dst, `,"daily_limits":{`...), a.DailyLimits), `}}`...)
}
