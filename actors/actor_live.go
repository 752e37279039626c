package actors

import (
	"time"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/competition"
)

const (
	// fanOutEvery is the shortest time between two updates to one subscription.
	fanOutEvery = 100 * time.Millisecond
	// refreshEvery is the shortest time between two updates while the first has
	// not reached everybody: the others then get the later one.
	refreshEvery = 50 * time.Millisecond
)

// audience is who watches a competition. It belongs to the actor, but outlives
// its incarnations.
type audience struct {
	subscriptions map[*competition.Subscription]subscriber
	herald        herald              // wakes them
	update        *competition.Update // the last one, nil when nobody watches
	lastFanOut    time.Time
	scheduled     bool // a fanOut is in the mailbox or on its way there
}

// subscriber is whose a subscription is, and its place in the herald's ring.
type subscriber struct {
	caller competition.Caller
	place  int
}

// Messages of subscribers.
type (
	subscribe struct {
		caller       competition.Caller
		subscription *competition.Subscription
	}
	unsubscribe struct {
		mailbox.NoDeadLetters
		subscription *competition.Subscription
	}
	fanOut struct{ mailbox.NoDeadLetters }
)

// subscribe takes a subscriber in and gives it the board.
func (a *competitionActor) subscribe(m *subscribe) {
	audience := &a.handle.audience
	if audience.subscriptions == nil {
		audience.subscriptions = map[*competition.Subscription]subscriber{}
	}
	audience.subscriptions[m.subscription] = subscriber{m.caller, audience.herald.add(m.subscription)}
	a.look(m.subscription)
	m.subscription.Put(a.nextUpdate())
}

func (a *competitionActor) unsubscribe(s *competition.Subscription) {
	audience := &a.handle.audience
	gone, there := audience.subscriptions[s]
	if !there {
		return // it was revoked, or never taken in
	}
	delete(audience.subscriptions, s)
	if moved := audience.herald.remove(gone.place); moved != nil {
		audience.subscriptions[moved] = subscriber{audience.subscriptions[moved].caller, gone.place}
	}
	if len(audience.subscriptions) == 0 {
		audience.update = nil
	}
}

// nextUpdate is the update of the present version.
func (a *competitionActor) nextUpdate() *competition.Update {
	audience := &a.handle.audience
	if audience.update == nil || audience.update.Version != a.core.Version() || audience.update.PrizesDecided != a.core.PrizesDecided() {
		audience.update = competition.NextUpdate(audience.update, a.publish())
	}
	return audience.update
}

// look notes how the subscriber's own user stands.
func (a *competitionActor) look(s *competition.Subscription) {
	if s.UserID != "" {
		s.PutStanding(a.core.Standing(s.UserID))
	}
}

// scheduleFanOut has the audience told of a change: at once after a quiet
// time, and otherwise when fanOutEvery is over, or refreshEvery.
func (a *competitionActor) scheduleFanOut() {
	audience := &a.handle.audience
	if len(audience.subscriptions) == 0 || audience.scheduled || audience.update != nil && audience.update.Version == a.core.Version() {
		return
	}
	audience.scheduled = true
	root, self := a.engine.system.Root, a.self
	every := fanOutEvery
	if audience.herald.busy() {
		every = refreshEvery
	}
	if wait := every - time.Since(audience.lastFanOut); wait > 0 {
		time.AfterFunc(wait, func() { root.Send(self, &fanOut{}) })
		return
	}
	root.Send(self, &fanOut{})
}

// fanOut gives every subscriber the latest board. It costs a rank look-up and a
// wake-up for each; what they are sent is encoded once, by the first of them.
func (a *competitionActor) fanOut() {
	audience := &a.handle.audience
	audience.scheduled = false
	if a.core == nil {
		return
	}
	audience.lastFanOut = time.Now()
	a.revoke()
	update := a.nextUpdate()
	for s := range audience.subscriptions {
		a.look(s)
		s.Offer(update)
	}
	audience.herald.announce(a.engine)
}

// revoke ends the subscriptions of those who may not read a board that became
// private, or that they are no members of any more.
func (a *competitionActor) revoke() {
	if a.core.Readable(competition.Caller{}) {
		return // by everybody
	}
	audience := &a.handle.audience
	for s, subscriber := range audience.subscriptions {
		if !a.core.Readable(subscriber.caller) {
			s.Revoke()
			a.unsubscribe(s)
		}
	}
}
