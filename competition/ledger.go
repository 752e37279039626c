package competition

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The ledger is double-entry and append-only: money is never made or lost, it
// moves between accounts. It is derived from the events, so that it can be
// worked out again and compared; see [Bookkeeper].

// AccountKind is what an account is for.
type AccountKind uint8

// The accounts of the ledger. What came in from the payment provider, or from a
// sponsor, is owed to them: those accounts may be below 0, the others never are.
const (
	PoolAccount    AccountKind = iota + 1 // of a competition: fees paid in, and what the sponsor adds, until prizes are paid
	WalletAccount                         // of a user: prizes
	OutsideAccount                        // of a user: what passed through the payment provider
	SponsorAccount                        // of a competition: who gives the part of the pool that fees do not cover
)

var accountNames = [...]string{PoolAccount: "pool", WalletAccount: "wallet", OutsideAccount: "outside", SponsorAccount: "sponsor"}

// Account is one account: that of a competition or a user, by their id.
type Account struct {
	Kind  AccountKind
	Owner string
}

// String is the account's name, such as wallet/u1.
func (a Account) String() string {
	if a.Kind < PoolAccount || a.Kind > SponsorAccount {
		return "unknown/" + a.Owner
	}
	return accountNames[a.Kind] + "/" + a.Owner
}

// ParseAccount is the inverse of String.
func ParseAccount(name string) (Account, bool) {
	word, owner, _ := strings.Cut(name, "/")
	for kind := PoolAccount; kind <= SponsorAccount; kind++ {
		if accountNames[kind] == word {
			return Account{kind, owner}, owner != ""
		}
	}
	return Account{}, false
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

// String is the word that clients see.
func (t TransactionType) String() string {
	if t < EntryFee || t > Payout {
		return "unknown"
	}
	return transactionNames[t]
}

// ParseTransactionType is the inverse of String.
func ParseTransactionType(word string) (TransactionType, bool) {
	for t := EntryFee; t <= Payout; t++ {
		if transactionNames[t] == word {
			return t, true
		}
	}
	return 0, false
}

// TransactionID names a transaction after the event that it follows from, so
// that deriving it again gives the same one. Ids of a competition grow with time.
type TransactionID struct {
	CompetitionID string
	Seq           uint64
	N             uint32 // 1, 2, 3… where an event has several; 0 for its only or first one
}

// String is the id that clients see: spring.17, or spring.17.3.
func (id TransactionID) String() string {
	text := id.CompetitionID + "." + strconv.FormatUint(id.Seq, 10)
	if id.N > 0 {
		text += "." + strconv.FormatUint(uint64(id.N), 10)
	}
	return text
}

// ParseTransactionID is the inverse of String.
func ParseTransactionID(text string) (id TransactionID, ok bool) {
	parts := strings.Split(text, ".")
	if len(parts) < 2 || len(parts) > 3 {
		return id, false
	}
	id.CompetitionID = parts[0]
	var err, errN error
	id.Seq, err = strconv.ParseUint(parts[1], 10, 63)
	if len(parts) == 3 {
		var n uint64
		n, errN = strconv.ParseUint(parts[2], 10, 32)
		id.N = uint32(n)
	}
	return id, err == nil && errN == nil && ValidID(id.CompetitionID) && id.String() == text
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
	At       Millis
	Postings []Posting // two or more, no account twice, adding up to 0
}

// Check is nil if the transaction is one that a ledger may have.
func (t *Transaction) Check() error {
	var total int64
	for i, p := range t.Postings {
		if p.Minor == 0 || p.Minor > maxBalance || p.Minor < -maxBalance {
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

// SideOf is what the transaction brought a user, wallet and outside together: a
// payout, from one to the other, is 0.
func (t *Transaction) SideOf(userID string) (minor int64) {
	for _, p := range t.Postings {
		if p.Account.OfUser() && p.Account.Owner == userID {
			minor += p.Minor
		}
	}
	return minor
}

// Users are the users whom the transaction brought or cost something.
func (t *Transaction) Users() (users []string) {
	for _, p := range t.Postings {
		if p.Account.OfUser() && t.SideOf(p.Account.Owner) != 0 {
			users = append(users, p.Account.Owner)
		}
	}
	return users
}

// transfer is the transaction that moves an amount above 0.
func transfer(id TransactionID, t TransactionType, currency string, at Millis, from, to Account, minor int64) Transaction {
	return Transaction{ID: id, Type: t, Currency: currency, At: at, Postings: []Posting{{from, -minor}, {to, minor}}}
}

// PrizeStatus is where a prize stands.
type PrizeStatus uint8

// The statuses of a prize. A pending one waits in the wallet for word from the
// payment provider; the other two are for good.
const (
	PendingPrize PrizeStatus = iota + 1
	DistributedPrize
	FailedPrize
)

var prizeStatusNames = [...]string{PendingPrize: "pending", DistributedPrize: "distributed", FailedPrize: "failed"}

// String is the word that clients see.
func (s PrizeStatus) String() string {
	if !s.known() {
		return "unknown"
	}
	return prizeStatusNames[s]
}

func (s PrizeStatus) known() bool { return s >= PendingPrize && s <= FailedPrize }

// ParsePrizeStatus is the inverse of String.
func ParsePrizeStatus(word string) (PrizeStatus, bool) {
	for s := PendingPrize; s <= FailedPrize; s++ {
		if prizeStatusNames[s] == word {
			return s, true
		}
	}
	return 0, false
}

// Prize is one winner's prize.
type Prize struct {
	CompetitionID string
	Number        uint32 // the participant, of whom a competition has one prize at most
	UserID        string
	Rank          int // the board's
	Minor         int64
	Currency      string
	Status        PrizeStatus
	CreatedAt     Millis
	DistributedAt Millis // 0 unless it was
	Reason        string // why it failed
}

// PrizeID names a prize: spring.7 is that of participant 7.
type PrizeID struct {
	CompetitionID string
	Number        uint32
}

// ID is the prize's id.
func (p *Prize) ID() PrizeID { return PrizeID{p.CompetitionID, p.Number} }

// String is the id that clients see.
func (id PrizeID) String() string {
	return id.CompetitionID + "." + strconv.FormatUint(uint64(id.Number), 10)
}

// ParsePrizeID is the inverse of String.
func ParsePrizeID(text string) (id PrizeID, ok bool) {
	name, digits, _ := strings.Cut(text, ".")
	number, err := strconv.ParseUint(digits, 10, 32)
	id = PrizeID{name, uint32(number)}
	return id, err == nil && number > 0 && ValidID(name) && id.String() == text
}

// maxBalance bounds what may be paid into one pool, so that no sum overflows.
const maxBalance = math.MaxInt64 / 4
