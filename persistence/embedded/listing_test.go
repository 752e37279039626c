package embedded

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/persistence/porttest"
)

// played is a competition with anna on it, so many days after the usual start.
func played(t *testing.T, s *Store, i int, visibility competition.Visibility) *porttest.Game {
	t.Helper()
	d := porttest.Definition(fmt.Sprintf("c%04d", i))
	d.Start += calendar.Millis(i)
	d.Visibility = visibility
	d.Complete()
	g := porttest.NewGame(s, d.ID)
	_, err := (&competition.CreateCompetition{Caller: competition.Caller{UserID: "creator"}, Definition: d}).Decide(g.C, g.Now)
	require.NoError(t, err)
	require.NoError(t, enrol(g, "anna"))
	require.NoError(t, g.Commit(t.Context()))
	return g
}

// enrol has an operator enrol a user.
func enrol(g *porttest.Game, user string) error {
	_, err := (&competition.JoinCompetition{Caller: competition.Caller{Operator: true}, UserID: user}).Decide(g.C, g.Now)
	return err
}

// openRaw opens the database of a store that is closed, as another program would.
func openRaw(t *testing.T, o Options) *pebble.DB {
	t.Helper()
	if o.FS == nil {
		o.FS = vfs.Default
	}
	db, err := pebble.Open(o.FS.PathJoin(o.Dir, pebbleFolder), &pebble.Options{
		FS: o.FS, FormatMajorVersion: pebble.FormatNewest, Logger: newPebbleLog(slog.New(slog.DiscardHandler), nil),
	})
	require.NoError(t, err)
	return db
}

func TestAStoreFromBeforeListsHadAnIndexGetsItOnce(t *testing.T) {
	lists := []byte{listedKeys, dueKeys, openTieKeys, overKeys}
	o := small(onMemory(vfs.NewMem()))
	s := open(t, o)
	for i := range 12 {
		g := played(t, s, i, []competition.Visibility{competition.Public, competition.Private}[i%2])
		if i%3 == 0 {
			g.C.Tick(g.Now + 100*24*60*60*1000)
			require.NoError(t, g.Commit(t.Context()))
		}
	}
	for _, before := range []struct {
		name string
		make func(batch *pebble.Batch)
	}{
		{"an older version's", func(batch *pebble.Batch) {
			for _, kind := range lists {
				lower, upper := allOf(kind)
				require.NoError(t, batch.DeleteRange(lower, upper, nil))
			}
		}},
		{"one that was cut off amid the work", func(batch *pebble.Batch) {
			for _, kind := range lists[1:] {
				lower, upper := allOf(kind)
				require.NoError(t, batch.DeleteRange(lower, upper, nil))
			}
			stale := appendDueKey(nil, 5, "c0001")
			require.NoError(t, batch.Set(stale, emptyRow(nil, stale), nil))
		}},
	} {
		t.Run(before.name, func(t *testing.T) {
			batch := s.db.NewBatch()
			before.make(batch)
			require.NoError(t, batch.Delete(appendKey(nil, filledKeys, listsFilled), nil))
			require.NoError(t, s.db.Apply(batch, pebble.Sync))
			require.NoError(t, s.Close())
			s = open(t, o)
			porttest.RequireLists(t, s, "anna", "creator", "nobody")
		})
	}
	mine := appendDueKey(nil, 5, "mine")
	require.NoError(t, s.db.Set(mine, emptyRow(nil, mine), pebble.Sync))
	require.NoError(t, s.Close())
	s = open(t, o)
	due, err := s.DueBefore(t.Context(), competition.Due{}, 5, 1)
	require.NoError(t, err)
	require.Len(t, due, 1, "the rows are not made a second time")
	require.NoError(t, s.Close())
}

// TestAnIndexThatAnOlderVersionDidNotKeepUpIsMadeAgain: a release of before there
// was one opens the folder all the same, and writes.
func TestAnIndexThatAnOlderVersionDidNotKeepUpIsMadeAgain(t *testing.T) {
	for name, crashes := range map[string]bool{"closed": false, "crashed": true} {
		t.Run(name, func(t *testing.T) {
			files := vfs.NewCrashableMem()
			o := onMemory(files)
			s := open(t, o)
			g := played(t, s, 1, competition.Private)
			moved, left := played(t, s, 2, competition.Public), played(t, s, 3, competition.Private)
			require.NoError(t, s.Close())

			// What it would write, without the rows that it does not know.
			other := open(t, onMemory(vfs.NewMem()))
			for _, each := range []*porttest.Game{g, moved, left} {
				again := played(t, other, int(each.C.Summary().Definition.Start-porttest.Definition("").Start), each.C.Summary().Definition.Visibility)
				switch each {
				case moved:
					again.C.Tick(again.Now + 100*24*60*60*1000)
				case left:
					require.NoError(t, again.Leave("anna"))
				default:
					require.NoError(t, enrol(again, "bert"))
				}
				require.NoError(t, again.Commit(t.Context()))
			}
			played(t, other, 4, competition.Public)
			db := openRaw(t, o)
			for _, kind := range []byte{journalKeys, headKeys, identityKeys, summaryKeys, membershipKeys} {
				lower, upper := allOf(kind)
				require.NoError(t, db.DeleteRange(lower, upper, pebble.Sync))
				require.NoError(t, each(t.Context(), other.db, lower, upper, func(key, value []byte) error {
					return db.Set(key, value, pebble.Sync)
				}))
			}
			if crashes {
				o.FS = files.CrashClone(vfs.CrashCloneCfg{})
			}
			require.NoError(t, db.Close())
			require.NoError(t, other.Close())

			s = open(t, o)
			porttest.RequireLists(t, s, "anna", "bert", "creator", "nobody")
			require.NoError(t, s.Close())
		})
	}
}

// countingReader counts the rows that are asked for one by one.
type countingReader struct {
	pebble.Reader
	gets int
}

func (r *countingReader) Get(key []byte) ([]byte, io.Closer, error) {
	r.gets++
	return r.Reader.Get(key)
}

func TestAListReadsWhatItShows(t *testing.T) {
	s := open(t, small(onMemory(vfs.NewMem())))
	defer func() { require.NoError(t, s.Close()) }()
	for i := range 300 {
		played(t, s, i, competition.Public)
	}
	played(t, s, 300, competition.Private)
	for name, c := range map[string]struct {
		listing competition.Listing
		gets    int
	}{
		"of a status that none has": {competition.Listing{Reader: "bert", Statuses: []competition.Status{competition.Cancelled}, Limit: 10}, 0},
		"of one that all have":      {competition.Listing{Reader: "bert", Statuses: []competition.Status{competition.Active}, Limit: 10}, 11},
		"of all":                    {competition.Listing{Reader: "bert", Limit: 10}, 11},
		"of all, the newest first":  {competition.Listing{Reader: "bert", Newest: true, Limit: 10}, 11},
		"of no name that there is":  {competition.Listing{Operator: true, Search: "nothing", Limit: 10}, 301},
		"an operator's":             {competition.Listing{Operator: true, Limit: 10}, 11},
	} {
		t.Run(name, func(t *testing.T) {
			counted := &countingReader{Reader: s.db}
			v := lister{from: counted, listing: c.listing}
			require.NoError(t, v.readListed(t.Context(), []byte{listedPublic, listedPrivate}))
			if c.listing.Reader != "" {
				_, err := v.readOwn(t.Context())
				require.NoError(t, err)
			}
			require.Equal(t, c.gets, counted.gets)
		})
	}
}

func TestEndedTiesAreLookedAtOnce(t *testing.T) {
	s := open(t, small(onMemory(vfs.NewMem())))
	defer func() { require.NoError(t, s.Close()) }()
	for i := range 40 {
		g := played(t, s, i, competition.Private)
		if i >= 3 {
			g.C.Tick(g.Now + 100*24*60*60*1000)
			require.NoError(t, g.Commit(t.Context()))
		}
	}
	for _, want := range []int{40, 3} {
		counted := &countingReader{Reader: s.db}
		open, _, err := openTies(t.Context(), nil, counted, "anna")
		require.NoError(t, err)
		require.Len(t, open, 3)
		require.Equal(t, want, counted.gets)
		ties, err := s.OpenTies(t.Context(), "anna")
		require.NoError(t, err)
		require.Equal(t, open, ties)
	}
}

// TestDamagedTiesLeaveTheOthers: a summary, or a tie, that cannot be read is left
// out and named.
func TestDamagedTiesLeaveTheOthers(t *testing.T) {
	s := open(t, onMemory(vfs.NewMem()))
	defer func() { require.NoError(t, s.Close()) }()
	var ids []string
	for i := range 5 {
		ids = append(ids, played(t, s, i, competition.Public).C.ID())
	}
	slices.Sort(ids)
	require.NoError(t, s.db.Set(appendKey(nil, summaryKeys, ids[1]), []byte("damaged"), pebble.Sync))
	require.NoError(t, s.db.Set(appendOpenTieKey(nil, "anna", ids[3]), []byte("damaged"), pebble.Sync))
	ties, err := s.OpenTies(t.Context(), "anna")
	require.ErrorIs(t, err, competition.ErrCorrupt)
	require.NotErrorIs(t, err, competition.ErrUnavailable)
	require.ErrorContains(t, err, ids[1])
	require.ErrorContains(t, err, ids[3])
	var left []string
	for _, tie := range ties {
		left = append(left, tie.CompetitionID)
	}
	require.Equal(t, []string{ids[0], ids[2], ids[4]}, left)
	found, err := s.Summaries(t.Context(), ids)
	require.ErrorIs(t, err, competition.ErrCorrupt)
	require.Empty(t, found[1].Definition.ID)
	require.Equal(t, ids[4], found[4].Definition.ID)
}

// BenchmarkList is an athlete's list of 100 beside what other people have made.
func BenchmarkList(b *testing.B) {
	for _, c := range []struct {
		name       string
		n          int
		visibility competition.Visibility
	}{
		{"empty beside 4000 private", 4000, competition.Private},
		{"100 of 4000", 4000, competition.Public},
		{"100 of 40000", 40_000, competition.Public},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := open(b, Options{Dir: b.TempDir(), BallastBytes: -1})
			defer func() { require.NoError(b, s.Close()) }()
			var batches []*competition.Batch
			for i := range c.n {
				d := porttest.Definition(fmt.Sprintf("c%06d", i))
				d.Visibility = c.visibility
				d.Complete()
				g := porttest.NewGame(s, d.ID)
				_, err := (&competition.CreateCompetition{Caller: competition.Caller{UserID: "creator"}, Definition: d}).Decide(g.C, g.Now)
				require.NoError(b, err)
				if batches = append(batches, g.Take()); len(batches) == 1000 {
					require.Nil(b, s.Append(b.Context(), batches))
					batches = nil
				}
			}
			for b.Loop() {
				_, _, err := s.Visible(b.Context(), competition.Listing{Reader: "bert", Limit: 100})
				require.NoError(b, err)
			}
		})
	}
}
