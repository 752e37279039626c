package competition

import (
	"crypto/sha256"
	"fmt"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// kinds are all kinds of events, by their numbers, which are never used again. A
// new one is higher than all before, so its number is also the format level with which
// it came; see FormatLevel. This is the one list of them: what an event does stands in
// the file of its feature; see [Detail].
var kinds = [...]struct {
	name string        // what operators read, such as in SQL
	make func() Detail // an empty one to read into; nil for SyncAccepted and for numbers without a kind
}{
	1:  {"sync_accepted", nil},
	2:  {"competition_created", func() Detail { return new(CompetitionCreated) }},
	3:  {"competition_edited", func() Detail { return new(CompetitionEdited) }},
	4:  {"status_changed", func() Detail { return new(StatusChanged) }},
	5:  {"participant_enrolled", func() Detail { return new(ParticipantEnrolled) }},
	6:  {"participant_renamed", func() Detail { return new(ParticipantRenamed) }},
	7:  {"participant_left", func() Detail { return new(ParticipantLeft) }},
	8:  {"participant_returned", func() Detail { return new(ParticipantReturned) }},
	9:  {"entry_fee_paid", func() Detail { return new(EntryFeePaid) }},
	10: {"entry_fee_refunded", func() Detail { return new(EntryFeeRefunded) }},
	11: {"prizes_distributed", func() Detail { return new(PrizesDistributed) }},
	12: {"prize_confirmed", func() Detail { return new(PrizeConfirmed) }},
	13: {"prize_failed", func() Detail { return new(PrizeFailed) }},
	14: {"sync_flagged", func() Detail { return new(SyncFlagged) }},
	15: {"participant_excluded", func() Detail { return new(ParticipantExcluded) }},
	16: {"participant_restored", func() Detail { return new(ParticipantRestored) }},
	17: {"day_corrected", func() Detail { return new(DayCorrected) }},
	18: {"correction_withdrawn", func() Detail { return new(CorrectionWithdrawn) }},
	20: {"participant_erased", func() Detail { return new(ParticipantErased) }},
	21: {"participant_removed", func() Detail { return new(ParticipantRemoved) }},
	22: {"decisions_kept", func() Detail { return new(DecisionsKept) }},
	23: {"standing_kept", func() Detail { return new(StandingKept) }},
	24: {"journal_continued", func() Detail { return new(JournalContinued) }},
	25: {"competition_amended", func() Detail { return new(CompetitionAmended) }},
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
		return nil, fmt.Errorf("it has the unknown kind %d: it was made by a newer version", k)
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
