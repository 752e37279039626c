package postgres

import (
	_ "embed" // append.sql, ledger.sql
	"strings"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/ledger"
)

//go:embed append.sql
var appendSQL string

//go:embed ledger.sql
var ledgerSQL string

// appendMoneySQL is append.sql for the rare batches that move money: with the
// ledger's tables in it the statement costs every append more.
var appendMoneySQL = strings.TrimSuffix(strings.TrimSpace(appendSQL), "SELECT place FROM stored;") + ledgerSQL

// ledgerRows are the ledger's rows of an append, column by column, in the order
// in which ledger.sql takes them.
type ledgerRows struct {
	place          []int32
	seq, n         []int64
	kind, currency []string
	at             []int64

	postingPlace        []int32
	postingSeq, postedN []int64
	account             []string
	amount              []int64

	prizePlace            []int32
	number                []int64
	userID                []string
	rank, prizeMinor      []int64
	prizeCurrency, status []string
	created, distributed  []int64
	reason                []string
}

func (r *ledgerRows) empty() bool { return len(r.place) == 0 && len(r.prizePlace) == 0 }

func (r *ledgerRows) arguments() []any {
	return []any{
		r.place, r.seq, r.n, r.kind, r.currency, r.at,
		r.postingPlace, r.postingSeq, r.postedN, r.account, r.amount,
		r.prizePlace, r.number, r.userID, r.rank, r.prizeMinor, r.prizeCurrency, r.status, r.created, r.distributed, r.reason,
	}
}

// add adds what a batch does with money.
func (r *ledgerRows) add(place int32, b *competition.Batch) {
	for i := range b.Transactions {
		t := &b.Transactions[i]
		r.place, r.seq, r.n = append(r.place, place), append(r.seq, int64(t.ID.Seq)), append(r.n, int64(t.ID.N))
		r.kind, r.currency, r.at = append(r.kind, t.Type.String()), append(r.currency, t.Currency), append(r.at, int64(t.At))
		for _, p := range t.Postings {
			r.postingPlace = append(r.postingPlace, place)
			r.postingSeq, r.postedN = append(r.postingSeq, int64(t.ID.Seq)), append(r.postedN, int64(t.ID.N))
			r.account, r.amount = append(r.account, p.Account.String()), append(r.amount, p.Minor)
		}
	}
	for _, p := range lastOfEach(b.Prizes, func(p *ledger.Prize) uint32 { return p.Number }) {
		r.prizePlace, r.number = append(r.prizePlace, place), append(r.number, int64(p.Number))
		r.userID, r.rank = append(r.userID, p.UserID), append(r.rank, int64(p.Rank))
		r.prizeMinor, r.prizeCurrency = append(r.prizeMinor, p.Minor), append(r.prizeCurrency, p.Currency)
		r.status, r.reason = append(r.status, p.Status.String()), append(r.reason, p.Reason)
		r.created, r.distributed = append(r.created, int64(p.CreatedAt)), append(r.distributed, int64(p.DistributedAt))
	}
}

// lastOfEach points to the last element of each key: a statement may write a row
// once, and a batch may say twice what is in it.
func lastOfEach[T any, K comparable](all []T, key func(*T) K) []*T {
	if len(all) == 0 {
		return nil
	}
	picked := make([]*T, 0, len(all))
	seen := make(map[K]int, len(all))
	for i := range all {
		k := key(&all[i])
		if at, twice := seen[k]; twice {
			picked[at] = &all[i]
			continue
		}
		seen[k] = len(picked)
		picked = append(picked, &all[i])
	}
	return picked
}
