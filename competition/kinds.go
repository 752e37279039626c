package competition

import "fmt"

// kind numbers the events in the journal. Numbers are never used again, and a
// new one is higher than all before; see FormatLevel.
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

	kindParticipantErased kind = iota + 2
	kindParticipantRemoved
	kindDecisionsKept
	kindStandingKept
)

// kinds are all kinds of events, by their numbers. This is the one list of them:
// what an event does stands in the file of its feature; see [Detail].
var kinds = [...]struct {
	name string        // what operators read, such as in SQL
	make func() Detail // an empty one to read into; nil for SyncAccepted and for numbers without a kind
}{
	kindSyncAccepted:        {"sync_accepted", nil},
	kindCompetitionCreated:  {"competition_created", func() Detail { return new(CompetitionCreated) }},
	kindCompetitionEdited:   {"competition_edited", func() Detail { return new(CompetitionEdited) }},
	kindStatusChanged:       {"status_changed", func() Detail { return new(StatusChanged) }},
	kindParticipantEnrolled: {"participant_enrolled", func() Detail { return new(ParticipantEnrolled) }},
	kindParticipantRenamed:  {"participant_renamed", func() Detail { return new(ParticipantRenamed) }},
	kindParticipantLeft:     {"participant_left", func() Detail { return new(ParticipantLeft) }},
	kindParticipantReturned: {"participant_returned", func() Detail { return new(ParticipantReturned) }},
	kindEntryFeePaid:        {"entry_fee_paid", func() Detail { return new(EntryFeePaid) }},
	kindEntryFeeRefunded:    {"entry_fee_refunded", func() Detail { return new(EntryFeeRefunded) }},
	kindPrizesDistributed:   {"prizes_distributed", func() Detail { return new(PrizesDistributed) }},
	kindPrizeConfirmed:      {"prize_confirmed", func() Detail { return new(PrizeConfirmed) }},
	kindPrizeFailed:         {"prize_failed", func() Detail { return new(PrizeFailed) }},
	kindSyncFlagged:         {"sync_flagged", func() Detail { return new(SyncFlagged) }},
	kindParticipantExcluded: {"participant_excluded", func() Detail { return new(ParticipantExcluded) }},
	kindParticipantRestored: {"participant_restored", func() Detail { return new(ParticipantRestored) }},
	kindDayCorrected:        {"day_corrected", func() Detail { return new(DayCorrected) }},
	kindCorrectionWithdrawn: {"correction_withdrawn", func() Detail { return new(CorrectionWithdrawn) }},
	kindParticipantErased:   {"participant_erased", func() Detail { return new(ParticipantErased) }},
	kindParticipantRemoved:  {"participant_removed", func() Detail { return new(ParticipantRemoved) }},
	kindDecisionsKept:       {"decisions_kept", func() Detail { return new(DecisionsKept) }},
	kindStandingKept:        {"standing_kept", func() Detail { return new(StandingKept) }},
}

// FormatLevel says what may stand in a store's journals, so that a program can
// refuse those of a newer version before it reads one. It grows with every new
// kind of event.
const FormatLevel = len(kinds) - 1

// EventNames are the names of the kinds of events, by their numbers, which begin
// with 1; empty for a number that no event has.
func EventNames() []string {
	names := make([]string, len(kinds))
	for k := range kinds {
		names[k] = kinds[k].name
	}
	return names
}

// newDetail is an empty event of a kind other than SyncAccepted, or nil if there
// is no such kind.
func newDetail(k kind) Detail {
	if int(k) >= len(kinds) || kinds[k].make == nil {
		return nil
	}
	return kinds[k].make()
}

// newerKind is what is wrong with an event of a kind that is not in the list.
func newerKind(k kind) string {
	return fmt.Sprintf("it has the unknown kind %d: it was made by a newer version", k)
}
