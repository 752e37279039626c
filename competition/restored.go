package competition

import "context"

// Restored is what a store may be, too, if it can come back as it was earlier in a way
// that no process sees, as from a backup. The first event that is appended to a
// restored journal is a [JournalContinued].
type Restored interface {
	// RestoredTo returns the seq at which a competition's journal ended when the store was
	// last restored, 0 if it never was. Error: ErrUnavailable.
	RestoredTo(ctx context.Context, competitionID string) (seq uint64, err error)
}
