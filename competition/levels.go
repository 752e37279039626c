package competition

import "context"

// Levels is what a store may be, too, if processes of different versions share it, as
// nodes of a cluster do while it is deployed. It has a format level: the highest of
// the events that its journals may hold. The level is not that of the newest process, but
// is raised by the first that needs it, so until then a deploy can be taken back.
//
// Invariants:
//
//	V1  no event of a level above the store's is appended; see Competition.SetLevel
//	V2  every process that is registered understands the store's level: one that does
//	    not is refused, and the level is not raised while one that does not is not dead
//
// What else a new version stores about a competition, such as the rows of a snapshot,
// must be what the version before can read until an event of a new level is there.
type Levels interface {
	// Level returns the store's level, or an earlier one that this process knows of.
	Level() int

	// RaiseLevel raises the store's level to this program's. Errors: ErrDeploying if
	// another process would not understand it, ErrUnavailable.
	RaiseLevel(ctx context.Context) error
}
