package competition

import (
	"encoding/binary"
	"errors"
)

// The packed forms of the ledger's rows, for stores that keep bytes; sealing
// them is the store's. What stands in a row's key is not part of it.

var errRowVersion = errors.New("its version is unknown to this program")

// AppendTransaction appends the packed form of a transaction, except for its id.
func AppendTransaction(dst []byte, t *Transaction) []byte {
	dst = append(dst, formatVersion, byte(t.Type))
	dst = appendString(dst, t.Currency)
	dst = binary.AppendVarint(dst, int64(t.At))
	dst = binary.AppendUvarint(dst, uint64(len(t.Postings)))
	for _, p := range t.Postings {
		dst = appendString(append(dst, byte(p.Account.Kind)), p.Account.Owner)
		dst = binary.AppendVarint(dst, p.Minor)
	}
	return dst
}

// ParseTransaction is the inverse of AppendTransaction.
func ParseTransaction(id TransactionID, b []byte) (Transaction, error) {
	r := reader{b: b}
	if r.byte() != formatVersion {
		return Transaction{}, errRowVersion
	}
	t := Transaction{ID: id, Type: TransactionType(r.byte()), Currency: r.string(), At: Millis(r.varint())}
	t.Postings = make([]Posting, r.length())
	for i := range t.Postings {
		t.Postings[i] = Posting{Account: Account{AccountKind(r.byte()), r.string()}, Minor: r.varint()}
	}
	return t, r.end()
}

// AppendUserTransaction appends the packed form of a user's side of a
// transaction, except for its id and time.
func AppendUserTransaction(dst []byte, t *UserTransaction) []byte {
	dst = append(dst, formatVersion, byte(t.Type))
	return binary.AppendVarint(appendString(dst, t.Currency), t.Minor)
}

// ParseUserTransaction is the inverse of AppendUserTransaction.
func ParseUserTransaction(id TransactionID, at Millis, b []byte) (UserTransaction, error) {
	r := reader{b: b}
	if r.byte() != formatVersion {
		return UserTransaction{}, errRowVersion
	}
	t := UserTransaction{ID: id, At: at, Type: TransactionType(r.byte()), Currency: r.string(), Minor: r.varint()}
	return t, r.end()
}

// AppendPrize appends the packed form of a prize, except for its id.
func AppendPrize(dst []byte, p *Prize) []byte {
	dst = append(dst, formatVersion, byte(p.Status))
	dst = appendString(dst, p.UserID)
	dst = binary.AppendUvarint(dst, uint64(p.Rank))
	dst = binary.AppendVarint(dst, p.Minor)
	dst = appendString(dst, p.Currency)
	dst = binary.AppendVarint(dst, int64(p.CreatedAt))
	dst = binary.AppendVarint(dst, int64(p.DistributedAt))
	return appendString(dst, p.Reason)
}

// ParsePrize is the inverse of AppendPrize.
func ParsePrize(id PrizeID, b []byte) (Prize, error) {
	r := reader{b: b}
	if r.byte() != formatVersion {
		return Prize{}, errRowVersion
	}
	p := Prize{
		CompetitionID: id.CompetitionID, Number: id.Number, Status: PrizeStatus(r.byte()), UserID: r.string(),
		Rank: int(r.number()), Minor: r.varint(), Currency: r.string(),
		CreatedAt: Millis(r.varint()), DistributedAt: Millis(r.varint()), Reason: r.string(),
	}
	return p, r.end()
}

// AppendHandover appends the packed form of a hand-over, except for its prize.
func AppendHandover(dst []byte, h *Handover) []byte {
	dst = append(dst, formatVersion, byte(h.Status))
	dst = binary.AppendUvarint(dst, uint64(h.Attempts))
	return appendString(binary.AppendVarint(dst, int64(h.NextAt)), h.Error)
}

// ParseHandover is the inverse of AppendHandover.
func ParseHandover(id PrizeID, b []byte) (Handover, error) {
	r := reader{b: b}
	if r.byte() != formatVersion {
		return Handover{}, errRowVersion
	}
	h := Handover{Prize: id, Status: HandoverStatus(r.byte()), Attempts: int(r.number()), NextAt: Millis(r.varint()), Error: r.string()}
	return h, r.end()
}
