package ledger

import (
	"context"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// Store answers what became of the money. Its rows come with the events
// that move it: Journal.Append writes a batch's transactions and prizes in the
// same commit, and transactions are only ever added.
type Store interface {
	// TransactionsOf visits what was brought or cost a user, newest first,
	// beginning after a place, until visit returns false.
	TransactionsOf(ctx context.Context, userID string, after Place, visit func(UserTransaction) bool) error

	// PrizesOf visits a user's prizes in the same way.
	PrizesOf(ctx context.Context, userID string, after Place, visit func(Prize) bool) error

	// PendingPrizes visits the prizes that are pending, with what is known of
	// handing them over, in the order of their ids, beginning after one.
	PendingPrizes(ctx context.Context, after PrizeID, visit func(Prize, Handover) bool) error

	// SaveHandover replaces what is known of handing over a prize, which had seen
	// so many attempts; ErrConflict if it has seen others. It waits for the disk.
	SaveHandover(ctx context.Context, h *Handover, attempts int) error

	// ReadLedger visits all transactions of a competition in the order of their
	// ids, then all prizes in the order of their numbers.
	ReadLedger(ctx context.Context, competitionID string, transaction func(Transaction) error, prize func(Prize) error) error
}

// Rows is what one event, or one batch, writes into the ledger.
type Rows struct {
	Transactions []Transaction
	Prizes       []Prize // as they are from now on
}

// Place is a place in a user's transactions or prizes; the zero value is
// before the newest. Newer goes by time, then by id.
type Place struct {
	At            calendar.Millis
	CompetitionID string
	Seq           uint64 // of a transaction; 0 for a prize
	N             uint32 // of a transaction, or a prize's number
}

// UserTransaction is a user's side of a transaction.
type UserTransaction struct {
	ID       TransactionID
	Type     TransactionType
	Minor    int64 // what it brought; below 0 what it cost; never 0
	Currency string
	At       calendar.Millis
}

// Place returns where the transaction stands among those of its user.
func (t *UserTransaction) Place() Place {
	return Place{t.At, t.ID.CompetitionID, t.ID.Seq, t.ID.N}
}

// Place returns where the prize stands among those of its user.
func (p *Prize) Place() Place { return Place{p.CreatedAt, p.CompetitionID, 0, p.Number} }

// UserTransactions returns the transaction as each of its users sees it, by the
// users' ids.
func (t *Transaction) UserTransactions() map[string]UserTransaction {
	seen := map[string]UserTransaction{}
	for _, userID := range t.Users() {
		seen[userID] = UserTransaction{ID: t.ID, Type: t.Type, Minor: t.SideOf(userID), Currency: t.Currency, At: t.At}
	}
	return seen
}

// MayBePaidOut reports whether transactions after this one may name the user
// although UserTransactions leaves them out: a payout moves a prize to the outside,
// and brings the user nothing more.
func (t *UserTransaction) MayBePaidOut() bool { return t.Type == PrizePayment }

// HandoverStatus is how far handing a pending prize over to the payment
// provider is.
type HandoverStatus uint8

// The statuses of a hand-over.
const (
	HandoverWaiting   HandoverStatus = iota // for its next attempt
	HandoverDelivered                       // the provider has taken it over
	HandoverDead                            // too many attempts failed
)

var handoverNames = [...]string{HandoverWaiting: "waiting", HandoverDelivered: "delivered", HandoverDead: "dead"}

// String returns the word that operators see.
func (s HandoverStatus) String() string { return wire.Word(handoverNames[:], s) }

// ParseHandoverStatus is the inverse of String.
func ParseHandoverStatus(word string) (HandoverStatus, bool) {
	return wire.ParseWord[HandoverStatus](handoverNames[:], word)
}

// Handover is what is known of handing over a pending prize. It follows from no
// event: losing it hands the prize over again, under the same id. The zero value
// except for Prize is one that was never tried.
type Handover struct {
	Prize    PrizeID
	Status   HandoverStatus
	Attempts int
	NextAt   calendar.Millis // not before
	Error    string          // of the last attempt, for operators; empty if there was none
}

// PayoutReply is a pending prize and how far handing it over is.
type PayoutReply struct {
	Prize    Prize
	Handover Handover
}
