package competition

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fair play is what operators decide about participants and days. They may until
// the competition is settled or cancelled, so also between its completion and
// its prizes: that is what reviewing is for.

// ExcludeParticipant takes a participant off the board. Syncs go on being
// accepted and merged, so that a RestoreParticipant comes out exact.
type ExcludeParticipant struct {
	Caller Caller
	UserID string
	Reason string // see CheckReason
}

// RestoreParticipant takes an exclusion back. Who takes part is on the board
// again, even where no place is free.
type RestoreParticipant struct {
	Caller Caller
	UserID string
	Reason string // see CheckReason
}

// CorrectDay sets what a participant's day counts for, whatever its reports say,
// those to come included.
type CorrectDay struct {
	Caller  Caller
	UserID  string
	Day     Day
	Metrics Metrics
	Reason  string // see CheckReason
}

// WithdrawCorrection lets a day count for what its reports say again.
type WithdrawCorrection struct {
	Caller Caller
	UserID string
	Day    Day
	Reason string // see CheckReason
}

// ReviewReply is how a participant stands after such a command.
type ReviewReply struct {
	UserID   string
	Excluded bool
	Score    int64
	Rank     int // 0 when not on the board
	Total    int // participants on the board
	Changed  bool
}

// CheckReason fails with an *InvalidError unless the text can be the reason of a
// decision about the user: 1 to MaxReasonRunes characters, none of them a control
// character, and not naming the user id. Reasons stay in the journal when a
// person is erased.
func CheckReason(reason, userID string) error {
	var detail string
	switch {
	case reason == "" || !ValidText(reason, MaxReasonRunes):
		detail = "must be 1 to 500 characters without control characters"
	case names(reason, userID):
		detail = "must not contain the participant's user id, since it stays when the person is erased"
	default:
		return nil
	}
	return &InvalidError{Fields: []FieldError{{Field: "reason", Detail: detail}}}
}

// names reports whether the id stands in the text by itself: "ann" is not meant
// in "planned".
func names(text, id string) bool {
	inWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	for rest := text; id != ""; {
		before, after, found := strings.Cut(rest, id)
		if !found {
			return false
		}
		last, _ := utf8.DecodeLastRuneInString(text[:len(text)-len(rest)+len(before)])
		first, _ := utf8.DecodeRuneInString(after)
		if !inWord(last) && !inWord(first) {
			return true
		}
		rest = rest[len(before)+1:]
	}
	return false
}

// Exclude decides an exclusion; again is fine. Errors: *InvalidError,
// ErrForbidden, ErrUnknownCompetition, ErrNotEnrolled for who never took part,
// ErrClosed.
func (c *Competition) Exclude(now Millis, cmd *ExcludeParticipant) (Decision, error) {
	number, err := c.reviewable(now, cmd.Caller, cmd.UserID, cmd.Reason)
	if err != nil {
		return Decision{}, err
	}
	if c.headReview(number).isExcluded() {
		return c.repeat(number), nil
	}
	event := &ParticipantExcluded{Number: number, Reason: cmd.Reason}
	return c.decideReview(Event{At: now, Detail: event}, number, func(r *Review) { event.apply(r) }), nil
}

// Restore decides that an exclusion is taken back; again is fine. Errors are as
// for Exclude.
func (c *Competition) Restore(now Millis, cmd *RestoreParticipant) (Decision, error) {
	number, err := c.reviewable(now, cmd.Caller, cmd.UserID, cmd.Reason)
	if err != nil {
		return Decision{}, err
	}
	if !c.headReview(number).isExcluded() {
		return c.repeat(number), nil
	}
	event := &ParticipantRestored{Number: number, Reason: cmd.Reason}
	return c.decideReview(Event{At: now, Detail: event}, number, func(r *Review) { event.apply(r) }), nil
}

// Correct decides what a day counts for; the same again is fine. Errors are as
// for Exclude, then ErrNotStarted, ErrOutsideWindow, ErrFutureDate, ErrImplausible.
func (c *Competition) Correct(now Millis, cmd *CorrectDay) (Decision, error) {
	number, err := c.reviewable(now, cmd.Caller, cmd.UserID, cmd.Reason)
	if err != nil {
		return Decision{}, err
	}
	if c.head.status == Upcoming {
		return Decision{}, ErrNotStarted // an edit may still change what days count for
	}
	if err := c.plausible(now, &SubmitSync{Day: cmd.Day, Metrics: cmd.Metrics}); err != nil {
		return Decision{}, err
	}
	correction := Correction{Day: cmd.Day, Metrics: cmd.Metrics, Reason: cmd.Reason}
	if known := c.headReview(number).correction(cmd.Day); known != nil && *known == correction {
		return c.repeat(number), nil
	}
	event := Event{At: now, Detail: &DayCorrected{Number: number, Correction: correction}}
	return c.decideReview(event, number, func(r *Review) { r.correct(correction) }), nil
}

// Withdraw decides that a correction is taken back; where there is none that is
// fine. Errors are as for Exclude.
func (c *Competition) Withdraw(now Millis, cmd *WithdrawCorrection) (Decision, error) {
	number, err := c.reviewable(now, cmd.Caller, cmd.UserID, cmd.Reason)
	if err != nil {
		return Decision{}, err
	}
	if c.headReview(number).correction(cmd.Day) == nil {
		return c.repeat(number), nil
	}
	event := Event{At: now, Detail: &CorrectionWithdrawn{Number: number, Day: cmd.Day, Reason: cmd.Reason}}
	return c.decideReview(event, number, func(r *Review) { r.withdraw(cmd.Day) }), nil
}

// reviewable is the participant whom an operator may decide about.
func (c *Competition) reviewable(now Millis, caller Caller, userID, reason string) (number uint32, err error) {
	c.advance(now)
	if err := CheckReason(reason, userID); err != nil {
		return 0, err
	}
	number, _ = c.enrolment(userID)
	switch {
	case !caller.Operator:
		return 0, ErrForbidden
	case c.head.status == 0:
		return 0, ErrUnknownCompetition
	case number == 0:
		return 0, ErrNotEnrolled
	case c.head.status == Settled, c.head.status == Cancelled:
		return 0, ErrClosed
	}
	return number, nil
}

// headReview is a participant's review as of the head, or nil.
func (c *Competition) headReview(number uint32) *Review {
	if r, pending := c.head.reviews[number]; pending {
		return r
	}
	if c.participants.has(number) {
		return c.participants.at(number).review
	}
	return nil
}

// decideReview emits the event and notes in the head what it does to the review.
func (c *Competition) decideReview(e Event, number uint32, apply func(*Review)) Decision {
	c.emit(e)
	review, pending := c.head.reviews[number]
	if !pending {
		review = c.headReview(number).clone()
		c.head.reviews[number] = review
	}
	excluded := review.Excluded
	apply(review)
	if excluded != review.Excluded && c.takesPart(number) {
		c.head.onBoard += map[bool]int{true: -1, false: 1}[review.Excluded]
		c.summarize()
	}
	return Decision{Seq: c.head.chain.Seq, Number: number}
}

// takesPart reports whether a participant does as of the head.
func (c *Competition) takesPart(number uint32) bool {
	if present, changed := c.head.presence[number]; changed {
		return present
	}
	return !c.participants.has(number) || c.participants.at(number).present // who is just enrolled does
}

func (d *ParticipantExcluded) apply(r *Review) { r.Excluded, r.Reason = true, d.Reason }
func (*ParticipantRestored) apply(r *Review)   { r.Excluded, r.Reason = false, "" }

// applyReview brings an operator's decision, or a flag, into the state. change
// reports false where the event does not fit the review.
func (c *Competition) applyReview(e *Event, number uint32, change func(*Review) (fits bool)) (problem string) {
	if !c.participants.has(number) {
		return "it is about a participant who was never enrolled"
	}
	p := c.participants.at(number)
	if p.review == nil {
		p.review = &Review{}
	}
	before, onBoard := p.key(), p.onBoard()
	if !change(p.review) {
		return "it does not fit what was decided about the participant before"
	}
	if p.review.empty() {
		p.review = nil
	}
	c.markChanged(p)
	switch {
	case onBoard && !p.onBoard():
		c.board.Remove(before)
		c.onBoard--
		c.touch(e)
	case !onBoard && p.onBoard():
		c.board.Insert(before)
		c.onBoard++
		c.touch(e)
	}
	return ""
}

func (c *Competition) applyExcluded(e *Event, d *ParticipantExcluded) (problem string) {
	return c.applyReview(e, d.Number, func(r *Review) bool {
		fits := !r.Excluded
		d.apply(r)
		return fits
	})
}

func (c *Competition) applyRestored(e *Event, d *ParticipantRestored) (problem string) {
	return c.applyReview(e, d.Number, func(r *Review) bool {
		fits := r.Excluded
		d.apply(r)
		return fits
	})
}

func (c *Competition) applyCorrected(e *Event, d *DayCorrected) (problem string) {
	return c.applyRevaluation(e, d.Number, d.Day, func(r *Review) bool {
		r.correct(d.Correction)
		return d.Metrics.Max(Metrics{}) == d.Metrics
	})
}

func (c *Competition) applyWithdrawn(e *Event, d *CorrectionWithdrawn) (problem string) {
	return c.applyRevaluation(e, d.Number, d.Day, func(r *Review) bool {
		if r.correction(d.Day) == nil {
			return false
		}
		r.withdraw(d.Day)
		return true
	})
}

// applyRevaluation is applyReview where a day's value changes by it.
func (c *Competition) applyRevaluation(e *Event, number uint32, day Day, change func(*Review) bool) (problem string) {
	if !c.participants.has(number) {
		return "it is about a participant who was never enrolled"
	}
	p := c.participants.at(number)
	before := p.valueOf(day)
	if problem = c.applyReview(e, number, change); problem == "" {
		c.revalue(e, p, before, p.valueOf(day))
	}
	return problem
}

// revalue lets a day of a participant count for something else.
func (c *Competition) revalue(e *Event, p *participant, before, after Metrics) {
	if before == after {
		return
	}
	key := p.key()
	p.totals = p.totals.Plus(after).Minus(before)
	if score := c.definition.Scoring.Score(p.totals); score != p.score {
		p.score, p.reached, p.updatedAt = score, e.Seq, e.At
		if p.onBoard() {
			c.board.Move(key, p.key())
		}
	}
	if p.onBoard() {
		c.touch(e)
	}
}

// onBoard reports whether the participant is on the board.
func (p *participant) onBoard() bool { return p.present && !p.review.isExcluded() }

// valueOf is what a day counts for.
func (p *participant) valueOf(day Day) Metrics {
	if correction := p.review.correction(day); correction != nil {
		return correction.Metrics
	}
	return p.days.value(day)
}

// totalOf is what days come to with their corrections.
func totalOf(days Days, r *Review) Metrics {
	total := days.Total()
	if r != nil {
		for i := range r.Corrections {
			total = total.Plus(r.Corrections[i].Metrics).Minus(days.value(r.Corrections[i].Day))
		}
	}
	return total
}

// value is the maximum over the sources of a day.
func (d Days) value(day Day) Metrics {
	const none = 1<<32 - 1 // no source is this one
	return d.find(day, none).others
}

// ReviewReply is how a participant stands now.
func (c *Competition) ReviewReply(number uint32, changed bool) ReviewReply {
	p := c.participants.at(number)
	rank, _ := c.board.Rank(p.key())
	return ReviewReply{UserID: p.userID, Excluded: p.review.isExcluded(), Score: p.score, Rank: rank, Total: c.onBoard, Changed: changed}
}
