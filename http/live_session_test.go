package http

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth"
)

func TestASessionConflates(t *testing.T) {
	b := newLiveBench(t)
	session := newLiveSession(b.live, b.nowMillis, &auth.Identity{Caller: competition.Caller{UserID: "u1"}})
	defer session.close()
	var sent []liveMessage
	send := func(f frame) error {
		sent = append(sent, readMessage(t, f.bytes))
		return nil
	}
	deliver := func() []liveMessage {
		sent = nil
		<-session.wake
		require.NoError(t, session.deliver(send))
		return sent
	}
	_, err := session.watch("spring", 10, competition.BoardVersion{})
	require.NoError(t, err)
	require.Equal(t, "leaderboard_update", deliver()[0].Type)

	for n := range int64(10) { // while the client takes nothing
		b.live.change("spring", score(1000+n))
	}
	got := deliver()
	require.Len(t, got, 1, "ten changes are one update")
	require.Equal(t, "score_update", got[0].Type)
	require.InDelta(t, 7, got[0].Data["previous_version"], 0)
	require.InDelta(t, 17, got[0].Data["version"], 0)
	require.Equal(t, "u1", users(t, got[0].Data["changes"]))

	for n := range int64(competition.HistoryLength + 1) {
		b.live.change("spring", score(n))
	}
	got = deliver()
	require.Len(t, got, 1)
	require.Equal(t, "leaderboard_update", got[0].Type, "what the client has is forgotten")
	require.InDelta(t, 17+competition.HistoryLength+1, got[0].Data["version"], 0)

	b.live.change("spring", func(board *competition.Board) { board.Status = competition.Finalizing })
	b.live.change("spring", func(board *competition.Board) { board.Status = competition.Active })
	require.Len(t, deliver(), 1, "a status that came and went is no news")
	require.Empty(t, session.wake, "and nothing more is to come")
}

func TestSubscribersShareEncodings(t *testing.T) {
	b := newLiveBench(t)
	var frames []frame
	for range 2 {
		session := newLiveSession(b.live, b.nowMillis, &auth.Identity{Caller: competition.Caller{UserID: "u1"}})
		t.Cleanup(session.close)
		_, err := session.watch("spring", 10, competition.BoardVersion{})
		require.NoError(t, err)
		require.NoError(t, session.deliver(func(f frame) error {
			frames = append(frames, f)
			return nil
		}))
	}
	require.Len(t, frames, 2)
	require.Same(t, frames[0].shared, frames[1].shared)
}

// tight is a listener whose connections take little at a time, so that a reader
// who stalls is felt.
type tight struct{ net.Listener }

func (l tight) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if sizes, ok := conn.(interface{ SetWriteBuffer(int) error }); ok && err == nil {
		err = sizes.SetWriteBuffer(4 << 10)
	}
	return conn, err
}

func TestAStalledReaderEndsOnTheLatest(t *testing.T) {
	const changes, size = 3000, 100
	b := newLiveBench(t)
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- b.Serve(tight{inner}) }()
	t.Cleanup(func() {
		require.NoError(t, b.Shutdown(context.WithoutCancel(t.Context())))
		require.NoError(t, <-served)
	})
	b.address = inner.Addr().String()
	name := strings.Repeat("name ", 20)
	b.live.change("long", func(board *competition.Board) {
		for rank := 1; rank <= size; rank++ {
			e := place(fmt.Sprint("u", rank), int64(10_000-rank), rank)
			e.UserName = name
			board.Entries = append(board.Entries, e)
		}
		board.Total = size
	})
	r := b.open(t, "/ws/leaderboard/long")

	random := rand.New(rand.NewPCG(1, 2))
	final := map[string]float64{}
	for range changes { // a frame is up to 30 KB; nobody reads one yet
		b.live.change("long", func(board *competition.Board) {
			random.Shuffle(size, func(i, j int) {
				board.Entries[i], board.Entries[j] = board.Entries[j], board.Entries[i]
			})
			for i := range board.Entries {
				board.Entries[i].Rank = i + 1
				final[board.Entries[i].UserID] = float64(i + 1)
			}
		})
	}

	ranks, version, frames := map[string]float64{}, 0.0, 0
	for version < changes+1 {
		m := r.message()
		switch m.Type {
		case "leaderboard_update":
			clear(ranks)
			put(t, ranks, m.Data["entries"])
		case "score_update":
			require.InDelta(t, version, m.Data["previous_version"], 0)
			require.Empty(t, m.Data["removed"])
			put(t, ranks, m.Data["changes"])
		default:
			continue
		}
		frames++
		version, _ = m.Data["version"].(float64)
	}
	require.Equal(t, final, ranks)
	require.Less(t, frames, changes/2, "a reader that stalls gets fewer updates")
	r.quiet()
	t.Logf("%d changes came as %d frames", changes, frames)
}

func put(tb testing.TB, ranks map[string]float64, list any) {
	tb.Helper()
	entries, ok := list.([]any)
	require.True(tb, ok)
	for _, item := range entries {
		entry, ok := item.(map[string]any)
		require.True(tb, ok)
		user, _ := entry["user_id"].(string)
		ranks[user], _ = entry["rank"].(float64)
	}
}

// A client that takes nothing must not hold a stopping server up for longer
// than a write may take.
func TestShutdownDoesNotWaitForClientsThatAreGone(t *testing.T) {
	b := newLiveServer(t)
	r := b.watching(t, "")
	r.expect("leaderboard_update")
	began := time.Now()
	require.NoError(t, b.Shutdown(context.WithoutCancel(t.Context()))) // and r is silent
	require.Less(t, time.Since(began), writeDeadline)
	_, err := io.ReadAll(r.conn)
	require.NoError(t, err)
}
