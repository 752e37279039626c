package competition

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
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

// EventNames returns the names of the kinds of events, by their numbers, which begin
// with 1; empty for a number that no event has.
func EventNames() []string {
	names := make([]string, len(kinds))
	for k := range kinds {
		names[k] = kinds[k].name
	}
	return names
}

// newDetail returns an empty event of a kind other than SyncAccepted, or nil if there
// is no such kind.
func newDetail(k kind) Detail {
	if int(k) >= len(kinds) || kinds[k].make == nil {
		return nil
	}
	return kinds[k].make()
}

// newerKind returns what is wrong with an event of a kind that is not in the list.
func newerKind(k kind) string {
	return fmt.Sprintf("it has the unknown kind %d: it was made by a newer version", k)
}

// Next takes the next record off the front of records, verifies its checksum,
// its place in the chain and its seq, and returns its event and what is left.
// The error is a *CorruptError; the chain then stays where it was.
func (c *Chain) Next(records []byte) (e Event, rest []byte, err error) {
	body, rest, err := splitRecord(records)
	if err != nil {
		return Event{}, nil, c.corrupt(err.Error())
	}
	if version := body[0]; version != formatVersion {
		return Event{}, nil, c.corrupt(fmt.Sprintf("it has the unknown format version %d: it was made by a newer version", version))
	}
	if Hash(body[1:33]) != c.Hash {
		return Event{}, nil, c.corrupt("it does not continue the hash chain")
	}
	e, err = decodeEvent(body[33:])
	if err != nil {
		return Event{}, nil, c.corrupt(err.Error())
	}
	if e.Seq != c.Seq+1 {
		return Event{}, nil, c.corrupt(fmt.Sprintf("the record in its place has seq %d", e.Seq))
	}
	c.Seq, c.Hash = e.Seq, sha256.Sum256(body)
	return e, rest, nil
}

func decodeEvent(b []byte) (Event, error) {
	r := wire.NewReader(b)
	k := kind(r.Byte())
	e := Event{Seq: r.Uvarint(), At: calendar.Millis(r.Varint())}
	if r.Err() == nil && k != kindSyncAccepted {
		detail, err := decodeDetail(k, r.Rest())
		e.Detail = detail
		return e, err
	}
	e.Sync.read(&r)
	return e, r.End()
}

// decodeDetail stands apart so that only its reader is on the heap, and not that
// of every sync.
func decodeDetail(k kind, b []byte) (Detail, error) {
	d := newDetail(k)
	if d == nil {
		return nil, errors.New(newerKind(k))
	}
	r := wire.NewReader(b)
	d.read(&r)
	return d, r.End()
}

// CreatedAt returns when the competition was created whose journal begins with the
// records; the error is that of Chain.Next.
func CreatedAt(competitionID string, records []byte) (calendar.Millis, error) {
	chain := NewChain(competitionID)
	e, _, err := chain.Next(records)
	return e.At, err
}
