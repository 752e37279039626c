package competition

import "context"

// HoldKind is what a hold is about. Whoever needs several acquires them in the order of
// the kinds, one of each kind at most, so that no two wait for each other.
type HoldKind uint8

// The kinds, in that order.
const (
	HoldInvitation HoldKind = iota + 1 // an invitation is answered or withdrawn
	HoldUser                           // a user's competitions are counted
	holdKinds
)

// HoldKinds is how many kinds there are.
const HoldKinds = int(holdKinds) - 1

// Holds has the processes that share a store take turns at what no single write of the
// store can decide.
//
// Invariants:
//
//	H1  at any time at most one process holds a kind and name, as long as its session
//	    with the store lives
//	H2  the holds of a process that has ended, or is dead for good, end with it
//
// So what is done under a hold must do no lasting harm if a process that lost its session
// does it at the same time as another one: nothing tells it.
type Holds interface {
	// Hold waits until no other process holds the name, and takes it. A process must not
	// ask for a name that it holds. release returns at once. Error: ErrUnavailable at
	// ctx's deadline, or if the store does not answer; then nothing is held.
	Hold(ctx context.Context, kind HoldKind, name string) (release func(), err error)
}
