package competition

import (
	"cmp"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition/calendar"
)

// drawBoard draws the top of a board: some of six people in some order.
func drawBoard(t *rapid.T, version uint64) *Published {
	ids := rapid.Permutation([]string{"a", "b", "c", "d", "e", "f"}).Draw(t, "order")
	ids = ids[:rapid.IntRange(0, len(ids)).Draw(t, "people")]
	p := &Published{Board: Board{Version: version, UpdatedAt: calendar.Millis(version * 10), Total: len(ids) + 1000, Status: Active}}
	for i, id := range ids {
		p.Entries = append(p.Entries, Entry{UserID: id, Rank: i + 1, Score: rapid.Int64Range(0, 2).Draw(t, "score")})
	}
	return p
}

func top(entries []Entry, limit int) []Entry { return entries[:min(limit, len(entries))] }

// TestDeltaGivesTheBoard: a delta applied to the board that it starts from, in
// the way that the contract says, gives the board of its version, at every
// limit and from every version that is remembered.
func TestDeltaGivesTheBoard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var update *Update
		var seen []*Published
		for version := range rapid.Uint64Range(1, 6).Draw(t, "versions") {
			seen = append(seen, drawBoard(t, version+1))
			update = NextUpdate(update, seen[len(seen)-1])
		}
		now := seen[len(seen)-1]
		for _, then := range seen[:len(seen)-1] {
			limit := rapid.IntRange(1, 7).Draw(t, "limit")
			d, ok := update.Since(then.Version, limit)
			require.True(t, ok)
			require.Equal(t, [2]uint64{then.Version, now.Version}, [2]uint64{d.PreviousVersion, d.Version})
			require.Equal(t, now.Total, d.Total)
			require.Equal(t, now.UpdatedAt, d.UpdatedAt)

			client := map[string]Entry{}
			for _, e := range top(then.Entries, limit) {
				client[e.UserID] = e
			}
			for _, id := range d.Removed {
				require.Contains(t, client, id)
				delete(client, id)
			}
			for _, e := range d.Changes {
				require.NotEqual(t, client[e.UserID], e, "an entry that did not change")
				client[e.UserID] = e
			}
			var shown []Entry
			for _, e := range client {
				shown = append(shown, e)
			}
			slices.SortFunc(shown, func(a, b Entry) int { return cmp.Compare(a.Rank, b.Rank) })
			require.Equal(t, append([]Entry(nil), top(now.Entries, limit)...), shown)
		}
		_, ok := update.Since(99, 10)
		require.False(t, ok)
	})
}

// TestUpdateRemembersSoManyVersions and not one more.
func TestUpdateRemembersSoManyVersions(t *testing.T) {
	var update *Update
	const versions = 3 * HistoryLength
	for version := uint64(1); version <= versions; version++ {
		update = NextUpdate(update, &Published{Board: Board{Version: version, Status: Status(version % 3)}})
	}
	for version := uint64(1); version <= versions; version++ {
		_, known := update.Since(version, 10)
		require.Equal(t, version >= versions-HistoryLength && version < versions, known, version)
		status, known := update.StatusAt(version)
		require.Equal(t, version >= versions-HistoryLength, known, version)
		if known {
			require.Equal(t, Status(version%3), status)
		}
	}
}

// TestUpdateSharesWhatWasMade: one making serves all readers of a key.
func TestUpdateSharesWhatWasMade(t *testing.T) {
	u := NextUpdate(nil, &Published{})
	made := map[string]int{}
	var readers sync.WaitGroup
	for range 4 {
		for _, key := range []string{"top 10", "top 100"} {
			readers.Go(func() {
				if got := Encoded(&u.Messages, key, func() string { made[key]++; return key + " encoded" }); got != key+" encoded" {
					t.Errorf("read %v", got)
				}
			})
		}
	}
	readers.Wait()
	require.Equal(t, map[string]int{"top 10": 1, "top 100": 1}, made)
}

// TestSubscriptionHoldsTheLatest: a slow reader is woken once and finds the
// newest; the writer never waits.
func TestSubscriptionHoldsTheLatest(t *testing.T) {
	wake := make(chan struct{}, 1)
	s := NewSubscription("spring", "ann", wake)
	require.Nil(t, s.Latest())
	require.Nil(t, s.Standing())

	var last *Update
	for version := range uint64(5) {
		last = NextUpdate(last, &Published{Board: Board{Version: version}})
		s.PutStanding(Entry{UserID: "ann", Score: int64(version)}, true)
		s.Put(last)
	}
	<-wake
	require.Empty(t, wake, "one wake-up stands for all")
	require.Same(t, last, s.Latest())
	require.Equal(t, &Standing{Entry: Entry{UserID: "ann", Score: 4}, OnBoard: true}, s.Standing())
}

// TestSubscriptionStanding: what is the same again is the same pointer, so that
// a reader sees by it whether there is something to send.
func TestSubscriptionStanding(t *testing.T) {
	s := NewSubscription("spring", "ann", make(chan struct{}, 1))
	s.PutStanding(Entry{}, false)
	require.Nil(t, s.Standing(), "who was never on the board has no standing")

	ann := Entry{UserID: "ann", Score: 1, Rank: 2}
	s.PutStanding(ann, true)
	first := s.Standing()
	s.PutStanding(ann, true)
	require.Same(t, first, s.Standing())

	ann.Rank = 1
	s.PutStanding(ann, true)
	require.Equal(t, &Standing{Entry: ann, OnBoard: true}, s.Standing())

	s.PutStanding(Entry{}, false)
	require.False(t, s.Standing().OnBoard, "taken off")
	gone := s.Standing()
	s.PutStanding(Entry{}, false)
	require.Same(t, gone, s.Standing())
}
