package cluster

import (
	"slices"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/tracing"
)

// Link carries requests to other nodes. Safe for concurrent use.
type Link interface {
	// Ask sends one request to the node at an address and returns its answer, by the
	// deadline at the latest. The answer is the caller's, and so is body once Ask has
	// returned. The error says whether the node certainly did nothing; see [Links.Ask].
	Ask(node, address, competitionID string, kind uint16, body []byte, trace tracing.Context, deadline time.Time) (answer []byte, err error)
}

// Cluster reaches the nodes that own the competitions. Safe for concurrent use.
type Cluster struct {
	*Node
	link Link
}

// New makes a cluster of a node and its link to the others; both stay the caller's to
// close.
func New(node *Node, link Link) *Cluster { return &Cluster{Node: node, link: link} }

// Route returns the node that requests about a competition go to, as far as this one
// knows; empty for this one. It may be wrong: then that node says so.
func (c *Cluster) Route(competitionID string) (node string) {
	if node = c.routes.route(competitionID); node == c.options.ID {
		return ""
	}
	return node
}

// Home reports whether a competition that nobody owns belongs to this node.
func (c *Cluster) Home(competitionID string) bool {
	return c.routes.home(competitionID) == c.options.ID
}

// Appointed reports whether it is up to this node to do what one node is enough for. The
// links do not count, so the nodes agree on it even while they do not reach each other.
func (c *Cluster) Appointed(task string) bool { return c.routes.appointed(task) == c.options.ID }

// Lost reports whether this node has not been connected to another one for so long that
// waiting for it is no use.
func (c *Cluster) Lost(node string) bool {
	o := c.routes.view.Load().outlook
	return o != nil && slices.Contains(o.lost, node)
}

// Withdrawn reports whether no other node has been connected to this one for a while, so
// that what it owns is to be owned elsewhere.
func (c *Cluster) Withdrawn() bool {
	o := c.routes.view.Load().outlook
	return o != nil && o.withdrawn
}

// Learn notes which node owns a competition, as the store or a node said; empty if what
// was known is wrong.
func (c *Cluster) Learn(competitionID, node string) { c.routes.learn(competitionID, node) }

// Ask sends one request to a node and returns its answer; see [Link]. Error:
// *competition.ElsewhereError if no such node is known, and nothing was sent.
func (c *Cluster) Ask(node, competitionID string, kind uint16, body []byte, trace tracing.Context, deadline time.Time) ([]byte, error) {
	n, ok := c.routes.node(node)
	if !ok {
		return nil, &competition.ElsewhereError{} // dead, or so new that the next beat shows it: ask anew where the owner is
	}
	return c.link.Ask(n.ID, n.Address, competitionID, kind, body, trace, deadline)
}
