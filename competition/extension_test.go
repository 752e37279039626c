package competition

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition/calendar"
)

// extend has the store go on with records of another one, some in a batch.
func (s *store) extend(t require.TestingT, records [][]byte, rows map[uint32]Identity, perBatch int) *Competition {
	c := recovered(t, s)
	x := c.Extend(rows)
	for len(records) > 0 {
		var b Batch
		n := min(perBatch, len(records))
		for _, record := range records[:n] { // as parts of segments come
			require.NoError(t, x.Add(&b, record))
		}
		if records = records[n:]; len(records) == 0 {
			require.NoError(t, x.End(&b))
		}
		s.append(t, &b)
	}
	return c
}

// TestExtendedJournalIsTheSame: a store that goes on from any state with the records that
// followed it, and the identity rows as they were at any later time, holds what it would
// hold if it had appended them itself.
func TestExtendedJournalIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newHarness(t)
		states := []*store{r.store.clone()}
		follow := func(t *rapid.T) {
			r.launch()
			r.land(false)
			if rapid.IntRange(0, 3).Draw(t, "snapshot") == 0 {
				r.snapshot(true)
			}
			if r.inFlight.Empty() {
				states = append(states, r.store.clone())
			}
		}
		begin(t, r, follow)
		t.Repeat(commands(r, follow))
		for range 4 {
			r.extend(t, states)
		}
	})
}

// extend has one state go on to another.
func (r *harness) extend(t *rapid.T, states []*store) {
	to := rapid.IntRange(0, len(states)-1).Draw(t, "to")
	from := rapid.IntRange(0, to).Draw(t, "from")
	was, want := states[from].clone(), states[to]
	records := want.records[len(was.records):]
	if len(records) == 0 {
		return
	}
	part, err := ReadPart("spring", bytes.Join(records, nil))
	require.NoError(r.t, err)
	require.EqualValues(r.t, len(was.records), part.Before.Seq)
	require.EqualValues(r.t, len(want.records), part.End.Seq)
	rows := map[uint32]Identity{}
	for _, named := range part.Named {
		rows[named.Number] = want.identities[named.Number]
	}
	c := was.extend(r.t, records, rows, rapid.IntRange(1, 9).Draw(t, "records in a batch"))
	require.Equal(r.t, part.End, c.JournalEnd())
	require.Equal(r.t, want.identities, was.identities)
	require.Equal(r.t, want.memberships, was.memberships)
	require.Equal(r.t, want.summary, was.summary)
	require.Equal(r.t, want.ledger, was.ledger)
	sameState(r.t, recovered(r.t, want), recovered(r.t, was.withoutSnapshot()))
	if len(rows) > 0 { // a row as it was not is noticed
		number := part.Named[len(part.Named)-1].Number
		row := rows[number]
		row.UserName += "?"
		rows[number] = row
		var b Batch
		x := recovered(r.t, states[from]).Extend(rows)
		require.NoError(r.t, x.Add(&b, bytes.Join(records, nil)))
		require.ErrorIs(r.t, x.End(&b), ErrCorrupt)
	}
}

// TestCuts: a part is cut at a seq, and before the first event that is later than a time.
func TestCuts(t *testing.T) {
	chain := NewChain("spring")
	var records []byte
	ends := []int{0}
	for i, at := range []calendar.Millis{10, 20, 20, 40, 30} {
		records = chain.Append(records, &Event{Seq: uint64(i) + 1, At: at, Sync: SyncAccepted{Number: 1}})
		ends = append(ends, len(records))
	}
	for at, want := range map[calendar.Millis]int{9: 0, 10: 1, 19: 1, 20: 3, 35: 3, 40: 5} {
		kept, err := CutAfter(records, at)
		require.NoError(t, err)
		require.Len(t, kept, ends[want], at)
	}
	for upTo := range 7 {
		kept, err := CutAtSeq(records, uint64(upTo))
		require.NoError(t, err)
		require.Len(t, kept, ends[min(upTo, 5)], upTo)
	}
	_, err := CutAfter(records[:len(records)-1], 100)
	require.Error(t, err)
}
