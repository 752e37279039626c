package redis

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// as is a mirror of the harness's Redis as another user of it.
func (r *harness) as(user string, rules ...any) *Mirror {
	r.t.Helper()
	command := append([]any{"ACL", "SETUSER", user, "on", ">secret"}, rules...)
	require.NoError(r.t, r.client.Do(r.t.Context(), command...).Err())
	u, err := url.Parse(r.server.URL())
	require.NoError(r.t, err)
	u.User = url.UserPassword(user, "secret")
	return open(r.t, u.String())
}

// TestAUserThatMayNotPublish writes boards all the same, and says what is missing
// until it is allowed.
func TestAUserThatMayNotPublish(t *testing.T) {
	r := newHarness(t, "")
	r.begin("1-a", on("ann", 1, 1))
	m := r.as("mute", "resetchannels", "~*", "+@all")
	for i := range 3 {
		w := update(fmt.Sprintf("%d-a", i+1), fmt.Sprintf("%d-a", i+2), on("ann", int64(i+2), 1), off("bob"))
		written, err := m.Write(t.Context(), []competition.MirrorWrite{w})
		require.NoError(t, err)
		require.NoError(t, written.Errs[0], "the board is right")
		require.ErrorContains(t, written.Unheard, "ACL SETUSER")
		require.Equal(t, map[string]float64{"ann": float64(i + 2)}, r.members(board))
		require.Equal(t, w.After, r.look().Mark)
	}
	written, err := m.Write(t.Context(), nil)
	require.NoError(t, err)
	require.Error(t, written.Unheard, "a sign of life changes nothing")

	require.NoError(t, r.client.Do(t.Context(), "ACL", "SETUSER", "mute", "&leaderboard:*").Err())
	written, err = m.Write(t.Context(), []competition.MirrorWrite{update("4-a", "5-a", on("ann", 9, 1))})
	require.NoError(t, err)
	require.NoError(t, written.Errs[0])
	require.NoError(t, written.Unheard)
}

// TestAKeyOfAnotherType under a name of ours is replaced, and holds up no other board.
func TestAKeyOfAnotherType(t *testing.T) {
	for name, key := range map[string]string{"the board's": board, "the mark's": "paceboard:mark:spring"} {
		t.Run(name, func(t *testing.T) {
			r := newHarness(t, "")
			r.begin("1-a", on("ann", 1, 1))
			require.NoError(t, r.client.Del(t.Context(), key).Err())
			require.NoError(t, r.client.LPush(t.Context(), key, "somebody else's").Err())
			found, err := r.mirror.Look(t.Context(), []string{"spring", "other"})
			require.NoError(t, err)
			require.NoError(t, found[0].Err)
			require.Empty(t, found[0].Mark)
			require.ErrorIs(t, r.write(update("1-a", "2-b", on("bob", 2, 1))), competition.ErrMirrorDiffers)
			require.NoError(t, r.write(draft("d", "", "whole", &competition.MirrorShow{Mark: "2-b", Over: found[0].Stored}, on("bob", 2, 1))))
			require.Equal(t, map[string]float64{"bob": 2}, r.members(board))
			require.Equal(t, "2-b", r.look().Mark)
		})
	}
}

// TestABoardThatRedisRefuses is told of by name, beside the others of the call.
func TestABoardThatRedisRefuses(t *testing.T) {
	r := newHarness(t, "")
	m := r.as("narrow", "&*", "+@all", "~paceboard:pulse:*", "~leaderboard:good", "~paceboard:mark:good", "~paceboard:draft*:good:*")
	found, err := m.Look(t.Context(), []string{"bad", "good"})
	require.NoError(t, err)
	require.ErrorContains(t, found[0].Err, "bad")
	require.NoError(t, found[1].Err)

	show := &competition.MirrorShow{Mark: "1-a"}
	bad, good := draft("d", "", "whole", show, on("ann", 1, 1)), draft("d", "", "whole", show, on("ann", 1, 1))
	bad.CompetitionID, good.CompetitionID = "bad", "good"
	written, err := m.Write(t.Context(), []competition.MirrorWrite{bad, good})
	require.NoError(t, err)
	require.ErrorContains(t, written.Errs[0], "bad")
	require.NoError(t, written.Errs[1])
	require.Equal(t, map[string]float64{"ann": 1}, r.members("leaderboard:good"))
}

func TestARedisThatEvictsIsTold(t *testing.T) {
	r := newHarness(t, "")
	warning := func() error {
		r.mirror.asked.Store(0)
		written, err := r.mirror.Write(t.Context(), nil)
		require.NoError(t, err)
		return written.Warning
	}
	require.NoError(t, warning())
	require.NoError(t, r.client.ConfigSet(t.Context(), "maxmemory-policy", "allkeys-lru").Err())
	require.NoError(t, warning(), "without a limit it drops nothing")
	require.NoError(t, r.client.ConfigSet(t.Context(), "maxmemory", "100mb").Err())
	require.ErrorContains(t, warning(), "maxmemory-policy is allkeys-lru")
	require.NoError(t, r.client.ConfigSet(t.Context(), "maxmemory-policy", "volatile-lru").Err())
	require.NoError(t, warning())
	m := r.as("blind", "~*", "&*", "+@all", "-info")
	written, err := m.Write(t.Context(), nil)
	require.NoError(t, err, "whoever may not ask writes all the same")
	require.NoError(t, written.Warning)
}
