package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/internal/race"
)

// linkEnd is how long a board link is good for after it was revoked at another node.
func linkEnd() time.Duration {
	if race.Enabled {
		return 15 * time.Second // the detector, and other tests, take the machine's time
	}
	return 5 * time.Second
}

// spectator is a live connection by a board link.
type spectator struct {
	t      *testing.T
	name   string
	frames chan string
	ended  chan string // the close code, or the status of the last error
}

// spectate watches a board at a node, by WebSocket or by Server-Sent Events.
func (s *instance) spectate(id, token, over string) *spectator {
	w := &spectator{t: s.t, name: over + " of " + id + " at " + s.url, frames: make(chan string, 100), ended: make(chan string, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan struct{})
	s.t.Cleanup(func() { cancel(); <-gone })
	go func() {
		defer close(gone)
		if over == "WebSocket" {
			w.ended <- w.readSocket(ctx, strings.Replace(s.url, "http", "ws", 1)+"/ws/leaderboard/"+id+"?token="+token)
		} else {
			w.ended <- w.readEvents(ctx, s.url+"/api/v1/leaderboard/"+id+"/events?token="+token)
		}
	}()
	return w
}

func (w *spectator) readSocket(ctx context.Context, url string) string {
	conn, _, err := websocket.Dial(ctx, url, nil) //nolint:bodyclose // the library has read it
	if err != nil {
		return err.Error()
	}
	defer conn.CloseNow()
	for {
		_, message, err := conn.Read(ctx)
		if err != nil {
			return fmt.Sprint(int(websocket.CloseStatus(err)))
		}
		w.frames <- string(message)
	}
}

func (w *spectator) readEvents(ctx context.Context, url string) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err.Error()
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Sprint(response.StatusCode)
	}
	last := ""
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if data, is := strings.CutPrefix(lines.Text(), "data: "); is {
			w.frames <- data
			last = data
		}
	}
	var problem struct{ Data struct{ Status int } }
	_ = json.Unmarshal([]byte(last), &problem)
	return fmt.Sprint(problem.Data.Status)
}

// expect waits for a frame with some words, and returns it. No frame before it, nor it, may
// have the other words.
func (w *spectator) expect(words string, never ...string) {
	w.t.Helper()
	for deadline := time.After(20 * time.Second); ; {
		select {
		case frame := <-w.frames:
			for _, other := range never {
				require.NotContains(w.t, frame, other, w.name)
			}
			if strings.Contains(frame, words) {
				return
			}
		case why := <-w.ended:
			require.FailNow(w.t, "the connection ended", "%s: %s, before %s", w.name, why, words)
		case <-deadline:
			require.FailNow(w.t, "no such frame came", "%s: %s", w.name, words)
		}
	}
}

// endsWith waits until the connection ends, which it must by a time.
func (w *spectator) endsWith(why string, by time.Time) {
	w.t.Helper()
	select {
	case got := <-w.ended:
		require.Equal(w.t, why, got, w.name)
	case <-time.After(time.Until(by)):
		require.FailNow(w.t, "the connection stays open", w.name)
	}
}

// shared is a board with two links: one is revoked, the other stays.
type shared struct {
	id      string
	link    struct{ ID, Token string }
	other   struct{ ID, Token string }
	watched map[*instance][]*spectator // by the link, over every transport
	stays   *spectator                 // by the other one
}

func (b *shared) make(s *instance) {
	for _, link := range []any{&b.link, &b.other} {
		status, answer := s.call(http.MethodPost, "/api/v1/competitions/"+b.id+"/board-links", operatorToken(s.t), `{"names":"names"}`)
		require.Equal(s.t, http.StatusCreated, status, string(answer))
		require.NoError(s.t, json.Unmarshal(answer, &struct{ Data any }{link}))
	}
}

// read reads the board and the definition by the link.
func (b *shared) read(s *instance, status int) (answers string) {
	s.t.Helper()
	for _, path := range []string{"/api/v1/leaderboard/", "/api/v1/competitions/"} {
		got, answer := s.call(http.MethodGet, path+b.id, b.link.Token, "")
		require.Equal(s.t, status, got, "%s%s at %s: %s", path, b.id, s.url, answer)
		answers += string(answer)
	}
	return answers
}

// everybody calls for every live connection by the links.
func (b *shared) everybody(call func(*spectator)) {
	for _, all := range b.watched {
		for _, w := range all {
			call(w)
		}
	}
	call(b.stays)
}

// TestLinksAreGoodAndEndAtEveryNode: a board link that is made at one node opens the board
// at every node, whichever has it. A board that becomes private is shown as such at both
// at once. When the link is revoked at one node, it ends there at once and at the other
// within 5 seconds, with the connections that came by it, and those by another link stay.
func TestLinksAreGoodAndEndAtEveryNode(t *testing.T) {
	t.Parallel()
	where := newDatabase(t)
	c := startNodes(t, []string{where, where}, "--rate-limit-user", "0")
	a, b := c.at[0].node.Load(), c.at[1].node.Load()
	var boards []*shared
	for everyNodeHas := false; !everyNodeHas; {
		require.Less(t, len(boards), 24, "one node gets all boards")
		board := &shared{id: fmt.Sprintf("board-%d", len(boards)), watched: map[*instance][]*spectator{}}
		boards = append(boards, board)
		a.createSpring(board.id)
		status, answer := a.call(http.MethodPost, "/api/v1/competitions/"+board.id+"/join", tokenOf(t, "ada-1", false), `{"user_name":"Ada Lovelace"}`)
		require.Equal(t, http.StatusOK, status, string(answer))
		everyNodeHas = true
		for _, n := range listNodes(t, where) {
			everyNodeHas = everyNodeHas && n.Boards > 0
		}
	}
	score := func(s *instance, steps int) {
		for _, board := range boards {
			s.syncSteps(board.id, "ada-1", steps)
		}
	}
	score(a, 1000)

	for _, board := range boards {
		board.make(a)
		for _, s := range []*instance{a, b} {
			answers := board.read(s, http.StatusOK)
			require.Contains(t, answers, "Ada Lovelace")
			for _, person := range []string{`"ada-1"`, `"op"`} {
				require.NotContains(t, answers, person, "nobody's id is told, nor who made the competition")
			}
			for _, over := range []string{"WebSocket", "Server-Sent Events"} {
				board.watched[s] = append(board.watched[s], s.spectate(board.id, board.link.Token, over))
			}
		}
		board.stays = b.spectate(board.id, board.other.Token, "WebSocket")
		board.everybody(func(w *spectator) { w.expect("Ada Lovelace", `"ada-1"`) })
	}
	score(b, 2000)
	for _, board := range boards {
		board.everybody(func(w *spectator) { w.expect(`"score":2000`, `"ada-1"`) })
	}

	for _, board := range boards {
		status, answer := a.call(http.MethodPost, "/api/v1/competitions/"+board.id+"/amendments", operatorToken(t), `{"visibility":"private","reason":"it was asked for"}`)
		require.Equal(t, http.StatusOK, status, string(answer))
		for _, s := range []*instance{a, b} {
			answers := board.read(s, http.StatusOK)
			require.Contains(t, answers, `"A. L."`, s.url)
			require.NotContains(t, answers, "Lovelace", s.url)
			status, _ = s.call(http.MethodGet, "/api/v1/leaderboard/"+board.id, tokenOf(t, "stranger", false), "")
			require.Equal(t, http.StatusNotFound, status, s.url)
		}
		board.everybody(func(w *spectator) { w.expect(`"A. L."`, "Lovelace") })
	}

	revoked := make([]time.Time, len(boards))
	for i, board := range boards {
		status, answer := a.call(http.MethodDelete, "/api/v1/competitions/"+board.id+"/board-links/"+board.link.ID, operatorToken(t), "")
		require.Equal(t, http.StatusOK, status, string(answer))
		revoked[i] = time.Now()
		board.read(a, http.StatusUnauthorized)
		atOnce := revoked[i].Add(linkEnd() / 5)
		board.watched[a][0].endsWith("1008", atOnce)
		board.watched[a][1].endsWith("401", atOnce)
	}
	for i, board := range boards {
		by := revoked[i].Add(linkEnd())
		board.watched[b][0].endsWith("1008", by)
		board.watched[b][1].endsWith("401", by)
		t.Logf("%s ended at the other node %v later", board.id, time.Since(revoked[i]).Round(time.Millisecond))
		board.read(b, http.StatusUnauthorized) // the connections look more seldom than requests do
		for _, s := range []*instance{a, b} {
			s.spectate(board.id, board.link.Token, "WebSocket").endsWith("1008", time.Now().Add(linkEnd()))
			s.spectate(board.id, board.link.Token, "Server-Sent Events").endsWith("401", time.Now().Add(linkEnd()))
		}
	}
	score(a, 3000)
	for _, board := range boards {
		board.stays.expect(`"score":3000`, "Lovelace")
	}
	a.stop()
	b.stop()
}
