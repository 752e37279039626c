package competition

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// AmendCompetition changes what may change after the start, for a reason that everybody
// who sees the competition is shown: its end, its daily limits and its visibility. Nil
// fields stay as they are.
//
// Whatever was accepted before stays and counts. A day that has begun anywhere on earth
// stays in the window when the end is moved to before it, and a day that exceeds lower
// limits counts as it did.
type AmendCompetition struct {
	Caller

	End         *calendar.Millis
	DailyLimits *Metrics
	Visibility  *Visibility
	Reason      string // see CheckReason
}

// MaxAmendments is how often one competition can be amended.
const MaxAmendments = 100

// Answer returns a Summary.
func (*AmendCompetition) Answer(c *Competition, _ Decision) any { return c.Summary() }

// Decide amends the competition; if nothing changes, it is a no-op. Errors:
// *InvalidError, ErrForbidden, ErrUnknownCompetition, ErrClosed once the competition is
// completed or cancelled, ErrDeploying.
func (cmd *AmendCompetition) Decide(c *Competition, now calendar.Millis) (Decision, error) {
	if c.decided.status == 0 {
		return Decision{}, ErrUnknownCompetition
	}
	c.advance(now)
	if err := CheckReason(cmd.Reason, ""); err != nil {
		return Decision{}, err
	}
	switch {
	case !cmd.Operator:
		return Decision{}, c.conceal(cmd.Caller, ErrForbidden)
	case c.decided.status.Over():
		return Decision{}, ErrClosed
	}
	amended, err := cmd.amended(c, now)
	if err != nil {
		return Decision{}, err
	}
	if sameDefinition(&amended, &c.decided.definition) {
		return c.repeat(0), nil
	}
	if c.decided.amendments >= MaxAmendments {
		return Decision{}, &InvalidError{Fields: []FieldError{{Field: "reason", Detail: fmt.Sprintf("the competition was amended %d times, which is the most", MaxAmendments)}}}
	}
	if err := c.mayDecide(kindCompetitionAmended); err != nil {
		return Decision{}, err
	}
	c.emit(Event{At: now, Detail: &CompetitionAmended{Definition: amended, Reason: cmd.Reason}})
	c.decided.ceiling = c.decidedCeiling()
	c.decided.definition = amended
	c.decided.amendments++
	c.advance(now)
	c.summarize()
	return Decision{Seq: c.decided.chain.Seq}, nil
}

// amended returns the definition as the command wants it.
func (cmd *AmendCompetition) amended(c *Competition, now calendar.Millis) (Definition, error) {
	before := &c.decided.definition
	d := *before
	set(&d.DailyLimits, cmd.DailyLimits)
	if cmd.Visibility != nil {
		if d.Visibility = *cmd.Visibility; d.Visibility == Private {
			d.Enrollment = Invite
		}
	}
	if cmd.End != nil && *cmd.End != before.End {
		d.End = *cmd.End
		var detail string
		switch {
		case c.decided.status == Finalizing:
			detail = "has passed, and a competition that has ended does not begin again"
		case d.End <= now:
			detail = "must lie in the future; to end the competition now, give the next minute"
		}
		if detail != "" {
			return d, &InvalidError{Fields: []FieldError{{Field: "end_date", Detail: detail}}}
		}
		if zone, err := time.LoadLocation(d.TimeZone); err == nil && d.End > d.Start { // else the check below refuses it
			d.LastDay = calendar.DayOf((d.End - 1).Time().In(zone))
			for day := d.LastDay + 1; day <= before.LastDay && day.BegunBy(now); day++ {
				d.LastDay = day
			}
		}
	}
	highest := d // days that were accepted under other limits count, too
	highest.DailyLimits = c.decidedCeiling().Max(d.DailyLimits)
	if err := d.ValidateEdit(before); err != nil {
		return d, err
	}
	return d, highest.ValidateEdit(before)
}

// decidedCeiling returns the highest daily limits that have been in force, as decided.
func (c *Competition) decidedCeiling() Metrics {
	return c.decided.ceiling.Max(c.decided.definition.DailyLimits)
}

// Amendments returns the amendments for a reader, the earliest first; the caller must not
// change them. Error: ErrUnknownCompetition if the reader may not see the competition.
func (c *Competition) Amendments(caller Caller) ([]Amendment, error) {
	if !c.Exists() || !c.Readable(caller) {
		return nil, ErrUnknownCompetition
	}
	return c.amendments, nil
}

// CompetitionAmended carries the whole new definition, and why it is new.
type CompetitionAmended struct {
	Definition Definition
	Reason     string
}

const kindCompetitionAmended kind = 25

func (*CompetitionAmended) kind() kind { return kindCompetitionAmended }

func (d *CompetitionAmended) append(dst []byte) []byte {
	return appendDefinition(wire.AppendString(dst, d.Reason), &d.Definition)
}

func (d *CompetitionAmended) read(r *wire.Reader) {
	d.Reason, d.Definition = r.String(), readDefinition(r)
}

func (d *CompetitionAmended) apply(c *Competition, e *Event) error {
	switch {
	case c.status.Over():
		return errors.New("it amends a competition that is over")
	case len(c.amendments) >= MaxAmendments:
		return errors.New("it is one amendment too many")
	}
	c.ceiling = c.ceiling.Max(c.definition.DailyLimits)
	c.definition = d.Definition
	c.amendments = append(slices.Clip(c.amendments), Amendment{
		At: e.At, End: d.Definition.End, DailyLimits: d.Definition.DailyLimits, Visibility: d.Definition.Visibility, Reason: d.Reason,
	})
	return nil
}

func (*CompetitionAmended) effect() Effect { return Effect{} }

var (
	_ defining = (*CompetitionAmended)(nil)
	_ reasoned = (*CompetitionAmended)(nil)
)

func (d *CompetitionAmended) defined() *Definition { return &d.Definition }

func (d *CompetitionAmended) reason() string { return d.Reason }

// appendAmendments writes what a snapshot's header says of amendments.
func (c *Competition) appendAmendments(dst []byte) []byte {
	dst = appendMetrics(dst, c.ceiling)
	dst = binary.AppendUvarint(dst, uint64(len(c.amendments)))
	for i := range c.amendments {
		a := &c.amendments[i]
		dst = binary.AppendVarint(binary.AppendVarint(dst, int64(a.At)), int64(a.End))
		dst = wire.AppendString(appendMetrics(dst, a.DailyLimits), string(a.Visibility))
		dst = wire.AppendString(dst, a.Reason)
	}
	return dst
}

// readAmendments is the inverse of appendAmendments.
func (c *Competition) readAmendments(r *wire.Reader) {
	c.ceiling = readMetrics(r)
	for range r.Length() {
		c.amendments = append(c.amendments, Amendment{
			At: calendar.Millis(r.Varint()), End: calendar.Millis(r.Varint()), DailyLimits: readMetrics(r),
			Visibility: Visibility(r.String()), Reason: r.String(),
		})
	}
}

// checkAmendments holds what a header says of amendments against the rules.
func (c *Competition) checkAmendments() error {
	if len(c.amendments) > MaxAmendments || !c.ceiling.Within(highestLimits) || c.ceiling.Max(Metrics{}) != c.ceiling {
		return errors.New("the snapshot has amendments that no version makes")
	}
	for i := range c.amendments {
		if !ValidText(c.amendments[i].Reason, MaxReasonRunes) {
			return errors.New("the snapshot has an amendment with a reason that is too long, or not of printable characters")
		}
	}
	return nil
}
