package http

import (
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// excludeParticipant takes a participant off the board.
func (s *Server) excludeParticipant(c *call) error {
	return s.review(c, func(userID, reason string) competition.Command {
		return &competition.ExcludeParticipant{Caller: c.who.Caller, UserID: userID, Reason: reason}
	})
}

// restoreParticipant takes an exclusion back.
func (s *Server) restoreParticipant(c *call) error {
	return s.review(c, func(userID, reason string) competition.Command {
		return &competition.RestoreParticipant{Caller: c.who.Caller, UserID: userID, Reason: reason}
	})
}

// correctDay sets what a day of a participant counts for.
func (s *Server) correctDay(c *call) error {
	day, err := c.day()
	if err != nil {
		return err
	}
	command := &competition.CorrectDay{Caller: c.who.Caller, Day: day}
	return s.reviewBy(c, func(f *decode.Form) { command.Metrics = decode.ReadMetrics(f) },
		func(userID, reason string) competition.Command {
			command.UserID, command.Reason = userID, reason
			return command
		})
}

// withdrawCorrection lets a day count for what its reports say again.
func (s *Server) withdrawCorrection(c *call) error {
	day, err := c.day()
	if err != nil {
		return err
	}
	return s.review(c, func(userID, reason string) competition.Command {
		return &competition.WithdrawCorrection{Caller: c.who.Caller, UserID: userID, Day: day, Reason: reason}
	})
}

// decision makes the command of a route.
type decision func(userID, reason string) competition.Command

// review reads a decision about a participant that has nothing but a reason.
func (s *Server) review(c *call, decide decision) error {
	return s.reviewBy(c, func(*decode.Form) {}, decide)
}

// reviewBy reads a decision about a participant, and answers how that stands.
func (s *Server) reviewBy(c *call, read func(*decode.Form), decide decision) error {
	id, err := c.competitionID()
	if err != nil {
		return err
	}
	userID, err := c.userID()
	if err != nil {
		return err
	}
	f, err := c.optionalForm()
	if err != nil {
		return err
	}
	read(f)
	reason, _ := f.Text("reason")
	f.RefuseAll(competition.CheckReason(reason, userID))
	if err := f.Err(); err != nil {
		return err
	}
	engine, err := s.permit(c)
	if err != nil {
		return err
	}
	reply, err := run[competition.ReviewReply](engine, id, decide(userID, reason))
	if err != nil {
		return onReading(err)
	}
	c.Response.Header.SetCanonical(headerCacheControl, valueNoStore)
	c.out = append(appendReview(append(c.out[:0], envelope...), id, &reply), envelopeEnd)
	c.reply(fasthttp.StatusOK, c.out)
	return nil
}

// day is the day of the path.
func (c *call) day() (competition.Day, error) {
	text, ok := decode.Unescape(c.parameter("date"), false)
	day, valid := decode.ReadDay([]byte(text))
	if !ok || !valid {
		return 0, kindInvalidRequest.listing([]competition.FieldError{{Field: "date", Detail: "must be a day from 1970-01-01 on, as YYYY-MM-DD or RFC 3339"}})
	}
	return day, nil
}

// listFlags lists the flagged syncs of a competition, newest first.
func (s *Server) listFlags(c *call) error {
	id, err := c.competitionID()
	if err != nil {
		return err
	}
	q := c.query()
	before, limit := q.BeforeFlag(), q.Limit()
	if err := q.Err(); err != nil {
		return err
	}
	engine, err := s.permit(c)
	if err != nil {
		return err
	}
	list, next, err := engine.Flags(id, c.who.Caller, before, limit)
	if err != nil {
		return err
	}
	replyList(c, "flags", list, appendFlagged, decode.NumberCursor(decode.CursorFlag, next))
	return nil
}

// explainScore tells a participant why the score is what it is, a page of days at a
// time.
func (s *Server) explainScore(c *call) error {
	id, err := c.competitionID()
	if err != nil {
		return err
	}
	q := c.query()
	span := competition.Span{To: competition.MaxDay, Begin: q.BeginDay(), Limit: maxDays}
	if err := q.Err(); err != nil {
		return err
	}
	engine, userID, err := s.readPerson(c)
	if err != nil {
		return err
	}
	x, err := engine.Explain(id, c.who.Caller, userID, span)
	if err != nil {
		return onReading(err)
	}
	s.chargeRows(c, x.Rows)
	replyOne(c, fasthttp.StatusOK, &x, appendExplanation)
	return nil
}

func appendReview(dst []byte, competitionID string, r *competition.ReviewReply) []byte {
	dst = append(append(append(dst, `{"competition_id":"`...), competitionID...), `","user_id":`...)
	dst = append(appendString(dst, r.UserID), `,"excluded":`...)
	dst = append(strconv.AppendBool(dst, r.Excluded), `,"score":`...)
	dst = append(strconv.AppendInt(dst, r.Score, 10), `,"rank":`...)
	dst = append(strconv.AppendInt(dst, int64(r.Rank), 10), `,"total_count":`...)
	dst = append(strconv.AppendInt(dst, int64(r.Total), 10), `,"changed":`...)
	return append(strconv.AppendBool(dst, r.Changed), '}')
}

// appendFlagged writes a flag of a competition's list.
func appendFlagged(dst []byte, f *competition.FlaggedEntry) []byte {
	dst = appendString(append(dst, `{"user_id":`...), f.UserID)
	dst = appendString(append(dst, `,"user_name":`...), f.UserName)
	dst = append(dst, `,"excluded":`...)
	dst = append(strconv.AppendBool(dst, f.Excluded), `,"date":"`...)
	dst = append(f.Day.Time().AppendFormat(dst, time.DateOnly), `",`...)
	dst = appendFigures(dst, &f.Flag)
	dst = append(dst, `,"counts":{`...)
	return append(appendMetrics(dst, f.Value), `}}`...)
}

// appendFigures writes what there is to say of a flag, without braces.
func appendFigures(dst []byte, f *competition.Flag) []byte {
	dst = append(append(append(dst, `"reason":"`...), f.Reason.String()...), `","found":{`...)
	dst = append(appendMetrics(dst, f.Found), `},"usual":{`...)
	dst = append(appendMetrics(dst, f.Usual), '}')
	if f.Reason == competition.RateFlag {
		dst = append(dst, `,"within_seconds":`...)
		dst = strconv.AppendInt(dst, int64(f.Within)/1000, 10)
	}
	return appendTimeField(dst, `,"created_at":`, f.At)
}

// appendExplanation writes why a score is what it is. rank is left out for whoever
// is not on the board, reason where nobody gave one.
func appendExplanation(dst []byte, x *competition.Explanation) []byte {
	dst = appendDays(appendExplanationHead(dst, x), x.Days, appendExplainedDay)
	return append(appendNextDay(appendExplanationTail(dst, x), x.Next), '}')
}

// appendExplanationHead writes what stands before the days.
func appendExplanationHead(dst []byte, x *competition.Explanation) []byte {
	dst = append(append(append(dst, `{"competition_id":"`...), x.CompetitionID...), `","user_id":`...)
	dst = appendString(dst, x.UserID)
	dst = appendString(append(dst, `,"user_name":`...), x.UserName)
	dst = append(append(append(dst, `,"status":"`...), x.Status.String()...), `","score":`...)
	dst = strconv.AppendInt(dst, x.Score, 10)
	if x.Rank > 0 {
		dst = strconv.AppendInt(append(dst, `,"rank":`...), int64(x.Rank), 10)
	}
	dst = strconv.AppendInt(append(dst, `,"total_count":`...), int64(x.Total), 10)
	dst = strconv.AppendBool(append(dst, `,"left":`...), x.Left)
	dst = strconv.AppendBool(append(dst, `,"excluded":`...), x.Excluded)
	if x.Excluded {
		dst = appendString(append(dst, `,"reason":`...), x.Reason)
	}
	if x.Removed {
		dst = appendString(append(dst, `,"removed":true,"removal_reason":`...), x.Removal)
	}
	dst = appendDecimal(append(dst, `,"scoring":{"steps":`...), x.Scoring.Step, 3)
	dst = appendDecimal(append(dst, `,"distance":`...), x.Scoring.Metre, 3)
	dst = appendDecimal(append(dst, `,"calories":`...), x.Scoring.Kcal, 3)
	dst = appendDecimal(append(dst, `,"active_minutes":`...), x.Scoring.Minute, 3)
	return append(dst, `},"days":[`...)
}

// appendExplanationTail writes what stands after them, without the brace.
func appendExplanationTail(dst []byte, x *competition.Explanation) []byte {
	return appendPoints(append(dst, `],"points":`...), x.Sum)
}

func appendExplainedDay(dst []byte, d *competition.ExplainedDay) []byte {
	dst = append(dst, `{"date":"`...)
	dst = append(d.Day.Time().AppendFormat(dst, time.DateOnly), `",`...)
	dst = appendMetrics(dst, d.Value)
	dst = appendPoints(append(dst, `,"points":`...), d.Points)
	if d.Correction != nil {
		dst = append(appendString(append(dst, `,"correction":{"reason":`...), d.Correction.Reason), '}')
	}
	dst = append(dst, `,"reports":[`...)
	for i := range d.Reports {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendExplainedReport(dst, &d.Reports[i])
	}
	dst = append(dst, `],"flags":[`...)
	for i := range d.Flags {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendFigures(append(dst, '{'), &d.Flags[i]), '}')
	}
	return append(dst, `]}`...)
}

func appendExplainedReport(dst []byte, r *competition.ExplainedReport) []byte {
	dst = appendString(append(dst, `{"source":`...), r.Source)
	dst = appendMetrics(append(dst, ','), r.Metrics)
	if r.RecordedAt != 0 {
		dst = append(dst, `,"recorded_at":"`...)
		dst = append(competition.AppendNanos(dst, r.RecordedAt), '"')
	}
	dst = strconv.AppendBool(append(dst, `,"counts":`...), r.Ignored == "")
	if r.Ignored != "" {
		return append(append(append(dst, `,"why_not":"`...), r.Ignored...), `"}`...)
	}
	return append(appendMetrics(append(dst, `,"counted":{`...), r.Counted), `}}`...)
}

// appendPoints writes points as the shortest exact number.
func appendPoints(dst []byte, p competition.Points) []byte {
	dst = strconv.AppendInt(dst, p.Whole, 10)
	if p.Parts == 0 {
		return dst
	}
	parts := strconv.FormatInt(competition.PointParts+p.Parts, 10)[1:]
	return append(append(dst, '.'), strings.TrimRight(parts, "0")...)
}
