package competition

import "context"

// FormatLevel says what may stand in a store's journals, so that a program can
// refuse those of a newer version before it reads one. It grows with every new
// kind of event.
const FormatLevel = len(kinds) - 1

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

// SetLevel says up to which format level events may be decided from now on; before it
// is called, these are all. It is never lower than that of any event in the journal.
func (c *Competition) SetLevel(level int) { c.level = level }

// mayDecide returns nil if an event of a kind may be decided. A command whose event came
// with a later version than all that can still be running has to ask before it changes
// anything; emit holds it to that. Error: ErrDeploying.
func (c *Competition) mayDecide(k kind) error {
	if int(k) > c.level {
		return ErrDeploying
	}
	return nil
}
