package competition

import (
	"maps"
	"slices"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition/calendar"
)

// Fair play as the issue tells it: what operators decide, and which syncs are
// odd. The rules of the flags are worked out the long way, with a sorted list for
// a median.

type modelReview struct {
	excluded  bool
	reason    string
	days      map[calendar.Day]Correction
	removal   string
	removedAt calendar.Millis
	flags     []modelFlag
}

type modelFlag struct {
	at     calendar.Millis
	day    calendar.Day
	reason string
}

func (r modelReview) clone() modelReview {
	r.days, r.flags = maps.Clone(r.days), slices.Clone(r.flags)
	return r
}

// onBoard: who was excluded is off the board as if they had left.
func (p *modelPerson) onBoard() bool { return p.present && !p.review.excluded }

// counts is what a day counts for: the operator's metrics stand over all reports.
func (p *modelPerson) counts(d calendar.Day) Metrics {
	if c, corrected := p.review.days[d]; corrected {
		return c.Metrics
	}
	return p.value(d)
}

// reviewed is who a decision is about, or why it cannot be taken.
func (m *model) reviewed(caller Caller, id, reason string) (*modelPerson, error) {
	p := m.people[id]
	switch {
	case reason == "" || len(reason) > 500 || reason == "it was "+id:
		return nil, &InvalidError{}
	case !caller.Operator:
		return nil, ErrForbidden
	case !m.created:
		return nil, ErrUnknownCompetition
	case p == nil:
		return nil, ErrNotEnrolled
	case m.settled, m.cancelled:
		return nil, ErrClosed
	}
	return p, nil
}

func (m *model) exclude(cmd *ExcludeParticipant) error {
	p, err := m.reviewed(cmd.Caller, cmd.UserID, cmd.Reason)
	if err == nil && !p.review.excluded {
		p.review.excluded, p.review.reason = true, cmd.Reason
	}
	return err
}

func (m *model) restore(cmd *RestoreParticipant) error {
	p, err := m.reviewed(cmd.Caller, cmd.UserID, cmd.Reason)
	if err == nil {
		p.review.excluded, p.review.reason = false, ""
	}
	return err
}

func (m *model) correct(cmd *CorrectDay) error {
	p, err := m.reviewed(cmd.Caller, cmd.UserID, cmd.Reason)
	if err != nil {
		return err
	}
	l, v := m.def.DailyLimits, cmd.Metrics
	switch {
	case m.status() == Upcoming:
		return ErrNotStarted
	case !m.inWindow(cmd.Day):
		return ErrOutsideWindow
	case int64(cmd.Day)*24-14 > int64(m.now)/int64(hour): // hours since 1970; draws are of whole hours and a bit
		return ErrFutureDate
	case v.Steps > l.Steps, v.DistanceCm > l.DistanceCm, v.EnergyCentikcal > l.EnergyCentikcal, v.ActiveMinutes > l.ActiveMinutes:
		return ErrImplausible
	}
	if p.review.days == nil {
		p.review.days = map[calendar.Day]Correction{}
	}
	p.review.days[cmd.Day] = Correction{Day: cmd.Day, Metrics: cmd.Metrics, Reason: cmd.Reason}
	m.rescore(p)
	return nil
}

func (m *model) withdraw(cmd *WithdrawCorrection) error {
	p, err := m.reviewed(cmd.Caller, cmd.UserID, cmd.Reason)
	if err == nil {
		delete(p.review.days, cmd.Day)
		m.rescore(p)
	}
	return err
}

// rescore notes when a score came about.
func (m *model) rescore(p *modelPerson) {
	if score := m.score(p.totals()); score != p.score {
		m.reaches++
		p.score, p.reached, p.updated = score, m.reaches, m.now
	}
}

// flag is the flags that a sync gets that changed a day's reports; p is as it
// was before.
func (m *model) flag(p *modelPerson, s *SubmitSync, after Metrics) (flags []modelFlag) {
	if _, corrected := p.review.days[s.Day]; corrected || p.value(s.Day) == after {
		return nil
	}
	known := p.review.flags
	add := func(reason string, odd bool) {
		for _, f := range known {
			odd = odd && (f.day != s.Day || f.reason != reason)
		}
		if odd && len(known)+len(flags) < 32 {
			flags = append(flags, modelFlag{m.now, s.Day, reason})
		}
	}
	add("rate", m.tooFast(p, s, after))
	add("own_days", m.farFromOwnDays(p, s.Day, after))
	return flags
}

func (m *model) tooFast(p *modelPerson, s *SubmitSync, after Metrics) bool {
	begins, ends := calendar.Millis(s.Day)*day-14*hour, calendar.Millis(s.Day)*day+36*hour
	var clocks []calendar.Millis
	if old, spoke := p.reports[modelSlot{s.Day, s.Source}]; spoke {
		later := false
		for slot := range p.reports {
			later = later || slot.day > s.Day
		}
		if !later {
			clocks = append(clocks, p.lastSynced)
		}
		if old.recordedAt != 0 {
			clocks = append(clocks, calendar.Millis(old.recordedAt/1e6))
		}
	}
	since := begins
	if len(clocks) > 0 {
		if c := slices.Min(clocks); c >= begins && c < ends {
			since = c
		}
	}
	ms := max(0, min(m.now, ends)-since) + hour/2
	before := p.value(s.Day)
	over := func(grown, perHour int64) bool { return grown*int64(hour) > perHour*int64(ms) }
	return over(after.Steps-before.Steps, 12_000) || over(after.DistanceCm-before.DistanceCm, 25_000*100) ||
		over(after.EnergyCentikcal-before.EnergyCentikcal, 1_500*100) || over(after.ActiveMinutes-before.ActiveMinutes, 60)
}

func (m *model) farFromOwnDays(p *modelPerson, d calendar.Day, after Metrics) bool {
	others := map[calendar.Day]bool{}
	for slot := range p.reports {
		others[slot.day] = true
	}
	delete(others, d)
	for _, metric := range []func(Metrics) int64{
		func(v Metrics) int64 { return v.Steps },
		func(v Metrics) int64 { return v.DistanceCm },
		func(v Metrics) int64 { return v.EnergyCentikcal },
		func(v Metrics) int64 { return v.ActiveMinutes },
	} {
		var values []int64
		for other := range others {
			if v := metric(p.counts(other)); v > 0 {
				values = append(values, v)
			}
		}
		slices.Sort(values)
		if n := len(values); n >= 5 && metric(after) > 3*values[n/2] && metric(after) > metric(m.def.DailyLimits)/4 {
			return true
		}
	}
	return false
}

// reviewOf is what a competition knows of a user besides the board, as the model
// says it; flags only where they are exact.
func (r *harness) agreeOnReviews() {
	t := r.t
	for id, p := range r.shown.people {
		x, err := r.c.Explain(id, AllDays)
		if p.erased {
			require.ErrorIs(t, err, ErrNotEnrolled, "nobody can ask")
			continue
		}
		require.NoError(t, err)
		require.Equal(t, [2]any{p.review.excluded, p.review.reason}, [2]any{x.Excluded, x.Reason})
		require.Equal(t, [2]any{p.review.removedAt > 0, p.review.removal}, [2]any{x.Removed, x.Removal})
		require.Equal(t, p.score, x.Sum.Whole, "the days' points, rounded down once")
		corrections := map[calendar.Day]Correction{}
		var sum Metrics
		for _, d := range x.Days {
			if d.Correction != nil {
				corrections[d.Day] = *d.Correction
			}
			sum = eachSum(sum, d.Value)
		}
		require.Equal(t, p.totals(), sum)
		require.Len(t, corrections, len(p.review.days))
		for d, c := range p.review.days {
			require.Equal(t, c, corrections[d])
		}
	}
	list, next := r.c.Flags(0, 1000)
	require.Zero(t, next)
	require.Len(t, list, len(r.c.flags))
	if !r.exact {
		return
	}
	got := map[string][]modelFlag{}
	for _, f := range slices.Backward(list) {
		got[f.UserID] = append(got[f.UserID], modelFlag{f.At, f.Day, f.Reason.String()})
	}
	for id, p := range r.shown.people {
		require.Equal(t, append([]modelFlag(nil), p.review.flags...), got[id], "flags of %s", id)
	}
}

// drawReview is a decision of an operator's.
func drawReview(t *rapid.T, now calendar.Millis) any {
	id, caller := drawUser(t), drawOperator(t)
	reason := pick(t, "reason", "a car", "a car", "a bus", "", "it was "+id)
	d := calendar.DayOf(now.Time()) + pick[calendar.Day](t, "day", 0, 0, -1, -2, 2)
	switch rapid.IntRange(0, 5).Draw(t, "review") {
	case 0, 1:
		return &ExcludeParticipant{Caller: caller, UserID: id, Reason: reason}
	case 2:
		return &RestoreParticipant{Caller: caller, UserID: id, Reason: reason}
	case 3:
		return &WithdrawCorrection{Caller: caller, UserID: id, Day: d, Reason: reason}
	default:
		metrics := Metrics{Steps: pick[int64](t, "steps", 0, 1, 5000, 100_001), DistanceCm: pick[int64](t, "cm", 0, 299)}
		return &CorrectDay{Caller: caller, UserID: id, Day: d, Metrics: metrics, Reason: reason}
	}
}
