package http

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// liveEngine is the fake engine with boards that change while they are watched.
type liveEngine struct {
	*fakeEngine

	mu       sync.Mutex
	boards   map[string]*competition.Update
	refusals map[string]error // what Subscribe says of a competition
	watching map[*competition.Subscription]struct{}
	standing map[string]competition.Entry // the users' own places, by user
	left     chan string                  // ids that Unsubscribe was called with
	private  map[string]bool              // competitions that operators alone may see
}

// liveBench is a server over a live engine with the fake's "spring", at version
// 7; it listens at address if newLiveServer made it.
type liveBench struct {
	*bench
	live    *liveEngine
	address string
}

func newLiveBench(tb testing.TB, change ...func(*Options)) *liveBench {
	tb.Helper()
	live := &liveEngine{
		fakeEngine: newFakeEngine(), boards: map[string]*competition.Update{}, refusals: map[string]error{},
		watching: map[*competition.Subscription]struct{}{}, standing: map[string]competition.Entry{},
		left: make(chan string, 1000), private: map[string]bool{},
	}
	live.boards["spring"] = competition.NextUpdate(nil, live.top)
	live.refusals["secret"] = competition.ErrUnknownCompetition
	b := newBench(tb, append([]func(*Options){func(o *Options) { o.Engine = live }}, change...)...)
	return &liveBench{bench: b, live: live}
}

// newLiveServer is a live bench on a real socket.
func newLiveServer(tb testing.TB, change ...func(*Options)) *liveBench {
	tb.Helper()
	b := newLiveBench(tb, change...)
	b.address = listening(tb, b.bench)
	return b
}

// Subscribe gives the latest board, and keeps the subscription.
func (e *liveEngine) Subscribe(s *competition.Subscription, caller competition.Caller) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.private[s.CompetitionID] && !caller.Operator {
		return competition.ErrForbidden
	}
	if err := e.refusals[s.CompetitionID]; err != nil {
		return err
	}
	update := e.boards[s.CompetitionID]
	if update == nil {
		return competition.ErrUnknownCompetition
	}
	e.watching[s] = struct{}{}
	e.put(s, update)
	return nil
}

// Unsubscribe forgets the subscription.
func (e *liveEngine) Unsubscribe(s *competition.Subscription) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.watching, s)
	e.left <- s.CompetitionID
}

func (e *liveEngine) put(s *competition.Subscription, update *competition.Update) {
	entry, onBoard := e.standing[s.UserID]
	s.PutStanding(entry, onBoard)
	s.Put(update)
}

// change makes the next version of a competition's board; a new competition
// begins at version 1.
func (e *liveEngine) change(id string, edit func(*competition.Board)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	previous := e.boards[id]
	board := competition.Board{CompetitionID: id, Status: competition.Active, Epoch: 0xa0b1c2d3}
	if previous != nil {
		board = previous.Board
		board.Entries = slices.Clone(board.Entries)
	}
	board.Version++
	edit(&board)
	e.boards[id] = competition.NextUpdate(previous, &competition.Published{Board: board})
	for s := range e.watching {
		if s.CompetitionID == id {
			e.put(s, e.boards[id])
		}
	}
}

// revoke takes away everybody's right to look.
func (e *liveEngine) revoke(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for s := range e.watching {
		if s.CompetitionID == id {
			s.Revoke()
		}
	}
}

// score is a change that gives the leader another score.
func score(n int64) func(*competition.Board) {
	return func(b *competition.Board) { b.Entries[0].Score = n }
}

// stand changes a user's own place, which is below the board's top.
func (e *liveEngine) stand(user string, rank int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if rank == 0 {
		delete(e.standing, user)
		return
	}
	e.standing[user] = competition.Entry{UserID: user, Rank: rank, UpdatedAt: atStart}
}

// place is a place of a board, as a client keeps it.
func place(user string, score int64, rank int) competition.Entry {
	return competition.Entry{UserID: user, Score: score, Rank: rank, UpdatedAt: atStart}
}

// open opens a socket for u1.
func (b *liveBench) open(tb testing.TB, target string, fields ...string) *rawSocket {
	tb.Helper()
	return upgraded(tb, b.address, target, append(fields, "Sec-WebSocket-Protocol: bearer."+authtest.User(tb, "u1"))...)
}

// watching opens a socket on spring, and reads its first two frames.
func (b *liveBench) watching(tb testing.TB, query string) *rawSocket {
	tb.Helper()
	r := b.open(tb, "/ws/leaderboard/spring"+query)
	require.Equal(tb, "connected", r.message().Type)
	return r
}

// say sends a frame of the live protocol; data is JSON.
func (r *rawSocket) say(messageType, data string) {
	r.text(fmt.Sprintf(`{"type":%q,"data":%s}`, messageType, data))
}

// quiet insists that nothing was on its way but the answer to a ping.
func (r *rawSocket) quiet() {
	r.tb.Helper()
	r.text(ping(0))
	require.Equal(r.tb, "pong", r.message().Type)
}

// users are the user ids of a list of entries.
func users(tb testing.TB, list any) string {
	tb.Helper()
	entries, ok := list.([]any)
	require.True(tb, ok, "%T", list)
	ids := []string{}
	for _, item := range entries {
		entry, ok := item.(map[string]any)
		require.True(tb, ok, "%T", item)
		id, ok := entry["user_id"].(string)
		require.True(tb, ok)
		ids = append(ids, id)
	}
	return strings.Join(ids, " ")
}

// keys are the names of a frame's fields.
func keys(m map[string]any) []string {
	names := []string{}
	for name := range m {
		names = append(names, name)
	}
	return names
}
