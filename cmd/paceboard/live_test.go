package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/persistence/embedded"
)

// place of a live board, as far as it is compared.
type livePlace struct {
	UserID string `json:"user_id"`
	Score  int64  `json:"score"`
	Rank   int    `json:"rank"`
}

// liveFrame is any frame of the live protocol, as far as it is needed here.
type liveFrame struct {
	Type string `json:"type"`
	Data struct {
		Version  uint64      `json:"version"`
		Previous uint64      `json:"previous_version"`
		Entries  []livePlace `json:"entries"`
		Changes  []livePlace `json:"changes"`
		Removed  []string    `json:"removed"`
		Total    int         `json:"total_count"`
		livePlace
	} `json:"data"`
}

// liveBoard is the board that a client pieces together.
type liveBoard struct {
	version uint64
	total   int
	places  []livePlace
}

// apply does what openapi.yaml tells clients to do.
func (b *liveBoard) apply(f liveFrame, limit int) error {
	switch f.Type {
	case "leaderboard_update":
		b.places = f.Data.Entries
	case "score_update":
		if f.Data.Previous != b.version {
			return fmt.Errorf("a delta from version %d came to a client at %d", f.Data.Previous, b.version)
		}
		gone := map[string]bool{}
		for _, user := range f.Data.Removed {
			gone[user] = true
		}
		for _, place := range f.Data.Changes {
			gone[place.UserID] = true
		}
		places := slices.DeleteFunc(slices.Clone(b.places), func(p livePlace) bool { return gone[p.UserID] })
		places = append(places, f.Data.Changes...)
		slices.SortFunc(places, func(a, c livePlace) int { return cmp.Compare(a.Rank, c.Rank) })
		b.places = places[:min(limit, len(places))]
	default:
		return nil
	}
	b.version, b.total = f.Data.Version, f.Data.Total
	return nil
}

// watcher is an independent client that records every board it had.
type watcher struct {
	url, competitionID, token string
	limit                     int
	random                    *rand.Rand
	board                     liveBoard
	seen                      map[uint64]liveBoard
	frames, resumes           int
}

// connect opens a socket, resuming from the board at hand.
func (w *watcher) connect(ctx context.Context) (*websocket.Conn, error) {
	url := fmt.Sprintf("%s/ws/leaderboard/%s?limit=%d&since=%d", strings.Replace(w.url, "http", "ws", 1), w.competitionID, w.limit, w.board.version)
	conn, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{Subprotocols: []string{"bearer." + w.token}}) //nolint:bodyclose // the library has read it
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(1 << 20)
	return conn, nil
}

// follow watches until the board has reached the version that until says, with
// stalls and disconnects on the way.
func (w *watcher) follow(ctx context.Context, until *atomic.Uint64) error {
	for {
		conn, err := w.connect(ctx)
		if err != nil {
			return err
		}
		again, err := w.session(ctx, conn, until)
		if err != nil || !again {
			return err
		}
		w.resumes++
	}
}

func (w *watcher) session(ctx context.Context, conn *websocket.Conn, until *atomic.Uint64) (again bool, err error) {
	defer conn.CloseNow()
	// What came last may be on its way while `until` becomes known.
	for until.Load() == 0 || w.board.version < until.Load() {
		readCtx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
		_, message, err := conn.Read(readCtx)
		cancel()
		if err != nil {
			if ctx.Err() != nil {
				return false, ctx.Err()
			}
			return true, nil // silence, or a cut: come again
		}
		var f liveFrame
		if err := json.Unmarshal(message, &f); err != nil {
			return false, err
		}
		if err := w.board.apply(f, w.limit); err != nil {
			return false, err
		}
		w.frames++
		w.seen[w.board.version] = w.board
		switch n := w.random.IntN(100); {
		case n < 2:
			return true, nil // a cut
		case n < 8:
			time.Sleep(time.Duration(w.random.IntN(400)) * time.Millisecond) //nolint:forbidigo // a reader that stalls is what is tested
		}
	}
	return false, nil
}

// oracle replays a journal naively and returns the board at each version.
func oracle(t *testing.T, dir, competitionID string, limit int) map[uint64]liveBoard {
	t.Helper()
	ctx := t.Context()
	store, err := embedded.Open(ctx, embedded.Options{Dir: dir})
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	names := map[uint32]string{}
	require.NoError(t, store.ReadIdentities(ctx, competitionID, func(i competition.Identity) error {
		names[i.Number] = i.UserID
		return nil
	}))
	type key struct {
		number uint32
		day    calendar.Day
		source uint32
	}
	steps := map[key]int64{} // the test's reports have no recorded_at: maxima
	scores := map[uint32]int64{}
	reached := map[uint32]uint64{}
	boards := map[uint64]liveBoard{}
	chain := competition.NewChain(competitionID)
	require.NoError(t, store.Read(ctx, competitionID, 0, func(records []byte) error {
		for len(records) > 0 {
			var e competition.Event
			var err error
			if e, records, err = chain.Next(records); err != nil {
				return err
			}
			switch d := e.Detail.(type) {
			case nil:
				r := e.Sync.Register
				k := key{e.Sync.Number, r.Day, r.Source}
				before := steps[k]
				steps[k] = max(before, r.Metrics.Steps)
				if grown := steps[k] - before; grown > 0 { // one source: the day's value is the register's
					scores[e.Sync.Number] += grown
					reached[e.Sync.Number] = e.Seq
				}
			case *competition.ParticipantEnrolled:
				scores[d.Number], reached[d.Number] = 0, e.Seq
			default:
			}
			boards[e.Seq] = naiveBoard(e.Seq, names, scores, reached, limit)
		}
		return nil
	}))
	return boards
}

func naiveBoard(version uint64, names map[uint32]string, scores map[uint32]int64, reached map[uint32]uint64, limit int) liveBoard {
	numbers := make([]uint32, 0, len(scores))
	for number := range scores {
		numbers = append(numbers, number)
	}
	slices.SortFunc(numbers, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(reached[a], reached[b]))
	})
	b := liveBoard{version: version, total: len(numbers), places: []livePlace{}}
	for i, number := range numbers[:min(limit, len(numbers))] {
		b.places = append(b.places, livePlace{UserID: names[number], Score: scores[number], Rank: i + 1})
	}
	return b
}

// TestLiveBoardsAreExactAtEveryVersion has independent clients, which stall and
// lose their connections, follow 12,000 syncs, or 50,000 with SOAK, and holds every board that any of
// them ever had against the journal.
func TestLiveBoardsAreExactAtEveryVersion(t *testing.T) {
	inParallel(t)
	const users, batch, posters = 150, 100, 4
	syncs := 12_000
	if soak(t) > 0 {
		syncs = 50_000
	}
	dir := t.TempDir()
	s := startServer(t, dir)
	s.createSpring("live")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()

	var until atomic.Uint64
	var watching sync.WaitGroup
	var watchers []*watcher
	for i := range 12 {
		w := &watcher{
			url: s.url, competitionID: "live", token: tokenOf(t, fmt.Sprintf("user-%03d", i), false), limit: []int{10, 25, 50, 100}[i%4],
			random: rand.New(rand.NewPCG(7, uint64(i))), seen: map[uint64]liveBoard{},
		}
		watchers = append(watchers, w)
		watching.Go(func() {
			if err := w.follow(ctx, &until); err != nil {
				t.Errorf("watcher %d: %v", i, err)
			}
		})
	}
	var posting sync.WaitGroup
	for p := range posters {
		posting.Go(func() {
			postRandomBatches(t, s.url, "live", rand.New(rand.NewPCG(8, uint64(p))), syncs/batch/posters, batch, users)
		})
	}
	posting.Wait()
	final := s.readBoard("live", 100)
	until.Store(final.Data.Version)
	watching.Wait()
	s.stop()
	if t.Failed() {
		return
	}

	boards := oracle(t, dir, "live", 100)
	compared, frames, resumes := 0, 0, 0
	for i, w := range watchers {
		require.Equal(t, final.Data.Version, w.board.version, "watcher %d did not end on the latest", i)
		require.Equal(t, final.Data.Total, w.board.total)
		for version, seen := range w.seen {
			if version == 0 {
				continue // nothing received yet but a greeting
			}
			want := boards[version]
			want.places = want.places[:min(w.limit, len(want.places))]
			require.Equal(t, want, seen, "watcher %d, version %d", i, version)
			compared++
		}
		frames += w.frames
		resumes += w.resumes
	}
	t.Logf("%d syncs, %d frames, %d resumes, %d boards compared with the journal", syncs, frames, resumes, compared)
	require.Greater(t, compared, 3*len(watchers), "the watchers saw it move")
	require.Positive(t, resumes)
}

// postRandomBatches posts syncs of random users, from one source.
func postRandomBatches(t *testing.T, url, competitionID string, random *rand.Rand, batches, size, users int) {
	t.Helper()
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	token := operatorToken(t)
	for range batches {
		var body bytes.Buffer
		body.WriteString(`{"syncs":[`)
		for i := range size {
			if i > 0 {
				body.WriteByte(',')
			}
			r := report{user: fmt.Sprintf("user-%03d", random.IntN(users)), source: "watch", day: fmt.Sprintf("2026-11-%02d", 1+random.IntN(9)), steps: random.Int64N(90_000)}
			body.WriteString(r.body(competitionID))
		}
		body.WriteString(`]}`)
		request, err := http.NewRequest(http.MethodPost, url+"/api/v1/fitness/sync/batch", &body)
		if err != nil {
			t.Error(err)
			return
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := client.Do(request)
		if err != nil {
			t.Error(err)
			return
		}
		answer, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK || bytes.Contains(answer, []byte(`"code"`)) {
			t.Errorf("batch: %d %s %v", response.StatusCode, answer, err)
			return
		}
	}
}
