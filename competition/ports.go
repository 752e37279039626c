package competition

import (
	"context"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// What a store must do. The implementations are under persistence/, and
// persistence/porttest holds each of them to this text.

// Journal is the durable order of the events of all competitions.
type Journal interface {
	// Append makes batches of different competitions durable in one commit. A
	// nil result says that all of them are. Otherwise it has an error for each
	// batch: nil, or ErrConflict if an event with one of its seqs is there
	// already (the others are stored all the same), or ErrUnavailable if it may
	// or may not have been stored. A batch is stored whole or not at all, with
	// its rows. It returns by ctx's deadline, and is safe for concurrent use for
	// different competitions.
	Append(ctx context.Context, batches []*Batch) []error

	// Read visits the records after a seq, in order, some at a time; the bytes
	// are the visitor's only until it returns. It must be a seq at which a batch
	// ended. An error of the visitor ends the reading and is returned.
	// ErrCorrupt says that the store itself knows of a record that is missing
	// or damaged; a journal that ends before the seq after is one.
	Read(ctx context.Context, competitionID string, after uint64, visit func(records []byte) error) error

	// ReadIdentities visits the identity rows of a competition in the order of
	// their numbers.
	ReadIdentities(ctx context.Context, competitionID string, visit func(Identity) error) error
}

// Pipeline is what a Journal may be, too, if an answer takes it longer than the
// work: it begins an append before it has answered the one before.
type Pipeline interface {
	// AppendNext is Append for one caller, who goes on without the answer.
	// Answered is called once, with what Append would have returned, in the order
	// of the calls, before AppendNext returns or later, and must not block. The
	// batches are the journal's until then. Of one competition several batches may
	// be under way, in several calls: one is stored only if it continues, record
	// hash by record hash, what is stored, and so never without those before it.
	AppendNext(ctx context.Context, batches []*Batch, answered func(errs []error))
}

// Snapshots keeps the competitions' rows, so that recovery need not read whole
// journals.
type Snapshots interface {
	// Save stores header and rows in one commit. A snapshot that is not newer
	// than the stored one gives ErrConflict and changes nothing.
	Save(ctx context.Context, s *Snapshot) error

	// Load visits the header, then the rows in the order of their numbers; both
	// are the visitor's only until it returns. A competition without a snapshot
	// visits nothing.
	Load(ctx context.Context, competitionID string, header func([]byte) error, row func(Row) error) error
}

// Catalog answers what spans competitions. Its rows are written by
// Journal.Append, in the same commit as the events.
type Catalog interface {
	// Find is the summary of a competition, or ErrUnknownCompetition.
	Find(ctx context.Context, competitionID string) (Summary, error)

	// List visits summaries in the order of their ids, beginning after one,
	// until visit returns false.
	List(ctx context.Context, after string, visit func(Summary) bool) error

	// Created is when each of the competitions was created, in their order, as
	// the first record of its journal says; 0 where that is gone or was never
	// there.
	Created(ctx context.Context, competitionIDs []string) ([]calendar.Millis, error)

	// Summaries is Find for several competitions, in their order. What is unknown, or
	// cannot be read, has the zero value; an error that is ErrCorrupt names the latter.
	Summaries(ctx context.Context, competitionIDs []string) ([]Summary, error)

	// MembershipsOf is a user's ties, in the order of competition ids, beginning
	// after one, limit at most, which is 1 or more.
	MembershipsOf(ctx context.Context, userID, after string, limit int) ([]Membership, error)

	// Visible is one page of what a reader may see, in the order of [ListPlace],
	// and the place after which the next one begins: the zero value at the end.
	// Cost: the page, and the reader's open ties, however many competitions there
	// are. Of the reader's private competitions that are over it looks through
	// MaxOverPrivate at most; a page may so be short, or empty, although there is a
	// next one.
	Visible(ctx context.Context, l Listing) (page []Summary, next ListPlace, err error)

	// OpenTies is a user's ties to competitions that are not over, in the order of
	// ids: where the user takes part, or what the user made. Cost: those ties, and
	// once each tie to a competition that has ended since the call before. Ties that
	// cannot be read are left out, and an error that is ErrCorrupt names them.
	OpenTies(ctx context.Context, userID string) ([]Tie, error)

	// DueBefore is the first competitions, limit at most, for which time decides
	// something at or before a time, see [Summary.DueAt], in the order of [Due], beginning after one; the zero
	// value is before all.
	DueBefore(ctx context.Context, after Due, before calendar.Millis, limit int) ([]Due, error)
}

// Store is a whole store. Close ends it; nothing may be called afterwards.
type Store interface {
	Journal
	Snapshots
	Catalog
	LifetimeStore
	ledger.Store
	AdministrationStore
	AuditLogStore
	ErasureStore
	InvitationStore

	// Check reports whether the store can take writes now; the error says what
	// to do about it. It answers from memory or within ctx's deadline.
	Check(ctx context.Context) error
	Close() error
}
