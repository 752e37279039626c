package competition

import (
	"time"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// The names by which package calendar was known here.
type (
	Day    = calendar.Day
	Month  = calendar.Month
	Millis = calendar.Millis
)

// The first and last day that can be named.
const (
	MinDay = calendar.MinDay
	MaxDay = calendar.MaxDay
)

// DayOf is calendar.DayOf.
func DayOf(t time.Time) Day { return calendar.DayOf(t) }

// ParseDay is calendar.ParseDay.
func ParseDay(s string) (Day, error) { return calendar.ParseDay(s) }

// MillisOf is calendar.MillisOf.
func MillisOf(t time.Time) Millis { return calendar.MillisOf(t) }

// AppendNanos is calendar.AppendNanos.
func AppendNanos(dst []byte, nanos int64) []byte { return calendar.AppendNanos(dst, nanos) }

// The names by which package ledger was known here.
type (
	AccountKind     = ledger.AccountKind
	Account         = ledger.Account
	TransactionType = ledger.TransactionType
	TransactionID   = ledger.TransactionID
	Posting         = ledger.Posting
	Transaction     = ledger.Transaction
	PrizeStatus     = ledger.PrizeStatus
	Prize           = ledger.Prize
	PrizeID         = ledger.PrizeID
	UserTransaction = ledger.UserTransaction
	HandoverStatus  = ledger.HandoverStatus
	Handover        = ledger.Handover
	PayoutReply     = ledger.PayoutReply
	LedgerStore     = ledger.Store
	LedgerPlace     = ledger.Place
	LedgerRows      = ledger.Rows
)

const (
	PoolAccount       = ledger.PoolAccount
	WalletAccount     = ledger.WalletAccount
	OutsideAccount    = ledger.OutsideAccount
	SponsorAccount    = ledger.SponsorAccount
	EntryFee          = ledger.EntryFee
	Refund            = ledger.Refund
	Sponsorship       = ledger.Sponsorship
	PrizePayment      = ledger.PrizePayment
	Payout            = ledger.Payout
	PendingPrize      = ledger.PendingPrize
	DistributedPrize  = ledger.DistributedPrize
	FailedPrize       = ledger.FailedPrize
	HandoverWaiting   = ledger.HandoverWaiting
	HandoverDelivered = ledger.HandoverDelivered
	HandoverDead      = ledger.HandoverDead
	MaxAmountMinor    = ledger.MaxAmountMinor
)

// ParseAccount is ledger.ParseAccount.
func ParseAccount(name string) (Account, bool) { return ledger.ParseAccount(name) }

// ParseTransactionType is ledger.ParseTransactionType.
func ParseTransactionType(word string) (TransactionType, bool) {
	return ledger.ParseTransactionType(word)
}

// ParsePrizeStatus is ledger.ParsePrizeStatus.
func ParsePrizeStatus(word string) (PrizeStatus, bool) { return ledger.ParsePrizeStatus(word) }

// ParseHandoverStatus is ledger.ParseHandoverStatus.
func ParseHandoverStatus(word string) (HandoverStatus, bool) { return ledger.ParseHandoverStatus(word) }

// AppendTransaction is ledger.AppendTransaction.
func AppendTransaction(dst []byte, t *Transaction) []byte { return ledger.AppendTransaction(dst, t) }

// ParseTransaction is ledger.ParseTransaction.
func ParseTransaction(id TransactionID, b []byte) (Transaction, error) {
	return ledger.ParseTransaction(id, b)
}

// AppendUserTransaction is ledger.AppendUserTransaction.
func AppendUserTransaction(dst []byte, t *UserTransaction) []byte {
	return ledger.AppendUserTransaction(dst, t)
}

// ParseUserTransaction is ledger.ParseUserTransaction.
func ParseUserTransaction(id TransactionID, at Millis, b []byte) (UserTransaction, error) {
	return ledger.ParseUserTransaction(id, at, b)
}

// AppendPrize is ledger.AppendPrize.
func AppendPrize(dst []byte, p *Prize) []byte { return ledger.AppendPrize(dst, p) }

// ParsePrize is ledger.ParsePrize.
func ParsePrize(id PrizeID, b []byte) (Prize, error) { return ledger.ParsePrize(id, b) }

// AppendHandover is ledger.AppendHandover.
func AppendHandover(dst []byte, h *Handover) []byte { return ledger.AppendHandover(dst, h) }

// ParseHandover is ledger.ParseHandover.
func ParseHandover(id PrizeID, b []byte) (Handover, error) { return ledger.ParseHandover(id, b) }

// CurrencyDecimals is ledger.CurrencyDecimals.
func CurrencyDecimals(code string) (decimals int, known bool) { return ledger.CurrencyDecimals(code) }

// FormatMinor is ledger.FormatMinor.
func FormatMinor(minor int64, decimals int) string { return ledger.FormatMinor(minor, decimals) }

// AppendMinor is ledger.AppendMinor.
func AppendMinor(dst []byte, minor int64, decimals int) []byte {
	return ledger.AppendMinor(dst, minor, decimals)
}
