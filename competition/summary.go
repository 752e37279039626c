package competition

import (
	"encoding/binary"
	"errors"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// Summary is what a list shows of a competition.
type Summary struct {
	Definition   Definition
	Status       Status
	Participants int             // on the board
	KeptUntil    calendar.Millis // when time drops what was decided about erased people; 0 if it does not, or the competition is not completed
	CreatedAt    calendar.Millis // 0 when nobody asked Catalog.Created; not in the packed form
}

func summaryOf(d *Definition, status Status, participants int, b *balances, kept map[uint32]Key) Summary {
	s := Summary{Definition: *d, Status: status, Participants: participants}
	if at, ok := keptUntil(d, b); ok && status == Completed && len(kept) > 0 {
		s.KeptUntil = at
	}
	return s
}

// keptAfter is how long after its completion a competition without money keeps
// decisions about erased people; see kept.go.
const keptAfter = 30 * 24 * millisPerHour

// keptUntil returns when a competition drops decisions about erased people by the
// clock; ok is false if settlement or cancelling does it.
func keptUntil(d *Definition, b *balances) (at calendar.Millis, ok bool) {
	return d.End + calendar.Millis(d.LateSyncHours)*millisPerHour + keptAfter, !d.withMoney() && b.fees == 0
}

// AppendSummary appends the packed form of a summary.
func AppendSummary(dst []byte, s *Summary) []byte {
	version := byte(formatVersion)
	if s.KeptUntil != 0 {
		version = keptVersion
	}
	dst = append(dst, version, byte(s.Status))
	dst = binary.AppendUvarint(dst, uint64(s.Participants))
	if version == keptVersion {
		dst = binary.AppendVarint(dst, int64(s.KeptUntil))
	}
	return appendDefinition(dst, &s.Definition)
}

// ParseSummary is the inverse of AppendSummary.
func ParseSummary(b []byte) (Summary, error) {
	r := wire.NewReader(b)
	version := r.Byte()
	if version != formatVersion && version != keptVersion {
		return Summary{}, errors.New("a summary has an unknown format version")
	}
	s := Summary{Status: Status(r.Byte()), Participants: int(r.Uvarint())}
	if version == keptVersion {
		if s.KeptUntil = calendar.Millis(r.Varint()); s.KeptUntil <= 0 {
			r.Fail(wire.ErrShort)
		}
	}
	s.Definition = readDefinition(&r)
	return s, r.End()
}

// keptVersion is the format of a summary with KeptUntil, after its participants.
const keptVersion = 2

// Tie is a user's tie to a competition that is not over, with its summary.
type Tie struct {
	Membership
	Summary Summary
}

// Due is when time next decides something in a competition. They are in the order of
// times and, among equal ones, of ids.
type Due struct {
	CompetitionID string
	At            calendar.Millis
}

// DueAt returns when time next changes the status, or drops what was decided about
// erased people; ok is false when it never will.
func (s *Summary) DueAt() (at calendar.Millis, ok bool) {
	if s.KeptUntil != 0 {
		return s.KeptUntil, true
	}
	_, at, ok = s.Definition.Next(s.Status)
	return at, ok
}
