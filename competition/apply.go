package competition

import (
	"errors"
	"slices"
)

// Apply brings a durable event into the state. Events are applied in order,
// each once. The outcome matters for syncs alone. An event that this state
// cannot have decided gives a *CorruptError and leaves the state unusable.
func (c *Competition) Apply(e *Event) (Outcome, error) {
	if e.Seq != c.applied.Seq+1 {
		return Outcome{}, c.applied.corrupt("it was applied out of order")
	}
	var outcome Outcome
	err := c.unsound(e)
	switch {
	case err != nil:
	case e.Detail == nil:
		outcome, err = c.applySync(e)
	default:
		err = e.Detail.apply(c, e)
	}
	if err != nil {
		return Outcome{}, c.applied.corrupt(err.Error())
	}
	c.applied.Seq = e.Seq
	return outcome, nil
}

// Applied tells the competition that all events of a batch are in the state:
// what was held for them as decided is no longer needed.
func (c *Competition) Applied(b *Batch) {
	c.applied.Hash = b.Hash
	if c.applied.Seq == c.decided.chain.Seq {
		c.decided.forget()
	}
}

// applySync merges a durable report into its participant.
func (c *Competition) applySync(e *Event) (outcome Outcome, err error) {
	s := &e.Sync
	if !c.participants.has(s.Number) {
		return outcome, errors.New("it is a sync of a participant who was never enrolled")
	}
	if s.NewSource != "" && !c.sources.apply(s.Register.Source, s.NewSource) {
		return outcome, errors.New("it introduces a source out of order")
	}
	if int(s.Register.Source) >= c.sources.applied {
		return outcome, errors.New("it is a sync from a source that was never introduced")
	}
	p := c.participants.at(s.Number)
	days, merged := p.days.Merge(s.Register)
	if !merged.Changed {
		return Outcome{Full: merged.Full}, nil
	}
	c.dayBytes += int64(len(days) - len(p.days))
	p.days = days
	if pending := c.decided.of(s.Number); slices.Contains(pending.sources, s.Register.Source) {
		pending.sources = slices.DeleteFunc(pending.sources, func(source uint32) bool { return source == s.Register.Source })
		c.decided.set(s.Number, pending)
	}
	c.markChanged(p)
	if p.review.correction(s.Register.Day) != nil {
		merged.After = merged.Before // it counts for something else, whatever reports say
	}
	if merged.Before == merged.After && !s.Enrolled {
		return outcome, nil
	}
	p.lastSynced = e.At
	c.revalue(e, p, merged.Before, merged.After)
	if p.onBoard() {
		c.touch(e) // what enrolled changes the entry even when it brings nothing
	}
	return Outcome{Changed: true}, nil
}
