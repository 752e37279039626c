package codec

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// MaxItems is how many syncs a group may have: as many as a client's batch.
const MaxItems = 1_000

// The flags of a sync, in one byte.
const (
	membersOnly = 1 << iota
	trusted
	limited
	knownSyncFlags = 1<<iota - 1
)

var errAnswers = errors.New("a sync of a group has no answer, or several")

// AppendSync appends a sync, of about 80 bytes. It allocates nothing.
func AppendSync(dst []byte, s *competition.SubmitSync) []byte {
	var flags byte
	if s.MembersOnly {
		flags |= membersOnly
	}
	if s.Trusted {
		flags |= trusted
	}
	if s.Limited {
		flags |= limited
	}
	dst = append(dst, flags)
	dst = wire.AppendString(dst, s.UserID)
	dst = wire.AppendString(dst, s.UserName)
	dst = wire.AppendString(dst, s.Source)
	dst = binary.AppendVarint(dst, int64(s.Day))
	dst = binary.AppendVarint(dst, s.RecordedAt)
	return appendMetrics(dst, s.Metrics)
}

// ReadSync is the inverse of AppendSync. It allocates the strings.
func ReadSync(r *wire.Reader, s *competition.SubmitSync) {
	flags := r.Byte()
	if flags > knownSyncFlags {
		r.Fail(wire.ErrShort)
	}
	s.MembersOnly, s.Trusted, s.Limited = flags&membersOnly != 0, flags&trusted != 0, flags&limited != 0
	s.UserID, s.UserName, s.Source = r.String(), r.String(), r.String()
	s.Day, s.RecordedAt, s.Metrics = readDay(r), r.Varint(), readMetrics(r)
}

// AppendSyncReply appends the answer to an accepted sync, of about 12 bytes. It
// allocates nothing.
func AppendSyncReply(dst []byte, s *competition.SyncReply) []byte {
	dst = wire.AppendFlag(dst, s.Changed)
	dst = binary.AppendVarint(dst, s.Score)
	dst = binary.AppendUvarint(dst, uint64(s.Rank))
	return binary.AppendUvarint(dst, uint64(s.Total))
}

// ReadSyncReply is the inverse of AppendSyncReply. It allocates nothing.
func ReadSyncReply(r *wire.Reader) competition.SyncReply {
	return competition.SyncReply{Changed: r.Flag(), Score: r.Varint(), Rank: int(r.Uvarint()), Total: int(r.Uvarint())}
}

// AppendItems appends syncs that are all for one competition, at most MaxItems.
func AppendItems(dst []byte, items []competition.BatchItem) ([]byte, error) {
	if len(items) > MaxItems {
		return dst, errTooMany
	}
	dst = binary.AppendUvarint(dst, uint64(len(items)))
	for i := range items {
		dst = AppendSync(dst, &items[i].Sync)
	}
	return dst, nil
}

// ReadItems is the inverse of AppendItems. The items have room for one reply each.
func ReadItems(r *wire.Reader, competitionID string) []competition.BatchItem {
	const smallest = 10
	items := make([]competition.BatchItem, length(r, MaxItems, smallest))
	replies := make([]competition.JoinedReply, len(items))
	for i := range items {
		items[i].CompetitionID, items[i].Replies = competitionID, replies[i:i:i+1]
		ReadSync(r, &items[i].Sync)
	}
	return items
}

// AppendItemAnswers appends what the competition answered to each of the items: one
// reply, or an error.
func AppendItemAnswers(dst []byte, items []competition.BatchItem) ([]byte, error) {
	dst = binary.AppendUvarint(dst, uint64(len(items)))
	for i := range items {
		item := &items[i]
		dst = AppendError(dst, item.Err)
		if item.Err != nil {
			continue
		}
		if len(item.Replies) != 1 || item.Replies[0].Err != nil {
			return dst, errAnswers
		}
		dst = AppendSyncReply(dst, &item.Replies[0].SyncReply)
	}
	return dst, nil
}

// ReadItemAnswers reads the answers to the items that were sent, into them.
func ReadItemAnswers(r *wire.Reader, items []competition.BatchItem) {
	if n := r.Uvarint(); n != uint64(len(items)) {
		r.Fail(errAnswers)
		return
	}
	for i := range items {
		item := &items[i]
		if item.Err = ReadError(r); item.Err == nil {
			item.Replies = append(item.Replies[:0], competition.JoinedReply{CompetitionID: item.CompetitionID, SyncReply: ReadSyncReply(r)})
		}
		if r.Err() != nil {
			return
		}
	}
}

// AppendCaller appends who asks.
func AppendCaller(dst []byte, c competition.Caller) []byte {
	return wire.AppendFlag(wire.AppendString(dst, c.UserID), c.Operator)
}

// ReadCaller is the inverse of AppendCaller.
func ReadCaller(r *wire.Reader) competition.Caller {
	return competition.Caller{UserID: r.String(), Operator: r.Flag()}
}

func appendMetrics(dst []byte, m competition.Metrics) []byte {
	dst = binary.AppendUvarint(dst, uint64(m.Steps))
	dst = binary.AppendUvarint(dst, uint64(m.DistanceCm))
	dst = binary.AppendUvarint(dst, uint64(m.EnergyCentikcal))
	return binary.AppendUvarint(dst, uint64(m.ActiveMinutes))
}

// readMetrics reads metrics, none of which is negative.
func readMetrics(r *wire.Reader) competition.Metrics {
	return competition.Metrics{Steps: r.Amount(), DistanceCm: r.Amount(), EnergyCentikcal: r.Amount(), ActiveMinutes: r.Amount()}
}

func readDay(r *wire.Reader) calendar.Day {
	day := r.Varint()
	if day < math.MinInt32 || day > math.MaxInt32 {
		r.Fail(wire.ErrShort)
		return 0
	}
	return calendar.Day(day)
}
