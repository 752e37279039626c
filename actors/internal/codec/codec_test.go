package codec

import (
	"bytes"
	"errors"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/competition/wire"
)

func TestMessagesOfOtherVersions(t *testing.T) {
	sync := &competition.SubmitSync{UserID: "ann", Source: "phone"}
	own := AppendSync(Begin(nil), sync)
	for _, c := range []struct {
		name string
		b    []byte
		ok   bool
	}{
		{"this one's", own, true},
		{"this one's, with something behind", append(bytes.Clone(own), 0), false},
		{"a newer one's, with a new field", append(append([]byte{version + 1}, own[1:]...), 42), true},
		{"a newer one's, cut short", append([]byte{version + 1}, own[1:9]...), false},
		{"none", append([]byte{0}, own[1:]...), false},
		{"empty", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := Open(c.b)
			var got competition.SubmitSync
			ReadSync(&m.Reader, &got)
			if err := m.Close(); !c.ok {
				require.Error(t, err)
				return
			}
			require.NoError(t, m.Err())
			require.Equal(t, *sync, got)
		})
	}
}

// Fields come and go while a new version is rolled out.
func TestValuesOfOtherVersions(t *testing.T) {
	type inner struct{ A int }
	type older struct {
		Kept  string
		Inner inner
		Gone  []int
	}
	type newerInner struct{ A, B int }
	type newer struct {
		New   map[string][]newerInner
		Kept  string
		Inner newerInner
		Other *bool
	}
	b, err := Value[newer]().Append(nil, &newer{New: map[string][]newerInner{"x": {{1, 2}}}, Kept: "k", Inner: newerInner{3, 4}, Other: new(bool)})
	require.NoError(t, err)
	r := wire.NewReader(b)
	var o older
	Value[older]().Read(&r, &o)
	require.NoError(t, r.End())
	require.Equal(t, older{Kept: "k", Inner: inner{3}}, o)

	b, err = Value[older]().Append(nil, &older{Kept: "k", Inner: inner{3}, Gone: []int{1}})
	require.NoError(t, err)
	r = wire.NewReader(b)
	var n newer
	Value[newer]().Read(&r, &n)
	require.NoError(t, r.End())
	require.Equal(t, newer{Kept: "k", Inner: newerInner{A: 3}}, n)
}

func TestValuesAreReadStrictly(t *testing.T) {
	deep := bytes.Repeat([]byte{0x81}, 100)
	for _, c := range []struct {
		name string
		b    []byte
	}{
		{"nothing", nil},
		{"a list that is cut short", []byte{0x9a, 0x7f, 0xff, 0xff, 0xff}},
		{"lists in lists", append(deep, 0)},
		{"a field twice", []byte{0xa2, 0x64, 'K', 'e', 'p', 't', 0x60, 0x64, 'K', 'e', 'p', 't', 0x60}},
		{"a number for a text", []byte{0xa1, 0x64, 'K', 'e', 'p', 't', 0x01}},
		{"a list without an end", []byte{0x9f, 0xff}},
		{"a tag", []byte{0xc0, 0xa0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := wire.NewReader(c.b)
			var v struct{ Kept string }
			readCBOR(&r, &v)
			require.Error(t, r.Err())
		})
	}
	many, err := cbor.Marshal(make([]struct{}, 1<<17+1))
	require.NoError(t, err)
	r := wire.NewReader(many)
	var v []competition.Summary
	readCBOR(&r, &v)
	require.Error(t, r.Err(), "more than a list may have")

	r = wire.NewReader([]byte{0xa1, 0x64, 'k', 'e', 'p', 't', 0x61, 'x'})
	var s struct{ Kept string }
	readCBOR(&r, &s)
	require.NoError(t, r.End())
	require.Empty(t, s.Kept, "names of fields are compared as they are")
}

func TestBoardsAreBounded(t *testing.T) {
	_, err := AppendBoard(nil, &competition.Board{Entries: make([]competition.Entry, MaxEntries+1)})
	require.Error(t, err)
	_, err = AppendBoard(nil, &competition.Board{Prizes: make([]ledger.Prize, competition.MaxWinners+1)})
	require.Error(t, err)
	_, err = AppendItems(nil, make([]competition.BatchItem, MaxItems+1))
	require.Error(t, err)

	largest := competition.Board{Entries: make([]competition.Entry, MaxEntries)}
	b, err := AppendBoard(nil, &largest)
	require.NoError(t, err)
	r := wire.NewReader(b)
	require.Equal(t, largest, ReadBoard(&r, nil))
	require.NoError(t, r.End())

	for _, lie := range [][]byte{
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, // as many as there are numbers
		{0x91, 0x4e}, // 10,000 entries in no bytes
		{0x03},       // two of them
	} {
		r := wire.NewReader(lie)
		require.Nil(t, ReadEntries(&r, 0))
		require.Error(t, r.Err())
		r = wire.NewReader(lie)
		ReadItems(&r, "spring")
		require.Error(t, r.Err())
	}
}

func TestPages(t *testing.T) {
	top := &competition.Published{Board: competition.Board{CompetitionID: "spring", Version: 1}}
	page, err := PageOf(top)
	require.NoError(t, err)
	again, err := PageOf(top)
	require.NoError(t, err)
	require.Same(t, &page.Bytes[0], &again.Bytes[0], "it is made once")

	whole := AppendPage(nil, page)
	r := wire.NewReader(whole)
	got, hash := ReadPage(&r)
	require.NoError(t, r.End())
	require.Equal(t, top.Board, got.Board)
	require.Equal(t, page.Hash, hash)
	for i := range whole {
		broken := bytes.Clone(whole)
		broken[i] ^= 1
		r := wire.NewReader(broken)
		got, _ := ReadPage(&r)
		require.Error(t, r.End(), "byte %d", i)
		require.Nil(t, got)
	}

	newer := Page{Bytes: append(bytes.Clone(page.Bytes), 42)}
	newer.Hash = xxhash.Sum64(newer.Bytes)
	r = wire.NewReader(AppendPage(nil, newer))
	got, hash = ReadPage(&r)
	require.NoError(t, r.End(), "of a newer node, with a new field")
	require.Equal(t, top.Board, got.Board)
	require.Equal(t, newer.Hash, hash)

	_, err = PageOf(&competition.Published{Board: competition.Board{Entries: make([]competition.Entry, MaxEntries+1)}})
	require.Error(t, err)
}

// FuzzReadError: what a peer sends is an error or a failure; what is read crosses again.
func FuzzReadError(f *testing.F) {
	for code := range knownErrors {
		if sentinel := knownErrors[code].sentinel; sentinel != nil {
			f.Add(AppendError(nil, sentinel))
		}
	}
	f.Add(AppendError(nil, &competition.CorruptError{CompetitionID: "spring", Seq: 7, Reason: "a bit"}))
	f.Add(AppendError(nil, &competition.InvalidError{Fields: []competition.FieldError{{Field: "a", Detail: "b"}}}))
	f.Add(AppendError(nil, &competition.JournalBudgetError{RetryAfter: 1}))
	f.Add(AppendError(nil, &competition.ElsewhereError{Node: "n"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := wire.NewReader(b)
		err := ReadError(&r)
		if r.Err() != nil || err == nil {
			return
		}
		r = wire.NewReader(AppendError(nil, err))
		same := ReadError(&r)
		require.NoError(t, r.End())
		require.EqualError(t, same, err.Error())
		for code := range knownErrors {
			if k := &knownErrors[code]; k.sentinel != nil {
				require.Equal(t, errors.Is(err, k.sentinel), errors.Is(same, k.sentinel))
			}
		}
	})
}

// FuzzReadBoard is the same for boards.
func FuzzReadBoard(f *testing.F) {
	b, err := AppendBoard(nil, &competition.Board{
		CompetitionID: "spring", Entries: []competition.Entry{{UserID: "ann", Rank: 1}, {UserID: "bob", Rank: 2}},
		Prizes: []ledger.Prize{{CompetitionID: "spring"}, {CompetitionID: "spring"}},
	})
	require.NoError(f, err)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		r := wire.NewReader(b)
		board := ReadBoard(&r, nil)
		if r.End() != nil {
			return
		}
		again, err := AppendBoard(nil, &board)
		require.NoError(t, err)
		r = wire.NewReader(again)
		require.Equal(t, board, ReadBoard(&r, make([]competition.Entry, 0, 1)))
		require.NoError(t, r.End())
	})
}
