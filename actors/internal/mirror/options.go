package mirror

import (
	"context"
	"log/slog"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/paceboard/paceboard/competition"
)

// Options of a Mirror. All are needed.
type Options struct {
	Life    context.Context // of all calls
	To      competition.Mirror
	Store   Store
	Logger  *slog.Logger
	Timeout time.Duration      // of what a sweep reads of the store at a time
	Root    *actor.RootContext // sends pulls

	// Find is a competition's activation and its actor; nil if it is not in memory.
	Find func(competitionID string) (*Activation, *actor.PID)
	// Recovered is closed when the competitions that take syncs are in memory.
	Recovered <-chan struct{}
	// Recoveries has a place for each recovery that may run at once.
	Recoveries chan struct{}
	NewKey     func() competition.Key // of a new identity
}

// Store is what a sweep needs of a store.
type Store interface {
	competition.Catalog
	competition.Source
}

// Activation is one activation of a competition as the mirror knows it. It stands
// where other parts keep theirs; what they do not set is the mirror's alone.
type Activation struct {
	ID   string
	Gone <-chan struct{} // closed when it has ended
	view view
}

// view is what is known of the mirror of one activation.
type view struct {
	losses uint64 // when it was known
	mark   string // that the mirror bears; empty: to be looked up
	draft  *draft // the board is being rewritten
}

// draft is a board being rewritten from an actor's state.
type draft struct {
	name, mark string
	over       string // what stands there; see competition.MirrorShow
	base       string // of the actor, all the while
	after      uint32
	entries    int
	began      time.Time
}
