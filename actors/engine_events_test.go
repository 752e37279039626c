package actors

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// TestEventsAreReadPageByPage: each once, in order, whatever the pages, with the
// people as they are now; and what is asked of a place that is not there any more
// is refused.
func TestEventsAreReadPageByPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := startEngine(t, newMemoryStore(), nil)
		create(t, e, running("c"))
		for _, user := range []string{"ann", "bob", "eve"} {
			submit(t, e, "c", steps(user, 1000))
			submit(t, e, "c", steps(user, 1001))
		}
		read := func(limit int) (types, users []string, next competition.FeedPlace) {
			for {
				page, err := e.Events("c", operator, next, limit)
				require.NoError(t, err)
				require.LessOrEqual(t, len(page.Events), limit)
				require.Equal(t, page.Rows, int(page.Next.Version-next.Version))
				for _, event := range page.Events {
					types = append(types, event.Type)
					if event.Type == "participant.joined" {
						users = append(users, event.Data.UserID)
					}
				}
				next = page.Next
				if !page.More {
					return types, users, next
				}
			}
		}
		types, users, end := read(1)
		require.Equal(t, []string{"competition.created", "competition.status_changed", "participant.joined", "participant.joined", "participant.joined"}, types)
		require.Equal(t, []string{"ann", "bob", "eve"}, users)
		again, _, same := read(1000)
		require.Equal(t, types, again)
		require.Equal(t, end, same)

		_, err := e.EraseUser("bob")
		require.NoError(t, err)
		types, users, end = read(2)
		require.Equal(t, "participant.erased", types[len(types)-1])
		require.True(t, competition.IsPseudonym(users[1]), "%v", users)

		_, err = e.Events("c", competition.Caller{UserID: "ann"}, competition.FeedPlace{}, 10)
		require.ErrorIs(t, err, competition.ErrForbidden)
		_, err = e.Events("none", operator, competition.FeedPlace{}, 10)
		require.ErrorIs(t, err, competition.ErrUnknownCompetition)
		end.Version++
		_, err = e.Events("c", operator, end, 10)
		require.ErrorIs(t, err, competition.ErrEventsReplaced)
	})
}
