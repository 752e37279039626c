package main

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// TestFairPlayIsSeenLive: an exclusion and its end reach a watching participant
// as every other change does, and what was synced meanwhile is there at once.
func TestFairPlayIsSeenLive(t *testing.T) {
	t.Parallel()
	onEveryStore(t, testFairPlay)
}

func testFairPlay(t *testing.T, where string) {
	t.Helper()
	s := startServer(t, where)
	s.createSpring("fair")
	op, ann := operatorToken(t), tokenOf(t, "ann", false)
	sync := func(user string, steps int64) []byte {
		status, body := s.call("POST", "/api/v1/fitness/sync", op, report{user: user, source: "watch", day: "2026-11-02", steps: steps}.body("fair"))
		require.Equal(t, 200, status, string(body))
		return body
	}
	decide := func(method, path, body string) {
		t.Helper()
		status, answer := s.call(method, "/api/v1/competitions/fair/participants/ann/"+path, op, body)
		require.Equal(t, 200, status, string(answer))
	}
	sync("ann", 5000)
	sync("bob", 4000)

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	w := &watcher{url: s.url, competitionID: "fair", token: ann, limit: 10}
	conn, err := w.connect(ctx)
	require.NoError(t, err)
	defer conn.CloseNow()
	standings := watchUntil(ctx, t, w, conn, 2)
	require.Equal(t, []string{"1"}, standings)

	decide("POST", "exclude", `{"reason":"a car"}`)
	standings = watchUntil(ctx, t, w, conn, 1)
	require.Equal(t, []string{"removed"}, standings)
	require.Equal(t, []livePlace{{"bob", 4000, 1}}, w.board.places)
	require.Contains(t, string(sync("ann", 7000)), `"score":7000,"rank":0,"total_count":1`)

	decide("POST", "restore", `{"reason":"no car"}`)
	standings = watchUntil(ctx, t, w, conn, 2)
	require.Equal(t, []string{"1"}, standings)
	require.Equal(t, []livePlace{{"ann", 7000, 1}, {"bob", 4000, 2}}, w.board.places)

	decide("PUT", "days/2026-11-02", `{"steps":1000,"reason":"a bus"}`)
	for len(w.board.places) == 0 || w.board.places[0].UserID != "bob" {
		readFrame(ctx, t, w, conn)
	}
	require.Equal(t, []livePlace{{"bob", 4000, 1}, {"ann", 1000, 2}}, w.board.places)

	const path = "/api/v1/competitions/fair/participants/ann/explanation"
	status, before := s.call("GET", path, ann, "")
	require.Equal(t, 200, status)
	require.Contains(t, string(before), `"correction":{"reason":"a bus"}`)
	s.stop()
	s = startServer(t, where)
	_, after := s.call("GET", path, ann, "")
	require.JSONEq(t, string(before), string(after), "the same after a restart, from a snapshot")
	_, audit := s.call("GET", "/api/v1/audit", op, "")
	require.Contains(t, string(audit), `"correctDay"`)
	s.stop()
}

// watchUntil applies frames until so many are on the board and the own standing
// has come, and returns the standings: the rank, or that it was removed.
func watchUntil(ctx context.Context, t *testing.T, w *watcher, conn *websocket.Conn, total int) (standings []string) {
	t.Helper()
	for w.board.total != total || standings == nil {
		if standing := readFrame(ctx, t, w, conn); standing != "" {
			standings = append(standings, standing)
		}
	}
	return standings
}

// readFrame applies one frame; standing is what it says if it is one.
func readFrame(ctx context.Context, t *testing.T, w *watcher, conn *websocket.Conn) (standing string) {
	t.Helper()
	_, message, err := conn.Read(ctx)
	require.NoError(t, err)
	var f struct {
		liveFrame
		Data struct {
			Removed any `json:"removed"`
			Rank    int `json:"rank"`
		} `json:"data"`
	}
	require.NoError(t, json.Unmarshal(message, &f))
	if f.Type == "standing" {
		if f.Data.Removed == true {
			return "removed"
		}
		return string(rune('0' + f.Data.Rank))
	}
	var board liveFrame
	require.NoError(t, json.Unmarshal(message, &board))
	require.NoError(t, w.board.apply(board, w.limit))
	return ""
}
