package actors

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/paceboard/paceboard/competition"
)

// memoryStore is a competition.Store in memory whose Append can be made to
// fail. It stands in for a disk in tests of the actors alone; the real stores
// have their own conformance suite.
type memoryStore struct {
	mu          sync.Mutex
	journals    map[string][]competition.Batch
	identities  map[string]map[uint32]competition.Identity
	summaries   map[string]competition.Summary
	memberships map[string]map[string]competition.Membership
	headers     map[string]savedHeader
	rows        map[string]map[uint32]competition.Row
	checkErr    error

	// beforeAppend, if set, may refuse an append, before or after storing it.
	beforeAppend func() (err error, store bool) //nolint:revive,staticcheck // the error is not the outcome of the call
}

type savedHeader struct {
	seq   uint64
	bytes []byte
}

func newMemoryStore() *memoryStore {
	return &memoryStore{
		journals: map[string][]competition.Batch{}, identities: map[string]map[uint32]competition.Identity{},
		summaries: map[string]competition.Summary{}, memberships: map[string]map[string]competition.Membership{},
		headers: map[string]savedHeader{}, rows: map[string]map[uint32]competition.Row{},
	}
}

func put[K, L comparable, V any](m map[K]map[L]V, k K, l L, v V) {
	if m[k] == nil {
		m[k] = map[L]V{}
	}
	m[k][l] = v
}

func (s *memoryStore) Append(_ context.Context, batches []*competition.Batch) []error {
	s.mu.Lock()
	hook := s.beforeAppend
	s.mu.Unlock()
	var refusal error
	store := true
	if hook != nil {
		refusal, store = hook()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	errs := make([]error, len(batches))
	for i, b := range batches {
		errs[i] = refusal
		if store {
			if err := s.append(b); err != nil {
				errs[i] = err
			}
		}
	}
	if !slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
		return nil
	}
	return errs
}

func (s *memoryStore) append(b *competition.Batch) error {
	id := b.CompetitionID
	if j := s.journals[id]; len(j) > 0 && j[len(j)-1].LastSeq+1 != b.FirstSeq || len(j) == 0 && b.FirstSeq != 1 {
		return competition.ErrConflict
	}
	s.journals[id] = append(s.journals[id], competition.Batch{FirstSeq: b.FirstSeq, LastSeq: b.LastSeq, Records: bytes.Clone(b.Records)})
	for _, i := range b.Identities {
		put(s.identities, id, i.Number, i)
	}
	for _, m := range b.Memberships {
		put(s.memberships, m.UserID, id, m)
	}
	if b.Summary != nil {
		s.summaries[id] = *b.Summary
	}
	return nil
}

func (s *memoryStore) Read(_ context.Context, id string, after uint64, visit func([]byte) error) error {
	s.mu.Lock()
	batches := slices.Clone(s.journals[id])
	s.mu.Unlock()
	for _, b := range batches {
		if b.FirstSeq > after {
			if err := visit(b.Records); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *memoryStore) ReadIdentities(_ context.Context, id string, visit func(competition.Identity) error) error {
	s.mu.Lock()
	identities := maps.Clone(s.identities[id])
	s.mu.Unlock()
	for _, number := range slices.Sorted(maps.Keys(identities)) {
		if err := visit(identities[number]); err != nil {
			return err
		}
	}
	return nil
}

func (s *memoryStore) Save(_ context.Context, snapshot *competition.Snapshot) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h, ok := s.headers[snapshot.CompetitionID]; ok && h.seq >= snapshot.Seq {
		return competition.ErrConflict
	}
	s.headers[snapshot.CompetitionID] = savedHeader{snapshot.Seq, snapshot.Header}
	for _, row := range snapshot.Rows {
		put(s.rows, snapshot.CompetitionID, row.Number, row)
	}
	return nil
}

func (s *memoryStore) Load(_ context.Context, id string, header func([]byte) error, row func(competition.Row) error) error {
	s.mu.Lock()
	h, ok := s.headers[id]
	rows := maps.Clone(s.rows[id])
	s.mu.Unlock()
	if !ok {
		return nil
	}
	if err := header(h.bytes); err != nil {
		return err
	}
	for _, number := range slices.Sorted(maps.Keys(rows)) {
		if err := row(rows[number]); err != nil {
			return err
		}
	}
	return nil
}

func (s *memoryStore) Find(_ context.Context, id string) (competition.Summary, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	summary, ok := s.summaries[id]
	if !ok {
		return summary, competition.ErrUnknownCompetition
	}
	return summary, nil
}

func (s *memoryStore) List(_ context.Context, after string, visit func(competition.Summary) bool) error {
	s.mu.Lock()
	summaries := maps.Clone(s.summaries)
	s.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(summaries)) {
		if id > after && !visit(summaries[id]) {
			return nil
		}
	}
	return nil
}

func (s *memoryStore) MembershipsOf(_ context.Context, userID string) ([]competition.Membership, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []competition.Membership
	for _, id := range slices.Sorted(maps.Keys(s.memberships[userID])) {
		all = append(all, s.memberships[userID][id])
	}
	return all, nil
}

func (s *memoryStore) Check(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.checkErr
}

func (s *memoryStore) Close() error { return nil }
