package mirror

import (
	"context"
	"log/slog"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/paceboard/paceboard/competition"
)

// Options of a Mirror. All are needed, except Ours, Current and Turn.
type Options struct {
	Life    context.Context // of all calls
	To      competition.Mirror
	Store   Store
	Logger  *slog.Logger
	Timeout time.Duration      // of one read of the store by the sweep
	Root    *actor.RootContext // sends pulls

	// Find returns a competition's activation and its actor; nil if it is not in memory.
	Find func(competitionID string) (*Activation, *actor.PID)
	// Ours reports whether it is up to this process to look after the board of a
	// competition that is not in its memory; nil: always.
	Ours func(competitionID string) bool
	// Current reports whether it is certain that what is in this process's memory is the
	// latest; nil: always.
	Current func() bool
	// Turn is how long it takes to compare all boards with the mirror once; default 4 min.
	Turn time.Duration
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

// Activation is one activation of a competition as the mirror knows it: whoever makes
// it sets the exported fields, and all others belong to the mirror.
type Activation struct {
	ID   string
	Gone <-chan struct{} // closed when it has ended
	view view
}

// view is what is known of the board of an activation in the mirror.
type view struct {
	losses uint64 // target.losses when it was known
	mark   string // of the board; empty if it must be looked up
	draft  *draft // nil unless the board is being rewritten
}

// draft is a board being rewritten from an actor's state.
type draft struct {
	name, mark string
	over       string // the mark that it replaces; see competition.MirrorShow
	base       string // of the actor, as long as the draft is good
	after      uint32
	entries    int
	began      time.Time
}
