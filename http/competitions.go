package http

import (
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/decode"
)

func (s *Server) createCompetition(c *call) error {
	f, err := decode.ReadForm(c.Request.Body())
	if err != nil {
		return err
	}
	d := defaultDefinition()
	readText(f, "id", &d.ID)
	if !f.Has("id") {
		d.ID = s.newID()
	}
	for _, name := range []string{"name", "start_date", "end_date"} {
		if !f.Has(name) {
			f.Refuse(name, "must be there")
		}
	}
	readDefinition(f, &d)
	f.RefuseAll(d.Validate())
	engine, err := s.permit(c, f.Err())
	if err != nil {
		return err
	}
	summary, created, err := engine.Create(&competition.CreateCompetition{Caller: c.who.Caller, Definition: d})
	if err != nil {
		return err
	}
	status := fasthttp.StatusOK
	if created {
		status = fasthttp.StatusCreated
		c.Response.Header.Set("Location", "/api/v1/competitions/"+summary.Definition.ID)
	}
	return c.replySummary(nil, engine, status, &summary)
}

// editCompetition validates the whole definition that would result, so it reads the
// present one first.
func (s *Server) editCompetition(c *call) error {
	id, err := c.competitionID()
	if err != nil {
		return err
	}
	f, err := decode.ReadForm(c.Request.Body())
	if err != nil {
		return err
	}
	engine, err := s.permit(c, nil)
	d := defaultDefinition()
	var before competition.Definition
	if err == nil {
		var today competition.Summary
		if today, err = engine.Competition(id, c.who.Caller); err == nil {
			before, d = today.Definition, today.Definition
		}
	}
	readDefinition(f, &d)
	if err == nil {
		f.RefuseAll(d.ValidateEdit(&before))
	}
	if bad := f.Err(); bad != nil { // 400 goes before 403 and 404
		return bad
	}
	if err != nil {
		return err
	}
	summary, err := run[competition.Summary](engine, id, &competition.EditCompetition{Caller: c.who.Caller, Patch: patchOf(f, &d)})
	return c.replySummary(err, engine, fasthttp.StatusOK, &summary)
}

func (s *Server) cancelCompetition(c *call) error {
	id, err := c.competitionID()
	engine, err := s.permit(c, err)
	if err != nil {
		return err
	}
	summary, err := run[competition.Summary](engine, id, &competition.CancelCompetition{Caller: c.who.Caller})
	return c.replySummary(err, engine, fasthttp.StatusOK, &summary)
}

func (s *Server) getCompetition(c *call) error {
	id, err := c.competitionID()
	engine, err := s.permit(c, err)
	if err != nil {
		return err
	}
	summary, err := engine.Competition(id, c.who.Caller)
	return c.replySummary(err, engine, fasthttp.StatusOK, &summary)
}

func (s *Server) listCompetitions(c *call) error {
	q := c.query()
	var status competition.Status
	if word, given := q.Choice("status"); given {
		var ok bool
		if status, ok = competition.ParseStatus(word); !ok {
			q.Refuse("status", "must be upcoming, active, finalizing, completed, settled, cancelled or all")
		}
	}
	after, limit := q.AfterListed(), q.Limit()
	engine, err := s.permit(c, q.Err())
	if err != nil {
		return err
	}
	list, next, err := engine.Competitions(c.who.Caller, status, after, limit)
	date(engine, list)
	return replyList(c, err, "competitions", list, appendSummary, decode.ListedCursor(next))
}

func (s *Server) listUserCompetitions(c *call) error {
	engine, userID, after, limit, err := readOwnList(s, c, (*decode.Query).AfterCompetition)
	if err != nil {
		return err
	}
	list, next, err := engine.CompetitionsOf(userID, after, limit)
	date(engine, list)
	return replyList(c, err, "competitions", list, appendSummary, decode.CompetitionCursor(next))
}

func (c *call) replySummary(err error, engine Engine, status int, summary *competition.Summary) error {
	one := []competition.Summary{*summary}
	if err == nil {
		date(engine, one)
	}
	return replyOne(c, err, status, &one[0], appendSummary)
}

// date fills in when the competitions were created.
func date(engine Engine, list []competition.Summary) {
	if len(list) == 0 {
		return
	}
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].Definition.ID
	}
	created := engine.Created(ids)
	for i := range list {
		list[i].CreatedAt = created[i]
	}
}
