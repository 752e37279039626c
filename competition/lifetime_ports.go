package competition

import (
	"context"
	"iter"

	"github.com/paceboard/paceboard/competition/calendar"
)

// Projection is a part of a snapshot on its way into the lifetime statistics.
type Projection struct {
	CompetitionID string
	Sources       []string // of Rows; see SnapshotSources
	Rows          []Row    // of which Number, Days and LastSyncedAt count

	// From and To say what is known once the rows are in: with what the
	// statistics had of the competition as of From, all there is as of To. A part
	// that does not complete anything has To 0.
	From, To uint64
}

// Months yields what a row adds to the months of the user whose identity its number
// has: nothing for a pseudonym.
func (p *Projection) Months(row *Row, userID string) iter.Seq2[calendar.Month, History] {
	h := History{Sources: p.Sources, Days: row.Days, SyncedAt: row.LastSyncedAt}
	if IsPseudonym(userID) {
		h = History{}
	}
	return h.Months()
}

// LifetimeStore keeps each user's days in all competitions together: a
// projection of the snapshots that can be made again from them.
//
// Invariants:
//
//	L1  a competition's checkpoint is a seq; the statistics have every register
//	    that the competition's participants had as of that
//	L2  they have no register that no competition had
//
// Both hold whatever is projected twice, late or out of order, by any number of
// processes, because histories join as registers do and a checkpoint only grows.
type LifetimeStore interface {
	// Project joins the rows' days into those of the users whose identities the
	// rows' numbers have, and raises the checkpoint to To if it is below, in one
	// commit. Rows without days, or without an identity, add nothing; what others add
	// is said by Projection.Months. A checkpoint below From gives ErrConflict and changes nothing: the rows leave out what
	// changed in between, and all rows must be projected, From 0.
	Project(ctx context.Context, p *Projection) error

	// LifetimeOf is a user's days, as histories of a month each, and the
	// competitions of which they may lack something, in the order of ids: those
	// that the user takes or took part in whose checkpoint is below their journal's
	// last seq. Every event that was durable before the call is of one of these, or
	// in the histories. ties is how many competitions were looked at for that, those
	// over for long included: the call's cost follows it.
	LifetimeOf(ctx context.Context, userID string) (months []History, lagging []string, ties int, err error)

	// Unprojected visits the competitions whose checkpoint is below their
	// snapshot's seq, in the order of ids.
	Unprojected(ctx context.Context, visit func(competitionID string)) error

	// ForgetLifetime deletes a user's days. An erasure calls it last:
	// when the identities are deleted no projection, of whatever age, brings the
	// days back, not even one that is under way.
	ForgetLifetime(ctx context.Context, userID string) error
}
