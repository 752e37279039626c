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
	root, self := a.env.root, a.self
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
	audience.herald.announce(&a.env.fanOuts, a.env.life.Done())
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

// publish is the top of the board, made again if the state has moved on.
func (a *competitionActor) publish() *competition.Published {
	if top := a.handle.top.Load(); top != nil && top.Version == a.core.Version() && top.PrizesDecided == a.core.PrizesDecided() {
		return top
	}
	top := &competition.Published{Board: a.core.Page(0, competition.PublishedEntries).Keep()}
	top.Prizes, top.PrizesDecided = a.core.Prizes(competition.PublishedEntries).Prizes, a.core.PrizesDecided()
	a.handle.top.Store(top)
	return top
}

// publishSummary lets readers see what changes without a new version, too.
func (a *competitionActor) publishSummary() {
	if !a.core.Exists() {
		return
	}
	summary := a.core.Summary()
	a.handle.summary.Store(&summary)
	if top := a.handle.top.Load(); top != nil && top.Private != (summary.Definition.Visibility == competition.Private) {
		a.handle.top.Store(nil)
		a.revoke() // an edit changes no version, so nobody would be told of it
	}
	a.scheduleTick()
}

// scheduleTick tells the clock when time next changes the status.
func (a *competitionActor) scheduleTick() {
	if at, ok := a.core.NextTransition(); ok {
		a.env.clock.schedule(a.handle.id, at)
	}
}
