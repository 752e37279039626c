package postgres

import (
	"context"
	_ "embed" // append_events.sql, append.sql, ledger.sql
	"encoding/json"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// appendRows are the rows of an append, column by column, in the order in which
// append.sql takes them. A place says to which of the call's batches a row belongs.
type appendRows struct {
	place             []int32
	id                []string
	firstSeq, lastSeq []int64
	previousHash      [][]byte
	lastHash          [][]byte

	eventPlace []int32
	seq        []int64
	at         []int64
	record     [][]byte

	identityPlace    []int32
	number           []int64
	key              [][]byte
	userID, userName []string

	memberPlace      []int32
	memberID         []string
	memberNumber     []int64
	present, creator []bool

	sourcePlace []int32
	source      []int32
	sourceName  []string

	summaries []summaryRow // they are rare, and have many columns

	ledger ledgerRows

	erasures []erasure

	node  string // that asks
	epoch []int64

	by *appendStatements
}

//go:embed append_events.sql
var appendEventsSQL string

// appendStatements are what appends run. Tests have others, to see what those prevent.
type appendStatements struct{ events, all, money string }

var ownersOnly = appendStatements{events: appendEventsSQL, all: appendSQL, money: appendMoneySQL}

// newAppendRows has room for the events of batches.
func newAppendRows(node string, by *appendStatements, batches []*competition.Batch) *appendRows {
	events := 0
	for _, b := range batches {
		events += len(b.Events)
	}
	return &appendRows{
		node:       node,
		by:         by,
		summaries:  []summaryRow{}, // which JSON must not call null
		eventPlace: make([]int32, 0, events), seq: make([]int64, 0, events), at: make([]int64, 0, events), record: make([][]byte, 0, events),
	}
}

// statement is the one that stores the rows, and its arguments.
func (r *appendRows) statement() (sql string, arguments []any, err error) {
	arguments, err = r.arguments()
	if r.ledger.empty() {
		return r.by.all, arguments, err
	}
	return r.by.money, append(arguments, r.ledger.arguments()...), err
}

func (r *appendRows) arguments() ([]any, error) {
	summaries, err := json.Marshal(r.summaries)
	return []any{
		r.place, r.id, r.firstSeq, r.lastSeq, r.previousHash, r.lastHash,
		r.eventPlace, r.seq, r.at, r.record,
		r.identityPlace, r.number, r.key, r.userID, r.userName,
		r.memberPlace, r.memberID, r.memberNumber, r.present, r.creator,
		r.sourcePlace, r.source, r.sourceName,
		summaries,
		r.node, r.epoch,
	}, err
}

// add adds all rows of a batch, which follows the record with a hash.
func (r *appendRows) add(place int32, b *competition.Batch, previous competition.Hash, records [][]byte) {
	r.place, r.id, r.epoch = append(r.place, place), append(r.id, b.CompetitionID), append(r.epoch, int64(b.Epoch))
	r.firstSeq, r.lastSeq = append(r.firstSeq, int64(b.FirstSeq)), append(r.lastSeq, int64(b.LastSeq))
	r.previousHash, r.lastHash = append(r.previousHash, previous[:]), append(r.lastHash, b.Hash[:])
	for i, record := range records {
		event := &b.Events[i]
		r.eventPlace, r.seq = append(r.eventPlace, place), append(r.seq, int64(b.FirstSeq)+int64(i))
		r.at, r.record = append(r.at, int64(event.At)), append(r.record, record)
		if name := event.Sync.NewSource; name != "" {
			r.sourcePlace = append(r.sourcePlace, place)
			r.source, r.sourceName = append(r.source, int32(event.Sync.Register.Source)), append(r.sourceName, name)
		}
	}
	for _, p := range lastOfEach(b.Identities, func(p *competition.Identity) uint32 { return p.Number }) {
		r.identityPlace, r.number = append(r.identityPlace, place), append(r.number, int64(p.Number))
		r.key, r.userID, r.userName = append(r.key, p.Key[:]), append(r.userID, p.UserID), append(r.userName, p.UserName)
	}
	for _, m := range lastOfEach(b.Memberships, func(m *competition.Membership) string { return m.UserID }) {
		r.memberPlace, r.memberID = append(r.memberPlace, place), append(r.memberID, m.UserID)
		r.memberNumber = append(r.memberNumber, int64(m.Number))
		r.present, r.creator = append(r.present, m.Present), append(r.creator, m.Creator)
	}
	r.ledger.add(place, b)
	for _, e := range b.Erasures {
		r.erasures = append(r.erasures, erasure{b.CompetitionID, int64(b.LastSeq), e})
	}
	if b.Summary != nil {
		r.summaries = append(r.summaries, newSummaryRow(place, b.Summary))
	}
}

// summaryRow is a row of competitions as append.sql reads it.
type summaryRow struct {
	Place           int32      `json:"place"`
	Status          string     `json:"status"`
	Participants    int        `json:"participants"`
	Name            string     `json:"name"`
	Description     string     `json:"description"`
	Type            string     `json:"type"`
	Start           time.Time  `json:"start_at"`
	End             time.Time  `json:"end_at"`
	EntryFeeMinor   int64      `json:"entry_fee_minor"`
	PrizePoolMinor  int64      `json:"prize_pool_minor"`
	Currency        string     `json:"currency"`
	TimeZone        string     `json:"time_zone"`
	Enrollment      string     `json:"enrollment"`
	Visibility      string     `json:"visibility"`
	MaxParticipants int        `json:"max_participants"`
	LateSyncHours   int        `json:"late_sync_hours"`
	FirstDay        string     `json:"first_day"`
	LastDay         string     `json:"last_day"`
	Packed          []byte     `json:"packed"`
	KeptUntil       *time.Time `json:"kept_until"`
}

func newSummaryRow(place int32, s *competition.Summary) summaryRow {
	d := &s.Definition
	return summaryRow{
		Place: place, Status: s.Status.String(), Participants: s.Participants,
		Name: d.Name, Description: d.Description, Type: string(d.Type), Start: d.Start.Time(), End: d.End.Time(),
		EntryFeeMinor: d.EntryFeeMinor, PrizePoolMinor: d.PrizePoolMinor, Currency: d.Currency, TimeZone: d.TimeZone,
		Enrollment: string(d.Enrollment), Visibility: string(d.Visibility),
		MaxParticipants: d.MaxParticipants, LateSyncHours: d.LateSyncHours,
		FirstDay: d.FirstDay.String(), LastDay: d.LastDay.String(), Packed: competition.AppendSummary(nil, s),
		KeptUntil: instantOrNull(s.KeptUntil),
	}
}

// erasure is one of a batch.
type erasure struct {
	competitionID string
	lastSeq       int64 // of the batch
	competition.Erasure
}

func instantOrNull(at calendar.Millis) *time.Time {
	if at == 0 {
		return nil
	}
	t := at.Time()
	return &t
}

func millisOrZero(t *time.Time) calendar.Millis {
	if t == nil {
		return 0
	}
	return calendar.MillisOf(*t)
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// appendAll runs append.sql, or what it is with the ledger's rows.
func appendAll(ctx context.Context, on querier, rows *appendRows) (verdicts []verdict, err error) {
	statement, arguments, err := rows.statement()
	if err != nil {
		return nil, err
	}
	answer, err := on.Query(ctx, statement, append([]any{pgx.QueryResultFormats{pgx.BinaryFormatCode}}, arguments...)...)
	if err != nil {
		return nil, err
	}
	for answer.Next() {
		verdicts = append(verdicts, parseVerdict(answer.RawValues()))
	}
	return verdicts, answer.Err()
}

//go:embed append.sql
var appendSQL string

//go:embed ledger.sql
var ledgerSQL string

// appendMoneySQL is append.sql for the rare batches that move money: with the
// ledger's tables in it the statement costs every append more.
var appendMoneySQL = strings.Replace(appendSQL, answerMark, ledgerSQL+answerMark, 1)

// answerMark is where append.sql begins to say what became of the batches.
const answerMark = "SELECT b.place,\n"

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
