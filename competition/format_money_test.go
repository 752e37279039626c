package competition

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition/ledger"
)

// TestMoneyIsWrittenDownLikeThis for good: the bytes of each kind of event after
// its chain hash, worked out by hand from codec.go. 500 is f403, 60000 is e0d403.
func TestMoneyIsWrittenDownLikeThis(t *testing.T) {
	const seqAndAt = "01" + "0a" // seq 1, at 5 ms (zigzag)
	for _, test := range []struct {
		detail Detail
		want   string
	}{
		{&EntryFeePaid{fee{Number: 7, Minor: 500}}, "09" + seqAndAt + "07" + "f403"},
		{&EntryFeeRefunded{fee{Number: 300, Minor: 1}}, "0a" + seqAndAt + "ac02" + "01"},
		{
			&PrizesDistributed{PoolMinor: 60_000, SponsorMinor: 500, Pending: true, Prizes: []Winner{{7, 1, 59_500}, {8, 2, 500}}},
			"0b" + seqAndAt + "e0d403" + "f403" + "01" + "02" + "07" + "01" + "ecd003" + "08" + "02" + "f403",
		},
		{&PrizesDistributed{PoolMinor: 1}, "0b" + seqAndAt + "01" + "00" + "00" + "00"},
		{&PrizeConfirmed{Number: 7}, "0c" + seqAndAt + "07"},
		{&PrizeFailed{Number: 7, Reason: "no"}, "0d" + seqAndAt + "07" + "02" + "6e6f"},
	} {
		chain := NewChain("spring")
		record := chain.Append(nil, &Event{Seq: 1, At: 5, Detail: test.detail})
		require.Equal(t, test.want, hex.EncodeToString(record[afterChainOffset:]), "%T", test.detail)
	}

	row := Row{Number: 1, Paid: 500, Days: Days{}}
	require.Equal(t, "02"+"02"+"00000000"+"00"+"00"+"00"+"00"+"f403", hex.EncodeToString(AppendRow(nil, &row)[4:]))
	row.Paid = 0
	require.Equal(t, "01"+"02"+"00000000"+"00"+"00"+"00"+"00", hex.EncodeToString(AppendRow(nil, &row)[4:]))
}

// TestJournalCannotMoveMoneyThatIsNotThere: events that no state decides are
// damage, whoever wrote them.
func TestJournalCannotMoveMoneyThatIsNotThere(t *testing.T) {
	settle := func(c *Competition) {
		c.status = Settled
		c.distribution = newDistribution(1, 10, 10, 1)
		c.distribution.add(distributed{number: 1, rank: 1, minor: 10, status: ledger.DistributedPrize})
	}
	complete := func(c *Competition) { c.status = Completed }
	for _, test := range []struct {
		rule   string
		given  func(*Competition)
		detail Detail
	}{
		{"a fee of nobody", nil, &EntryFeePaid{fee{Number: 9, Minor: 5}}},
		{"a fee of nothing", nil, &EntryFeePaid{fee{Number: 1}}},
		{"a fee beyond every sum", nil, &EntryFeePaid{fee{Number: 1, Minor: ledger.MaxBalance + 1}}},
		{"a second fee", func(c *Competition) { c.participants.at(1).paid = 5 }, &EntryFeePaid{fee{Number: 1, Minor: 5}}},
		{"a refund of nothing paid", nil, &EntryFeeRefunded{fee{Number: 1, Minor: 5}}},
		{"a refund of more than was paid", func(c *Competition) { c.participants.at(1).paid = 5 }, &EntryFeeRefunded{fee{Number: 1, Minor: 6}}},
		{"prizes before the end", nil, &PrizesDistributed{PoolMinor: 10, SponsorMinor: 10, Prizes: []Winner{{1, 1, 10}}}},
		{"prizes twice", settle, &PrizesDistributed{PoolMinor: 10, SponsorMinor: 10, Prizes: []Winner{{1, 1, 10}}}},
		{"prizes that do not add up", complete, &PrizesDistributed{PoolMinor: 10, SponsorMinor: 9, Prizes: []Winner{{1, 1, 9}}}},
		{"more prizes than pool", complete, &PrizesDistributed{PoolMinor: 10, SponsorMinor: 11, Prizes: []Winner{{1, 1, 11}}}},
		{"a sponsor who gives too little", complete, &PrizesDistributed{PoolMinor: 10, SponsorMinor: 9, Prizes: []Winner{{1, 1, 10}}}},
		{"a prize for nobody", complete, &PrizesDistributed{PoolMinor: 10, SponsorMinor: 10, Prizes: []Winner{{9, 1, 10}}}},
		{"two prizes for one", complete, &PrizesDistributed{PoolMinor: 10, SponsorMinor: 10, Prizes: []Winner{{1, 1, 5}, {1, 2, 5}}}},
		{"ranks that fall", complete, &PrizesDistributed{PoolMinor: 10, SponsorMinor: 10, Prizes: []Winner{{1, 2, 5}, {2, 1, 5}}}},
		{"a prize of nothing", complete, &PrizesDistributed{PoolMinor: 10, SponsorMinor: 10, Prizes: []Winner{{1, 1, 0}, {2, 2, 10}}}},
		{"word of a prize that nobody has", settle, &PrizeConfirmed{Number: 2}},
		{"word of a prize that is decided", settle, &PrizeFailed{Number: 1}},
	} {
		t.Run(test.rule, func(t *testing.T) {
			c := crowd(3)
			if test.given != nil {
				test.given(c)
			}
			_, err := c.Apply(&Event{Seq: c.Seq() + 1, At: 1, Detail: test.detail})
			require.ErrorIs(t, err, ErrCorrupt)
		})
	}
}

// TestBooksRefuseLoudly: a transaction that breaks an invariant is a fault of this
// program, and is not written.
func TestBooksRefuseLoudly(t *testing.T) {
	c := crowd(2)
	c.decided.balances.fees = -100 // as a fault would leave them
	require.Panics(t, func() { c.emitMoney(1, &EntryFeePaid{fee{Number: 1, Minor: 5}}) })
	require.Zero(t, c.Pending(), "nothing of it goes to the journal")

	deriver, rows := NewLedgerDeriver("c"), &ledger.Rows{}
	userOf := func(uint32) string { return "u" }
	enter := func(d Detail) error { return deriver.Derive(rows, &Event{At: 1, Detail: d}, userOf) }
	require.NoError(t, enter(&PrizesDistributed{PoolMinor: 10, SponsorMinor: 10, Pending: true, Prizes: []Winner{{1, 1, 10}}}))
	require.NoError(t, enter(&PrizeConfirmed{Number: 1}))
	for rule, detail := range map[string]monetary{
		"paid out twice": &PrizeConfirmed{Number: 1}, "taken back after it was paid out": &PrizeFailed{Number: 1}, "of nobody": &PrizeFailed{Number: 2},
	} {
		require.ErrorContains(t, enter(detail), "wallet", rule)
		require.Panics(t, func() { crowd(2).emitMoney(1, detail) }, rule)
	}
}
