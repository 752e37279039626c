package actors

import (
	"sync/atomic"

	"github.com/paceboard/paceboard/competition"
)

// Queries about fair play, as the actor gets them.
type (
	getFlags struct {
		before uint64
		limit  int
	}
	flagsReply struct {
		list []competition.FlaggedEntry
		next uint64
	}
	getExplanation struct {
		caller competition.Caller
		userID string
		span   competition.Span
	}
)

// Flags lists the flags of a competition, newest first, beginning behind the one
// with the seq before (0: with the newest); next is 0 at the end. It is for
// operators.
func (e *Engine) Flags(competitionID string, caller competition.Caller, before uint64, limit int) (list []competition.FlaggedEntry, next uint64, err error) {
	if !caller.Operator {
		return nil, 0, competition.ErrForbidden
	}
	reply, err := send[flagsReply](e, competitionID, &getFlags{before, limit})
	return reply.list, reply.next, err
}

// Explain is why a participant's score is what it is, with the days of a span: a
// user sees the own, an operator everybody's.
func (e *Engine) Explain(competitionID string, caller competition.Caller, userID string, span competition.Span) (competition.Explanation, error) {
	if !caller.Operator && caller.UserID != userID {
		return competition.Explanation{}, competition.ErrForbidden
	}
	return send[competition.Explanation](e, competitionID, &getExplanation{caller, userID, span})
}

// flagged counts flags by their reasons.
type flagged [len(competition.FlagReasons) + 1]atomic.Uint64

// count notes that a sync was flagged; a reason of 0 is none.
func (f *flagged) count(reason competition.FlagReason) {
	if reason != 0 {
		f[reason].Add(1)
	}
}

// counts are the numbers so far.
func (f *flagged) counts() map[competition.FlagReason]uint64 {
	counts := map[competition.FlagReason]uint64{}
	for _, reason := range competition.FlagReasons {
		counts[reason] = f[reason].Load()
	}
	return counts
}
