package actors

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/competition"
)

// SubmitSync submits to one competition, and returns once the sync is durable. It
// allocates nothing of its own.
func (e *Engine) SubmitSync(competitionID string, s *competition.SubmitSync) (competition.SyncReply, error) {
	if err := e.admit(); err != nil {
		return competition.SyncReply{}, err
	}
	defer e.dismiss()
	deadline := e.deadline()
	reply, err := e.submit(competitionID, s, e.limits(s), deadline)
	if isUncounted(err) {
		ctx, cancel := context.WithDeadline(e.life, deadline)
		defer cancel()
		err = e.withinQuota(ctx, s.UserID, takingPart, func() (err error) {
			reply, err = e.submit(competitionID, s, false, deadline)
			return err
		})
	}
	return reply, err
}

func (e *Engine) submit(competitionID string, s *competition.SubmitSync, limited bool, deadline time.Time) (reply competition.SyncReply, err error) {
	for way := e.wayTo(competitionID, deadline); ; {
		node := way.node()
		if node == "" {
			reply, err = e.submitHere(competitionID, s, limited, deadline)
		} else {
			reply, err = e.submitElsewhere(node, competitionID, s, limited, deadline)
		}
		if !way.again(err, true) {
			return reply, err
		}
	}
}

func (e *Engine) submitHere(competitionID string, s *competition.SubmitSync, limited bool, deadline time.Time) (competition.SyncReply, error) {
	h, err := e.find(competitionID, true, deadline)
	if err != nil {
		return competition.SyncReply{}, err
	}
	defer h.release()
	v := e.envelope(competitionID, deadline)
	v.Sync = *s
	v.Sync.Limited = limited
	h.mailbox.PostAndRun(v)
	if !await(v, deadline) {
		return competition.SyncReply{}, errNoAnswer
	}
	reply := v.Reply
	err = e.confirmed(v, deadline)
	e.envelopes.Put(v)
	return reply, err
}

// groupUnderway is a batchOfSyncs that was sent.
type groupUnderway struct {
	handle   *handle
	envelope *mailbox.Envelope
	places   []int // of its items among those of the request
	err      error // why nothing was sent
}

// submitNamed submits the items that name their competition.
func (e *Engine) submitNamed(items []competition.BatchItem, deadline time.Time) {
	places := map[string][]int{}
	var order []string
	for i := range items {
		id := items[i].CompetitionID
		if id == "" {
			continue
		}
		if places[id] == nil {
			order = append(order, id)
		}
		places[id] = append(places[id], i)
	}
	if e.options.Peers != nil {
		e.submitGroups(order, items, places, deadline)
		return
	}
	pending := make([]*groupUnderway, 0, len(order))
	for _, id := range order {
		pending = append(pending, e.submitGroup(id, items, places[id], deadline))
	}
	for _, g := range pending {
		_ = e.finishGroup(g, items, deadline) // each item has it
	}
}

// groupsAtOnce is how many competitions one request submits to at the same time on many
// nodes.
const groupsAtOnce = 64

// submitGroups submits to competitions wherever they are.
func (e *Engine) submitGroups(ids []string, items []competition.BatchItem, places map[string][]int, deadline time.Time) {
	var sending errgroup.Group
	sending.SetLimit(groupsAtOnce)
	for _, id := range ids {
		sending.Go(func() error {
			of := places[id]
			for way := e.wayTo(id, deadline); ; {
				var err error
				if node := way.node(); node == "" {
					err = e.finishGroup(e.submitGroup(id, items, of, deadline), items, deadline)
				} else {
					err = e.submitGroupElsewhere(node, id, items, of, deadline)
				}
				if err == nil {
					of, err = notTaken(items, of, way.asked)
				}
				if !way.again(err, true) {
					return nil
				}
			}
		})
	}
	_ = sending.Wait() // each item has its error
}

// notTaken returns those of the places whose syncs the owner gave back because it had
// just ceased to be that, or, as another node, reached no store, and an error of theirs.
func notTaken(items []competition.BatchItem, places []int, asked string) (of []int, err error) {
	for _, place := range places {
		if e := items[place].Err; errors.Is(e, competition.ErrNotOwner) || asked != "" && errors.Is(e, competition.ErrUnavailable) {
			of, err = append(of, place), e
		}
	}
	return of, err
}

// submitGroupElsewhere submits the items of one competition to the node that owns it.
// The error is that of all of them.
func (e *Engine) submitGroupElsewhere(node, id string, items []competition.BatchItem, places []int, deadline time.Time) error {
	group := newGroup(items, places)
	_, err := e.exchange(node, id, group, deadline)
	share(items, places, group, err)
	return err
}

func (e *Engine) submitElsewhere(node, id string, s *competition.SubmitSync, limited bool, deadline time.Time) (reply competition.SyncReply, err error) {
	command := *s
	command.Limited = limited
	room := e.takeRoom()
	defer e.putRoom(room)
	*room = appendSync((*room)[:0], &command)
	body, err := e.askNode(node, id, kindSync, *room, deadline)
	if err != nil {
		return reply, err
	}
	return parseSyncAnswer(body)
}

// newGroup copies the items for one competition.
func newGroup(items []competition.BatchItem, places []int) *batchOfSyncs {
	group := &batchOfSyncs{items: make([]competition.BatchItem, len(places)), open: len(places)}
	replies := make([]competition.JoinedReply, len(places)) // room for one each
	for i, place := range places {
		group.items[i] = items[place]
		group.items[i].Replies, group.items[i].Err = replies[i:i:i+1], nil
	}
	return group
}

// share gives the items of a request what a group came back with; err is for all.
func share(items []competition.BatchItem, places []int, group *batchOfSyncs, err error) {
	for i, place := range places {
		if items[place].Err = err; err == nil {
			items[place].Replies, items[place].Err = group.items[i].Replies, group.items[i].Err
		}
	}
}

func (e *Engine) submitGroup(id string, items []competition.BatchItem, places []int, deadline time.Time) *groupUnderway {
	if time.Until(deadline) <= 0 {
		return &groupUnderway{places: places, err: errNoAnswer}
	}
	h, err := e.find(id, true, deadline)
	if err != nil {
		return &groupUnderway{places: places, err: err}
	}
	v := e.envelope(id, deadline)
	v.Command = newGroup(items, places)
	e.tell(h, v)
	return &groupUnderway{handle: h, envelope: v, places: places}
}

// finishGroup waits for a group's answers. The error is that of all items.
func (e *Engine) finishGroup(g *groupUnderway, items []competition.BatchItem, deadline time.Time) error {
	err := g.err
	var group *batchOfSyncs
	if g.handle != nil {
		defer g.handle.release()
		if !await(g.envelope, deadline) {
			err = errNoAnswer
		} else {
			defer e.envelopes.Put(g.envelope)
			group, err = g.envelope.Command.(*batchOfSyncs), e.confirmed(g.envelope, deadline) //nolint:forcetypeassert // submitGroup put it there
		}
	}
	share(items, g.places, group, err)
	return err
}

// submitUncounted submits the items of a batch that would enrol their users, as far as
// these may have so many competitions.
func (e *Engine) submitUncounted(items []competition.BatchItem, deadline time.Time) {
	places := map[string][]int{} // by user
	for i := range items {
		if isUncounted(items[i].Err) {
			places[items[i].Sync.UserID] = append(places[items[i].Sync.UserID], i)
		}
	}
	for user, of := range places {
		if err := e.submitCounted(user, items, of, deadline); err != nil {
			for _, place := range of {
				if isUncounted(items[place].Err) {
					items[place].Err = err
				}
			}
		}
	}
}

// submitCounted goes on until each of the user's items has its answer: those within
// the quota go together, and some of them may then be refused for another reason. The
// error is that of all the others.
func (e *Engine) submitCounted(userID string, items []competition.BatchItem, places []int, deadline time.Time) error {
	ctx, cancel := context.WithDeadline(e.life, deadline)
	defer cancel()
	release, err := e.counting.lock(ctx, userID)
	if err != nil {
		return err
	}
	defer release()
	for len(places) > 0 {
		free, err := e.free(ctx, userID, takingPart)
		if err != nil {
			return err
		}
		if free <= 0 {
			return competition.ErrTooManyCompetitions
		}
		var now []competition.BatchItem
		var taken, later []int
		chosen := map[string]bool{}
		for _, place := range places {
			id := items[place].CompetitionID
			if !chosen[id] && len(chosen) == free {
				later = append(later, place)
				continue
			}
			chosen[id] = true
			item := items[place]
			item.Err, item.Sync.Limited = nil, false
			now, taken = append(now, item), append(taken, place)
		}
		e.submitNamed(now, deadline)
		for i, place := range taken {
			items[place].Replies, items[place].Err = now[i].Replies, now[i].Err
		}
		places = later
	}
	return nil
}
