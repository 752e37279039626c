package competition

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition/wire"
)

// do carries out commands, durably.
func (s *store) do(t *testing.T, c *Competition, at string, commands ...any) {
	t.Helper()
	for _, cmd := range commands {
		a, _ := perform(c, instant(at), cmd)
		require.NoError(t, a.err, "%T", cmd)
		b := c.Take(Batch{})
		s.append(t, &b)
		for i := range b.Events {
			_, err := c.Apply(&b.Events[i])
			require.NoError(t, err)
		}
		c.Applied(&b)
	}
}

func TestABoardHasTheEpochThatItWasCreatedWith(t *testing.T) {
	epochOf := func(id string, epoch BoardEpoch) (Board, *store) {
		c, s := New(id, countedKeys()), newStore()
		s.do(t, c, "2026-04-01T00:00:00Z", &CreateCompetition{
			Caller: user("carol"), Definition: spring(func(d *Definition) { d.ID = id }), Epoch: epoch,
		})
		return c.Page(nil, 0, 1), s
	}
	drawn, s := epochOf("spring", 0xa0b1c2d3)
	require.Equal(t, BoardEpoch(0xa0b1c2d3), drawn.Epoch)
	require.False(t, drawn.Continued)
	require.Equal(t, "a0b1c2d3", hex.EncodeToString(s.records[0][len(s.records[0])-4:]), "after what older versions write")
	require.Equal(t, drawn, recovered(t, s).Page(nil, 0, 1))

	older, s := epochOf("spring", 0)
	require.NotZero(t, older.Epoch)
	require.Equal(t, older.Epoch, recovered(t, s).Page(nil, 0, 1).Epoch)
	other, _ := epochOf("autumn", 0)
	require.NotEqual(t, older.Epoch, other.Epoch, "it follows from the id")
}

// TestHeadersHaveEpochsOnlyWhereTheyMustHave: what an older version could have written
// it can still read.
func TestHeadersHaveEpochsOnlyWhereTheyMustHave(t *testing.T) {
	cases := []struct {
		name    string
		epoch   BoardEpoch
		loses   bool
		money   bool
		version byte
	}{
		{"of an older version", 0, false, false, formatVersion},
		{"of an older version, with prizes", 0, false, true, moneyVersion},
		{"with an epoch of its own", 5, false, false, epochVersion},
		{"with an epoch of its own, and prizes", 5, false, true, epochVersion},
		{"continued", 0, true, false, epochVersion},
		{"continued, with prizes", 5, true, true, epochVersion},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			c, s := New("spring", countedKeys()), newStore()
			d := spring(func(d *Definition) { d.PrizePoolMinor = 100 })
			s.do(
				t, c, "2026-05-01T12:00:00Z", &CreateCompetition{Caller: operator, Definition: d, Epoch: test.epoch},
				&SubmitSync{UserID: "ann", Source: "phone", Day: date("2026-05-01"), Metrics: steps(5)},
			)
			if test.loses {
				s.do(t, c, "2026-05-01T13:00:00Z", continues{epoch: 9, lost: 1000})
				require.EqualValues(t, 1001, c.Version())
			}
			if test.money {
				s.do(t, c, "2026-06-01T00:00:00Z", tick{}, &DistributePrizes{Caller: operator})
			}
			snapshot := c.Snapshot()
			require.Equal(t, test.version, snapshot.Header[4])
			require.NoError(t, s.save(&snapshot))
			again := recovered(t, s)
			sameState(t, c, again)
			sameState(t, c, recovered(t, s.withoutSnapshot()))
			require.Equal(t, test.loses, again.Page(nil, 0, 1).Continued)
			require.Equal(t, test.money, again.PrizesDecided() == 1)
		})
	}
}

func TestAnImpossibleEpochIsDamage(t *testing.T) {
	started := func() (*Competition, *store) {
		c, s := New("spring", countedKeys()), newStore()
		s.do(t, c, "2026-05-01T12:00:00Z", &CreateCompetition{Caller: operator, Definition: spring(), Epoch: 5}, continues{9, 1000})
		return c, s
	}
	for name, detail := range map[string]*JournalContinued{
		"no epoch":           {Epoch: 0, Version: 2000},
		"the same epoch":     {Epoch: 9, Version: 2000},
		"a version again":    {Epoch: 1, Version: 1001},
		"a version too high": {Epoch: 1, Version: MaxVersion + 1},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := started()
			_, err := c.Apply(&Event{Seq: c.Seq() + 1, Detail: detail})
			require.ErrorIs(t, err, ErrCorrupt)
		})
	}
	for name, e := range map[string]epochs{
		"no epoch":                   {},
		"a version too high":         {5, true, MaxVersion + 1},
		"another version, but never": {5, false, 1},
	} {
		t.Run("a header with "+name, func(t *testing.T) {
			c, _ := started()
			c.epoch = e
			_, err := SnapshotChain("spring", c.header())
			require.ErrorContains(t, err, "impossible epoch")
		})
	}
	t.Run("a record of a creation", func(t *testing.T) {
		r := wire.NewReader(append((&CompetitionCreated{Definition: spring()}).append(nil), 0, 0, 0, 0))
		new(CompetitionCreated).read(&r)
		require.Error(t, r.End())
	})
}

func TestANewEpochIsAnother(t *testing.T) {
	require.EqualValues(t, 1, NewBoardEpoch(Key{}), "0 is none")
	c, s := New("spring", countedKeys()), newStore()
	s.do(t, c, "2026-05-01T12:00:00Z", &CreateCompetition{Caller: operator, Definition: spring(), Epoch: 1<<32 - 1}, continues{epoch: 1<<32 - 1})
	require.EqualValues(t, 1, c.Page(nil, 0, 0).Epoch)
	require.EqualValues(t, 3, c.Version(), "if nobody knows what was lost, versions go on")
}

func TestVersionsOfBoards(t *testing.T) {
	for text, want := range map[string]BoardVersion{
		"0": {}, "12": {Version: 12}, "9007199254740991": {Version: MaxVersion},
		"12.0000000a": {12, 10}, "0.ffffffff": {0, 1<<32 - 1},
	} {
		got, ok := ParseBoardVersion(text)
		require.True(t, ok, text)
		require.Equal(t, want, got)
		require.Equal(t, text, string(got.Append(nil)))
	}
	for _, text := range []string{
		"", ".", "x", "-1", "+1", "1.", "1.0", ".0000000a", "1.0000000", "1.000000000", "1.00000000", "1.+000000a", "1.0000000a.", "9007199254740992", "1_0", " 1",
	} {
		_, ok := ParseBoardVersion(text)
		require.False(t, ok, text)
	}
}

func TestAVersionIsOfOneEpoch(t *testing.T) {
	first, later := &Board{Epoch: 5}, &Board{Epoch: 9, Continued: true}
	require.EqualValues(t, 7, BoardVersion{7, 5}.Of(first))
	require.EqualValues(t, 7, BoardVersion{7, 0}.Of(first), "there was never another epoch")
	require.Zero(t, BoardVersion{7, 9}.Of(first))
	require.EqualValues(t, 7, BoardVersion{7, 9}.Of(later))
	require.Zero(t, BoardVersion{7, 5}.Of(later))
	require.Zero(t, BoardVersion{7, 0}.Of(later), "it may be of either")
}

// TestNoDeltaLeadsFromOneEpochToAnother: an update of a new one remembers nothing.
func TestNoDeltaLeadsFromOneEpochToAnother(t *testing.T) {
	update := NextUpdate(nil, &Published{Board: Board{Version: 7, Epoch: 5}})
	update = NextUpdate(update, &Published{Board: Board{Version: 9, Epoch: 6}})
	_, ok := update.Since(7, 10)
	require.False(t, ok)
	_, ok = update.StatusAt(7)
	require.False(t, ok)
	update = NextUpdate(update, &Published{Board: Board{Version: 10, Epoch: 6}})
	_, ok = update.Since(9, 10)
	require.True(t, ok)
}
