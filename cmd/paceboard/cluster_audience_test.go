package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// audience are the subscribers, and what they have seen.
type audience struct {
	t     *testing.T
	nodes *nodes
	crowd *clusterCrowd

	all     []*subscriber
	stop    context.CancelFunc
	running sync.WaitGroup

	frames, deltas, returns, wholes atomic.Int64

	mu     sync.Mutex
	boards map[string]liveBoard // by competition and version, as the first subscriber had it
	wrong  []string
}

// subscriber is a client that knows what the documentation says. It trusts the server to
// end connections that it cannot serve any more: it never hangs up because it hears
// nothing.
type subscriber struct {
	*audience
	number        int
	competitionID string
	token         string

	mu    sync.Mutex
	board liveBoard
	epoch string
}

func (a *audience) run(subscribers int) {
	ctx, stop := context.WithCancel(context.Background())
	a.stop = stop
	a.t.Cleanup(func() { stop(); a.running.Wait() })
	for n := range subscribers {
		s := &subscriber{
			audience: a, number: n, competitionID: a.crowd.competitions[n%len(a.crowd.competitions)],
			token: tokenOf(a.t, fmt.Sprintf("viewer-%03d", n), false),
		}
		a.all = append(a.all, s)
		a.running.Go(func() { s.follow(ctx) })
	}
}

// connected waits until every subscriber has a board.
func (a *audience) connected() {
	a.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for _, s := range a.all {
		for s.since() == "" {
			require.True(a.t, time.Now().Before(deadline), "subscriber %d has no board yet", s.number)
			<-time.After(10 * time.Millisecond)
		}
	}
}

// follow connects to one node after another until ctx ends.
func (s *subscriber) follow(ctx context.Context) {
	for try := s.number; ctx.Err() == nil; try++ {
		node := s.nodes.at[try%len(s.nodes.at)].node.Load()
		if s.number%6 == 5 {
			s.readEvents(ctx, node)
		} else {
			s.readSocket(ctx, node)
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// since is what the subscriber has, as it says when it comes back; empty for nothing.
func (s *subscriber) since() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.board.version == 0 {
		return ""
	}
	return fmt.Sprintf("%d.%s", s.board.version, s.epoch)
}

func (s *subscriber) readSocket(ctx context.Context, node *instance) {
	url := fmt.Sprintf("%s/ws/leaderboard/%s?limit=%d", strings.Replace(node.url, "http", "ws", 1), s.competitionID, liveLimit)
	since := s.since()
	if since != "" {
		url += "&since=" + since
	}
	conn, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{Subprotocols: []string{"bearer." + s.token}}) //nolint:bodyclose // the library has read it
	if err != nil {
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(1 << 20)
	for first := true; ; {
		_, message, err := conn.Read(ctx)
		if err != nil {
			return
		}
		first = s.take(message, first, since != "")
	}
}

func (s *subscriber) readEvents(ctx context.Context, node *instance) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/api/v1/leaderboard/%s/events?limit=%d", node.url, s.competitionID, liveLimit), http.NoBody)
	if err != nil {
		s.fault("%v", err)
		return
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	since := s.since()
	if since != "" {
		request.Header.Set("Last-Event-ID", since)
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for first := true; lines.Scan(); {
		if data, is := strings.CutPrefix(lines.Text(), "data:"); is {
			first = s.take([]byte(strings.TrimSpace(data)), first, since != "")
		}
	}
}

// take applies a frame. first is whether the connection has brought nothing of the board
// yet, and is returned for the next frame.
func (s *subscriber) take(message []byte, first, returns bool) bool {
	var f liveFrame
	var connected struct{ Data struct{ Epoch string } }
	if err := json.Unmarshal(message, &f); err != nil {
		s.fault("%v in %s", err, message)
		return first
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch f.Type {
	case "connected":
		if err := json.Unmarshal(message, &connected); err != nil || connected.Data.Epoch == "" || s.epoch != "" && s.epoch != connected.Data.Epoch {
			s.fault("the epoch was %q and is another one: %s", s.epoch, message)
		}
		s.epoch = connected.Data.Epoch
		if returns {
			s.returns.Add(1)
		}
		return first
	case "leaderboard_update":
		if first && returns {
			s.wholes.Add(1)
		}
	case "score_update":
		s.deltas.Add(1)
	default:
		return first
	}
	s.frames.Add(1)
	if f.Data.Version < s.board.version {
		s.fault("subscriber %d of %s was at version %d and is sent back to %d", s.number, s.competitionID, s.board.version, f.Data.Version)
	}
	if err := s.board.apply(f, liveLimit); err != nil {
		s.fault("subscriber %d of %s: %v", s.number, s.competitionID, err)
	}
	s.compare(s.competitionID, s.board)
	return false
}

// compare holds a board against what others have had of its version.
func (a *audience) compare(competitionID string, b liveBoard) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := fmt.Sprintf("%s %d", competitionID, b.version)
	known, seen := a.boards[key]
	switch {
	case !seen:
		a.boards[key] = b
	case known.total != b.total || !slices.Equal(known.places, b.places):
		a.wrong = append(a.wrong, fmt.Sprintf("%s is %v to one and %v to another", key, known, b))
	}
}

func (a *audience) fault(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wrong = append(a.wrong, fmt.Sprintf(format, args...))
}

// settle waits until every subscriber has the boards that the nodes now show, which no
// longer change, and looks at what was wrong.
func (a *audience) settle() {
	a.t.Helper()
	final := map[string]liveBoard{}
	for _, id := range a.crowd.competitions {
		final[id] = a.readAll(id)
		a.compare(id, final[id])
	}
	deadline := time.Now().Add(20 * time.Second) // a server that hears nothing from another ends its sockets within 5 s
	var stale []string
	for _, s := range a.all {
		for !s.has(final[s.competitionID]) && time.Now().Before(deadline) {
			<-time.After(20 * time.Millisecond)
		}
		if !s.has(final[s.competitionID]) {
			s.mu.Lock()
			stale = append(stale, fmt.Sprintf("subscriber %d of %s has %v, and it is %v", s.number, s.competitionID, s.board, final[s.competitionID]))
			s.mu.Unlock()
		}
	}
	a.stop()
	a.running.Wait()
	if len(a.wrong) > 0 {
		a.t.Errorf("subscribers noticed %d faults:\n%s", len(a.wrong), strings.Join(a.wrong[:min(len(a.wrong), 5)], "\n"))
	}
	require.Empty(a.t, stale[:min(len(stale), 5)], "%d subscribers are left with an old board", len(stale))
}

func (s *subscriber) has(b liveBoard) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.board.version == b.version && s.board.total == b.total && slices.Equal(s.board.places, b.places)
}

// readAll returns a board, which is the same at every node.
func (a *audience) readAll(id string) (b liveBoard) {
	a.t.Helper()
	for i, p := range a.nodes.at {
		status, answer := p.node.Load().call(http.MethodGet, fmt.Sprintf("/api/v1/leaderboard/%s?limit=%d", id, liveLimit), operatorToken(a.t), "")
		require.Equal(a.t, http.StatusOK, status, string(answer))
		var f liveFrame
		require.NoError(a.t, json.Unmarshal(answer, &f))
		got := liveBoard{version: f.Data.Version, total: f.Data.Total, places: f.Data.Entries}
		if i == 0 {
			b = got
		}
		require.Equal(a.t, b, got)
	}
	return b
}

// TestSubscribersNoticeFaults gives the subscribers of TestClusterStaysLive what a server
// must not send.
func TestSubscribersNoticeFaults(t *testing.T) {
	const (
		first  = `{"type":"leaderboard_update","data":{"version":1,"total_count":2,"entries":[{"user_id":"anna","score":9,"rank":1},{"user_id":"bert","score":5,"rank":2}]}}`
		bert   = `{"type":"score_update","data":{"version":2,"previous_version":1,"total_count":2,"changes":[{"user_id":"bert","score":6,"rank":2}]}}`
		anna   = `{"type":"score_update","data":{"version":3,"previous_version":2,"total_count":2,"changes":[{"user_id":"anna","score":10,"rank":1}]}}`
		both   = `{"type":"score_update","data":{"version":3,"previous_version":1,"total_count":2,"changes":[{"user_id":"anna","score":10,"rank":1},{"user_id":"bert","score":6,"rank":2}]}}`
		third  = `{"type":"leaderboard_update","data":{"version":3,"total_count":2,"entries":[{"user_id":"anna","score":10,"rank":1},{"user_id":"bert","score":6,"rank":2}]}}`
		joined = `{"type":"connected","data":{"epoch":"a"}}`
	)
	for _, test := range []struct {
		name string
		sent [][]string // to each subscriber, one after another
		says string     // "" if all is well
	}{
		{"none", [][]string{{joined, first, bert, anna}, {joined, first, both}, {joined, third}}, ""},
		{"a delta is left out", [][]string{{joined, first, anna}}, "a delta from version 2 came to a client at 1"},
		{"a delta comes twice", [][]string{{joined, first, bert, bert}}, "a delta from version 1 came to a client at 2"},
		{"a delta lacks a change", [][]string{{joined, first, bert, anna}, {joined, first, strings.Replace(anna, `"previous_version":2`, `"previous_version":1`, 1)}}, "to one and"},
		{"a delta has another total", [][]string{{joined, third}, {joined, first, bert, strings.Replace(anna, `"total_count":2`, `"total_count":1`, 1)}}, "to one and"},
		{"a former owner sends what it has", [][]string{{joined, third, first}}, "was at version 3 and is sent back to 1"},
		{"a former owner goes on by itself", [][]string{{joined, first, bert}, {joined, first, strings.Replace(bert, `"score":6`, `"score":7`, 1)}}, "to one and"},
		{"another epoch", [][]string{{joined, first, strings.Replace(joined, `"a"`, `"b"`, 1)}}, "is another one"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := &audience{t: t, boards: map[string]liveBoard{}}
			for n, frames := range test.sent {
				s := &subscriber{audience: a, number: n, competitionID: "board"}
				for _, frame := range frames {
					s.take([]byte(frame), false, false)
				}
			}
			if test.says == "" {
				require.Empty(t, a.wrong)
				return
			}
			require.Len(t, a.wrong, 1)
			require.Contains(t, a.wrong[0], test.says)
		})
	}
}
