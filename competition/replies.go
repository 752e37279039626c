package competition

import (
	"errors"
	"slices"
	"time"
)

// What the actors and the transport hand each other.

// JoinedReply is the answer of one of the competitions that a sync went to.
type JoinedReply struct {
	CompetitionID string
	SyncReply
	Err error // why it refused; then there is no reply
}

// RefusedEverywhereError is the answer for a sync that every competition which it
// was meant for refused. It is the first refusal, in the order of errors.go.
type RefusedEverywhereError struct {
	First  JoinedReply
	Others []JoinedReply // in the order of ids; at least one
}

// Error implements error.
func (e *RefusedEverywhereError) Error() string { return e.First.Err.Error() }

// Unwrap returns the first refusal.
func (e *RefusedEverywhereError) Unwrap() error { return e.First.Err }

// FirstRefusal returns the place of the first of refusals, in the order in which
// clients hear of them.
func FirstRefusal(refusals []JoinedReply) (first int) {
	order := func(err error) int {
		return slices.IndexFunc(syncRefusals, func(known error) bool { return errors.Is(err, known) })
	}
	best := 0
	for i, r := range refusals {
		if o := order(r.Err); i == 0 || o < best {
			first, best = i, o
		}
	}
	return first
}

// syncRefusals are those that competitions may give a sync of somebody who takes
// part, in the order in which SubmitSync checks them.
var syncRefusals = []error{ErrFull, ErrFutureDate, ErrRecordedInFuture, ErrImplausible, ErrTooManySources}

// Pay is told how many reports a request comes to, each for one competition, and how
// many ties were read to find that out, before any of them is submitted. An error
// refuses the request whole.
type Pay func(writes, ties int) error

// BatchItem is one sync of a batch. An empty CompetitionID stands for every
// competition that the user has joined.
type BatchItem struct {
	CompetitionID string
	Sync          SubmitSync
	Replies       []JoinedReply // one, unless CompetitionID is empty
	Err           error
}

// Health is what the engine says of itself.
type Health struct {
	Ready        bool         // recovered, accepting, and able to make syncs durable
	Draining     bool         // shutting down
	Dependencies []Dependency // stores, in a fixed order
	Active       int          // competitions in memory
	Damaged      []string     // ids of competitions that refuse to start
	LostEvents   []string     // ids of competitions of which the store lost acknowledged events, since the start; at most 1,000
	InFlight     int          // requests admitted and not answered
	QueuedEvents int          // events waiting for the journal
	Lifetime     Projecting
	Flagged      map[FlagReason]uint64 // syncs flagged since the start
}

// Projecting is how far the lifetime statistics lag the snapshots. Readers of
// statistics never notice: what the statistics lack is read elsewhere.
type Projecting struct {
	Lagging  int           // competitions
	Lag      time.Duration // since when the one that waits longest does
	Failures uint64        // attempts that failed, since the start
}

// Dependency is a part that the service rests on.
type Dependency struct {
	Name    string
	Healthy bool
	Detail  string        // why not, and what to do
	Latency time.Duration // of the last commit, or check where there is none
	Follows bool          // it is written after the journal, and no sync waits for it
	Lag     time.Duration // how long it has lacked something, if it follows
}

// NewDependency returns a part as of its last check, which failed with err, if any.
func NewDependency(name string, took time.Duration, err error) Dependency {
	d := Dependency{Name: name, Healthy: err == nil, Latency: took}
	if err != nil {
		d.Detail = err.Error()
	}
	return d
}
