package competition

import "fmt"

// Event is one entry of a competition's journal: something that happened and
// was accepted. Seq counts 1, 2, 3… within its competition.
type Event struct {
	Seq    uint64
	At     Millis // the server's clock when the command was accepted
	Detail Detail // what happened; nil means that Sync holds it
	Sync   SyncAccepted
}

// Detail is one of the event kinds below other than SyncAccepted, which is kept
// outside the interface because nearly all events are one.
type Detail interface{ kind() kind }

// kind numbers the events in the journal. Numbers are never used again.
type kind uint8

const (
	kindSyncAccepted kind = iota + 1
	kindCompetitionCreated
	kindCompetitionEdited
	kindStatusChanged
	kindParticipantEnrolled
	kindParticipantRenamed
	kindParticipantLeft
	kindParticipantReturned
	kindEntryFeePaid
	kindEntryFeeRefunded
	kindPrizesDistributed
	kindPrizeConfirmed
	kindPrizeFailed
	kindSyncFlagged
	kindParticipantExcluded
	kindParticipantRestored
	kindDayCorrected
	kindCorrectionWithdrawn

	kindParticipantErased kind = 20
)

func (e *Event) kind() kind {
	if e.Detail == nil {
		return kindSyncAccepted
	}
	return e.Detail.kind()
}

// unknown is what is wrong with an event that some part of the program has no
// behaviour for: skipping it would leave a state that the journal does not tell.
func (e *Event) unknown() string { return unknownKind(e.kind()) }

func unknownKind(k kind) string {
	return fmt.Sprintf("it has the unknown kind %d: it was made by a newer version", k)
}

// SyncAccepted says that a report was taken.
type SyncAccepted struct {
	Number    uint32 // the participant
	Enrolled  bool   // the same command enrolled the participant
	Register  Register
	NewSource string // the name of Register.Source, where this event is the first to use it
}

// CompetitionCreated opens every journal.
type CompetitionCreated struct {
	Definition Definition
	Creator    Commitment // identity row 0; zero when a service key created it
	Who        Identity   // that row; not part of the record
}

// CompetitionEdited carries the whole new definition.
type CompetitionEdited struct{ Definition Definition }

// StatusChanged moves the competition on.
type StatusChanged struct{ Status Status }

// ParticipantEnrolled gives a user the next number.
type ParticipantEnrolled struct {
	Number   uint32
	Identity Commitment
	Who      Identity // the identity row; not part of the record
}

// ParticipantRenamed says that the identity row has another name now.
type ParticipantRenamed struct {
	Number   uint32
	Identity Commitment
	Who      Identity // the identity row; not part of the record
}

// ParticipantLeft takes a participant off the board; the days are kept.
type ParticipantLeft struct{ Number uint32 }

// ParticipantReturned puts a participant who left back on the board.
type ParticipantReturned struct{ Number uint32 }

// EntryFeePaid follows an enrolment or a return at once: the fee came in.
type EntryFeePaid struct {
	Number uint32
	Minor  int64 // above 0
}

// EntryFeeRefunded gives back what a participant paid.
type EntryFeeRefunded struct {
	Number uint32
	Minor  int64 // exactly what was paid
}

// PrizesDistributed pays all prizes and settles the competition: one event, so
// that it happens whole and once. The amounts add up to the pool, unless nobody
// won.
type PrizesDistributed struct {
	PoolMinor    int64
	SponsorMinor int64    // the part of the prizes that the fees in the pool do not cover
	Pending      bool     // each prize waits for a PrizeConfirmed or PrizeFailed
	Prizes       []Winner // by rank
}

// PrizeConfirmed says that a pending prize has reached its winner.
type PrizeConfirmed struct{ Number uint32 }

// PrizeFailed says that a pending prize cannot be paid.
type PrizeFailed struct {
	Number uint32
	Reason string
}

// SyncFlagged follows a SyncAccepted at once: operators should look at the day.
type SyncFlagged struct {
	Number uint32
	Day    Day
	Reason FlagReason
	Figures
}

// ParticipantExcluded takes a participant off the board; syncs go on being
// merged.
type ParticipantExcluded struct {
	Number uint32
	Reason string
}

// ParticipantRestored takes an exclusion back.
type ParticipantRestored struct {
	Number uint32
	Reason string
}

// DayCorrected sets what a day counts for, until another correction, or none,
// takes its place.
type DayCorrected struct {
	Number uint32
	Correction
}

// CorrectionWithdrawn lets a day count for what its reports say again.
type CorrectionWithdrawn struct {
	Number uint32
	Day    Day
	Reason string
}

// ParticipantErased says that nobody can tell any more who a participant was, or,
// with number 0, the creator: the identity row names a pseudonym now. The
// participant is off the board, without days and score.
type ParticipantErased struct {
	Number   uint32
	Identity Commitment
	Who      Identity // the identity row; not part of the record
}

func (*CompetitionCreated) kind() kind  { return kindCompetitionCreated }
func (*CompetitionEdited) kind() kind   { return kindCompetitionEdited }
func (*StatusChanged) kind() kind       { return kindStatusChanged }
func (*ParticipantEnrolled) kind() kind { return kindParticipantEnrolled }
func (*ParticipantRenamed) kind() kind  { return kindParticipantRenamed }
func (*ParticipantLeft) kind() kind     { return kindParticipantLeft }
func (*ParticipantReturned) kind() kind { return kindParticipantReturned }
func (*EntryFeePaid) kind() kind        { return kindEntryFeePaid }
func (*EntryFeeRefunded) kind() kind    { return kindEntryFeeRefunded }
func (*PrizesDistributed) kind() kind   { return kindPrizesDistributed }
func (*PrizeConfirmed) kind() kind      { return kindPrizeConfirmed }
func (*PrizeFailed) kind() kind         { return kindPrizeFailed }
func (*SyncFlagged) kind() kind         { return kindSyncFlagged }
func (*ParticipantExcluded) kind() kind { return kindParticipantExcluded }
func (*ParticipantRestored) kind() kind { return kindParticipantRestored }
func (*DayCorrected) kind() kind        { return kindDayCorrected }
func (*CorrectionWithdrawn) kind() kind { return kindCorrectionWithdrawn }
func (*ParticipantErased) kind() kind   { return kindParticipantErased }
