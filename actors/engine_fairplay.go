package actors

import (
	"github.com/paceboard/paceboard/competition"
)

// Flags lists the flags of a competition, newest first, those before a seq (0: all);
// next is 0 at the end. It is for operators.
func (e *Engine) Flags(competitionID string, caller competition.Caller, before uint64, limit int) (list []competition.FlaggedEntry, next uint64, err error) {
	if !caller.Operator {
		return nil, 0, competition.ErrForbidden
	}
	reply, err := send[flagsReply](e, competitionID, &getFlags{before, limit})
	return reply.list, reply.next, err
}

// Explain explains a participant's score, with the days of a span. Users see their
// own; operators see everyone's.
func (e *Engine) Explain(competitionID string, caller competition.Caller, userID string, span competition.Span) (competition.Explanation, error) {
	if !caller.Operator && caller.UserID != userID {
		return competition.Explanation{}, competition.ErrForbidden
	}
	return send[competition.Explanation](e, competitionID, &getExplanation{caller, userID, span})
}
