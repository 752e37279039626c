package competition

import (
	"slices"

	"github.com/paceboard/paceboard/competition/calendar"
)

// SubmitSync reports one day's totals so far of one user from one source.
type SubmitSync struct {
	UserID      string
	UserName    string // used if the user has no name here; empty if unknown
	Source      string // 1 to 64 characters
	Day         calendar.Day
	RecordedAt  int64 // nanoseconds since 1970 UTC; 0 when the report gave none
	Metrics     Metrics
	MembersOnly bool // do not enrol: the sync goes to the competitions joined already
	Trusted     bool // an operator sends it, who may know of every competition
	Limited     bool // enrolling gives ErrUncounted
}

// Payer is as a [Command]'s.
func (s *SubmitSync) Payer() string {
	if s.Trusted {
		return ""
	}
	return s.UserID
}

// SubmitSync decides a sync. A report that says nothing new makes no event, yet
// is answered only when what it repeats is durable. It allocates nothing for a
// participant and a source that are known, unless it flags the sync: the flags'
// events come right after the decision's. Errors: ErrUnknownCompetition,
// ErrNotEnrolled, ErrNotStarted, ErrClosed, ErrFull, ErrOutsideWindow,
// ErrFutureDate, ErrRecordedInFuture, ErrImplausible, ErrTooManySources.
func (c *Competition) SubmitSync(now calendar.Millis, s *SubmitSync) (Decision, error) {
	if c.decided.status == 0 {
		return Decision{}, ErrUnknownCompetition
	}
	c.advance(now)
	number, enrolled := c.enrolment(s.UserID)
	if err := c.admits(s, number, enrolled); err != nil {
		return Decision{}, c.conceal(Caller{UserID: s.UserID, Operator: s.Trusted}, err)
	}
	if err := c.plausible(now, s.Day, s.RecordedAt, s.Metrics); err != nil {
		return Decision{}, err
	}
	if !enrolled {
		if err := checkNewUser(s.UserID); err != nil {
			return Decision{}, err
		}
	}

	register := Register{Day: s.Day, RecordedAt: s.RecordedAt, Metrics: s.Metrics}
	source, known := c.sources.find(s.Source)
	register.Source = source
	if !known {
		if !ValidSource(s.Source) {
			return Decision{}, &InvalidError{Fields: []FieldError{{Field: "source", Detail: "must be 1 to 64 characters without control characters"}}}
		}
		register.Source = uint32(len(c.sources.names))
	}
	// Only the applied registers are looked at, not those of events under way.
	// That is safe: what adds nothing to them adds nothing to their join with
	// more, and a day that fills up in between is found out by applySync.
	plan, first := Merged{After: s.Metrics, Changed: true}, true // of the source and day
	if c.participants.has(number) {
		var place slot
		place, _, plan = c.participants.at(number).days.plan(register)
		first = place.at == place.end
		switch {
		case plan.Full:
			return Decision{}, ErrTooManySources
		case !plan.Changed && enrolled:
			c.nameBySync(now, number, s)
			return c.repeat(number), nil
		}
	}
	introduces := false
	if first {
		var count int
		if introduces, count = c.newTo(number, register.Source); introduces && count >= MaxSourcesOverall {
			return Decision{}, ErrTooManySources
		}
	}

	switch {
	case enrolled:
		c.nameBySync(now, number, s)
	case s.Limited:
		return Decision{}, ErrUncounted
	default:
		number = c.enrol(now, s.UserID, s.UserName)
	}
	if introduces {
		p := c.decided.of(number)
		p.sources = append(p.sources, register.Source)
		c.decided.set(number, p)
	}
	event := SyncAccepted{Number: number, Enrolled: !enrolled, Register: register}
	if !known {
		c.sources.add(s.Source)
		event.NewSource = s.Source
	}
	c.emit(Event{At: now, Sync: event})
	decision := Decision{Seq: c.decided.chain.Seq, Number: number, Enrolled: !enrolled}
	c.flag(now, number, register, plan)
	return decision, nil
}

// newTo reports whether a participant, or a user without a number yet, has no report
// from a source so far, and from how many others there are some, counting events
// under way; it stops at MaxSourcesOverall. Cost: linear in the days.
func (c *Competition) newTo(number, source uint32) (isNew bool, others int) {
	var room [MaxSourcesOverall]uint32
	seen := append(room[:0], c.decided.of(number).sources...)
	if slices.Contains(seen, source) {
		return false, 0
	}
	if !c.participants.has(number) {
		return true, len(seen)
	}
	for r := range c.participants.at(number).days.All() {
		switch {
		case r.Source == source:
			return false, 0
		case len(seen) < MaxSourcesOverall && !slices.Contains(seen, r.Source):
			seen = append(seen, r.Source)
		}
	}
	return true, len(seen)
}

func (c *Competition) admits(s *SubmitSync, number uint32, enrolled bool) error {
	switch {
	case !enrolled && !c.enrolsBySync(s, number):
		return ErrNotEnrolled
	case c.decided.status == Upcoming:
		return ErrNotStarted
	case !c.decided.status.Open():
		return ErrClosed
	case !enrolled && c.full():
		return ErrFull
	}
	return nil
}

// nameBySync gives a participant who has no name, as decided, the one that the sync
// brings.
func (c *Competition) nameBySync(now calendar.Millis, number uint32, s *SubmitSync) {
	if s.UserName != "" && c.identityOf(number).UserName == "" {
		c.rename(now, number, s.UserName)
	}
}

// enrolsBySync reports whether a sync may enrol its user, who does not take part.
// People who left (and have a number) come back only by joining, and nobody is enrolled
// after the end.
func (c *Competition) enrolsBySync(s *SubmitSync, number uint32) bool {
	return number == 0 && !s.MembersOnly && c.decided.definition.selfService() && c.decided.status < Finalizing &&
		!IsPseudonym(s.UserID) && !c.reviewOf(0, s.UserID).isRemoved()
}
