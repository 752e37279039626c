package actors

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// SubmitEverywhere submits to every competition that the user takes part in, that is
// open and that covers the day. If there is none, the error is ErrNotEnrolled; if all
// of them refuse, it is the first refusal. Any other failure is that of the call,
// which may then be repeated. Pay is as in SubmitBatch.
func (e *Engine) SubmitEverywhere(s *competition.SubmitSync, pay competition.Pay) ([]competition.JoinedReply, error) {
	items := []competition.BatchItem{{Sync: *s}}
	if err := e.SubmitBatch(items, pay); err != nil {
		return nil, err
	}
	return items[0].Replies, items[0].Err
}

// SubmitBatch submits many syncs at once and fills in each item's Replies or Err.
// Items for one competition travel together; those that name none, and so go to every
// competition of the user, come after those that do. It counts as one request. If one
// of the users has used up Options.MaxJournalUser, the whole batch is refused. Before
// anything is submitted pay, unless it is nil, is told what the batch costs; if it
// returns an error, that is the call's, and nothing was submitted.
func (e *Engine) SubmitBatch(items []competition.BatchItem, pay competition.Pay) error {
	if err := e.admit(); err != nil {
		return err
	}
	defer e.dismiss()
	if err := e.affords(items); err != nil {
		return err
	}
	deadline := e.deadline()
	users := e.usersOf(items, deadline)
	if pay != nil {
		ties := 0
		for _, j := range users {
			ties += j.read
		}
		if err := pay(writesOf(items, users), ties); err != nil {
			return err
		}
	}
	for i := range items {
		items[i].Sync.Limited = e.limits(&items[i].Sync)
	}
	e.submitNamed(items, deadline)
	e.submitUncounted(items, deadline)
	for user, j := range users {
		if len(j.named) > 0 && j.err == nil { // those may have enrolled the user
			users[user] = e.joinedBy(user, deadline)
		}
	}
	e.submitUnnamed(items, users, deadline)
	return nil
}

// affords refuses a whole request if one of the users it is charged to has no budget
// left.
func (e *Engine) affords(items []competition.BatchItem) error {
	b := bill{budgets: e.actors.budgets}
	for i := range items {
		if err := b.admit(items[i].Sync.Payer(), e.now()); err != nil {
			return err
		}
	}
	return nil
}

// submitUnnamed submits the items that name no competition: a copy of each to
// every competition that it is meant for, all of them together.
func (e *Engine) submitUnnamed(items []competition.BatchItem, users map[string]*joined, deadline time.Time) {
	copies, ends := spread(items, users)
	if len(copies) > 0 {
		e.submitNamed(copies, deadline)
	}
	from := 0
	for i := range items {
		if items[i].CompetitionID == "" && items[i].Err == nil {
			items[i].Replies, items[i].Err = combine(copies[from:ends[i]])
		}
		from = ends[i]
	}
}

// spread makes the copies; ends holds where those of each item end.
func spread(items []competition.BatchItem, users map[string]*joined) (copies []competition.BatchItem, ends []int) {
	ends = make([]int, len(items))
	for i := range items {
		if item := &items[i]; item.CompetitionID == "" {
			s := &item.Sync
			user := users[s.UserID]
			item.Err = user.err
			for _, w := range user.open {
				if w.first <= s.Day && s.Day <= w.last {
					c := competition.BatchItem{CompetitionID: w.competitionID, Sync: *s}
					c.Sync.MembersOnly, c.Sync.Limited = true, false
					copies = append(copies, c)
				}
			}
		}
		ends[i] = len(copies)
	}
	return copies, ends
}

// joined is where a user's syncs go.
type joined struct {
	open          []window
	firsts, lasts []calendar.Day  // of those, sorted
	read          int             // ties
	named         map[string]bool // competitions that the same request may enrol the user in
	err           error
}

// window is the days that a competition takes.
type window struct {
	competitionID string
	first, last   calendar.Day
}

// covering returns how many of them take a day, at most.
func (j *joined) covering(d calendar.Day) int {
	begun, _ := slices.BinarySearch(j.firsts, d+1)
	over, _ := slices.BinarySearch(j.lasts, d)
	return begun - over + len(j.named)
}

// usersOf finds where the unnamed items of each user go.
func (e *Engine) usersOf(items []competition.BatchItem, deadline time.Time) map[string]*joined {
	var users map[string]*joined
	for i := range items {
		user := items[i].Sync.UserID
		if items[i].CompetitionID != "" || users[user] != nil {
			continue
		}
		if users == nil {
			users = map[string]*joined{}
		}
		users[user] = e.joinedBy(user, deadline)
	}
	for i := range items {
		j, id := users[items[i].Sync.UserID], items[i].CompetitionID
		if id == "" || j == nil || slices.ContainsFunc(j.open, func(w window) bool { return w.competitionID == id }) {
			continue
		}
		if j.named == nil {
			j.named = map[string]bool{}
		}
		j.named[id] = true
	}
	return users
}

// writesOf returns how many reports, each for one competition, the items amount to.
func writesOf(items []competition.BatchItem, users map[string]*joined) (writes int) {
	for i := range items {
		if items[i].CompetitionID != "" {
			writes++
		} else {
			writes += users[items[i].Sync.UserID].covering(items[i].Sync.Day)
		}
	}
	return writes
}

// joinedBy finds the competitions that a user takes part in and that take syncs. An
// upcoming one may have started this moment: it decides itself.
func (e *Engine) joinedBy(userID string, deadline time.Time) *joined {
	ctx, cancel := context.WithDeadline(e.life, deadline)
	defer cancel()
	ties, err := e.store.OpenTies(ctx, userID)
	if err := e.damage.tolerate("the competitions of a user", err); err != nil {
		return &joined{err: err}
	}
	j := &joined{read: len(ties)}
	for i := range ties {
		if d := &ties[i].Summary.Definition; ties[i].Present {
			j.open = append(j.open, window{competitionID: d.ID, first: d.FirstDay, last: d.LastDay})
			j.firsts, j.lasts = append(j.firsts, d.FirstDay), append(j.lasts, d.LastDay)
		}
	}
	slices.Sort(j.firsts)
	slices.Sort(j.lasts)
	return j
}

// combine makes the answer for a sync from those for its copies: a reply or a refusal
// of each competition that it was meant for, if one took it.
func combine(copies []competition.BatchItem) ([]competition.JoinedReply, error) {
	var all []competition.JoinedReply
	refused := 0
	for i := range copies {
		switch err := copies[i].Err; {
		case err == nil:
			all = append(all, copies[i].Replies...)
		case isPassing(err):
			return nil, err
		case !skips(err):
			all = append(all, competition.JoinedReply{CompetitionID: copies[i].CompetitionID, Err: err})
			refused++
		}
	}
	switch {
	case len(all) == 0:
		return nil, competition.ErrNotEnrolled
	case refused < len(all):
		return all, nil
	case refused == 1:
		return nil, all[0].Err
	}
	first := competition.FirstRefusal(all)
	return nil, &competition.RefusedEverywhereError{First: all[first], Others: slices.Delete(slices.Clone(all), first, first+1)}
}

// isPassing reports whether a sync that failed should be sent again, whatever the
// other competitions answered.
func isPassing(err error) bool {
	return errors.Is(err, competition.ErrUnavailable) || errors.Is(err, competition.ErrOverloaded) ||
		errors.Is(err, competition.ErrInternal) || errors.Is(err, competition.ErrJournalBudget) || errors.Is(err, competition.ErrDeploying)
}

// skips reports whether a refusal means that the sync was not meant for the
// competition. A private one that the user has just left does not exist for them.
func skips(err error) bool {
	return errors.Is(err, competition.ErrUnknownCompetition) || errors.Is(err, competition.ErrNotEnrolled) || errors.Is(err, competition.ErrNotStarted) ||
		errors.Is(err, competition.ErrClosed) || errors.Is(err, competition.ErrOutsideWindow)
}
