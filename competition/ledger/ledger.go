package ledger

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// AccountKind is what an account is for.
type AccountKind uint8

// The accounts of the ledger. What came in from the payment provider, or from a
// sponsor, is owed to them: those accounts may be below 0, the others never are.
const (
	PoolAccount    AccountKind = iota + 1 // of a competition: fees paid in, and what the sponsor adds, until prizes are paid
	WalletAccount                         // of a user: prizes
	OutsideAccount                        // of a user: what passed through the payment provider
	SponsorAccount                        // of a competition: the source of the part of the pool that fees do not cover
)

var accountNames = [...]string{PoolAccount: "pool", WalletAccount: "wallet", OutsideAccount: "outside", SponsorAccount: "sponsor"}

// Account is one account: that of a competition or a user, by their id.
type Account struct {
	Kind  AccountKind
	Owner string
}

// PoolOf returns the account of a competition's prize pool.
func PoolOf(competitionID string) Account { return Account{PoolAccount, competitionID} }

// SponsorOf returns the account of a competition's sponsor.
func SponsorOf(competitionID string) Account { return Account{SponsorAccount, competitionID} }

// WalletOf returns the account of a user's prizes.
func WalletOf(userID string) Account { return Account{WalletAccount, userID} }

// OutsideOf returns the account of what a user moved through the payment provider.
func OutsideOf(userID string) Account { return Account{OutsideAccount, userID} }

// String returns the account's name, such as wallet/u1.
func (a Account) String() string { return wire.Word(accountNames[:], a.Kind) + "/" + a.Owner }

// ParseAccount is the inverse of String.
func ParseAccount(name string) (Account, bool) {
	word, owner, _ := strings.Cut(name, "/")
	kind, ok := wire.ParseWord[AccountKind](accountNames[:], word)
	if !ok {
		return Account{}, false
	}
	return Account{kind, owner}, owner != ""
}

// OfUser reports whether the account is a user's.
func (a Account) OfUser() bool { return a.Kind == WalletAccount || a.Kind == OutsideAccount }

// TransactionType is why money moved.
type TransactionType uint8

// The types of transactions.
const (
	EntryFee     TransactionType = iota + 1 // outside to pool
	Refund                                  // pool to outside
	Sponsorship                             // sponsor to pool
	PrizePayment                            // pool to wallet, and back if the prize failed
	Payout                                  // wallet to outside
)

var transactionNames = [...]string{EntryFee: "entry_fee", Refund: "refund", Sponsorship: "sponsor", PrizePayment: "prize", Payout: "payout"}

// String returns the word that clients see.
func (t TransactionType) String() string { return wire.Word(transactionNames[:], t) }

// ParseTransactionType is the inverse of String.
func ParseTransactionType(word string) (TransactionType, bool) {
	return wire.ParseWord[TransactionType](transactionNames[:], word)
}

// TransactionID names a transaction after the event that it follows from, so
// that deriving it again gives the same one. Ids of a competition grow with time.
type TransactionID struct {
	CompetitionID string
	Seq           uint64
	N             uint32 // 1, 2, 3… where an event has several; 0 for its only or first one
}

// String returns the id that clients see: spring.17, or spring.17.3.
func (id TransactionID) String() string {
	text := id.CompetitionID + "." + strconv.FormatUint(id.Seq, 10)
	if id.N > 0 {
		text += "." + strconv.FormatUint(uint64(id.N), 10)
	}
	return text
}

// Before reports whether a transaction of the same competition comes before another.
func (id TransactionID) Before(other TransactionID) bool {
	return id.Seq < other.Seq || id.Seq == other.Seq && id.N < other.N
}

// Posting is what a transaction does to one account.
type Posting struct {
	Account Account
	Minor   int64 // added to the balance; never 0
}

// Transaction moves money. It never changes once it is written.
type Transaction struct {
	ID       TransactionID
	Type     TransactionType
	Currency string
	At       calendar.Millis
	Postings []Posting // two or more, no account twice, adding up to 0
}

// Check is nil if the transaction is one that a ledger may have.
func (t *Transaction) Check() error {
	var total int64
	for i, p := range t.Postings {
		if p.Minor == 0 || p.Minor > MaxBalance || p.Minor < -MaxBalance {
			return fmt.Errorf("transaction %v moves %d on %v", t.ID, p.Minor, p.Account)
		}
		if slices.ContainsFunc(t.Postings[:i], func(q Posting) bool { return q.Account == p.Account }) {
			return fmt.Errorf("transaction %v names %v twice", t.ID, p.Account)
		}
		total += p.Minor
	}
	if len(t.Postings) < 2 || total != 0 {
		return fmt.Errorf("transaction %v has %d postings that add up to %d", t.ID, len(t.Postings), total)
	}
	return nil
}

// Equal reports whether two transactions are the same; postings may have any order.
func (t *Transaction) Equal(other *Transaction) bool {
	if t.ID != other.ID || t.Type != other.Type || t.Currency != other.Currency || t.At != other.At || len(t.Postings) != len(other.Postings) {
		return false
	}
	for _, p := range t.Postings {
		if !slices.Contains(other.Postings, p) {
			return false
		}
	}
	return true
}

// Rename has the transaction name another owner where it names a user, and reports
// whether it did.
func (t *Transaction) Rename(userID, owner string) (renamed bool) {
	for i := range t.Postings {
		if account := &t.Postings[i].Account; account.OfUser() && account.Owner == userID {
			account.Owner, renamed = owner, true
		}
	}
	return renamed
}

// SideOf returns what the transaction brought a user, wallet and outside together: a
// payout, from one to the other, is 0.
func (t *Transaction) SideOf(userID string) (minor int64) {
	for _, p := range t.Postings {
		if p.Account.OfUser() && p.Account.Owner == userID {
			minor += p.Minor
		}
	}
	return minor
}

// Users returns the users whom the transaction brought or cost something.
func (t *Transaction) Users() (users []string) {
	for _, p := range t.Postings {
		if p.Account.OfUser() && t.SideOf(p.Account.Owner) != 0 {
			users = append(users, p.Account.Owner)
		}
	}
	return users
}

// Transfer returns the transaction that moves an amount above 0.
func Transfer(id TransactionID, t TransactionType, currency string, at calendar.Millis, from, to Account, minor int64) Transaction {
	return Transaction{ID: id, Type: t, Currency: currency, At: at, Postings: []Posting{{from, -minor}, {to, minor}}}
}

// MaxBalance is the most that may be paid into one pool, so that no sum overflows.
const MaxBalance = math.MaxInt64 / 4
