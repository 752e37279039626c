package competition

import (
	"context"
	"time"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// Node is a process of a cluster as the others know it.
type Node struct {
	ID          string        // new for each start of a process
	Address     string        // where other nodes reach it, host:port
	WireVersion int           // of the messages between nodes that it understands
	Level       int           // of the events that it understands
	TTL         time.Duration // how long its beat must stand still before the others count it as dead; 0: not known
	Beat        uint64        // how often it has said that it lives
	State       NodeState
}

// NodeState is how far a node's life has gone; it never goes back.
type NodeState uint8

// A leaving node gives its competitions up and claims none.
const (
	NodeLive NodeState = iota + 1
	NodeLeaving
	NodeDead // for good: nobody acts under its id any more
)

var nodeStateNames = [...]string{NodeLive: "live", NodeLeaving: "leaving", NodeDead: "dead"}

// String returns the word that stores and operators have for it.
func (s NodeState) String() string { return wire.Word(nodeStateNames[:], s) }

// ParseNodeState is the inverse of String.
func ParseNodeState(word string) (NodeState, bool) {
	return wire.ParseWord[NodeState](nodeStateNames[:], word)
}

// Nodes is the table of a cluster's nodes, in the store that they share. Its writes
// are durable when they return, as those of a journal are; after ErrUnavailable the
// outcome is unknown.
type Nodes interface {
	// Register adds a node, which is live. It never replaces one. A node that would not
	// understand the others, or what is stored (V2 of [Levels]), is refused.
	Register(ctx context.Context, n Node) error

	// Beat raises the beat of a node by one, unless it is dead, and returns all nodes
	// that are not dead, in the order of their ids, with the store's time. The caller
	// is dead if it is not among them.
	Beat(ctx context.Context, id string) (alive []Node, now calendar.Millis, err error)

	// Leave makes a live node a leaving one; another is left alone.
	Leave(ctx context.Context, id string) error

	// Bury makes a node dead if its beat is still the one that was seen, and ends its
	// sessions, so that none of them keeps a lock. buried is false if the beat has
	// moved on, or the node was dead already.
	Bury(ctx context.Context, id string, seen uint64) (buried bool, err error)

	// Lives reports whether a node was not dead at some time after the call began. It
	// commits, so that a store in whose place another one has been put cannot say so if
	// the other one has what was committed.
	Lives(ctx context.Context, id string) (bool, error)

	// Retire makes the caller's own node dead, once it serves and owns nothing.
	Retire(ctx context.Context, id string) error
}
