package competition

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition/ledger"
)

// store is a store of one competition in memory, as ports.go wants it: records
// and rows are kept as the bytes that a real one would keep.
type store struct {
	records     [][]byte // of seq 1, 2, 3…
	identities  map[uint32]Identity
	memberships map[string]Membership
	summary     Summary
	ledger      ledger.Rows

	header []byte // of the snapshot; nil before the first
	saved  uint64
	rows   map[uint32][]byte

	visit int // how many records a reading hands over at a time; 0 means all
}

func newStore() *store {
	return &store{identities: map[uint32]Identity{}, memberships: map[string]Membership{}, rows: map[uint32][]byte{}}
}

// append makes a batch durable.
func (s *store) append(t require.TestingT, b *Batch) {
	require.EqualValues(t, len(s.records)+1, b.FirstSeq, "the batch does not continue the journal")
	for rest := b.Records; len(rest) > 0; {
		var record []byte
		var err error
		record, rest, err = SplitRecord(rest)
		require.NoError(t, err)
		s.records = append(s.records, bytes.Clone(record))
	}
	require.EqualValues(t, len(s.records), b.LastSeq, "the batch holds another number of records than it says")
	for _, e := range b.Erasures {
		delete(s.memberships, e.UserID)
		for i := range s.ledger.Transactions {
			s.ledger.Transactions[i].Rename(e.UserID, e.Pseudonym)
		}
		for i := range s.ledger.Prizes {
			if p := &s.ledger.Prizes[i]; p.UserID == e.UserID {
				p.UserID = e.Pseudonym
			}
		}
	}
	for _, i := range b.Identities {
		s.identities[i.Number] = i
	}
	for _, m := range b.Memberships {
		s.memberships[m.UserID] = m
	}
	if b.Summary != nil {
		s.summary = *b.Summary
	}
	s.ledger.Transactions = append(s.ledger.Transactions, b.Transactions...)
	s.ledger.Prizes = append(s.ledger.Prizes, b.Prizes...)
}

// save stores a snapshot.
func (s *store) save(snapshot *Snapshot) error {
	if s.header != nil && snapshot.Seq <= s.saved {
		return ErrConflict
	}
	s.header, s.saved = bytes.Clone(snapshot.Header), snapshot.Seq
	for i := range snapshot.Rows {
		s.rows[snapshot.Rows[i].Number] = AppendRow(nil, &snapshot.Rows[i])
	}
	return nil
}

func (s *store) Load(_ context.Context, _ string, header func([]byte) error, row func(Row) error) error {
	if s.header == nil {
		return nil
	}
	if err := lend(s.header, header); err != nil {
		return err
	}
	for _, number := range slices.Sorted(maps.Keys(s.rows)) {
		err := lend(s.rows[number], func(b []byte) error {
			r, err := ParseRow(b)
			if err != nil {
				return err
			}
			return row(r)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *store) ReadIdentities(_ context.Context, _ string, visit func(Identity) error) error {
	for _, number := range slices.Sorted(maps.Keys(s.identities)) {
		if err := visit(s.identities[number]); err != nil {
			return err
		}
	}
	return nil
}

func (s *store) Read(_ context.Context, _ string, after uint64, visit func([]byte) error) error {
	if after > uint64(len(s.records)) {
		return ErrCorrupt
	}
	tail := s.records[after:]
	for len(tail) > 0 {
		n := len(tail)
		if s.visit > 0 {
			n = min(n, s.visit)
		}
		if err := lend(bytes.Join(tail[:n], nil), visit); err != nil {
			return err
		}
		tail = tail[n:]
	}
	return nil
}

// lend shows bytes to a visitor whose they are until it returns and no longer.
func lend(b []byte, visit func([]byte) error) error {
	lent := bytes.Clone(b)
	defer clear(lent)
	return visit(lent)
}

// clone is an independent copy of the store.
func (s *store) clone() *store {
	c := *s
	c.records, c.rows = slices.Clone(s.records), maps.Clone(s.rows)
	c.identities, c.memberships = maps.Clone(s.identities), maps.Clone(s.memberships)
	c.ledger.Transactions, c.ledger.Prizes = slices.Clone(s.ledger.Transactions), slices.Clone(s.ledger.Prizes)
	for i := range c.ledger.Transactions {
		c.ledger.Transactions[i].Postings = slices.Clone(c.ledger.Transactions[i].Postings)
	}
	return &c
}

// withoutSnapshot is the store as if no snapshot had ever been saved.
func (s *store) withoutSnapshot() *store {
	c := s.clone()
	c.header, c.saved, c.rows = nil, 0, map[uint32][]byte{}
	return c
}
