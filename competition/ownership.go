package competition

import (
	"context"
	"errors"
	"fmt"
)

// Ownership decides which process may write a competition's journal and answer from
// its memory. Each claim gives the competition a new epoch; a write that names the
// epoch of an earlier claim, or of another process's, is refused. A store that only
// one process can open grants every claim.
//
// Invariants:
//
//	O1  a competition is taken from another process only after that process has
//	    released it, or is dead for good
//	O2  of a competition's writes ([Journal.Append], [Snapshots.Save]) only those that
//	    name the epoch of the present owner's last claim are stored
type Ownership interface {
	// Claim makes this process the owner of a competition, and returns the epoch of its
	// writes. A competition without a journal has no owner: its epoch is the one with
	// which its first batch begins the journal. Whatever is recovered must be read by
	// calls that begin after Claim has returned. Errors: *ElsewhereError if another
	// process owns it, ErrUnavailable; after that this process must not take itself for
	// the owner.
	Claim(ctx context.Context, competitionID string) (epoch uint64, err error)

	// Owns returns nil if the competition's owner is still the one whose claim gave the
	// epoch. Errors: *ElsewhereError, ErrUnavailable.
	Owns(ctx context.Context, competitionID string, epoch uint64) error

	// Release gives a competition up. Nothing may be written under the epoch, and
	// nothing answered from memory, from before the call on, whatever it returns: after
	// ErrUnavailable the outcome is unknown. One that is no longer owned is left alone.
	Release(ctx context.Context, competitionID string, epoch uint64) error
}

// ErrNotOwner is returned by a store for what only the owner of a competition may
// do; nothing was done. The caller must forget the competition's state.
var ErrNotOwner = errors.New("another process owns the competition")

// ElsewhereError names the node that owns a competition. errors.Is(err, ErrNotOwner) holds.
type ElsewhereError struct{ Node string } // empty if it is not known

// Error implements error.
func (e *ElsewhereError) Error() string { return fmt.Sprintf("%v: node %q", ErrNotOwner, e.Node) }

// Unwrap makes the error an ErrNotOwner, and for clients, who reach the owner through
// this process, an ErrUnavailable.
func (*ElsewhereError) Unwrap() []error { return []error{ErrNotOwner, ErrUnavailable} }

// ErrNotDelivered is returned for a request that certainly did not reach the node it
// was for: nothing was done. errors.Is(err, ErrUnavailable) holds.
var ErrNotDelivered = fmt.Errorf("%w: the node that owns the competition cannot be reached", ErrUnavailable)
