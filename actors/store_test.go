package actors

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/memory"
)

// memoryStore is a store in memory that can be made to fail, and that tells what
// was written. It starts goroutines, which end with Close.
type memoryStore struct {
	competition.AdministrationStore // none of the tests needs it
	competition.AuditLogStore       // nor this
	competition.WebhookStore        // nor most of this

	mu            sync.Mutex
	stored        competition.Store
	replaced      []competition.Store // by forget
	writes        []write
	journals      map[string][]competition.Batch // what was appended
	saved         map[string]uint64              // the seqs of the snapshots
	projected     map[string]uint64              // the checkpoints of the projection
	pseudonymised []competition.Erasure
	scrubs        int
	closed        bool

	checkErr error
	damaged  map[string]bool   // competitions whose summaries cannot be read
	altered  map[string][]byte // records of a competition's in which Read finds another byte

	// beforeAppend, if set, may refuse an append, before or after storing it.
	beforeAppend func(context.Context) (store bool, err error)
	// afterAppend, if set, gets the batches that were stored.
	afterAppend func([]*competition.Batch)
	// before, if set, may refuse any other call but Check.
	before func(ctx context.Context, call string) error
}

// write is one that was stored, so that another store can be given the same.
type write struct {
	call  string
	again func(competition.Store) error
}

func newMemoryStore() *memoryStore {
	return &memoryStore{
		stored: openMemory(), journals: map[string][]competition.Batch{}, saved: map[string]uint64{}, projected: map[string]uint64{},
		altered: map[string][]byte{},
	}
}

func openMemory() competition.Store {
	s, err := memory.Open(context.Background())
	if err != nil {
		panic(err)
	}
	return s
}

// set changes the store's behaviour while an engine runs on it.
func (s *memoryStore) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *memoryStore) setClosed(closed bool) { s.set(func() { s.closed = closed }) }

func (s *memoryStore) failBy(beforeAppend func(context.Context) (bool, error), before func(context.Context, string) error) {
	s.set(func() { s.beforeAppend, s.before = beforeAppend, before })
}

// bare is what there is to recover from without snapshots.
func (s *memoryStore) bare() competition.Source { return withoutSnapshots{s.stored} }

type withoutSnapshots struct{ competition.Source }

func (withoutSnapshots) Load(context.Context, string, func([]byte) error, func(competition.Row) error) error {
	return nil
}

// forget takes back all writes of some kinds: "Save", "Project".
func (s *memoryStore) forget(calls ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replaced = append(s.replaced, s.stored)
	s.stored = openMemory()
	s.writes = slices.DeleteFunc(s.writes, func(w write) bool { return slices.Contains(calls, w.call) })
	s.replay(s.stored)
	for _, call := range calls {
		clear(map[string]map[string]uint64{"Save": s.saved, "Project": s.projected}[call])
	}
}

// clone is a store that holds the same, as after a crash of the process.
func (s *memoryStore) clone() *memoryStore {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := newMemoryStore()
	s.replay(c.stored)
	c.writes = slices.Clone(s.writes)
	for id, journal := range s.journals {
		c.journals[id] = slices.Clone(journal)
	}
	c.saved, c.projected = maps.Clone(s.saved), maps.Clone(s.projected)
	return c
}

func (s *memoryStore) replay(onto competition.Store) {
	for _, w := range s.writes {
		if err := w.again(onto); err != nil {
			panic(err)
		}
	}
}

// wrote notes a write that was stored. The store is locked.
func (s *memoryStore) wrote(call string, again func(competition.Store) error) {
	s.writes = append(s.writes, write{call, again})
}

// call begins every method: hooks run outside the lock.
func (s *memoryStore) call(ctx context.Context, name string) (competition.Store, error) {
	s.mu.Lock()
	hook := s.before
	s.mu.Unlock()
	if hook != nil {
		if err := hook(ctx, name); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		panic(name + " on a closed store")
	}
	return s.stored, nil
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

// append stores a batch that continues the journal, as a Pipeline must find out.
// The store is locked.
func (s *memoryStore) append(b *competition.Batch) error {
	id := b.CompetitionID
	if j := s.journals[id]; len(j) > 0 {
		if before, err := competition.ChainBefore(id, b.Records); err != nil || before.Hash != j[len(j)-1].Hash {
			return competition.ErrConflict
		}
	}
	kept := cloneBatch(b)
	again := func(to competition.Store) error {
		if errs := to.Append(context.Background(), []*competition.Batch{&kept}); errs != nil {
			return errs[0]
		}
		return nil
	}
	if err := again(s.stored); err != nil {
		return err
	}
	s.journals[id] = append(s.journals[id], kept)
	s.wrote("Append", again)
	return nil
}

func cloneBatch(b *competition.Batch) competition.Batch {
	c := *b
	c.Records = bytes.Clone(b.Records)
	c.Identities, c.Memberships, c.Erasures = slices.Clone(b.Identities), slices.Clone(b.Memberships), slices.Clone(b.Erasures)
	c.Transactions, c.Prizes = slices.Clone(b.Transactions), slices.Clone(b.Prizes)
	if b.Summary != nil {
		summary := *b.Summary
		c.Summary = &summary
	}
	return c
}

// last is the seq at which a journal ends.
func (s *memoryStore) last(id string) uint64 {
	if j := s.journals[id]; len(j) > 0 {
		return j[len(j)-1].LastSeq
	}
	return 0
}

// alterEnd changes a byte of the last batch of a competition. The store is locked.
func (s *memoryStore) alterEnd(id string) {
	j := s.journals[id]
	s.altered[id] = j[len(j)-1].Records
}

// tie stores a membership in a competition of which nothing else is known, and
// whose days were projected.
func (s *memoryStore) tie(m competition.Membership) {
	s.put(competition.Batch{CompetitionID: m.CompetitionID, Memberships: []competition.Membership{m}})
	if err := s.stored.Project(context.Background(), &competition.Projection{CompetitionID: m.CompetitionID, To: 1}); err != nil {
		panic(err)
	}
}

// put stores rows beside a journal that nobody may read.
func (s *memoryStore) put(rows competition.Batch) {
	rows.FirstSeq, rows.LastSeq = 1, 1
	if errs := s.stored.Append(context.Background(), []*competition.Batch{&rows}); errs != nil {
		panic(errs[0])
	}
}

// rows are those of a snapshot, by number.
func (s *memoryStore) rows(t *testing.T, id string) map[uint32]competition.Row {
	t.Helper()
	rows := map[uint32]competition.Row{}
	require.NoError(t, s.stored.Load(t.Context(), id, func([]byte) error { return nil }, func(row competition.Row) error {
		rows[row.Number] = row
		return nil
	}))
	return rows
}

func (s *memoryStore) Check(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		panic("Check on a closed store")
	}
	return s.checkErr
}

// Close makes further calls panic. A second time is fine.
func (s *memoryStore) Close() (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, store := range append(s.replaced, s.stored) {
		if store != nil && err == nil {
			err = store.Close()
		}
	}
	s.replaced, s.stored = nil, nil
	return err
}

// moment is what a store held at some time.
type moment struct {
	writes   int
	journals map[string]int
}

func (s *memoryStore) moment() moment {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := moment{len(s.writes), map[string]int{}}
	for id, journal := range s.journals {
		m.journals[id] = len(journal)
	}
	return m
}

// goBack is a store that was replaced by a copy which lacks what was written since: a
// standby was promoted, or a backup restored.
func (s *memoryStore) goBack(to moment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replaced = append(s.replaced, s.stored)
	s.stored = openMemory()
	s.writes = s.writes[:to.writes]
	s.replay(s.stored)
	clear(s.saved)
	clear(s.projected)
	for id := range s.journals {
		s.journals[id] = s.journals[id][:to.journals[id]]
	}
}
