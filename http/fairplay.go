package http

import (
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/http/internal/decode"
)

func (s *Server) excludeParticipant(c *call) error {
	return s.review(c, func(userID, reason string) competition.Command {
		return &competition.ExcludeParticipant{Caller: c.who.Caller, UserID: userID, Reason: reason}
	})
}

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

// withdrawCorrection withdraws the correction of a day, whose reports count again.
func (s *Server) withdrawCorrection(c *call) error {
	day, err := c.day()
	if err != nil {
		return err
	}
	return s.review(c, func(userID, reason string) competition.Command {
		return &competition.WithdrawCorrection{Caller: c.who.Caller, UserID: userID, Day: day, Reason: reason}
	})
}

// decision makes a route's command.
type decision func(userID, reason string) competition.Command

// review reads a decision about a participant that has nothing but a reason.
func (s *Server) review(c *call, decide decision) error {
	return s.reviewBy(c, func(*decode.Form) {}, decide)
}

// reviewBy reads a decision about a participant, and answers with the result.
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
	engine, err := s.permit(c, f.Err())
	if err != nil {
		return err
	}
	reply, err := run[competition.ReviewReply](engine, id, decide(userID, reason))
	return replyOne(c, onReading(err), fasthttp.StatusOK, &reply, func(dst []byte, r *competition.ReviewReply) []byte {
		return appendReview(dst, id, r)
	})
}

func (c *call) day() (calendar.Day, error) {
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
	before, limit := q.AfterNumber(decode.CursorFlag, 63), q.Limit()
	engine, err := s.permit(c, q.Err())
	if err != nil {
		return err
	}
	list, next, err := engine.Flags(id, c.who.Caller, before, limit)
	return replyList(c, err, "flags", list, appendFlagged, decode.NumberCursor(decode.CursorFlag, next))
}

// listExclusions lists who was taken off the board, by enrolment.
func (s *Server) listExclusions(c *call) error {
	id, err := c.competitionID()
	if err != nil {
		return err
	}
	q := c.query()
	after, limit := q.AfterParticipant(), q.Limit()
	engine, err := s.permit(c, q.Err())
	if err != nil {
		return err
	}
	list, next, err := engine.Exclusions(id, c.who.Caller, after, limit)
	return replyList(c, err, "exclusions", list, appendExclusion, decode.ParticipantCursor(next))
}

func appendExclusion(dst []byte, x *competition.Exclusion) []byte {
	dst = textField(dst, `{"user_id":`, x.UserID)
	dst = textField(dst, `,"user_name":`, x.UserName)
	dst = intField(dst, `,"score":`, x.Score)
	return append(textField(dst, `,"reason":`, x.Reason), '}')
}

// explainScore explains a participant's score, a page of days at a time.
func (s *Server) explainScore(c *call) error {
	id, err := c.competitionID()
	if err != nil {
		return err
	}
	q := c.query()
	span := competition.Span{To: calendar.MaxDay, Begin: q.BeginDay(), Limit: maxDays}
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
	return replyOne(c, nil, fasthttp.StatusOK, &x, appendExplanation)
}

func appendReview(dst []byte, competitionID string, r *competition.ReviewReply) []byte {
	dst = wordField(dst, `{"competition_id":"`, competitionID)
	dst = textField(dst, `,"user_id":`, r.UserID)
	dst = boolField(dst, `,"excluded":`, r.Excluded)
	dst = intField(dst, `,"score":`, r.Score)
	dst = intField(dst, `,"rank":`, r.Rank)
	dst = intField(dst, `,"total_count":`, r.Total)
	return append(boolField(dst, `,"changed":`, r.Changed), '}')
}

func appendFlagged(dst []byte, f *competition.FlaggedEntry) []byte {
	dst = textField(dst, `{"user_id":`, f.UserID)
	dst = textField(dst, `,"user_name":`, f.UserName)
	dst = boolField(dst, `,"excluded":`, f.Excluded)
	dst = appendFigures(append(dateField(dst, `,"date":`, f.Day), ','), &f.Flag)
	return append(appendMetrics(append(dst, `,"counts":{`...), f.Value), `}}`...)
}

// appendFigures writes the members of a flag, without braces.
func appendFigures(dst []byte, f *competition.Flag) []byte {
	dst = wordField(dst, `"reason":"`, f.Reason.String())
	dst = appendMetrics(append(dst, `,"found":{`...), f.Found)
	dst = append(appendMetrics(append(dst, `},"usual":{`...), f.Usual), '}')
	if f.Reason == competition.RateFlag {
		dst = intField(dst, `,"within_seconds":`, int64(f.Within)/1000)
	}
	return timeField(dst, `,"created_at":`, f.At)
}

// appendExplanation writes the explanation of a score. rank is left out if the user
// is not on the board, reason if nobody gave one.
func appendExplanation(dst []byte, x *competition.Explanation) []byte {
	dst = appendItems(appendExplanationHead(dst, x), x.Days, appendExplainedDay)
	return append(appendNextDay(appendExplanationTail(dst, x), x.Next), '}')
}

// appendExplanationHead writes what stands before the days.
func appendExplanationHead(dst []byte, x *competition.Explanation) []byte {
	dst = wordField(dst, `{"competition_id":"`, x.CompetitionID)
	dst = textField(dst, `,"user_id":`, x.UserID)
	dst = textField(dst, `,"user_name":`, x.UserName)
	dst = wordField(dst, `,"status":"`, x.Status.String())
	dst = intField(dst, `,"score":`, x.Score)
	if x.Rank > 0 {
		dst = intField(dst, `,"rank":`, x.Rank)
	}
	dst = intField(dst, `,"total_count":`, x.Total)
	dst = boolField(dst, `,"left":`, x.Left)
	dst = boolField(dst, `,"excluded":`, x.Excluded)
	if x.Excluded {
		dst = textField(dst, `,"reason":`, x.Reason)
	}
	if x.Removed {
		dst = textField(dst, `,"removed":true,"removal_reason":`, x.Removal)
	}
	return append(appendScoring(dst, x.Scoring), `,"days":[`...)
}

// appendExplanationTail writes what stands after them, without the brace.
func appendExplanationTail(dst []byte, x *competition.Explanation) []byte {
	return appendPoints(append(dst, `],"points":`...), x.Sum)
}

func appendExplainedDay(dst []byte, d *competition.ExplainedDay) []byte {
	dst = appendMetrics(append(dateField(dst, `{"date":`, d.Day), ','), d.Value)
	dst = appendPoints(append(dst, `,"points":`...), d.Points)
	if d.Correction != nil {
		dst = append(textField(dst, `,"correction":{"reason":`, d.Correction.Reason), '}')
	}
	dst = listField(dst, `,"reports":`, d.Reports, appendExplainedReport)
	dst = listField(dst, `,"flags":`, d.Flags, func(dst []byte, f *competition.Flag) []byte {
		return append(appendFigures(append(dst, '{'), f), '}')
	})
	return append(dst, '}')
}

func appendExplainedReport(dst []byte, r *competition.ExplainedReport) []byte {
	dst = appendReading(dst, r.Source, r.Metrics, r.RecordedAt)
	dst = boolField(dst, `,"counts":`, r.Ignored == "")
	if r.Ignored != "" {
		return append(wordField(dst, `,"why_not":"`, r.Ignored), '}')
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
