package actors

import (
	"time"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/competition"
)

// Messages of subscribers.
type (
	subscribe struct {
		caller       competition.Caller
		subscription *competition.Subscription
		node         bool // it is another node's, and ends when the board leaves this one
	}
	unsubscribe struct {
		mailbox.NoDeadLetters
		subscription *competition.Subscription
		attempt      bool // only what an attempt to subscribe may have done is undone: another attempt may have followed
	}
	fanOut struct{ mailbox.NoDeadLetters }
	// endSubscribers says that this process has had no lease for long.
	endSubscribers struct{ mailbox.NoDeadLetters }
)

// subscribe adds a subscriber, which has a lease from then on, and gives it the board.
func (a *competitionActor) subscribe(m *subscribe) {
	s := &a.handle.subscribers
	if s.all == nil {
		s.all = map[*competition.Subscription]subscriber{}
	}
	a.handle.leases.Add(1) // the request has one, too
	s.all[m.subscription] = subscriber{caller: m.caller, place: s.ring.add(m.subscription), node: m.node}
	a.putStanding(m.subscription)
	m.subscription.Put(a.nextUpdate())
}

func (a *competitionActor) unsubscribe(m *unsubscribe) {
	if !a.removeSubscriber(m.subscription) && !m.attempt { // it was revoked, never added, or moved
		a.env.movedOn(m.subscription)
	}
}

func (a *competitionActor) removeSubscriber(subscription *competition.Subscription) (there bool) {
	s := &a.handle.subscribers
	gone, there := s.all[subscription]
	if !there {
		return false
	}
	a.handle.release()
	delete(s.all, subscription)
	if moved := s.ring.remove(gone.place); moved != nil {
		of := s.all[moved]
		of.place = gone.place
		s.all[moved] = of
	}
	if len(s.all) == 0 {
		s.update = nil
	}
	return true
}

// moveSubscribers has the subscribers watch the board from another node: this one has
// given it up.
func (a *competitionActor) moveSubscribers() {
	s := &a.handle.subscribers
	if len(s.all) == 0 || a.env.followers == nil {
		return
	}
	moving := make(map[*competition.Subscription]competition.Caller, len(s.all))
	for subscription, of := range s.all {
		if of.node {
			subscription.End()
		} else {
			moving[subscription] = of.caller
		}
	}
	if len(moving) > 0 {
		a.env.followers.add(a.handle.id, moving, topReply{})
	}
	for subscription := range s.all {
		a.removeSubscriber(subscription)
	}
}

// nextUpdate returns the update of the present version.
func (a *competitionActor) nextUpdate() *competition.Update {
	s := &a.handle.subscribers
	private := !a.core.Readable(competition.Caller{})
	if s.update == nil || s.update.Version != a.core.Version() || s.update.PrizesDecided != a.core.PrizesDecided() || s.update.Private != private {
		s.update = competition.NextUpdate(s.update, a.publish())
		if s.scheduled {
			s.update.Changed = s.changed
		}
	}
	return s.update
}

// putStanding tells a subscription how its own user stands.
func (a *competitionActor) putStanding(s *competition.Subscription) {
	if s.UserID != "" {
		s.PutStanding(a.core.Standing(s.UserID))
	}
}

// scheduleFanOut has the subscribers told of a change: at once after a quiet
// time, and otherwise when fanOutEvery is over, or refreshEvery.
func (a *competitionActor) scheduleFanOut() {
	s := &a.handle.subscribers
	if len(s.all) == 0 || s.scheduled || s.update != nil && s.update.Version == a.core.Version() {
		return
	}
	s.scheduled, s.changed = true, time.Now()
	root, self := a.env.root, a.self
	every := fanOutEvery
	if s.ring.busy() {
		every = refreshEvery
	}
	if wait := every - time.Since(s.lastFanOut); wait > 0 {
		time.AfterFunc(wait, func() { root.Send(self, &fanOut{}) })
		return
	}
	root.Send(self, &fanOut{})
}

// fanOut gives every subscriber the latest board. It costs a rank look-up and a
// wake-up for each; what they are sent is encoded once, by the first of them.
func (a *competitionActor) fanOut() {
	s := &a.handle.subscribers
	defer func() { s.scheduled = false }()
	if a.core == nil {
		return
	}
	s.lastFanOut = time.Now()
	a.revoke()
	update := a.nextUpdate()
	for subscription := range s.all {
		a.putStanding(subscription)
		subscription.Offer(update)
	}
	s.ring.wakeAll(a.env.life, &a.env.fanOuts)
}

// revoke ends the subscriptions of callers who may no longer read the board: it
// became private, or they are no members any more.
func (a *competitionActor) revoke() {
	if a.core.Readable(competition.Caller{}) {
		return // by everyone
	}
	for subscription, s := range a.handle.subscribers.all {
		if !a.core.Readable(s.caller) {
			subscription.Revoke()
			a.removeSubscriber(subscription)
		}
	}
}

// tellOfVisibility gives the board to those who may still read it: other nodes ask at once
// who of their subscribers may, and board links may have to show less.
func (a *competitionActor) tellOfVisibility() {
	for subscription := range a.handle.subscribers.all {
		subscription.Put(a.nextUpdate())
	}
}

// endSubscribers ends the subscriptions of this node's clients, who may come back: what
// they are shown may be old.
func (a *competitionActor) endSubscribers() {
	for subscription, s := range a.handle.subscribers.all {
		if !s.node { // those of other nodes are told nothing without a lease
			subscription.End()
			a.removeSubscriber(subscription)
		}
	}
}

// publish returns the published top of the board, which it renews if the state is
// newer.
func (a *competitionActor) publish() *competition.Published {
	if top := a.handle.top.Load(); top != nil && top.Version == a.core.Version() && top.PrizesDecided == a.core.PrizesDecided() {
		return top
	}
	top := &competition.Published{Board: a.core.Page(nil, 0, competition.PublishedEntries)}
	top.Prizes, top.PrizesDecided = a.core.Prizes(competition.PublishedEntries).Prizes, a.core.PrizesDecided()
	a.handle.top.Store(top)
	return top
}

// publishSummary shows readers what changes without a new version, too.
func (a *competitionActor) publishSummary() {
	if !a.core.Exists() {
		return
	}
	summary := a.core.Summary()
	before := a.handle.summary.Swap(&summary)
	if before != nil && before.Status != summary.Status {
		a.logger.Info("the competition's status changed", "from", before.Status.String(), "to", summary.Status.String(), "seq", a.core.Seq())
	}
	if before == nil || before.Definition.Visibility != summary.Definition.Visibility {
		if top := a.handle.top.Load(); top != nil && top.Private != (summary.Definition.Visibility == competition.Private) {
			a.handle.top.Store(nil)
		}
		a.revoke() // an edit changes no version, so no fan-out would do it
		a.tellOfVisibility()
	}
	a.scheduleTick()
}

// scheduleTick tells the clock when the status next changes by time.
func (a *competitionActor) scheduleTick() {
	if at, ok := a.core.NextTransition(); ok {
		a.env.clock.schedule(a.handle.id, at)
	}
}
