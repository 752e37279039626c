package codec

import (
	"encoding/binary"
	"errors"

	"github.com/cespare/xxhash/v2"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/competition/wire"
)

// MaxEntries is how many entries a board, or a list of participants, has at most: more
// than a client may ask for.
const MaxEntries = 10_000

// The least that an entry and a prize take.
const (
	smallestEntry = 10
	smallestPrize = 9
)

// AppendBoard appends a part of a board, of about 60 bytes an entry.
func AppendBoard(dst []byte, b *competition.Board) ([]byte, error) {
	dst = wire.AppendString(dst, b.CompetitionID)
	dst = append(dst, byte(b.Status))
	dst = wire.AppendFlag(dst, b.Private)
	dst = binary.AppendUvarint(dst, b.Version)
	dst = wire.AppendFlag(binary.BigEndian.AppendUint32(dst, uint32(b.Epoch)), b.Continued)
	dst = binary.AppendVarint(dst, int64(b.UpdatedAt))
	dst = binary.AppendUvarint(dst, uint64(b.Total))
	dst = binary.AppendUvarint(dst, uint64(b.PrizesDecided))
	dst, err := AppendEntries(dst, b.Entries, b.UpdatedAt)
	if err != nil {
		return dst, err
	}
	return appendPrizes(dst, b.Prizes)
}

// ReadBoard is the inverse of AppendBoard. The entries stand in room if they fit.
// The strings of a board share one allocation, and keep each other in memory.
func ReadBoard(r *wire.Reader, room []competition.Entry) competition.Board {
	t := textsOf(r)
	b := competition.Board{
		CompetitionID: t.next(r), Status: competition.Status(r.Byte()), Private: r.Flag(), Version: r.Uvarint(),
		Epoch: competition.BoardEpoch(r.Uint32()), Continued: r.Flag(),
		UpdatedAt: calendar.Millis(r.Varint()), Total: int(r.Uvarint()), PrizesDecided: int(r.Uvarint()),
	}
	b.Entries = readEntries(r, t, room, b.UpdatedAt)
	b.Prizes = readPrizes(r, t)
	return b
}

// AppendEntries appends a list of entries, at most MaxEntries, whose times are near
// another one.
func AppendEntries(dst []byte, entries []competition.Entry, near calendar.Millis) ([]byte, error) {
	if len(entries) > MaxEntries {
		return dst, errTooMany
	}
	dst = appendCount(dst, len(entries), entries == nil)
	rank := 0
	for i := range entries {
		e := &entries[i]
		dst = wire.AppendString(dst, e.UserID)
		dst = wire.AppendString(dst, e.UserName)
		dst = binary.AppendVarint(dst, e.Score)
		dst = binary.AppendVarint(dst, int64(e.Rank-rank))
		dst = appendMetrics(dst, e.Totals)
		dst = appendTime(dst, e.LastSyncedAt, near)
		dst = appendTime(dst, e.UpdatedAt, near)
		rank = e.Rank
	}
	return dst, nil
}

// ReadEntries is the inverse of AppendEntries.
func ReadEntries(r *wire.Reader, near calendar.Millis) []competition.Entry {
	return readEntries(r, textsOf(r), nil, near)
}

func readEntries(r *wire.Reader, t texts, room []competition.Entry, near calendar.Millis) []competition.Entry {
	n, isNil := readCount(r, MaxEntries, smallestEntry)
	if isNil {
		return nil
	}
	if room = room[:0]; cap(room) < n || room == nil {
		room = make([]competition.Entry, 0, n)
	}
	rank := 0
	for range n {
		e := competition.Entry{UserID: t.next(r), UserName: t.next(r), Score: r.Varint()}
		rank += int(r.Varint())
		e.Rank, e.Totals = rank, readTotals(r)
		e.LastSyncedAt, e.UpdatedAt = readTime(r, near), readTime(r, near)
		room = append(room, e)
	}
	return room
}

// AppendPrizesReply appends what there is to say of a competition's prizes.
func AppendPrizesReply(dst []byte, p *competition.PrizesReply) ([]byte, error) {
	dst = wire.AppendString(dst, p.CompetitionID)
	dst = wire.AppendFlag(dst, p.Final)
	dst = binary.AppendVarint(dst, p.PoolMinor)
	dst = wire.AppendString(dst, p.Currency)
	return appendPrizes(dst, p.Prizes)
}

// ReadPrizesReply is the inverse of AppendPrizesReply. Its strings are as a board's.
func ReadPrizesReply(r *wire.Reader) competition.PrizesReply {
	t := textsOf(r)
	return competition.PrizesReply{CompetitionID: t.next(r), Final: r.Flag(), PoolMinor: r.Varint(), Currency: t.next(r), Prizes: readPrizes(r, t)}
}

// appendPrizes appends prizes, which nearly always are of one competition and currency.
func appendPrizes(dst []byte, prizes []ledger.Prize) ([]byte, error) {
	if len(prizes) > competition.MaxWinners {
		return dst, errTooMany
	}
	dst = appendCount(dst, len(prizes), prizes == nil)
	for i := range prizes {
		p := &prizes[i]
		same := i > 0 && p.CompetitionID == prizes[i-1].CompetitionID && p.Currency == prizes[i-1].Currency
		if dst = wire.AppendFlag(dst, same); !same {
			dst = wire.AppendString(wire.AppendString(dst, p.CompetitionID), p.Currency)
		}
		dst = binary.AppendUvarint(dst, uint64(p.Number))
		dst = wire.AppendString(dst, p.UserID)
		dst = binary.AppendVarint(dst, int64(p.Rank))
		dst = binary.AppendVarint(dst, p.Minor)
		dst = append(dst, byte(p.Status))
		dst = binary.AppendVarint(dst, int64(p.CreatedAt))
		dst = binary.AppendVarint(dst, int64(p.DistributedAt))
		dst = wire.AppendString(dst, p.Reason)
	}
	return dst, nil
}

func readPrizes(r *wire.Reader, t texts) []ledger.Prize {
	n, isNil := readCount(r, competition.MaxWinners, smallestPrize)
	if isNil {
		return nil
	}
	prizes := make([]ledger.Prize, n)
	for i := range prizes {
		p := &prizes[i]
		switch same := r.Flag(); {
		case !same:
			p.CompetitionID, p.Currency = t.next(r), t.next(r)
		case i == 0:
			r.Fail(wire.ErrShort)
		default:
			p.CompetitionID, p.Currency = prizes[i-1].CompetitionID, prizes[i-1].Currency
		}
		p.Number, p.UserID, p.Rank, p.Minor, p.Status = r.Number(), t.next(r), int(r.Varint()), r.Varint(), ledger.PrizeStatus(r.Byte())
		p.CreatedAt, p.DistributedAt, p.Reason = calendar.Millis(r.Varint()), calendar.Millis(r.Varint()), t.next(r)
		if r.Err() != nil {
			return nil
		}
	}
	return prizes
}

// Page is the published top of a board, encoded, and its name: equal hashes are equal
// pages, in whichever process they were made.
type Page struct {
	Bytes []byte // never changed
	Hash  uint64
}

// pageKey stands for a Page among the encodings of a board.
type pageKey struct{}

// PageOf returns the page of a published top, which is made once.
func PageOf(top *competition.Published) (Page, error) {
	made := competition.Encoded(&top.Encodings, pageKey{}, func() madePage {
		const header, each = 128, 112
		b, err := AppendBoard(make([]byte, 0, header+each*(len(top.Entries)+len(top.Prizes))), &top.Board)
		return madePage{Page{Bytes: b, Hash: xxhash.Sum64(b)}, err}
	})
	return made.Page, made.err
}

type madePage struct {
	Page
	err error
}

// AppendPage appends a page and its hash.
func AppendPage(dst []byte, p Page) []byte {
	dst = binary.BigEndian.AppendUint64(dst, p.Hash)
	return append(binary.AppendUvarint(dst, uint64(len(p.Bytes))), p.Bytes...)
}

// ReadPage reads what AppendPage wrote.
func ReadPage(r *wire.Reader) (top *competition.Published, hash uint64) {
	hash = r.Uint64()
	b := r.Bytes(r.Length())
	if r.Err() == nil && xxhash.Sum64(b) != hash {
		r.Fail(errPage)
	}
	inner := wire.NewReader(b)
	top = &competition.Published{Board: ReadBoard(&inner, nil)}
	if err := inner.Err(); err != nil { // what a newer node has added is left unread
		r.Fail(err)
	}
	if r.Err() != nil {
		return nil, 0
	}
	return top, hash
}

var errPage = errors.New("the page of a board is not what its hash says")

// texts cuts the strings of a message out of one copy of it.
type texts string

func textsOf(r *wire.Reader) texts { return texts(r.Rest()) }

// next reads what wire.AppendString wrote. The reader must be within what textsOf saw.
func (t texts) next(r *wire.Reader) string {
	n := r.Length()
	from := len(t) - len(r.Rest())
	if r.Bytes(n) == nil {
		return ""
	}
	return string(t[from : from+n])
}

// appendTime appends a time that is near another one, or 0.
func appendTime(dst []byte, at, near calendar.Millis) []byte {
	if at == 0 {
		return append(dst, 0)
	}
	return binary.AppendVarint(append(dst, 1), int64(near-at))
}

func readTime(r *wire.Reader, near calendar.Millis) calendar.Millis {
	if !r.Flag() {
		return 0
	}
	return near - calendar.Millis(r.Varint())
}

// readTotals reads metrics that may be anything.
func readTotals(r *wire.Reader) competition.Metrics {
	return competition.Metrics{Steps: int64(r.Uvarint()), DistanceCm: int64(r.Uvarint()), EnergyCentikcal: int64(r.Uvarint()), ActiveMinutes: int64(r.Uvarint())}
}

// appendCount appends how many items follow, and keeps nil apart from none.
func appendCount(dst []byte, n int, isNil bool) []byte {
	if isNil {
		return append(dst, 0)
	}
	return binary.AppendUvarint(dst, uint64(n)+1)
}

func readCount(r *wire.Reader, limit, size int) (n int, isNil bool) {
	n = int(min(r.Uvarint(), uint64(limit)+2))
	switch {
	case n == 0:
		return 0, true
	case n-1 > limit:
		r.Fail(errTooMany)
		return 0, true
	case (n-1)*size > len(r.Rest()):
		r.Fail(wire.ErrShort)
		return 0, true
	}
	return n - 1, false
}
