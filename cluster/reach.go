package cluster

import (
	"slices"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// reach decides by the links that there are where competitions are placed. A node that
// beats but that nobody can connect to, because of a wrong address or a firewall, lives,
// and keeps what it owns safe; but what it owns cannot be reached through the others. It
// is a pure state machine as member is, and nothing about safety rests on it: it says
// where a competition goes that nobody owns, never which node owns one.
//
//	P1  competitions are placed at another node from the first time that this one is
//	    connected to it, and no more once it has not been for patience·TTL
//	P2  a node places competitions at itself from the first time that another one is
//	    connected to it. Before that it prefers nodes that it reaches to itself.
//	P3  a node that no other one has been connected to for patience·TTL withdraws: all that
//	    it owns belongs elsewhere. If it reaches none of them either, it may be that all
//	    are cut off from each other: then the one with the lowest id stays.
//	P4  what was given up is only trusted again when it has held for patience·TTL, and for
//	    twice as long each time, up to mostTrial: a link that comes and goes moves little
type reach struct {
	self string
	ttl  time.Duration
	from contact             // of any other node with this one
	to   map[string]*contact // of this one with the others
}

// contact is whether nodes are connected, without what lasts for a short time.
type contact struct {
	up     bool          // when it was looked at last
	since  time.Duration // since when
	trust  trust
	trials time.Duration // for how long it must be up until it is trusted again
}

type trust int

const (
	untried trust = iota // not seen up yet
	trusted
	lost
)

const (
	patience  = 2 // TTLs
	mostTrial = 5 * time.Minute
)

// see takes how a contact is now.
func (c *contact) see(up bool, now, ttl time.Duration) {
	if up != c.up {
		c.up, c.since = up, now
	}
	lasts := now - c.since
	switch {
	case c.trust == untried && up:
		c.trust = trusted
	case c.trust == untried && lasts >= patience*ttl:
		c.trust = lost // the trial is none: it never failed
	case c.trust == lost && up && lasts >= c.trials:
		c.trust = trusted
	case c.trust == trusted && !up && lasts >= patience*ttl:
		c.trust = lost
		c.trials = min(max(2*c.trials, patience*ttl), mostTrial)
	case c.trust == trusted && up && lasts >= mostTrial:
		c.trials = 0
	}
}

// outlook is what reach says; it is not changed. A nil one is that of a node that knows
// nothing of links.
type outlook struct {
	reached   []string // the nodes besides this one that competitions may be placed at
	lost      []string // those that have not been connected to for a while
	heard     bool     // competitions may be placed at this node
	withdrawn bool     // nothing belongs to this node
}

// newReach makes the machine of a node.
func newReach(self string, ttl time.Duration) *reach {
	return &reach{self: self, ttl: ttl, to: map[string]*contact{}}
}

// observe takes which nodes are not dead, to which of them this one is connected, and
// which are connected to it.
func (r *reach) observe(now time.Duration, nodes []competition.Node, to, from []string) *outlook {
	o := &outlook{}
	heard, lowest, others := false, true, 0
	for _, n := range nodes {
		if n.ID == r.self {
			continue
		}
		c := r.to[n.ID]
		if c == nil {
			c = &contact{since: now}
			r.to[n.ID] = c
		}
		c.see(slices.Contains(to, n.ID), now, r.ttl)
		switch c.trust {
		case trusted:
			o.reached = append(o.reached, n.ID)
		case lost:
			o.lost = append(o.lost, n.ID)
		case untried: // neither
		}
		heard = heard || slices.Contains(from, n.ID)
		if n.State == competition.NodeLive {
			others++
			lowest = lowest && r.self < n.ID
		}
	}
	for id := range r.to {
		if find(nodes, id) < 0 {
			delete(r.to, id)
		}
	}
	if others == 0 { // there is nobody to be connected to it, so nothing to learn from
		r.from = contact{since: now}
		o.heard = true
		return o
	}
	r.from.see(heard, now, r.ttl)
	o.heard = r.from.trust == trusted
	o.withdrawn = r.from.trust == lost && (len(o.reached) > 0 || !lowest)
	return o
}

// places returns where competitions are placed, of the nodes that take any; empty if
// this node is left.
func (o *outlook) places(self string, living []candidate) (places []candidate) {
	if o == nil {
		return living
	}
	for _, c := range living {
		if c.id == self && o.heard || c.id != self && slices.Contains(o.reached, c.id) {
			places = append(places, c)
		}
	}
	if len(places) == 0 && o.withdrawn { // cut off: what the others have cannot be reached, but belongs to them
		places = slices.DeleteFunc(slices.Clone(living), func(c candidate) bool { return c.id == self })
	}
	return places
}

// cutOff reports whether a withdrawn node reaches nobody, so that it cannot answer for
// the others either.
func (o *outlook) cutOff() bool { return o != nil && o.withdrawn && len(o.reached) == 0 }

// same reports whether two say the same.
func (o *outlook) same(other *outlook) bool {
	return o != nil && other != nil && o.heard == other.heard && o.withdrawn == other.withdrawn &&
		slices.Equal(o.reached, other.reached) && slices.Equal(o.lost, other.lost)
}
