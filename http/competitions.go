package http

import (
	"errors"
	"slices"
	"strconv"
	"unicode/utf8"

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

// getCompetition answers with a competition, with its prizes once it is settled, and with
// the links that show its board to others.
func (s *Server) getCompetition(c *call) error {
	id, err := c.competitionID()
	if err == nil {
		err = shows(c.who, id)
	}
	engine, err := s.permit(c, err)
	if err != nil {
		return err
	}
	reader := readerOf(c.who)
	summary, err := engine.Competition(id, reader)
	if err != nil {
		return err
	}
	one := []competition.Summary{summary}
	date(engine, one)
	answer := wholeCompetition{Summary: one[0]}
	if summary.Status == competition.Settled {
		answer.prizes, err = engine.SettledPrizes(id, reader)
		// Its node may be of a version that does not tell them yet.
		if answer.settled = err == nil; err != nil && !errors.Is(err, competition.ErrDeploying) {
			return err
		}
	}
	if link := c.who.Link; link != nil {
		answer.prizes = link.SettledPrizes(answer.prizes, summary.Definition.Visibility == competition.Private)
	} else {
		answer.links, answer.linked = s.linksTo.of(engine, id)
	}
	return replyOne(c, nil, fasthttp.StatusOK, &answer, appendWholeCompetition)
}

func (s *Server) listCompetitions(c *call) error {
	q := c.query()
	listing, order := readListing(&q)
	engine, err := s.permit(c, q.Err())
	if err != nil {
		return err
	}
	if listing.Search != "" {
		s.chargeRows(c, competition.MaxSearched)
	}
	if order != decode.CursorCurrent {
		list, next, err := engine.Competitions(c.who.Caller, listing)
		date(engine, list)
		return replyList(c, err, "competitions", list, appendSummary, decode.ListedCursor(order, next))
	}
	page, err := engine.OwnFirst(c.who.Caller, listing)
	date(engine, page.List)
	shown := 0
	return replyList(c, err, "competitions", page.List, func(dst []byte, summary *competition.Summary) []byte {
		dst = appendSummary(dst, summary)
		if shown++; shown <= page.Own {
			dst = append(dst[:len(dst)-1], `,"own":true}`...)
		}
		return dst
	}, decode.ListedCursor(order, page.Next))
}

// readListing reads which competitions to list; order is the letter of its cursors.
func readListing(q *decode.Query) (l competition.Listing, order string) {
	if word, given := q.Choice("status"); given {
		if l.Statuses = statusesOf(word); l.Statuses == nil {
			q.Refuse("status", "must be upcoming, active, finalizing, completed, settled, cancelled, open, over or all")
		}
	}
	word, _ := q.Text("order")
	switch word {
	case "", "start":
		order = decode.CursorListed
	case "newest":
		order, l.Newest = decode.CursorNewest, true
	case "current":
		order = decode.CursorCurrent
		if slices.ContainsFunc(l.Statuses, competition.Status.Over) {
			q.Refuse("order", "must not be current for a status that is over")
		}
	default:
		q.Refuse("order", "must be start, newest or current")
	}
	l.Search = readSearch(q)
	l.After, l.Limit = q.AfterListed(order), q.Limit()
	return l, order
}

// readSearch reads what names are searched for.
func readSearch(q *decode.Query) string {
	search, given := q.Text("search")
	if given && (!utf8.ValidString(search) || utf8.RuneCountInString(search) > maxSearch) {
		q.Refuse("search", "must have at most "+strconv.Itoa(maxSearch)+" characters")
	}
	return search
}

// maxSearch is how many characters are searched for at most: as many as a name has.
const maxSearch = 100

// statusesOf returns the statuses that a word stands for, or nil.
func statusesOf(word string) []competition.Status {
	if status, ok := competition.ParseStatus(word); ok {
		return []competition.Status{status}
	}
	if word != "open" && word != "over" {
		return nil
	}
	return slices.DeleteFunc(competition.AllStatuses(), func(s competition.Status) bool { return s.Over() != (word == "over") })
}

func (s *Server) listUserCompetitions(c *call) error {
	made := false
	engine, userID, after, limit, err := readOwnList(s, c, func(q *decode.Query) string {
		as, given := q.Text("as")
		if made = as == "creator"; given && !made && as != "participant" {
			q.Refuse("as", "must be participant or creator")
		}
		return q.AfterCompetition()
	})
	if err != nil {
		return err
	}
	read := engine.CompetitionsOf
	if made {
		read = engine.CompetitionsMadeBy
	}
	list, next, err := read(userID, after, limit)
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
