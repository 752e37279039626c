package actors

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/paceboard/paceboard/competition"
)

// memoryStore is a competition.Store in memory that can be made to fail. It
// stands in for a disk in tests of the actors alone; the real stores have their
// own conformance suite.
type memoryStore struct {
	competition.AdministrationStore // none of the tests needs it
	competition.AuditLogStore       // nor this
	erasures                        memoryErasures
	mu                              sync.Mutex
	journals                        map[string][]competition.Batch
	identities                      map[string]map[uint32]competition.Identity
	summaries                       map[string]competition.Summary
	memberships                     map[string]map[string]competition.Membership
	headers                         map[string]savedHeader
	rows                            map[string]map[uint32]competition.Row
	lifetime                        memoryLifetime
	ledger                          memoryLedger
	invitations                     memoryInvitations
	checkErr                        error
	closed                          bool
	damaged                         map[string]bool // competitions whose summaries cannot be read

	// beforeAppend, if set, may refuse an append, before or after storing it.
	beforeAppend func(context.Context) (store bool, err error)
	// afterAppend, if set, gets the batches that were stored.
	afterAppend func([]*competition.Batch)
	// before, if set, may refuse any other call but Check.
	before func(ctx context.Context, call string) error
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
		lifetime: newMemoryLifetime(),
	}
}

// set changes the store's behaviour while an engine runs on it.
func (s *memoryStore) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// withoutSnapshots is a store with the same journals and nothing else to recover from.
func (s *memoryStore) withoutSnapshots() *memoryStore {
	s.mu.Lock()
	defer s.mu.Unlock()
	bare := newMemoryStore()
	for id, journal := range s.journals {
		bare.journals[id] = slices.Clone(journal)
		bare.identities[id] = maps.Clone(s.identities[id])
	}
	return bare
}

func (s *memoryStore) bare() competition.Source { return s.withoutSnapshots() }

func (s *memoryStore) setClosed(closed bool) { s.set(func() { s.closed = closed }) }

func (s *memoryStore) failBy(beforeAppend func(context.Context) (bool, error), before func(context.Context, string) error) {
	s.set(func() { s.beforeAppend, s.before = beforeAppend, before })
}

func put[K, L comparable, V any](m map[K]map[L]V, k K, l L, v V) {
	if m[k] == nil {
		m[k] = map[L]V{}
	}
	m[k][l] = v
}

// call begins every method: hooks run outside the lock, the rest within.
func (s *memoryStore) call(ctx context.Context, name string) error {
	s.mu.Lock()
	hook := s.before
	s.mu.Unlock()
	if hook != nil {
		if err := hook(ctx, name); err != nil {
			return err
		}
	}
	s.mu.Lock()
	if s.closed {
		panic(name + " on a closed store")
	}
	return nil
}

func (s *memoryStore) Append(ctx context.Context, batches []*competition.Batch) []error {
	s.mu.Lock()
	hook := s.beforeAppend
	s.mu.Unlock()
	var refusal error
	store := true
	if hook != nil {
		store, refusal = hook(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		panic("Append on a closed store")
	}
	errs := make([]error, len(batches))
	for i, b := range batches {
		errs[i] = refusal
		if store {
			if err := s.append(b); err != nil {
				errs[i] = err
			}
		}
	}
	if s.afterAppend != nil {
		s.afterAppend(batches)
	}
	if !slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
		return nil
	}
	return errs
}

func (s *memoryStore) append(b *competition.Batch) error {
	id := b.CompetitionID
	if s.last(id)+1 != b.FirstSeq {
		return competition.ErrConflict
	}
	if j := s.journals[id]; len(j) > 0 {
		if before, err := competition.ChainBefore(id, b.Records); err != nil || before.Hash != j[len(j)-1].Hash {
			return competition.ErrConflict
		}
	}
	s.journals[id] = append(s.journals[id], competition.Batch{FirstSeq: b.FirstSeq, LastSeq: b.LastSeq, Records: bytes.Clone(b.Records), Hash: b.Hash})
	for _, e := range b.Erasures {
		delete(s.memberships[e.UserID], id)
		s.ledger.erase(id, e)
	}
	for _, i := range b.Identities {
		put(s.identities, id, i.Number, i)
	}
	for _, m := range b.Memberships {
		put(s.memberships, m.UserID, id, m)
	}
	if b.Summary != nil {
		s.summaries[id] = *b.Summary
	}
	s.ledger.append(b.LedgerRows)
	return nil
}

// last is the seq at which a journal ends.
func (s *memoryStore) last(id string) uint64 {
	if j := s.journals[id]; len(j) > 0 {
		return j[len(j)-1].LastSeq
	}
	return 0
}

func (s *memoryStore) Read(ctx context.Context, id string, after uint64, visit func([]byte) error) error {
	if err := s.call(ctx, "Read"); err != nil {
		return err
	}
	batches, last := slices.Clone(s.journals[id]), s.last(id)
	s.mu.Unlock()
	if after > last {
		return &competition.CorruptError{CompetitionID: id, Seq: last + 1, Reason: "the journal ends too early"}
	}
	for i := range batches {
		switch b := &batches[i]; {
		case b.FirstSeq > after:
			if err := visit(bytes.Clone(b.Records)); err != nil {
				return err
			}
		case b.LastSeq > after:
			return fmt.Errorf("read from within a batch: after %d, which lies in %d to %d", after, b.FirstSeq, b.LastSeq)
		}
	}
	return nil
}

func (s *memoryStore) ReadIdentities(ctx context.Context, id string, visit func(competition.Identity) error) error {
	if err := s.call(ctx, "ReadIdentities"); err != nil {
		return err
	}
	identities := maps.Clone(s.identities[id])
	s.mu.Unlock()
	for _, number := range slices.Sorted(maps.Keys(identities)) {
		if err := visit(identities[number]); err != nil {
			return err
		}
	}
	return nil
}

func (s *memoryStore) Save(ctx context.Context, snapshot *competition.Snapshot) error {
	if err := s.call(ctx, "Save"); err != nil {
		return err
	}
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

func (s *memoryStore) Load(ctx context.Context, id string, header func([]byte) error, row func(competition.Row) error) error {
	if err := s.call(ctx, "Load"); err != nil {
		return err
	}
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

func (s *memoryStore) Find(ctx context.Context, id string) (competition.Summary, error) {
	if err := s.call(ctx, "Find"); err != nil {
		return competition.Summary{}, err
	}
	defer s.mu.Unlock()
	summary, ok := s.summaries[id]
	if !ok {
		return summary, competition.ErrUnknownCompetition
	}
	return summary, nil
}

func (s *memoryStore) Created(ctx context.Context, ids []string) ([]competition.Millis, error) {
	if err := s.call(ctx, "Created"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	created := make([]competition.Millis, len(ids))
	for i, id := range ids {
		if batches := s.journals[id]; len(batches) > 0 && batches[0].FirstSeq == 1 {
			created[i], _ = competition.CreatedAt(id, batches[0].Records)
		}
	}
	return created, nil
}

func (s *memoryStore) List(ctx context.Context, after string, visit func(competition.Summary) bool) error {
	if err := s.call(ctx, "List"); err != nil {
		return err
	}
	summaries := maps.Clone(s.summaries)
	s.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(summaries)) {
		if id > after && !visit(summaries[id]) {
			return nil
		}
	}
	return nil
}

func (s *memoryStore) Summaries(ctx context.Context, ids []string) ([]competition.Summary, error) {
	if err := s.call(ctx, "Summaries"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var err error
	found := make([]competition.Summary, len(ids))
	for i, id := range ids {
		if s.damaged[id] {
			err = competition.ErrCorrupt
			continue
		}
		found[i] = s.summaries[id]
	}
	return found, err
}

func (s *memoryStore) MembershipsOf(ctx context.Context, userID, after string, limit int) ([]competition.Membership, error) {
	if err := s.call(ctx, "MembershipsOf"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var all []competition.Membership
	for _, id := range slices.Sorted(maps.Keys(s.memberships[userID])) {
		if id > after && len(all) < limit {
			all = append(all, s.memberships[userID][id])
		}
	}
	return all, nil
}

func (s *memoryStore) Check(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		panic("Check on a closed store")
	}
	return s.checkErr
}

func (s *memoryStore) Close() error {
	s.set(func() { s.closed = true })
	return nil
}
