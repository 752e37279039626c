package competition

import (
	"slices"

	"github.com/paceboard/paceboard/competition/ledger"
)

// Batch is what one append makes durable: consecutive events of one
// competition, and the rows that must never differ from them.
type Batch struct {
	CompetitionID     string
	Epoch             uint64 // of the claim under which it is written; see Ownership
	FirstSeq, LastSeq uint64
	Records           []byte // see SplitRecord
	Hash              Hash   // of the last record
	Identities        []Identity
	Memberships       []Membership
	Erasures          []Erasure // carried out before the other rows are written
	Summary           *Summary  // nil when unchanged
	ledger.Rows                 // what Events do with money
	Events            []Event   // what Records say, for Apply; not stored
}

// Empty reports whether there is nothing to append.
func (b *Batch) Empty() bool { return len(b.Events) == 0 }

// reset empties the batch for new use of its storage.
func (b *Batch) reset(id string) {
	clear(b.Events)
	clear(b.Identities)
	clear(b.Memberships)
	*b = Batch{
		CompetitionID: id, Records: b.Records[:0], Events: b.Events[:0],
		Identities: b.Identities[:0], Memberships: b.Memberships[:0],
	}
}

// erase takes a user out of the rows that the batch has so far: a store carries
// its erasures out first, and then writes those rows.
func (b *Batch) erase(e Erasure) {
	b.Erasures = append(b.Erasures, e)
	b.Identities = slices.DeleteFunc(b.Identities, func(i Identity) bool { return i.UserID == e.UserID })
	b.Memberships = slices.DeleteFunc(b.Memberships, func(m Membership) bool { return m.UserID == e.UserID })
	for i := range b.Transactions {
		b.Transactions[i].Rename(e.UserID, e.Pseudonym)
	}
	for i := range b.Prizes {
		if b.Prizes[i].UserID == e.UserID {
			b.Prizes[i].UserID = e.Pseudonym
		}
	}
}

// Erasure says that a user is to be forgotten in the batch's competition: the
// membership is deleted, the rows of the ledger name the pseudonym instead,
// what is known of handing over prizes goes, and the stored snapshot is noted as
// stale; see ErasureStore.
type Erasure struct{ UserID, Pseudonym string }

// Membership is a user's tie to a competition.
type Membership struct {
	UserID        string
	CompetitionID string
	Number        uint32 // 0 for a creator who never took part
	Present       bool   // takes part now
	Creator       bool
}
