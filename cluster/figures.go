package cluster

import (
	"errors"
	"sync/atomic"

	"github.com/paceboard/paceboard/cluster/internal/link"
)

// Outcome is what became of a request to another node.
type Outcome int

// Outcomes.
const (
	Answered     Outcome = iota // also if the answer is a refusal, or names another owner
	NotDelivered                // certainly
	Overloaded                  // refused by a limit on requests under way, here or there
	Lost                        // it may have been carried out
	outcomes
)

// String returns the outcome as metrics have it.
func (o Outcome) String() string {
	return [...]string{"answered", "not_delivered", "overloaded", "lost"}[o]
}

// Outcomes are all outcomes.
func Outcomes() []Outcome { return []Outcome{Answered, NotDelivered, Overloaded, Lost} }

// LinkFigures are what metrics and health checks say of the links.
type LinkFigures struct {
	Up, Connecting, Down int      // other nodes, by the state of this one's connection to them
	InFlight             int      // requests to them without an answer
	Connects             uint64   // how often it connected, to the nodes that there are
	Refused              uint64   // connections of others, because too many were open
	Unreachable          []string // why, for some of those that are down
}

// mostNamed is how many nodes that cannot be reached are named.
const mostNamed = 4

// asked counts by outcome.
type asked [outcomes]atomic.Uint64

func (a *asked) count(err error) {
	switch {
	case err == nil:
		a[Answered].Add(1)
	case errors.Is(err, link.ErrOverloaded):
		a[Overloaded].Add(1)
	case errors.Is(err, link.ErrNotSent):
		a[NotDelivered].Add(1)
	default:
		a[Lost].Add(1)
	}
}
