package ledger

import (
	"encoding/binary"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// The packed forms of the ledger's rows, for stores that keep bytes; sealing
// them is the store's. What stands in a row's key is not part of it.

// rowVersion begins every row.
const rowVersion = 1

// AppendTransaction appends the packed form of a transaction, except for its id.
func AppendTransaction(dst []byte, t *Transaction) []byte {
	dst = append(dst, rowVersion, byte(t.Type))
	dst = wire.AppendString(dst, t.Currency)
	dst = binary.AppendVarint(dst, int64(t.At))
	dst = binary.AppendUvarint(dst, uint64(len(t.Postings)))
	for _, p := range t.Postings {
		dst = wire.AppendString(append(dst, byte(p.Account.Kind)), p.Account.Owner)
		dst = binary.AppendVarint(dst, p.Minor)
	}
	return dst
}

// ParseTransaction is the inverse of AppendTransaction.
func ParseTransaction(id TransactionID, b []byte) (Transaction, error) {
	r := wire.NewReader(b)
	r.Version(rowVersion)
	t := Transaction{ID: id, Type: TransactionType(r.Byte()), Currency: r.String(), At: calendar.Millis(r.Varint())}
	t.Postings = make([]Posting, r.Length())
	for i := range t.Postings {
		t.Postings[i] = Posting{Account: Account{AccountKind(r.Byte()), r.String()}, Minor: r.Varint()}
	}
	return t, r.End()
}

// AppendUserTransaction appends the packed form of a user's side of a
// transaction, except for its id and time.
func AppendUserTransaction(dst []byte, t *UserTransaction) []byte {
	dst = append(dst, rowVersion, byte(t.Type))
	return binary.AppendVarint(wire.AppendString(dst, t.Currency), t.Minor)
}

// ParseUserTransaction is the inverse of AppendUserTransaction.
func ParseUserTransaction(id TransactionID, at calendar.Millis, b []byte) (UserTransaction, error) {
	r := wire.NewReader(b)
	r.Version(rowVersion)
	t := UserTransaction{ID: id, At: at, Type: TransactionType(r.Byte()), Currency: r.String(), Minor: r.Varint()}
	return t, r.End()
}

// AppendPrize appends the packed form of a prize, except for its id.
func AppendPrize(dst []byte, p *Prize) []byte {
	dst = append(dst, rowVersion, byte(p.Status))
	dst = wire.AppendString(dst, p.UserID)
	dst = binary.AppendUvarint(dst, uint64(p.Rank))
	dst = binary.AppendVarint(dst, p.Minor)
	dst = wire.AppendString(dst, p.Currency)
	dst = binary.AppendVarint(dst, int64(p.CreatedAt))
	dst = binary.AppendVarint(dst, int64(p.DistributedAt))
	return wire.AppendString(dst, p.Reason)
}

// ParsePrize is the inverse of AppendPrize.
func ParsePrize(id PrizeID, b []byte) (Prize, error) {
	r := wire.NewReader(b)
	r.Version(rowVersion)
	p := Prize{
		CompetitionID: id.CompetitionID, Number: id.Number, Status: PrizeStatus(r.Byte()), UserID: r.String(),
		Rank: int(r.Number()), Minor: r.Varint(), Currency: r.String(),
		CreatedAt: calendar.Millis(r.Varint()), DistributedAt: calendar.Millis(r.Varint()), Reason: r.String(),
	}
	return p, r.End()
}

// AppendHandover appends the packed form of a hand-over, except for its prize.
func AppendHandover(dst []byte, h *Handover) []byte {
	dst = append(dst, rowVersion, byte(h.Status))
	dst = binary.AppendUvarint(dst, uint64(h.Attempts))
	return wire.AppendString(binary.AppendVarint(dst, int64(h.NextAt)), h.Error)
}

// ParseHandover is the inverse of AppendHandover.
func ParseHandover(id PrizeID, b []byte) (Handover, error) {
	r := wire.NewReader(b)
	r.Version(rowVersion)
	h := Handover{Prize: id, Status: HandoverStatus(r.Byte()), Attempts: int(r.Number()), NextAt: calendar.Millis(r.Varint()), Error: r.String()}
	return h, r.End()
}
