package actors

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// model is a competition as the contract tells it, worked out on reading. Each
// person is changed by one goroutine at a time, so that a burst of concurrent
// callers, each with people of its own, still has one outcome.
type model struct {
	def       competition.Definition
	creator   string
	cancelled bool
	people    map[string]*modelPerson // everybody there is, in it or not
}

type modelPerson struct {
	ever, present bool
	excluded      bool
	corrections   map[calendar.Day]competition.Metrics
	name          string
	reports       map[modelSlot]modelReport
	reached       mark // the command that gave the score its present value
	synced        mark // the last one that changed a total
}

type modelSlot struct {
	day    calendar.Day
	source string
}

type modelReport struct {
	recordedAt int64
	metrics    competition.Metrics
}

// mark is when a command was done: of two in one burst only those of the same
// caller have an order.
type mark struct{ burst, caller, n int }

func (m mark) before(o mark) bool {
	return m.burst < o.burst || m.burst == o.burst && m.caller == o.caller && m.n < o.n
}

func newModel(d competition.Definition, creator string, users []string) *model {
	m := &model{def: d, creator: creator, people: map[string]*modelPerson{}}
	for _, u := range users {
		m.people[u] = &modelPerson{reports: map[modelSlot]modelReport{}, corrections: map[calendar.Day]competition.Metrics{}}
	}
	return m
}

func (m *model) status(now time.Time) competition.Status {
	end := m.def.End.Time()
	switch {
	case m.cancelled:
		return competition.Cancelled
	case now.Before(m.def.Start.Time()):
		return competition.Upcoming
	case now.Before(end):
		return competition.Active
	case now.Before(end.Add(time.Duration(m.def.LateSyncHours) * time.Hour)):
		return competition.Finalizing
	default:
		return competition.Completed
	}
}

// onBoard: who was excluded is off the board, and takes part all the same.
func (p *modelPerson) onBoard() bool { return p.present && !p.excluded }

// present is how many are on the board.
func (m *model) present() (n int) {
	for _, p := range m.people {
		if p.onBoard() {
			n++
		}
	}
	return n
}

func (m *model) full() bool {
	return m.def.MaxParticipants > 0 && m.present() >= m.def.MaxParticipants
}

// covers: part of the day, in UTC, lies in [start, end).
func (m *model) covers(d calendar.Day) bool {
	begin := time.Unix(0, 0).UTC().AddDate(0, 0, int(d))
	return begin.Before(m.def.End.Time()) && begin.AddDate(0, 0, 1).After(m.def.Start.Time())
}

func (m *model) sync(now time.Time, at mark, s *competition.SubmitSync) (changed bool, err error) {
	p := m.people[s.UserID]
	slot := modelSlot{s.Day, s.Source}
	switch status, limit := m.status(now), m.def.DailyLimits; {
	case !p.present && (p.ever || s.MembersOnly || m.def.Enrollment != competition.Open || status > competition.Active):
		return false, m.concealed(competition.Caller{UserID: s.UserID, Operator: s.Trusted}, competition.ErrNotEnrolled)
	case status == competition.Upcoming:
		return false, competition.ErrNotStarted
	case status != competition.Active && status != competition.Finalizing:
		return false, competition.ErrClosed
	case !p.present && m.full():
		return false, competition.ErrFull
	case !m.covers(s.Day):
		return false, competition.ErrOutsideWindow
	case time.Unix(0, 0).AddDate(0, 0, int(s.Day)).Add(-14 * time.Hour).After(now):
		return false, competition.ErrFutureDate
	case s.RecordedAt/1e6 > now.Add(10*time.Minute).UnixMilli():
		return false, competition.ErrRecordedInFuture
	case s.Metrics.Steps > limit.Steps, s.Metrics.ActiveMinutes > limit.ActiveMinutes:
		return false, competition.ErrImplausible
	case p.newNinth(slot):
		return false, competition.ErrTooManySources
	}
	before, enrolled := p.totals(), p.present
	if !enrolled {
		p.ever, p.present, p.reached = true, true, at
	}
	if p.name == "" {
		p.name = s.UserName
	}
	report := modelReport{s.RecordedAt, s.Metrics}
	if old, known := p.reports[slot]; known {
		switch {
		case old.recordedAt > report.recordedAt:
			report = old
		case old.recordedAt == report.recordedAt:
			report.metrics = higher(old.metrics, report.metrics)
		}
	}
	p.reports[slot] = report
	after := p.totals()
	if enrolled && after == before {
		return false, nil
	}
	p.synced = at
	if m.score(after) != m.score(before) {
		p.reached = at
	}
	return true, nil
}

// newNinth: at most 8 sources for a user and day.
func (p *modelPerson) newNinth(s modelSlot) bool {
	if _, known := p.reports[s]; known {
		return false
	}
	n := 0
	for other := range p.reports {
		if other.day == s.day {
			n++
		}
	}
	return n >= 8
}

// concealed is a refusal as a caller may hear it: a private competition does not
// exist for those who neither take part nor manage it.
func (m *model) concealed(caller competition.Caller, refusal error) error {
	p := m.people[caller.UserID]
	if m.def.Visibility != competition.Private || caller.Operator || caller.UserID == m.creator || p != nil && p.present {
		return refusal
	}
	return competition.ErrUnknownCompetition
}

func (m *model) join(now time.Time, at mark, j *competition.JoinCompetition) error {
	p, own := m.people[j.UserID], j.Caller.UserID == j.UserID
	status := m.status(now)
	switch {
	case !own && !j.Operator:
		return m.concealed(j.Caller, competition.ErrForbidden)
	case !own && !p.present && p.ever, own && !p.ever && m.def.Enrollment == competition.Invite && j.UserID != m.creator:
		return m.concealed(j.Caller, competition.ErrInvitationRequired)
	case status != competition.Upcoming && status != competition.Active:
		return competition.ErrClosed
	case !p.present && !p.excluded && m.full():
		return competition.ErrFull
	}
	if !p.ever {
		p.ever, p.reached = true, at
	}
	if p.name == "" || j.Rename && own {
		p.name = j.UserName
	}
	p.present = true
	return nil
}

func (m *model) leave(now time.Time, l *competition.LeaveCompetition) error {
	p, status := m.people[l.UserID], m.status(now)
	switch {
	case l.Caller.UserID != l.UserID:
		return m.concealed(l.Caller, competition.ErrForbidden)
	case !p.present:
		return m.concealed(l.Caller, competition.ErrNotEnrolled)
	case status != competition.Upcoming && status != competition.Active:
		return competition.ErrClosed
	}
	p.present = false
	return nil
}

// review is a decision of an operator's about a person and a day.
func (m *model) review(now time.Time, at mark, user string, decide func(p *modelPerson)) error {
	switch p := m.people[user]; {
	case !p.ever:
		return competition.ErrNotEnrolled
	case m.status(now) == competition.Cancelled:
		return competition.ErrClosed
	default:
		before := m.score(p.totals())
		if decide(p); m.score(p.totals()) != before {
			p.reached = at
		}
		return nil
	}
}

// value is a day's value: each metric's maximum over the sources, or what an
// operator says.
func (p *modelPerson) value(d calendar.Day) (v competition.Metrics) {
	if corrected, ok := p.corrections[d]; ok {
		return corrected
	}
	for slot, report := range p.reports {
		if slot.day == d {
			v = higher(v, report.metrics)
		}
	}
	return v
}

func (p *modelPerson) days() []calendar.Day {
	var days []calendar.Day
	for slot := range p.reports {
		days = append(days, slot.day)
	}
	for day := range p.corrections {
		days = append(days, day)
	}
	slices.Sort(days)
	return slices.Compact(days)
}

func (p *modelPerson) totals() (t competition.Metrics) {
	for _, d := range p.days() {
		v := p.value(d)
		t.Steps += v.Steps
		t.DistanceCm += v.DistanceCm
		t.EnergyCentikcal += v.EnergyCentikcal
		t.ActiveMinutes += v.ActiveMinutes
	}
	return t
}

func higher(a, b competition.Metrics) competition.Metrics {
	return competition.Metrics{
		Steps: max(a.Steps, b.Steps), DistanceCm: max(a.DistanceCm, b.DistanceCm),
		EnergyCentikcal: max(a.EnergyCentikcal, b.EnergyCentikcal), ActiveMinutes: max(a.ActiveMinutes, b.ActiveMinutes),
	}
}

// score: thousandths of a point for a step, metre, kilocalorie and minute.
func (m *model) score(t competition.Metrics) int64 {
	w := m.def.Scoring
	return (100*w.Step*t.Steps + w.Metre*t.DistanceCm + w.Kcal*t.EnergyCentikcal + 100*w.Minute*t.ActiveMinutes) / 100_000
}

// standing is a place of the model's board.
type standing struct {
	user  string
	score int64
	*modelPerson
}

// board is who is on it, best first; equal scores are in no particular order.
func (m *model) board() []standing {
	var all []standing
	for user, p := range m.people {
		if p.onBoard() {
			all = append(all, standing{user, m.score(p.totals()), p})
		}
	}
	slices.SortFunc(all, func(a, b standing) int { return cmp.Compare(b.score, a.score) })
	return all
}

// everywhere is a sync without a competition: it goes to those that the user
// has joined, that are open and that take the day.
func everywhere(models []*model, now time.Time, at mark, s *competition.SubmitSync) (told []told, err error) {
	meant := *s
	meant.MembersOnly = true
	accepted := false
	for _, m := range models {
		status := m.status(now)
		if !m.people[s.UserID].present || !m.covers(s.Day) || status != competition.Active && status != competition.Finalizing {
			continue
		}
		changed, refusal := m.sync(now, at, &meant)
		told = append(told, toldBy(m.def.ID, changed, refusal))
		accepted = accepted || refusal == nil
	}
	if accepted {
		return told, nil
	}
	for _, first := range []error{competition.ErrFutureDate, competition.ErrRecordedInFuture, competition.ErrImplausible, competition.ErrTooManySources} {
		for _, t := range told {
			if errors.Is(t.err, first) {
				return nil, first
			}
		}
	}
	return nil, competition.ErrNotEnrolled
}

// told is what one competition says of a sync that went to several.
type told struct {
	id      string
	changed bool
	err     error
}

func toldBy(id string, changed bool, err error) told { return told{id, changed, err} }

// retryable reports whether a client would send the same again.
func retryable(err error) bool {
	return errors.Is(err, competition.ErrUnavailable) || errors.Is(err, competition.ErrInternal)
}
