package redis

import (
	"fmt"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/testservers"
)

// boards draws a board for each id, and returns the writes that go on from them.
func boards(t *testing.T, m *Mirror, ids ...string) (next []competition.MirrorWrite) {
	t.Helper()
	var first []competition.MirrorWrite
	for _, id := range ids {
		d := draft("d", "", "whole", &competition.MirrorShow{Force: true, Mark: "1-a"}, on("ann", 1, 1), on("bob", 2, 2))
		u := update("1-a", "2-b", on("ann", 3, 1), off("bob"))
		d.CompetitionID, u.CompetitionID = id, id
		first, next = append(first, d), append(next, u)
	}
	written, err := m.Write(t.Context(), first)
	require.NoError(t, err)
	for i := range first {
		require.NoError(t, written.Errs[i], ids[i])
	}
	return next
}

func TestARedisCluster(t *testing.T) {
	servers := testservers.RedisCluster(t)
	through := fmt.Sprintf("redis+cluster://127.0.0.1:%d?prefix=p:&addr=127.0.0.1:%d", servers[0].Port, servers[1].Port)
	m, err := Open(Options{URL: through, Timeout: 2 * time.Second})
	require.NoError(t, err)
	defer func() { require.NoError(t, m.Close()) }()
	ids := make([]string, 40)
	for i := range ids {
		ids[i] = fmt.Sprintf("c%d", i)
	}
	next := boards(t, m, ids...)
	found, err := m.Look(t.Context(), ids)
	require.NoError(t, err)
	for _, f := range found {
		require.Equal(t, competition.Mirrored{Mark: "1-a", Stored: "1-a:2"}, f)
	}

	// A service asks any server of it, and hears of changes on the channel that it
	// always had.
	client := goredis.NewClient(&goredis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", servers[2].Port), Protocol: 2})
	defer client.Close()
	listener := client.Subscribe(t.Context(), "p:leaderboard:c7")
	defer listener.Close()
	_, err = listener.Receive(t.Context())
	require.NoError(t, err)
	written, err := m.Write(t.Context(), next)
	require.NoError(t, err)
	for i := range next {
		require.NoError(t, written.Errs[i], ids[i])
	}
	require.Equal(t, "removed", receive(t, listener)["type"])
	require.Equal(t, "ann", receive(t, listener)["user_id"])
	on := map[int]int{} // boards by server
	for i, s := range servers {
		one := goredis.NewClient(&goredis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", s.Port), Protocol: 2})
		keys, err := one.Keys(t.Context(), "p:leaderboard:{c*}").Result()
		require.NoError(t, err)
		on[i] = len(keys)
		require.NoError(t, one.Close())
	}
	require.Equal(t, 40, on[0]+on[1]+on[2])
	require.NotZero(t, min(on[0], on[1], on[2]), "on all servers: %v", on)
	members := map[string]float64{}
	require.NoError(t, m.Members(t.Context(), "c7", func(user string, score float64) error { members[user] = score; return nil }))
	require.Equal(t, map[string]float64{"ann": 3}, members)
}

func TestARedisBehindSentinels(t *testing.T) {
	first, second, sentinel := testservers.RedisSentinel(t)
	m, err := Open(Options{URL: sentinel.URL() + "&prefix=p:", Timeout: 500 * time.Millisecond})
	require.NoError(t, err)
	defer func() { require.NoError(t, m.Close()) }()
	next := boards(t, m, "spring")
	client := goredis.NewClient(&goredis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", second.Port), Protocol: 2})
	defer client.Close()
	require.Eventually(t, func() bool {
		mark, _ := client.Get(t.Context(), "p:paceboard:mark:spring").Result()
		return mark == "1-a:2"
	}, 10*time.Second, 10*time.Millisecond, "keys keep their names")

	first.Kill()
	deadline := time.Now().Add(30 * time.Second)
	for {
		written, err := m.Write(t.Context(), next)
		if err == nil {
			require.NoError(t, written.Errs[0])
			break
		}
		require.True(t, time.Now().Before(deadline), "not promoted in time: %v", err)
		<-time.After(50 * time.Millisecond)
	}
	mark, err := client.Get(t.Context(), "p:paceboard:mark:spring").Result()
	require.NoError(t, err)
	require.Equal(t, "2-b:1", mark, "on the server that was promoted")
}

func TestURLsOfSeveralServers(t *testing.T) {
	for url, sharded := range map[string]bool{
		"redis://h/0": false, "rediss://:p@h:1/2": false, "redis+sentinel://h:26379/0?master_name=m&addr=h2:26379": false,
		"redis://h?master_name=m": false, "redis://h?addr=h2:6379": true, "rediss+cluster://u:p@h": true,
	} {
		m, err := Open(Options{URL: url})
		require.NoError(t, err, url)
		require.Equal(t, sharded, m.sharded, url)
		require.Equal(t, sharded, strings.Contains(m.board("spring"), "{spring}"), url)
		require.NoError(t, m.Close())
	}
	for _, url := range []string{"redis+sentinel://h", "redis+other://h", "http+cluster://h", "redis+cluster://h?addr=nonsense"} {
		_, err := Open(Options{URL: url})
		require.ErrorIs(t, err, ErrURL, url)
	}
}
