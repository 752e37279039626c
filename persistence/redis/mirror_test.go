package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/testservers"
)

// harness is a Redis server, a mirror on it, and a client that looks into it.
type harness struct {
	t      *testing.T
	server *testservers.Server
	mirror *Mirror
	client *goredis.Client
}

func newHarness(t *testing.T, query string) *harness {
	t.Helper()
	server := testservers.Redis(t)
	options, err := goredis.ParseURL(server.URL())
	require.NoError(t, err)
	r := &harness{t: t, server: server, mirror: open(t, server.URL()+query), client: goredis.NewClient(options)}
	t.Cleanup(func() { require.NoError(t, r.client.Close()) })
	return r
}

func open(t *testing.T, url string) *Mirror {
	t.Helper()
	m, err := Open(Options{URL: url, Timeout: 300 * time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

func on(user string, score int64, rank int) competition.MirrorEntry {
	return competition.MirrorEntry{UserID: user, Present: true, Score: score, Rank: rank, At: 1_777_777_777_700}
}

func off(user string) competition.MirrorEntry {
	return competition.MirrorEntry{UserID: user, At: 1_777_777_777_000}
}

func update(before, after string, entries ...competition.MirrorEntry) competition.MirrorWrite {
	return competition.MirrorWrite{CompetitionID: "spring", Before: before, After: after, Entries: entries}
}

func draft(name, before, after string, show *competition.MirrorShow, entries ...competition.MirrorEntry) competition.MirrorWrite {
	return competition.MirrorWrite{CompetitionID: "spring", Draft: name, Before: before, After: after, Entries: entries, Show: show}
}

// write carries out one write that the mirror must answer.
func (r *harness) write(w competition.MirrorWrite) error {
	r.t.Helper()
	written, err := r.mirror.Write(r.t.Context(), []competition.MirrorWrite{w})
	require.NoError(r.t, err)
	require.Len(r.t, written.Errs, 1)
	return written.Errs[0]
}

// begin writes a board under a mark.
func (r *harness) begin(mark string, entries ...competition.MirrorEntry) {
	r.t.Helper()
	show := &competition.MirrorShow{Force: true, Mark: mark}
	require.NoError(r.t, r.write(draft("first-"+mark, "", "whole", show, entries...)))
}

func (r *harness) members(key string) map[string]float64 {
	r.t.Helper()
	all, err := r.client.ZRangeWithScores(r.t.Context(), key, 0, -1).Result()
	require.NoError(r.t, err)
	members := map[string]float64{}
	for _, z := range all {
		members[z.Member.(string)] = z.Score
	}
	return members
}

func (r *harness) look() competition.Mirrored {
	r.t.Helper()
	found, err := r.mirror.Look(r.t.Context(), []string{"other", "spring"})
	require.NoError(r.t, err)
	require.Equal(r.t, competition.Mirrored{}, found[0])
	return found[1]
}

const board = "leaderboard:spring"

func TestABoardIsWrittenAnewInOneStep(t *testing.T) {
	r := newHarness(t, "")
	require.Empty(t, r.look().Mark, "nothing is there")
	require.NoError(t, r.write(draft("d", "", "half", nil, on("ann", 7, 0))))
	require.Empty(t, r.members(board), "half a board is nobody's business")
	const most = 1 << 53
	require.NoError(t, r.write(draft("d", "half", "whole", &competition.MirrorShow{Mark: "9-a"}, on("bob", most, 0))))
	require.Equal(t, map[string]float64{"ann": 7, "bob": most}, r.members(board))
	require.Equal(t, "9-a", r.look().Mark)
	ttl, err := r.client.TTL(t.Context(), board).Result()
	require.NoError(t, err)
	require.Equal(t, time.Duration(-1), ttl, "a draft passes away, a board does not")

	require.NoError(t, r.write(draft("e", "", "whole", &competition.MirrorShow{Mark: "10-a", Over: r.look().Stored})))
	require.Empty(t, r.members(board), "nobody is on the board any more")
	require.Equal(t, "10-a", r.look().Mark)
	keys, err := r.client.Keys(t.Context(), "*draft*").Result()
	require.NoError(t, err)
	require.Empty(t, keys)
}

func TestADraftThatIsGivenUpPassesAway(t *testing.T) {
	r := newHarness(t, "")
	require.NoError(t, r.write(draft("d", "", "half", nil, on("ann", 7, 0))))
	keys, err := r.client.Keys(t.Context(), "*draft*").Result()
	require.NoError(t, err)
	require.Len(t, keys, 2)
	for _, key := range keys {
		ttl, err := r.client.TTL(t.Context(), key).Result()
		require.NoError(t, err)
		require.InDelta(t, draftSeconds, ttl.Seconds(), 60)
	}
}

func TestChangesAreAddedAndWhoLeftDisappears(t *testing.T) {
	r := newHarness(t, "")
	r.begin("1-a", on("ann", 1, 0), on("bob", 2, 0), on("cleo", 3, 0))
	require.NoError(t, r.write(update("1-a", "5-b", on("ann", 9, 1), off("bob"), on("dan", 0, 3), off("nobody"))))
	require.Equal(t, map[string]float64{"ann": 9, "cleo": 3, "dan": 0}, r.members(board))
	require.Equal(t, "5-b", r.look().Mark)
}

func TestAWholeChunkOfEachKindFitsIntoOneWrite(t *testing.T) {
	r := newHarness(t, "")
	r.begin("1-a")
	var entries []competition.MirrorEntry
	for i := range competition.MirrorChunk {
		entries = append(entries, on(fmt.Sprintf("user-%d", i), int64(i), i+1))
	}
	require.NoError(t, r.write(update("1-a", "2-b", entries...)))
	require.Len(t, r.members(board), competition.MirrorChunk)
	for i := range entries {
		entries[i].Present = false
	}
	require.NoError(t, r.write(update("2-b", "3-c", entries...)))
	require.Empty(t, r.members(board))
}

// What was lost, or changed behind the mirror's back, is never added to.
func TestAWriteRefusesAnotherState(t *testing.T) {
	tests := []struct {
		name string
		harm func(*harness)
	}{
		{"everything was flushed", func(r *harness) { require.NoError(r.t, r.client.FlushAll(r.t.Context()).Err()) }},
		{"Redis restarted empty", func(r *harness) { r.server.Restart(r.t) }},
		{"the set was deleted or evicted", func(r *harness) { require.NoError(r.t, r.client.Del(r.t.Context(), board).Err()) }},
		{"a member was removed", func(r *harness) { require.NoError(r.t, r.client.ZRem(r.t.Context(), board, "ann").Err()) }},
		{"the key is of another type", func(r *harness) { require.NoError(r.t, r.client.Set(r.t.Context(), board, "x", 0).Err()) }},
		{"somebody else wrote it", func(r *harness) { r.begin("7-z", on("ann", 1, 0)) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newHarness(t, "")
			r.begin("1-a", on("ann", 1, 0), on("bob", 2, 0))
			test.harm(r)
			require.NotEqual(t, "1-a", r.look().Mark)
			require.ErrorIs(t, r.write(update("1-a", "2-b", on("bob", 3, 1))), competition.ErrMirrorDiffers)
			show := &competition.MirrorShow{Over: r.look().Stored, Mark: "2-b"}
			require.NoError(t, r.write(draft("anew", "", "whole", show, on("bob", 3, 0), on("ann", 1, 0))))
			require.Equal(t, map[string]float64{"ann": 1, "bob": 3}, r.members(board))
		})
	}
}

func TestADraftRefusesAnotherState(t *testing.T) {
	r := newHarness(t, "")
	r.begin("1-a", on("ann", 1, 0))
	over := r.look().Stored
	require.NoError(t, r.write(draft("d", "", "half", nil, on("ann", 2, 0))))
	require.NoError(t, r.write(update("1-a", "2-b", on("ann", 3, 1)))) // somebody else is faster
	require.ErrorIs(t, r.write(draft("d", "half", "whole", &competition.MirrorShow{Over: over, Mark: "2-c"})), competition.ErrMirrorDiffers)
	require.Equal(t, map[string]float64{"ann": 3}, r.members(board))

	require.NoError(t, r.write(draft("e", "", "half", nil, on("ann", 4, 0), on("bob", 4, 0))))
	require.NoError(t, r.client.FlushAll(t.Context()).Err())
	require.ErrorIs(t, r.write(draft("e", "half", "whole", &competition.MirrorShow{Mark: "3-c"}, on("cleo", 4, 0))), competition.ErrMirrorDiffers)
	require.Empty(t, r.members(board), "a draft that lost its beginning is not shown")
}

// The answer to a call may be lost, so the call is made again.
func TestTheSameCallAgainDoesNothing(t *testing.T) {
	r := newHarness(t, "")
	show := &competition.MirrorShow{Mark: "1-a"}
	whole := draft("d", "", "whole", show, on("ann", 1, 0))
	listener := r.client.Subscribe(t.Context(), board)
	defer listener.Close()
	_, err := listener.Receive(t.Context())
	require.NoError(t, err)
	change := update("1-a", "2-b", on("ann", 5, 1))
	for range 3 {
		require.NoError(t, r.write(whole))
	}
	for range 3 {
		require.NoError(t, r.write(change))
	}
	require.ErrorIs(t, r.write(whole), competition.ErrMirrorDiffers, "it is over")
	last := update("2-b", "3-c", on("bob", 6, 1))
	require.NoError(t, r.write(last))
	require.Equal(t, map[string]float64{"ann": 5, "bob": 6}, r.members(board))
	for _, user := range []string{"ann", "bob"} { // one message each, none of the draft
		m := receive(t, listener)
		require.Equal(t, user, m["user_id"])
	}
}

func receive(t *testing.T, listener *goredis.PubSub) map[string]any {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	m, err := listener.ReceiveMessage(ctx)
	require.NoError(t, err)
	fields := map[string]any{}
	require.NoError(t, json.Unmarshal([]byte(m.Payload), &fields))
	return fields
}

func TestMessagesAreWhatTheContractSays(t *testing.T) {
	r := newHarness(t, "")
	r.begin("1-a")
	listener := r.client.Subscribe(t.Context(), board)
	defer listener.Close()
	_, err := listener.Receive(t.Context())
	require.NoError(t, err)
	require.NoError(t, r.write(update("1-a", "2-b", off("gone"), on(`a"b\c<`, 12, 3))))
	require.Equal(t, map[string]any{ // and nothing of gone, who never was there
		"type": "score_update", "competition_id": "spring", "user_id": `a"b\c<`,
		"score": 12.0, "rank": 3.0, "timestamp": "2026-05-03T03:09:37.700Z",
	}, receive(t, listener))
}

// TestSubscribersHearWhoLeavesAndTheStatus once each, also when a write is
// repeated because its answer was lost.
func TestSubscribersHearWhoLeavesAndTheStatus(t *testing.T) {
	r := newHarness(t, "")
	r.begin("1-a", on("ann", 1, 2), on("bob", 2, 1))
	listener := r.client.Subscribe(t.Context(), board)
	defer listener.Close()
	_, err := listener.Receive(t.Context())
	require.NoError(t, err)
	w := update("1-a", "2-b", on("bob", 3, 1), off("ann"), off("never"))
	w.Status, w.StatusAt = competition.Finalizing, 1_777_777_778_010
	require.NoError(t, r.write(w))
	require.NoError(t, r.write(w), "again")
	require.NoError(t, r.write(update("2-b", "3-c", off("ann"))), "who has left already")
	require.NoError(t, r.write(update("3-c", "4-d", on("end", 1, 1))))
	require.Equal(t, map[string]any{
		"type": "removed", "competition_id": "spring", "user_id": "ann", "timestamp": "2026-05-03T03:09:37.000Z",
	}, receive(t, listener))
	require.Equal(t, "bob", receive(t, listener)["user_id"])
	require.Equal(t, map[string]any{
		"type": "status", "competition_id": "spring", "status": "finalizing", "timestamp": "2026-05-03T03:09:38.010Z",
	}, receive(t, listener))
	require.Equal(t, "end", receive(t, listener)["user_id"])
}

func TestAPrefixStandsBeforeEverything(t *testing.T) {
	r := newHarness(t, "?prefix=staging%3A")
	r.begin("1-a", on("ann", 1, 0))
	listener := r.client.Subscribe(t.Context(), "staging:"+board)
	defer listener.Close()
	_, err := listener.Receive(t.Context())
	require.NoError(t, err)
	require.NoError(t, r.write(update("1-a", "2-b", on("bob", 2, 1))))
	require.Equal(t, "bob", receive(t, listener)["user_id"])
	require.Equal(t, map[string]float64{"ann": 1, "bob": 2}, r.members("staging:"+board))
	keys, err := r.client.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	for _, key := range keys {
		require.Regexp(t, "^staging:", key)
	}
}

// An idle mirror finds out by its pulse that something was lost.
func TestThePulseTellsOfALoss(t *testing.T) {
	tests := []struct {
		name string
		harm func(*harness)
		lost bool
	}{
		{"nothing happened", func(*harness) {}, false},
		{"everything was flushed", func(r *harness) { require.NoError(r.t, r.client.FlushDB(r.t.Context()).Err()) }, true},
		{"the first to hear of it was not answered", func(r *harness) {
			require.NoError(r.t, r.client.FlushDB(r.t.Context()).Err())
			call := r.client.Eval(r.t.Context(), pulseScript, []string{r.mirror.pulse}, r.mirror.acked.Load(), r.mirror.beats.Add(1))
			require.NoError(r.t, call.Err())
		}, true},
		{"Redis restarted empty", func(r *harness) { r.server.Restart(r.t) }, true},
		{"Redis came back with older data", func(r *harness) {
			value, err := r.client.Get(r.t.Context(), r.mirror.pulse).Int64()
			require.NoError(r.t, err)
			require.NoError(r.t, r.client.Set(r.t.Context(), r.mirror.pulse, value-1, 0).Err())
		}, true},
		{"another process writes too", func(r *harness) {
			other := open(r.t, r.server.URL())
			_, err := other.Write(r.t.Context(), nil)
			require.NoError(r.t, err)
		}, false},
		{"it was frozen", func(r *harness) {
			r.server.Stop()
			_, err := r.mirror.Write(r.t.Context(), nil)
			require.Error(r.t, err)
			r.server.Continue()
		}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newHarness(t, "")
			for range 2 {
				written, err := r.mirror.Write(t.Context(), nil)
				require.NoError(t, err)
				require.False(t, written.Lost)
			}
			test.harm(r)
			written, err := r.mirror.Write(t.Context(), nil)
			require.NoError(t, err)
			require.Equal(t, test.lost, written.Lost)
			written, err = r.mirror.Write(t.Context(), nil)
			require.NoError(t, err)
			require.False(t, written.Lost, "a loss is told once")
		})
	}
}

func TestCallsEndInTimeWhateverRedisDoes(t *testing.T) {
	r := newHarness(t, "")
	r.begin("1-a", on("ann", 1, 0))
	calls := map[string]func() error{
		"write": func() error {
			_, err := r.mirror.Write(context.Background(), []competition.MirrorWrite{update("1-a", "2-b", on("bob", 1, 2))}) //nolint:usetesting // no deadline but the mirror's own
			return err
		},
		"look": func() error {
			_, err := r.mirror.Look(context.Background(), []string{"spring"}) //nolint:usetesting // as above
			return err
		},
		"members": func() error {
			return r.mirror.Members(context.Background(), "spring", func(string, float64) error { return nil }) //nolint:usetesting // as above
		},
	}
	for _, harm := range []func(){r.server.Stop, r.server.Kill} {
		harm()
		for name, call := range calls {
			began := time.Now()
			require.Error(t, call(), name)
			require.Less(t, time.Since(began), 5*time.Second, name) // 0.3 s, on a machine that is not busy
		}
	}
}

func TestMembersVisitsAll(t *testing.T) {
	r := newHarness(t, "")
	want := map[string]float64{}
	var entries []competition.MirrorEntry
	for i := range 5000 {
		entries = append(entries, on(fmt.Sprintf("user-%d", i), 9_007_199_254_740_992-int64(i), 0))
		want[entries[i].UserID] = float64(entries[i].Score)
	}
	for len(entries) > 0 {
		n := min(len(entries), competition.MirrorChunk)
		mark := r.look().Mark
		if mark == "" {
			r.begin("1-a")
			mark = "1-a"
		}
		require.NoError(t, r.write(update(mark, fmt.Sprintf("%d-a", len(entries)), entries[:n]...)))
		entries = entries[n:]
	}
	got := map[string]float64{}
	require.NoError(t, r.mirror.Members(t.Context(), "spring", func(user string, score float64) error {
		got[user] = score
		return nil
	}))
	require.Equal(t, want, got)
	enough := errors.New("enough")
	require.ErrorIs(t, r.mirror.Members(t.Context(), "spring", func(string, float64) error { return enough }), enough)
}

func TestAURLThatCannotBeUsedSaysWhatToDo(t *testing.T) {
	for _, url := range []string{"redis://:secret@host:6379/zero", "http://:secret@host", "redis://:secret%zz@host", "redis://:secret@host/0?pool_size=many"} {
		_, err := Open(Options{URL: url})
		require.ErrorIs(t, err, ErrURL)
		require.ErrorContains(t, err, "redis://:password@host:6379/0")
		require.NotContains(t, err.Error(), "secret")
	}
	m, err := Open(Options{URL: "rediss://user:secret@cache.example:6380/3?prefix=a%20b&read_timeout=1s"})
	require.NoError(t, err)
	defer m.Close()
	require.Equal(t, "a b", m.prefix)
	options := m.client.(*goredis.Client).Options()
	require.NotNil(t, options.TLSConfig)
	require.Equal(t, "cache.example:6380/3/user/secret", fmt.Sprintf("%s/%d/%s/%s", options.Addr, options.DB, options.Username, options.Password))
}
