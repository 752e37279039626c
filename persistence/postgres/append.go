package postgres

import (
	"context"
	_ "embed" // append.sql
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
)

//go:embed append.sql
var appendSQL string

// Append makes the batches durable in one transaction and one round trip; see
// competition.Journal. Cost: a commit, and some 10 µs of the server's for each
// event; the caller gathers what should share the commit.
func (s *Store) Append(ctx context.Context, batches []*competition.Batch) []error {
	if len(batches) == 0 {
		return nil
	}
	errs := make([]error, len(batches))
	rows := newRows(len(batches))
	for i, b := range batches {
		errs[i] = rows.add(i, b)
	}
	stored, err := s.store(ctx, rows)
	if err != nil && len(batches) > 1 && blamesOne(err) {
		// The server stored none of them because of one; alone, that one fails alone.
		for i := range batches {
			if alone := s.Append(ctx, batches[i:i+1]); alone != nil {
				errs[i] = alone[0]
			}
		}
		return compact(errs)
	}
	for i, b := range batches {
		switch {
		case errs[i] != nil:
		case err == nil && !slices.Contains(stored, int32(i+1)):
			errs[i] = fmt.Errorf("append seq %d to %d: %w", b.FirstSeq, b.LastSeq, competition.ErrConflict)
		case err != nil && isDuplicate(err): // F2
			errs[i] = fmt.Errorf("append seq %d to %d: %w: %w", b.FirstSeq, b.LastSeq, competition.ErrConflict, err)
		case err != nil:
			errs[i] = unavailable(ctx, fmt.Sprintf("append seq %d to %d", b.FirstSeq, b.LastSeq), err)
		}
	}
	return compact(errs)
}

// compact is nil if every error is.
func compact(errs []error) []error {
	if slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
		return errs
	}
	return nil
}

// blamesOne reports whether the server refused the statement for what is in it.
func blamesOne(err error) bool {
	refusal := refused(err)
	return refusal != nil && slices.Contains([]string{classData, classIntegrity, classRollback}, refusal.Code[:2])
}

func isDuplicate(err error) bool {
	refusal := refused(err)
	return refusal != nil && refusal.Code == uniqueViolation
}

// store runs the statement and returns the places of the batches stored. They
// are stored only if the error is nil: that comes with the server's last word,
// which follows the commit.
func (s *Store) store(ctx context.Context, rows *appendRows) (stored []int32, err error) {
	arguments, err := rows.arguments()
	if err != nil {
		return nil, err
	}
	conn, err := s.write.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := conn.Query(ctx, appendSQL, arguments...)
	if err == nil {
		stored, err = pgx.CollectRows(answer, pgx.RowTo[int32])
	}
	if err == nil {
		conn.Release()
		return stored, nil
	}
	s.limbo.enter(conn.Conn(), err)
	if conn.Conn().IsClosed() {
		conn.Hijack() // It is closing, which may take long; the pool must not wait for its place.
	} else {
		conn.Release()
	}
	return nil, err
}

// appendRows are the rows of an append, column by column, as append.sql takes
// them. A place is a batch's, from 1.
type appendRows struct {
	id                []string
	firstSeq, lastSeq []int64
	lastHash          [][]byte

	events     places
	seq        []int64
	at         []time.Time
	record     [][]byte
	people     places
	number     []int64
	key        [][]byte
	userID     []string
	userName   []string
	ties       places
	tieUser    []string
	tieNumber  []int64
	present    []bool
	creator    []bool
	names      places
	source     []int32
	sourceName []string
	summaries  []summaryRow
}

type places = []int32

func newRows(batches int) *appendRows {
	return &appendRows{
		id: make([]string, 0, batches), firstSeq: make([]int64, 0, batches), lastSeq: make([]int64, 0, batches),
		lastHash: make([][]byte, 0, batches), summaries: []summaryRow{},
	}
}

func (r *appendRows) arguments() ([]any, error) {
	summaries, err := json.Marshal(r.summaries)
	return []any{
		r.id, r.firstSeq, r.lastSeq, r.lastHash,
		r.events, r.seq, r.at, r.record,
		r.people, r.number, r.key, r.userID, r.userName,
		r.ties, r.tieUser, r.tieNumber, r.present, r.creator,
		r.names, r.source, r.sourceName,
		summaries,
	}, err
}

// errShape is given for a batch that is not what the core makes.
var errShape = errors.New("the batch's records, events and seqs do not agree")

// add adds all rows of a batch, or none: a place that no batch has is refused by
// the statement as any other that does not come next.
func (r *appendRows) add(i int, b *competition.Batch) error {
	place := int32(i + 1)
	records, err := split(b)
	if err != nil {
		// The place must be taken, by a batch that is never stored.
		r.head(&competition.Batch{CompetitionID: "", FirstSeq: 2, LastSeq: 2})
		return fmt.Errorf("append to competition %q: %w", b.CompetitionID, err)
	}
	r.head(b)
	for j, record := range records {
		event := &b.Events[j]
		r.events, r.seq = append(r.events, place), append(r.seq, int64(event.Seq))
		r.at, r.record = append(r.at, event.At.Time()), append(r.record, record)
		if name := event.Sync.NewSource; name != "" {
			r.names = append(r.names, place)
			r.source, r.sourceName = append(r.source, int32(event.Sync.Register.Source)), append(r.sourceName, name)
		}
	}
	// A statement may write a row once: the last word of the batch counts.
	for j := range b.Identities {
		p := &b.Identities[j]
		if slices.ContainsFunc(b.Identities[j+1:], func(later competition.Identity) bool { return later.Number == p.Number }) {
			continue
		}
		r.people, r.number, r.key = append(r.people, place), append(r.number, int64(p.Number)), append(r.key, p.Key[:])
		r.userID, r.userName = append(r.userID, p.UserID), append(r.userName, p.UserName)
	}
	for j := range b.Memberships {
		m := &b.Memberships[j]
		if slices.ContainsFunc(b.Memberships[j+1:], func(later competition.Membership) bool { return later.UserID == m.UserID }) {
			continue
		}
		r.ties, r.tieUser, r.tieNumber = append(r.ties, place), append(r.tieUser, m.UserID), append(r.tieNumber, int64(m.Number))
		r.present, r.creator = append(r.present, m.Present), append(r.creator, m.Creator)
	}
	if b.Summary != nil {
		r.summaries = append(r.summaries, newSummaryRow(place, b.Summary))
	}
	return nil
}

func (r *appendRows) head(b *competition.Batch) {
	r.id, r.lastHash = append(r.id, b.CompetitionID), append(r.lastHash, b.Hash[:])
	r.firstSeq, r.lastSeq = append(r.firstSeq, int64(b.FirstSeq)), append(r.lastSeq, int64(b.LastSeq))
}

// split is the batch's records, one for each event.
func split(b *competition.Batch) ([][]byte, error) {
	if !competition.ValidID(b.CompetitionID) {
		return nil, competition.ErrUnknownCompetition
	}
	records := make([][]byte, 0, len(b.Events))
	for rest := b.Records; len(rest) > 0; {
		var record []byte
		var err error
		if record, rest, err = competition.SplitRecord(rest); err != nil {
			return nil, errShape
		}
		records = append(records, record)
	}
	if len(records) != len(b.Events) || b.LastSeq-b.FirstSeq+1 != uint64(len(records)) || len(records) == 0 {
		return nil, errShape
	}
	return records, nil
}
