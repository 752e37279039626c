package ledger

import (
	"strconv"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

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

// String returns the word that clients see.
func (s PrizeStatus) String() string { return wire.Word(prizeStatusNames[:], s) }

// Known reports whether s is one of the statuses.
func (s PrizeStatus) Known() bool { return s >= PendingPrize && s <= FailedPrize }

// ParsePrizeStatus is the inverse of String.
func ParsePrizeStatus(word string) (PrizeStatus, bool) {
	return wire.ParseWord[PrizeStatus](prizeStatusNames[:], word)
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
	CreatedAt     calendar.Millis
	DistributedAt calendar.Millis // 0 unless it was
	Reason        string          // why it failed
}

// PrizeID names a prize: spring.7 is that of participant 7.
type PrizeID struct {
	CompetitionID string
	Number        uint32
}

// ID returns the prize's id.
func (p *Prize) ID() PrizeID { return PrizeID{p.CompetitionID, p.Number} }

// String returns the id that clients see.
func (id PrizeID) String() string {
	return id.CompetitionID + "." + strconv.FormatUint(uint64(id.Number), 10)
}
