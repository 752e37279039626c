package competition

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPublishedIsEncodedOnce, however many readers come at the same time.
func TestPublishedIsEncodedOnce(t *testing.T) {
	p := &Published{Board: Board{Version: 7}}
	calls := 0
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			if got := Encoded(&p.Encodings, "twice", func() uint64 { calls++; return p.Version * 2 }); got != 14 {
				t.Errorf("read %v", got)
			}
		})
	}
	readers.Wait()
	require.Equal(t, 1, calls)
}

// TestEncodingsAreBounded, whatever the readers of a quiet board ask for one after another.
func TestEncodingsAreBounded(t *testing.T) {
	var e Encodings
	for key := range 10 * maxEncodings {
		require.Equal(t, 2*key, Encoded(&e, key, func() int { return 2 * key }))
		kept := 0
		for made := e.made.Load(); made != nil; made = made.next {
			kept++
		}
		require.LessOrEqual(t, kept, maxEncodings)
		require.Equal(t, 2*key, Encoded(&e, key, func() int { return -1 }), "it is kept")
	}
	require.Zero(t, Encoded(&e, 0, func() int { return 0 }), "it is made again")
}

// TestPageBounds: a page begins and ends where the board does.
func TestPageBounds(t *testing.T) {
	c := crowd(5)
	for _, test := range []struct {
		offset, limit int
		first, n      int
	}{
		{0, 1000, 1, 5}, {0, 2, 1, 2}, {3, 2, 4, 2}, {4, 2, 5, 1}, {5, 2, 0, 0}, {1000, 1000, 0, 0}, {0, 0, 0, 0},
	} {
		b := c.Page(nil, test.offset, test.limit)
		require.Len(t, b.Entries, test.n)
		require.Equal(t, 5, b.Total)
		for i, e := range b.Entries {
			require.Equal(t, test.first+i, e.Rank)
			require.Equal(t, member(test.offset+i), e.UserID)
		}
	}
}

// TestAroundBounds: cut short at the ends.
func TestAroundBounds(t *testing.T) {
	c := crowd(5)
	for _, test := range []struct {
		member, radius int
		first, n       int
	}{
		{2, 0, 3, 1}, {2, 1, 2, 3}, {2, 500, 1, 5}, {0, 1, 1, 2}, {4, 1, 4, 2},
	} {
		b, err := c.Around(nil, member(test.member), test.radius)
		require.NoError(t, err)
		require.Len(t, b.Entries, test.n)
		require.Equal(t, test.first, b.Entries[0].Rank)
	}
	_, err := c.Around(nil, "nobody", 1)
	require.ErrorIs(t, err, ErrNotEnrolled)
}

func TestABoardInTheRoomOfAnotherTouchesNoThird(t *testing.T) {
	c := crowd(3)
	kept := c.Page(nil, 0, 3)
	var room []Entry
	for range 10 {
		first := c.Page(room, 1, 2)
		require.Equal(t, kept.Entries[1:], first.Entries)
		room = first.Entries
		next, err := c.Around(room, member(0), 1)
		require.NoError(t, err)
		require.Equal(t, kept.Entries[:2], next.Entries)
		require.Same(t, &room[0], &next.Entries[0])
		for i := range kept.Entries {
			require.Equal(t, member(i), kept.Entries[i].UserID)
		}
	}
	require.Empty(t, c.Page(room, 3, 2).Entries)
}

func TestABoardWithoutRoomTakesNoMoreThanItNeeds(t *testing.T) {
	crowded, few := crowd(1000), crowd(3)
	var large []Entry
	for range 10 {
		large = crowded.Page(large, 0, 1000).Entries
		kept := few.Page(nil, 0, 100)
		require.Len(t, kept.Entries, 3)
		require.Equal(t, 3, cap(kept.Entries))
		large = crowded.Page(large, 0, 1000).Entries
		for i := range kept.Entries {
			require.Equal(t, member(i), kept.Entries[i].UserID)
		}
	}
}
