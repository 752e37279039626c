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
	// already (the others are stored all the same), ErrNotOwner if its epoch is not
	// that of the present owner, or ErrUnavailable if it may or may not have been stored. A batch is stored whole or not at all, with
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

// FeedStore reads journals for other systems, which go on from any place.
type FeedStore interface {
	// ReadEvents visits the records after any seq, up to another one that the journal
	// has, of the kinds that are published (see IsPublished), in order, one at a time; the
	// bytes are the visitor's only until it returns. Errors: the visitor's;
	// *EventsRemovedError if records in between were removed as old; ErrCorrupt;
	// ErrUnavailable.
	ReadEvents(ctx context.Context, competitionID string, after, upTo uint64, visit func(record []byte) error) error

	// ReadRecords is ReadEvents of records of all kinds.
	ReadRecords(ctx context.Context, competitionID string, after, upTo uint64, visit func(record []byte) error) error

	// IdentitiesOf returns the identity rows of some numbers, in ascending order. A
	// number without a row is left out. Cost: that of the rows.
	IdentitiesOf(ctx context.Context, competitionID string, numbers []uint32) ([]Identity, error)
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
	// than the stored one gives ErrConflict and changes nothing; one whose epoch is not
	// that of the present owner gives ErrNotOwner.
	Save(ctx context.Context, s *Snapshot) error

	// Load visits the header, then the rows in the order of their numbers; both
	// are the visitor's only until it returns. A competition without a snapshot
	// visits nothing.
	Load(ctx context.Context, competitionID string, header func([]byte) error, row func(Row) error) error
}

// Catalog answers what spans competitions. Its rows are written by
// Journal.Append, in the same commit as the events.
type Catalog interface {
	// Find returns the summary of a competition, or ErrUnknownCompetition.
	Find(ctx context.Context, competitionID string) (Summary, error)

	// List visits summaries in the order of their ids, beginning after one,
	// until visit returns false.
	List(ctx context.Context, after string, visit func(Summary) bool) error

	// Created returns when each of the competitions was created, in their order, as
	// the first record of its journal says; 0 where that is gone or was never
	// there.
	Created(ctx context.Context, competitionIDs []string) ([]calendar.Millis, error)

	// Summaries is Find for several competitions, in their order. What is unknown, or
	// cannot be read, has the zero value; an error that is ErrCorrupt names the latter.
	Summaries(ctx context.Context, competitionIDs []string) ([]Summary, error)

	// MembershipsOf returns a user's ties, in the order of competition ids, beginning
	// after one, limit at most, which is 1 or more.
	MembershipsOf(ctx context.Context, userID, after string, limit int) ([]Membership, error)

	// Visible returns one page of what a reader may see, in the order of [ListPlace],
	// and the place after which the next one begins: the zero value at the end.
	// Cost: the page, and the reader's open ties, however many competitions there
	// are. Of the reader's private competitions that are over it looks through
	// MaxOverPrivate at most, and for a name through MaxSearched of the others; a page
	// may so be short, or empty, although there is a next one.
	Visible(ctx context.Context, l Listing) (page []Summary, next ListPlace, err error)

	// OpenTies returns a user's ties to competitions that are not over, in the order of
	// ids: where the user takes part, or what the user made. Cost: those ties, and
	// once each tie to a competition that has ended since the call before. Ties that
	// cannot be read are left out, and an error that is ErrCorrupt names them.
	OpenTies(ctx context.Context, userID string) ([]Tie, error)

	// DueBefore returns the first competitions, limit at most, for which time decides
	// something at or before a time (see [Summary.DueAt]), in the order of [Due],
	// beginning after one; the zero value is before all.
	DueBefore(ctx context.Context, after Due, before calendar.Millis, limit int) ([]Due, error)
}

// ErasureStore ends what the erasures of batches begin, for one person and all
// competitions together. All methods may be repeated.
type ErasureStore interface {
	// StaleSnapshots returns the competitions in which the user was erased by a batch
	// after the stored snapshot, so that its rows still have what the person did, in the
	// order of ids. Which they are is stored in the commit of the erasure, and nothing
	// there names the user; the next Save ends it. Cost: linear in the erasures, of
	// whomever, that no snapshot has followed yet, usually a few.
	StaleSnapshots(ctx context.Context, userID string) (competitionIDs []string, err error)

	// Pseudonymise has the subjects of the audit log and the API keys name the
	// pseudonym where they name the user, durably; nothing that is no user is
	// touched, whatever its id. What it does to the audit log it appends there, as
	// one entry or more of NewAuditErasure in the same commits; newID gives their
	// ids, and at is when. Its cost does not depend on how many entries name others.
	Pseudonymise(ctx context.Context, e Erasure, at calendar.Millis, newID func() string) error

	// Scrub has no file of the store hold any more what was erased, or deleted by
	// ForgetLifetime or Pseudonymise, before: old versions of rows, and the keys of
	// deleted ones. It waits as long as
	// it takes, by ctx's deadline; ErrUnavailable then says that it should be
	// repeated. Files that others keep, such as backups, are not its matter. Where
	// nothing was erased since the last time it costs next to nothing.
	Scrub(ctx context.Context) error
}

// AuditLogStore keeps the log of what operators did. Entries are only ever added,
// and removed from the beginning; see AuditRecord. Appends of all processes come
// one after another.
type AuditLogStore interface {
	// Note appends an entry, durably, with the next seq, whatever the entry says.
	// ErrUnavailable may mean that it is there all the same.
	Note(ctx context.Context, e AuditEntry) error

	// AuditLog returns the entries before a seq, or the last ones when it is 0, limit at
	// most, the latest first.
	AuditLog(ctx context.Context, before uint64, limit int) ([]AuditEntry, error)

	// AuditLogOf returns the same of the entries that name a user as their actor or a
	// target. Its cost does not depend on how many entries name others.
	AuditLogOf(ctx context.Context, userID string, before uint64, limit int) ([]AuditEntry, error)

	// ReadAuditLog visits the whole log as of one moment: head first, then the
	// records in the order of their seqs. An error of a visitor ends the reading
	// and is returned. Error: ErrCorrupt for what cannot be read.
	ReadAuditLog(ctx context.Context, head func(AuditHead) error, record func(*AuditRecord) error) error

	// RetainAuditLog removes entries that are older than a time from the beginning
	// on, step of them in a write (0 means 1,000), and leaves where the rest goes on
	// from in the head. It returns how many are gone, also when it fails.
	RetainAuditLog(ctx context.Context, olderThan calendar.Millis, step int) (removed int64, err error)
}

// AdministrationStore keeps what concerns no single competition.
type AdministrationStore interface {
	// PutAPIKey writes a key, new or changed, durably.
	PutAPIKey(ctx context.Context, k APIKey) error

	// APIKeys returns all keys, revoked ones included, in the order of their ids.
	APIKeys(ctx context.Context) ([]APIKey, error)
}

// InvitationStore keeps invitations and join codes, beside the journals. Its
// writes are durable when they return, and each is atomic: limits, uses and
// states are exact however many callers there are, in however many processes.
// Every call may return ErrUnavailable; the outcome of a write is then unknown.
type InvitationStore interface {
	// Invite stores what r.Decide makes of the request, and returns an invitation
	// for each guest, in order. Errors: ErrTooManyInvitations, ErrInvitingTooFast.
	Invite(ctx context.Context, r *Inviting) ([]Invitation, error)

	// FindInvitation returns one invitation. Error: ErrUnknownInvitation.
	FindInvitation(ctx context.Context, id string) (Invitation, error)

	// LatestInvitation returns a user's latest invitation to a competition. Error:
	// ErrUnknownInvitation.
	LatestInvitation(ctx context.Context, competitionID, userID string) (Invitation, error)

	// InvitationsTo visits a user's invitations, by competition and then by id,
	// beginning after one (the zero value: with the first), until visit returns
	// false. Cost: linear in those visited.
	InvitationsTo(ctx context.Context, userID string, after InvitationPlace, visit func(Invitation) bool) error

	// InvitationsIn visits a competition's invitations by id, beginning after one.
	InvitationsIn(ctx context.Context, competitionID, after string, visit func(Invitation) bool) error

	// DecideInvitation stores what Invitation.Decide makes of an invitation, and
	// returns it. Errors: ErrUnknownInvitation, ErrInvitationDecided.
	DecideInvitation(ctx context.Context, id string, now calendar.Millis, to InvitationState) (Invitation, error)

	// PutJoinCode stores a new code. Error: ErrTooManyInvitations, if the
	// competition has MaxJoinCodes that are neither expired nor used up.
	PutJoinCode(ctx context.Context, c *JoinCode) error

	// JoinCodesOf returns a competition's codes, by id.
	JoinCodesOf(ctx context.Context, competitionID string) ([]JoinCode, error)

	// FindJoinCode returns the code with a hash, expired and used up or not. Error:
	// ErrUnknownCode.
	FindJoinCode(ctx context.Context, hash CodeHash) (JoinCode, error)

	// DeleteJoinCode ends a code, by its id. Error: ErrUnknownInvitation.
	DeleteJoinCode(ctx context.Context, competitionID, id string) error

	// Redeem stores what r.Decide makes of a code, with the use that it costs.
	// Error: ErrUnknownCode.
	Redeem(ctx context.Context, r *Redemption) (i Invitation, made bool, err error)

	// Unredeem takes an open invitation by code back, and gives the code its use
	// back. An invitation that is not open, or not there, is left as it is.
	Unredeem(ctx context.Context, id string) error

	// SweepInvitations deletes invitations that need not be kept and codes that
	// have expired, up to limit of each, and returns how many it deleted.
	SweepInvitations(ctx context.Context, now calendar.Millis, limit int) (deleted int, err error)

	// ForgetInvitations deletes a user's invitations, and has those that the user
	// made name nobody. Cost: linear in both.
	ForgetInvitations(ctx context.Context, userID string) error

	// CodeKey returns the random key under which join codes are hashed, made by the
	// first who asks.
	CodeKey(ctx context.Context) (Key, error)
}

// BoardLinkStore keeps the links that show boards, beside the journals. Its writes are
// durable when they return. Every call may return ErrUnavailable; the outcome of a write
// is then unknown.
type BoardLinkStore interface {
	// PutBoardLink stores a new link, and deletes those of the competition that have
	// expired when it is made. Error: ErrTooManyBoardLinks, if MaxBoardLinks have not.
	PutBoardLink(ctx context.Context, l *BoardLink) error

	// FindBoardLink returns the link with the hash of a code, expired or not. Error:
	// ErrUnknownBoardLink.
	FindBoardLink(ctx context.Context, hash CodeHash) (BoardLink, error)

	// BoardLinksOf returns a competition's links, by id, the expired ones included.
	BoardLinksOf(ctx context.Context, competitionID string) ([]BoardLink, error)

	// DeleteBoardLink ends a link, by its id, and returns it. Error: ErrUnknownBoardLink.
	DeleteBoardLink(ctx context.Context, competitionID, id string) (BoardLink, error)

	// SweepBoardLinks deletes links that have expired, up to limit, and returns how many
	// it deleted.
	SweepBoardLinks(ctx context.Context, now calendar.Millis, limit int) (deleted int, err error)
}

// WebhookStore keeps the endpoints that events are sent to, and how far each has been
// sent those of each competition. Retention removes no record after the cursor of an
// endpoint that is not disabled. Every call may return ErrUnavailable; the outcome of a
// write is then unknown.
type WebhookStore interface {
	// PutWebhook stores an endpoint, and what becomes of its cursors, in one commit, and
	// raises its Version. A new one has Version 0; any other must have the stored one.
	// Errors: ErrTooManyWebhooks, ErrUnknownWebhook, ErrConflict.
	PutWebhook(ctx context.Context, w *Webhook, cursors CursorChange) error

	// FindWebhook returns one endpoint. Error: ErrUnknownWebhook.
	FindWebhook(ctx context.Context, id string) (Webhook, error)

	// Webhooks returns endpoints in the order of their ids, beginning after one, limit at
	// most.
	Webhooks(ctx context.Context, after string, limit int) ([]Webhook, error)

	// WebhooksOf returns a creator's endpoints, in the order of their ids.
	WebhooksOf(ctx context.Context, owner string) ([]Webhook, error)

	// DeleteWebhook deletes an endpoint and its cursors. Error: ErrUnknownWebhook.
	DeleteWebhook(ctx context.Context, id string) error

	// ForgetWebhooks deletes the endpoints that a user owns.
	ForgetWebhooks(ctx context.Context, userID string) error

	// WebhookCursors returns an endpoint's cursors, in the order of competition ids,
	// beginning after one, limit at most; also those that are not stored, of Version 0.
	WebhookCursors(ctx context.Context, from WebhookPlace, limit int) ([]WebhookCursor, error)

	// WebhookBacklog returns, for each of several endpoints, the first cursors after a
	// place, limit at most, that do not stand at the end of the journal and whose NextAt
	// has come. They are in the order of the endpoints and then of competition ids. Cost:
	// for an endpoint for all competitions linear in those that are looked through.
	WebhookBacklog(ctx context.Context, from []WebhookPlace, now calendar.Millis, limit int) ([]WebhookCursor, error)

	// SaveWebhookCursor stores a cursor and raises its Version. Error: ErrConflict, if
	// the stored one has another version, or the endpoint is gone.
	SaveWebhookCursor(ctx context.Context, c *WebhookCursor) error

	// WebhookFailures counts the cursors that are failing.
	WebhookFailures(ctx context.Context) (WebhookFailures, error)
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
	// is said by [Projection.History]. A checkpoint below From gives ErrConflict and
	// changes nothing: the rows leave out what changed in between, and all rows must be
	// projected, From 0.
	Project(ctx context.Context, p *Projection) error

	// LifetimeOf returns a user's days, as histories of a month each, and the
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

// Store is a whole store. Close ends it; nothing may be called afterwards.
type Store interface {
	Ownership
	Journal
	FeedStore
	Snapshots
	Catalog
	LifetimeStore
	ledger.Store
	AdministrationStore
	AuditLogStore
	ErasureStore
	InvitationStore
	BoardLinkStore
	WebhookStore

	// Check reports whether the store can take writes now; the error says what
	// to do about it. It answers from memory or within ctx's deadline.
	Check(ctx context.Context) error
	Close() error
}
