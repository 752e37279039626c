package embedded

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
)

// What Open gives, wrapped in what to do about it.
var (
	// ErrInUse is returned when another process, or another Store of this one,
	// has the folder open.
	ErrInUse = errors.New("the data folder is in use")
	// ErrDamaged is returned when the files cannot hold what they once held, or
	// cannot be read at all.
	ErrDamaged = errors.New("the data folder is damaged")
	// ErrNewer is returned when a newer version of the program has used the
	// folder, which may hold what this one cannot read.
	ErrNewer = errors.New("the data folder was made by a newer version of paceboard")
	// ErrFull is returned when the disk lacks the space that reading the files
	// takes.
	ErrFull = errors.New("the disk of the data folder is full")
	// ErrUnfinished is returned for a folder into which a backup was not restored
	// completely.
	ErrUnfinished = errors.New("a restore into this data folder was not finished")
	// ErrHangs is returned when the files were not open by the deadline.
	ErrHangs = errors.New("the data folder does not open in time")
)

// ErrBackingUp is returned when a backup is wanted while another one is made.
var ErrBackingUp = errors.New("another backup of this data folder is being made")

// ErrNotEmpty is returned when a backup is to be restored into a folder that holds something.
var ErrNotEmpty = errors.New("the folder is not empty")

// errStopped is given when the store already reported that it cannot go on.
var errStopped = fmt.Errorf("%w: a write could not be made durable and the process is stopping", competition.ErrUnavailable)

// outOfTime says that the deadline passed.
func outOfTime(ctx context.Context, what string) error {
	return fmt.Errorf("%w: %s: %w", competition.ErrUnavailable, what, context.Cause(ctx))
}

// corrupt says that a competition's records cannot be trusted from a seq on.
func corrupt(id string, seq uint64, format string, args ...any) error {
	return &competition.CorruptError{CompetitionID: id, Seq: seq, Reason: fmt.Sprintf(format, args...)}
}

// translate turns an error of Pebble's, met while reading at a seq, into one of
// the core's.
func translate(err error, id string, seq uint64) error {
	if pebble.IsCorruptionError(err) && id == "" { // It concerns more than one.
		return fmt.Errorf("%w: %w", competition.ErrCorrupt, err)
	}
	if pebble.IsCorruptionError(err) {
		return corrupt(id, seq, "%v", err)
	}
	return fmt.Errorf("%w: read competition %q: %w", competition.ErrUnavailable, id, err)
}
