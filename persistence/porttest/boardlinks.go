package porttest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// linkOf is a link to the board of spring that lasts an hour.
func linkOf(n int, now calendar.Millis) competition.BoardLink {
	return competition.BoardLink{
		ID: fmt.Sprintf("link-%03d", n), Hash: competition.CodeHash{1, 2, byte(n)}, Key: competition.Key{0, byte(n), 31: 9},
		CompetitionID: "spring", Names: competition.ShowInitials, CreatedAt: now, ExpiresAt: now + porttestHour,
	}
}

// boardLinkRules hold competition.BoardLinkStore.
var boardLinkRules = []rule{
	{"a link is found by its hash and by its competition, until it is deleted", func(t *testing.T, h *harness) {
		ctx := t.Context()
		second, first, elsewhere := linkOf(2, Start), linkOf(1, Start), linkOf(3, Start)
		second.Names, elsewhere.Names, elsewhere.CompetitionID = competition.ShowNames, competition.ShowNoNames, "spring2"
		for _, l := range []competition.BoardLink{second, first, elsewhere} {
			require.NoError(t, h.store.PutBoardLink(ctx, &l))
		}
		h.reopen(t)
		require.Equal(t, []competition.BoardLink{first, second}, must(h.store.BoardLinksOf(ctx, "spring"))(t))
		require.Equal(t, []competition.BoardLink{elsewhere}, must(h.store.BoardLinksOf(ctx, "spring2"))(t))
		require.Empty(t, must(h.store.BoardLinksOf(ctx, "autumn"))(t))
		require.Equal(t, second, must(h.store.FindBoardLink(ctx, second.Hash))(t))
		_, err := h.store.FindBoardLink(ctx, competition.CodeHash{1, 2, 4})
		require.ErrorIs(t, err, competition.ErrUnknownBoardLink)

		_, err = h.store.DeleteBoardLink(ctx, "spring2", first.ID)
		require.ErrorIs(t, err, competition.ErrUnknownBoardLink, "it is another competition's")
		require.Equal(t, first, must(h.store.DeleteBoardLink(ctx, "spring", first.ID))(t))
		_, err = h.store.DeleteBoardLink(ctx, "spring", first.ID)
		require.ErrorIs(t, err, competition.ErrUnknownBoardLink)
		_, err = h.store.FindBoardLink(ctx, first.Hash)
		require.ErrorIs(t, err, competition.ErrUnknownBoardLink)
		require.Equal(t, []competition.BoardLink{second}, must(h.store.BoardLinksOf(ctx, "spring"))(t))
	}},

	{"a competition has no more than 20 links at a time, and those that expired are swept", func(t *testing.T, h *harness) {
		ctx := t.Context()
		put := func(n int, now calendar.Millis) error {
			l := linkOf(n, now)
			return h.store.PutBoardLink(ctx, &l)
		}
		require.Equal(t, competition.MaxBoardLinks, race(t, competition.MaxBoardLinks+4, competition.ErrTooManyBoardLinks, func(n int) error { return put(n, Start) }))
		require.ErrorIs(t, put(200, Start+porttestHour-1), competition.ErrTooManyBoardLinks)
		sweep := func(now calendar.Millis, limit int) int {
			return must(h.store.SweepBoardLinks(ctx, now, limit))(t)
		}
		require.Zero(t, sweep(Start+porttestHour-1, 100))
		require.Equal(t, 15, sweep(Start+porttestHour, 15))
		require.NoError(t, put(201, Start+porttestHour), "the others have expired, and go")
		require.Equal(t, []competition.BoardLink{linkOf(201, Start+porttestHour)}, must(h.store.BoardLinksOf(ctx, "spring"))(t))
		require.Zero(t, sweep(Start+porttestHour, 15))
		require.Equal(t, 1, sweep(Start+2*porttestHour, 15))
		require.Empty(t, must(h.store.BoardLinksOf(ctx, "spring"))(t))
	}},
}
