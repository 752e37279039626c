package actors

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// caller does its commands one after another. No other caller of the burst has
// commands for its people.
type caller struct {
	*harness
	id     int
	n      int
	people []string
	alone  bool // so that what concerns everybody may be done, too
}

// wrong notes a disagreement; callers may not fail the test themselves.
func (c *caller) wrong(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures = append(c.failures, fmt.Sprintf(format, args...))
}

// try does what a client does: the same again until it has an answer.
func (c *caller) try(f func() error) (again bool, err error) {
	for range 2000 {
		if err = f(); !retryable(err) {
			return again, err
		}
		c.answered(err)
		again = true
		<-time.After(10 * time.Millisecond)
	}
	return again, err
}

// answered notes a request that nobody answered: whatever fails, somebody must.
func (c *caller) answered(err error) {
	if errors.Is(err, errNoAnswer) {
		c.wrong("a request was never answered")
	}
}

func (c *caller) mark() mark { return mark{c.burst, c.id, c.n} }

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }

func (c *caller) command(r *rand.Rand) {
	user := pick(r, c.people)
	m := c.models[r.IntN(len(c.models))]
	if m.def.MaxParticipants > 0 && !c.alone {
		m = c.models[0] // who gets the last place is anybody's guess
	}
	switch p := r.IntN(100); {
	case p < 60:
		c.sync(r, m, user)
	case p < 66:
		c.batch(r, m)
	case p < 70 && c.alone:
		c.everywhere(r, user)
	case p < 80:
		c.join(r, m, user)
	case p < 84:
		c.leave(r, m, user)
	case p < 86:
		c.panic(m)
	case p < 87 && c.alone:
		c.rename(r, m)
	case p >= 96:
		c.review(r, m, user)
	case p < 88 && c.alone && r.IntN(4) == 0:
		c.cancel(m)
	default:
		c.look(m, user)
	}
}

func (c *caller) draw(r *rand.Rand, user string) competition.SubmitSync {
	today := calendar.DayOf(c.now())
	s := competition.SubmitSync{
		UserID: user, UserName: user + "'s name", Source: fmt.Sprintf("source %d", r.IntN(8)), Day: today + calendar.Day(r.IntN(5)-3),
		Metrics: competition.Metrics{Steps: r.Int64N(40), DistanceCm: r.Int64N(300), EnergyCentikcal: r.Int64N(5000), ActiveMinutes: r.Int64N(20)},
	}
	switch {
	case r.IntN(50) == 0:
		s.Metrics.Steps = 100_001
	case r.IntN(30) == 0:
		s.Metrics.ActiveMinutes = r.Int64N(1440)
	}
	if c.alone { // else the order would decide which source is one too many
		s.Source = fmt.Sprintf("source %d", r.IntN(10))
	}
	if r.IntN(2) == 0 {
		s.RecordedAt = int64(today)*86_400e9 + r.Int64N(3) + 1
	}
	return s
}

func (c *caller) sync(r *rand.Rand, m *model, user string) {
	s := c.draw(r, user)
	want, refusal := m.sync(c.now(), c.mark(), &s)
	var reply competition.SyncReply
	again, err := c.try(func() (err error) {
		reply, err = c.engine.SubmitSync(m.def.ID, &s)
		return err
	})
	if !errors.Is(err, refusal) {
		c.wrong("sync of %s to %s: %v, the model says %v", user, m.def.ID, err, refusal)
	}
	if err != nil {
		return
	}
	score := m.score(m.people[user].totals())
	if again { // the first try may have done it
		want = want && reply.Changed
	}
	if reply.Score != score || (reply.Rank < 1) != m.people[user].excluded || reply.Rank > reply.Total || reply.Total > len(users) || reply.Changed != want {
		c.wrong("sync of %s to %s: %+v, the model says %d, %v", user, m.def.ID, reply, score, want)
	}
	if r.IntN(3) == 0 {
		c.look(m, user)
	}
}

// look reads a person's place in one of the ways there are: it must be what was
// acknowledged last.
func (c *caller) look(m *model, user string) {
	p := m.people[user]
	me := competition.Caller{UserID: user}
	var board competition.Board
	var stats competition.Stats
	_, err := c.try(func() (err error) {
		switch c.n % 4 {
		case 0:
			board, err = c.engine.Page(m.def.ID, me, 0, 50, nil)
		case 1:
			board, err = c.engine.Around(m.def.ID, me, user, 50, nil)
		case 2:
			stats, err = c.engine.Stats(m.def.ID, me, user, competition.AllDays)
		default:
			var top *competition.Published
			if top, err = c.engine.Top(m.def.ID, me); err == nil {
				board = top.Board
			}
		}
		return err
	})
	var want error
	switch {
	case c.n%4 == 2 && !p.ever, c.n%4 == 1 && !p.onBoard():
		want = competition.ErrNotEnrolled
	}
	if (c.n%4 != 2 || !p.ever) && m.concealed(me, competition.ErrForbidden) != competition.ErrForbidden { //nolint:errorlint // The model's own.
		want = competition.ErrUnknownCompetition
	}
	if !errors.Is(err, want) {
		c.wrong("%s looks at %s (%d): %v, the model says %v", user, m.def.ID, c.n%4, err, want)
	}
	if err != nil {
		return
	}
	if c.n%4 == 2 {
		c.holds(m, user, stats)
		return
	}
	at := slices.IndexFunc(board.Entries, func(e competition.Entry) bool { return e.UserID == user })
	switch {
	case (at >= 0) != p.onBoard():
		c.wrong("%s is on the board of %s: %v, the model says %v", user, m.def.ID, at >= 0, p.onBoard())
	case at >= 0 && (board.Entries[at].Totals != p.totals() || board.Entries[at].Score != m.score(p.totals())):
		c.wrong("%s is on the board of %s with %+v, the model says %+v", user, m.def.ID, board.Entries[at], p.totals())
	}
}

// holds compares statistics.
func (c *caller) holds(m *model, user string, s competition.Stats) {
	p := m.people[user]
	if s.Total != p.totals() || s.Score != m.score(p.totals()) || (s.Rank > 0) != p.onBoard() || len(s.Days) != len(p.days()) {
		c.wrong("statistics of %s in %s: %+v, the model says %+v", user, m.def.ID, s, p.reports)
		return
	}
	for i, day := range p.days() {
		reports := map[modelSlot]modelReport{}
		for _, source := range s.Days[i].Sources {
			reports[modelSlot{day, source.Source}] = modelReport{source.RecordedAt, source.Metrics}
		}
		for slot, report := range p.reports {
			if slot.day == day && reports[slot] != report {
				c.wrong("statistics of %s in %s: %+v, the model says %+v", user, m.def.ID, reports, p.reports)
			}
		}
		if s.Days[i].Day != day || s.Days[i].Value != p.value(day) {
			c.wrong("statistics of %s in %s: %+v, the model says %v: %v", user, m.def.ID, s.Days[i], day, p.value(day))
		}
	}
}

// batch is a SubmitBatch for one competition, and one that does not exist.
func (c *caller) batch(r *rand.Rand, m *model) {
	items := make([]competition.BatchItem, 1+r.IntN(12))
	scores := make([]map[int64]bool, len(items)) // that the user had from the item on
	wants, changes := make([]error, len(items)), make([]bool, len(items))
	for i := range items {
		items[i] = competition.BatchItem{CompetitionID: m.def.ID, Sync: c.draw(r, pick(r, c.people))}
		s := &items[i].Sync
		if r.IntN(20) == 0 {
			items[i].CompetitionID, wants[i] = "nowhere", competition.ErrUnknownCompetition
			continue
		}
		changes[i], wants[i] = m.sync(c.now(), c.mark(), s)
		c.n++ // the next one is later
		scores[i] = map[int64]bool{}
		for j := range i + 1 {
			if scores[j] != nil && items[j].Sync.UserID == s.UserID {
				scores[j][m.score(m.people[s.UserID].totals())] = true
			}
		}
	}
	open := make([]int, len(items))
	for i := range open {
		open[i] = i
	}
	again := false
	for len(open) > 0 {
		part := make([]competition.BatchItem, len(open))
		for i, place := range open {
			part[i] = competition.BatchItem{CompetitionID: items[place].CompetitionID, Sync: items[place].Sync}
		}
		_ = c.engine.SubmitBatch(part, nil)
		var left []int
		for i, place := range open {
			items[place] = part[i]
			if retryable(part[i].Err) {
				c.answered(part[i].Err)
				left = append(left, place)
			}
		}
		if open = left; len(open) > 0 {
			again = true
			<-time.After(10 * time.Millisecond)
		}
	}
	for i, item := range items {
		if again && item.Err != nil && wants[i] != nil {
			continue // refused again, after later items were taken: perhaps for another reason
		}
		if !errors.Is(item.Err, wants[i]) || item.Err == nil && len(item.Replies) != 1 {
			c.wrong("item %d of a batch to %s: %v, %+v; the model says %v", i, m.def.ID, item.Err, item.Replies, wants[i])
			continue
		}
		if item.Err == nil {
			reply := item.Replies[0]
			if reply.CompetitionID != item.CompetitionID || !scores[i][reply.Score] || reply.Changed != changes[i] && !again {
				c.wrong("item %d of a batch to %s: %+v, the model says %v, %v", i, m.def.ID, reply, scores[i], changes[i])
			}
		}
	}
}

func (c *caller) everywhere(r *rand.Rand, user string) {
	s := c.draw(r, user)
	all, refusal := everywhere(c.models, c.now(), c.mark(), &s)
	var replies []competition.JoinedReply
	again, err := c.try(func() (err error) {
		replies, err = c.engine.SubmitEverywhere(&s, nil)
		return err
	})
	if !errors.Is(err, refusal) || len(replies) != len(all) {
		c.wrong("sync of %s everywhere: %+v, %v; the model says %v, %v", user, replies, err, all, refusal)
		return
	}
	for i, reply := range replies {
		want := all[i]
		if reply.CompetitionID != want.id || !errors.Is(reply.Err, want.err) || want.err == nil && reply.Changed != want.changed && !again {
			c.wrong("sync of %s everywhere: %+v, the model says %v", user, replies, all)
		}
	}
}

func (c *caller) join(r *rand.Rand, m *model, user string) {
	j := competition.JoinCompetition{
		Caller: competition.Caller{UserID: pick(r, []string{user, user, m.creator, "nobody"})}, UserID: user,
		UserName: fmt.Sprintf("name %d", r.IntN(5)), Rename: r.IntN(2) == 0,
	}
	refusal := m.join(c.now(), c.mark(), &j)
	var entry competition.Entry
	_, err := c.try(func() (err error) {
		entry, err = c.engine.Join(m.def.ID, &j)
		return err
	})
	if !errors.Is(err, refusal) {
		c.wrong("%s joins %s: %v, the model says %v", user, m.def.ID, err, refusal)
	}
	if p := m.people[user]; err == nil && !p.excluded && (entry.UserID != user || entry.UserName != p.name || entry.Totals != p.totals()) {
		c.wrong("%s joins %s: %+v, the model says %+v", user, m.def.ID, entry, p)
	}
}

func (c *caller) leave(r *rand.Rand, m *model, user string) {
	l := competition.LeaveCompetition{Caller: competition.Caller{UserID: pick(r, []string{user, m.creator, "nobody"})}, UserID: user}
	refusal := m.leave(c.now(), &l)
	again, err := c.try(func() error { return obey(c.engine, m.def.ID, &l) })
	if again && refusal == nil && errors.Is(err, competition.ErrNotEnrolled) {
		return // the first try did it
	}
	if !errors.Is(err, refusal) {
		c.wrong("%s leaves %s: %v, the model says %v", user, m.def.ID, err, refusal)
	}
}

// review is a decision of an operator's; the same again is answered in the same
// way, so that a client may repeat it.
func (c *caller) review(r *rand.Rand, m *model, user string) {
	const reason = "it looks odd"
	day := calendar.DayOf(c.now()) - calendar.Day(r.IntN(3))
	open := m.status(c.now()) != competition.Upcoming && m.covers(day)
	var decide func(p *modelPerson)
	var ask func() (competition.ReviewReply, error)
	switch n := r.IntN(5); {
	case n == 0:
		decide = func(p *modelPerson) { p.excluded = true }
		ask = func() (competition.ReviewReply, error) {
			return run[competition.ReviewReply](c.engine, m.def.ID, &competition.ExcludeParticipant{Caller: operator, UserID: user, Reason: reason})
		}
	case n < 3 || !open:
		decide = func(p *modelPerson) { p.excluded = false }
		ask = func() (competition.ReviewReply, error) {
			return run[competition.ReviewReply](c.engine, m.def.ID, &competition.RestoreParticipant{Caller: operator, UserID: user, Reason: reason})
		}
	case n == 3:
		metrics := competition.Metrics{Steps: r.Int64N(50)}
		decide = func(p *modelPerson) { p.corrections[day] = metrics }
		ask = func() (competition.ReviewReply, error) {
			return run[competition.ReviewReply](c.engine, m.def.ID, &competition.CorrectDay{Caller: operator, UserID: user, Day: day, Metrics: metrics, Reason: reason})
		}
	default:
		decide = func(p *modelPerson) { delete(p.corrections, day) }
		ask = func() (competition.ReviewReply, error) {
			return run[competition.ReviewReply](c.engine, m.def.ID, &competition.WithdrawCorrection{Caller: operator, UserID: user, Day: day, Reason: reason})
		}
	}
	refusal := m.review(c.now(), c.mark(), user, decide)
	var reply competition.ReviewReply
	_, err := c.try(func() (err error) {
		reply, err = ask()
		return err
	})
	p := m.people[user]
	if !errors.Is(err, refusal) || err == nil && (reply.Excluded != p.excluded || reply.Score != m.score(p.totals()) || (reply.Rank > 0) != p.onBoard()) {
		c.wrong("review of %s in %s: %+v, %v; the model says %+v, %v", user, m.def.ID, reply, err, p, refusal)
	}
}

func (c *caller) rename(r *rand.Rand, m *model) {
	name := fmt.Sprintf("%s %d", m.def.ID, r.IntN(9))
	m.def.Name = name
	var s competition.Summary
	_, err := c.try(func() (err error) {
		s, err = run[competition.Summary](c.engine, m.def.ID, &competition.EditCompetition{Caller: competition.Caller{UserID: m.creator}, Patch: competition.Patch{Name: &name}})
		return err
	})
	if err != nil || s.Definition.Name != name {
		c.wrong("edit %s: %v", m.def.ID, err)
	}
}

func (c *caller) cancel(m *model) {
	m.cancelled = true
	_, err := c.try(func() error {
		_, err := c.engine.Run(m.def.ID, &competition.CancelCompetition{Caller: operator})
		return err
	})
	if err != nil {
		c.wrong("cancel %s: %v", m.def.ID, err)
	}
}

// panic sends what the actor does not know, which makes it panic.
func (c *caller) panic(m *model) {
	_, err := send[int](c.engine, m.def.ID, &unknown{})
	if !retryable(err) {
		c.wrong("a message that panics was answered with %v", err)
	}
	c.answered(err)
}
