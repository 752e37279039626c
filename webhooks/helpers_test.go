package webhooks

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/sender"
	"github.com/paceboard/paceboard/persistence/memory"
	"github.com/paceboard/paceboard/persistence/porttest"
)

var operator = competition.Caller{UserID: "op", Operator: true}

// bench is a store with competitions, receivers, and a service that sends. It runs in a
// bubble, so that days pass at once.
type bench struct {
	t     *testing.T
	store competition.Store
	games map[string]*porttest.Game

	playing sync.RWMutex // held while something happens in a game, or a feed is read

	mu    sync.Mutex
	taken map[string][]competition.PublicEvent // by URL, in the order in which receivers took them
	tries map[string]int                       // by URL
	at    map[string][]time.Time
	// answer says what a receiver makes of a message; nil takes all.
	answer func(url string, e *competition.PublicEvent, header http.Header, body []byte) error
	// unread, if set, is why feeds cannot be read.
	unread error
}

// inBubble runs a test on a bench.
func inBubble(t *testing.T, test func(t *testing.T, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store, err := memory.Open(t.Context())
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		test(t, &bench{t: t, store: store, games: map[string]*porttest.Game{}, taken: map[string][]competition.PublicEvent{}, tries: map[string]int{}, at: map[string][]time.Time{}})
	})
}

// start begins to send.
func (b *bench) start(change ...func(*Options)) *Service {
	b.t.Helper()
	o := Options{Store: b.store, Events: b.events, post: b.post}
	for _, f := range change {
		f(&o)
	}
	s := Start(o)
	b.t.Cleanup(s.Stop)
	return s
}

// game is a competition, made by creator.
func (b *bench) game(id string) *porttest.Game {
	b.t.Helper()
	if b.games[id] == nil {
		g, err := porttest.Begin(b.t.Context(), b.store, id)
		require.NoError(b.t, err)
		b.mu.Lock()
		b.games[id] = g
		b.mu.Unlock()
	}
	return b.games[id]
}

// join has users join a competition, each in a commit.
func (b *bench) join(id string, users ...string) {
	b.t.Helper()
	for _, user := range users {
		b.play(id, func(g *porttest.Game) error { return g.Join(user, "Name of "+user) })
	}
}

// play has something happen in a competition.
func (b *bench) play(id string, what func(*porttest.Game) error) {
	b.t.Helper()
	g := b.game(id)
	b.playing.Lock()
	defer b.playing.Unlock()
	require.NoError(b.t, what(g))
	require.NoError(b.t, g.Commit(b.t.Context()))
}

// events reads a feed, as the engine does.
func (b *bench) events(id string, caller competition.Caller, after competition.FeedPlace, limit int) (page competition.EventsPage, err error) {
	ctx := context.Background()
	b.playing.RLock()
	defer b.playing.RUnlock()
	b.mu.Lock()
	g, unread := b.games[id], b.unread
	b.mu.Unlock()
	if unread != nil {
		return page, unread
	}
	if g == nil {
		return page, competition.ErrUnknownCompetition
	}
	end, err := g.C.FeedEnd(caller)
	if err != nil {
		return page, err
	}
	if err := end.Check(after); err != nil {
		return page, err
	}
	feed, upTo := competition.NewFeed(&end.Summary, caller.Operator), min(end.Seq, after.Version+20)
	full := fmt.Errorf("full")
	page.Next = competition.FeedPlace{Version: upTo, Epoch: end.Epoch}
	err = b.store.ReadEvents(ctx, id, after.Version, upTo, func(record []byte) error {
		if feed.Len() == limit {
			return full
		}
		page.Next.Version, _ = competition.SeqOf(record)
		return feed.Add(record)
	})
	if err == nil {
		page.Next.Version = upTo
	} else if err != full { //nolint:errorlint // it is that one
		return page, err
	}
	page.More = page.Next.Version < end.Seq
	identities, err := b.store.IdentitiesOf(ctx, id, feed.Numbers())
	page.Events = feed.Events(identities)
	return page, err
}

// post is the network.
func (b *bench) post(_ context.Context, url string, header http.Header, body []byte) error {
	var e competition.PublicEvent
	if err := json.Unmarshal(body, &e); err != nil {
		return err
	}
	b.mu.Lock()
	b.tries[url]++
	b.at[url] = append(b.at[url], time.Now())
	answer := b.answer
	b.mu.Unlock()
	if answer != nil {
		if err := answer(url, &e, header, body); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken[url] = append(b.taken[url], e)
	return nil
}

func answers(status int) func(string, *competition.PublicEvent, http.Header, []byte) error {
	return func(string, *competition.PublicEvent, http.Header, []byte) error {
		return &sender.StatusError{Status: status}
	}
}

func (b *bench) setAnswer(answer func(string, *competition.PublicEvent, http.Header, []byte) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = answer
}

// users are whose joining a receiver has been told of, of one competition.
func (b *bench) users(url, competitionID string) (users []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.taken[url] {
		if e.CompetitionID == competitionID && e.Type == "participant.joined" {
			users = append(users, e.Data.UserID)
		}
	}
	return users
}

func (b *bench) tried(url string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tries[url]
}

// requireOrder requires that the first time a receiver took each event of a competition
// all before it had been taken.
func (b *bench) requireOrder(url string) {
	b.t.Helper()
	last := map[string]uint64{}
	seen := map[string]bool{}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.taken[url] {
		if seen[e.ID] {
			continue
		}
		seen[e.ID] = true
		require.Greater(b.t, e.Seq, last[e.CompetitionID], "%s: event %d of %s came after %d", url, e.Seq, e.CompetitionID, last[e.CompetitionID])
		last[e.CompetitionID] = e.Seq
	}
}

// pass lets time pass, and what is to happen in it.
func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // the bubble's
	synctest.Wait()
}

// hook makes an endpoint that is sent all events, for all competitions or one.
func (b *bench) hook(s *Service, caller competition.Caller, competitionID, url string) competition.Webhook {
	b.t.Helper()
	w, err := s.Create(caller, competitionID, url, true)
	require.NoError(b.t, err)
	return w
}

func (b *bench) found(s *Service, id string) competition.Webhook {
	b.t.Helper()
	w, err := s.Find(operator, id)
	require.NoError(b.t, err)
	return w
}

func namesOf(n int) (users []string) {
	for i := range n {
		users = append(users, fmt.Sprintf("user-%03d", i))
	}
	return slices.Clip(users)
}

// seldom has a service look for new events every 30 seconds, so that days pass fast.
func seldom(o *Options) { o.Every = 30 * time.Second }
