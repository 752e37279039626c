package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/testservers"
)

// phone posts what its users did, the same again until it is acknowledged, so
// that in the end the model knows exactly what there must be.
type phone struct {
	t       *testing.T
	url     func() string // of the server to ask next
	mortal  bool          // servers may be killed: no answer is an answer
	limit   time.Duration // that an answer may take
	random  *rand.Rand
	users   []string // nobody else posts for them
	refused int      // answers 503
}

const (
	outageTimeout = time.Second     // REQUEST_TIMEOUT of the servers in these tests
	slack         = 2 * time.Second // a busy machine, not a slow server
)

// run posts until told to stop; what is not acknowledged by then it finishes.
func (p *phone) run(l *registers, competitionID string, stop <-chan struct{}) error {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	token, pause := operatorToken(p.t), pace(p.t, 0)
	for {
		select {
		case <-stop:
			return nil
		default:
		}
		r := report{
			user: p.users[p.random.IntN(len(p.users))], source: []string{"phone", "watch"}[p.random.IntN(2)],
			day: fmt.Sprintf("2026-11-%02d", 1+p.random.IntN(5)), steps: p.random.Int64N(50_000),
		}
		if p.random.IntN(2) == 0 {
			r.recorded = 1 + p.random.IntN(1439)
		}
		if err := p.insist(client, token, r.body(competitionID)); err != nil {
			return err
		}
		l.note(r, true)
		<-time.After(pause)
	}
}

// insist posts until there is a yes, and checks how a no is said.
func (p *phone) insist(client *http.Client, token, body string) error {
	for giveUp := time.Now().Add(time.Minute); time.Now().Before(giveUp); {
		request, err := http.NewRequest(http.MethodPost, p.url()+"/api/v1/fitness/sync", strings.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+token)
		began := time.Now()
		response, err := client.Do(request)
		if err != nil {
			if p.mortal {
				continue
			}
			return err
		}
		answer, err := io.ReadAll(response.Body)
		response.Body.Close()
		switch took := time.Since(began); {
		case err != nil && p.mortal:
		case err != nil:
			return err
		case took > p.limit:
			return fmt.Errorf("an answer (%d) took %s", response.StatusCode, took)
		case response.StatusCode == http.StatusOK:
			return nil
		case response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "":
			return fmt.Errorf("%d %v %s", response.StatusCode, response.Header, answer)
		default:
			p.refused++
			<-time.After(5 * time.Millisecond) // Retry-After says a second; tests are in a hurry
		}
	}
	return errors.New("no acknowledgement within a minute")
}

// viewer watches a board over one WebSocket that nothing may cut, and over GET.
type viewer struct {
	*watcher
	mu    sync.Mutex
	reads atomic.Int64
	pongs atomic.Int64
}

// watch follows the live board and asks now and then whether anybody is there.
func (v *viewer) watch(ctx context.Context) error {
	conn, err := v.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	pinging, cancel := context.WithCancel(ctx)
	var pings sync.WaitGroup
	defer pings.Wait()
	defer cancel()
	pings.Go(func() {
		for every := time.NewTicker(100 * time.Millisecond); ; {
			select {
			case <-pinging.Done():
				every.Stop()
				return
			case <-every.C:
				_ = conn.Write(pinging, websocket.MessageText, []byte(`{"type":"ping"}`)) // the reader notices
			}
		}
	})
	for {
		readCtx, cancel := context.WithTimeout(ctx, outageTimeout+slack)
		_, message, err := conn.Read(readCtx)
		cancel()
		if ctx.Err() != nil {
			return nil // the test is over
		}
		if err != nil {
			return fmt.Errorf("the live connection broke: %w", err)
		}
		var f liveFrame
		if err := json.Unmarshal(message, &f); err != nil {
			return err
		}
		if f.Type == "pong" {
			v.pongs.Add(1)
		}
		v.mu.Lock()
		err = v.board.apply(f, v.limit)
		v.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

// read reads the board again and again: it must be there, quickly, and never
// show the same version in two ways.
func (v *viewer) read(ctx context.Context, t *testing.T, boards *versions) error {
	t.Helper()
	client := &http.Client{Timeout: slack, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for every := time.NewTicker(10 * time.Millisecond); ; v.reads.Add(1) {
		select {
		case <-ctx.Done():
			every.Stop()
			return nil
		case <-every.C:
		}
		b, err := getBoard(client, v.url, v.competitionID, v.token)
		if err != nil {
			return err
		}
		boards.note(t, b)
	}
}

func getBoard(client *http.Client, url, competitionID, token string) (b board, err error) {
	request, err := http.NewRequest(http.MethodGet, url+"/api/v1/leaderboard/"+competitionID+"?limit=100", http.NoBody)
	if err != nil {
		return b, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := client.Do(request)
	if err != nil {
		return b, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("the board cannot be read: %d %s", response.StatusCode, answer)
	}
	if err != nil {
		return b, err
	}
	return b, json.Unmarshal(answer, &b)
}

// shows reports whether the live board is that of a GET.
func (v *viewer) shows(b board) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.board.version != b.Data.Version || v.board.total != b.Data.Total || len(v.board.places) != len(b.Data.Entries) {
		return false
	}
	for i, e := range b.Data.Entries {
		if v.board.places[i] != (livePlace{UserID: e.UserID, Score: e.Score, Rank: e.Rank}) {
			return false
		}
	}
	return true
}

// TestOutagesOfPostgreSQL freezes and kills the database under load. Syncs are
// refused in time and say when to come again, boards and live connections go on
// from memory, health says what is wrong, and all is well again without
// anybody's help, with every acknowledged sync there.
func TestOutagesOfPostgreSQL(t *testing.T) {
	t.Parallel()
	const competitionID, workers, rounds, perWorker = "outage", 6, 6, 4
	database := testservers.Postgres(t)
	s := startServer(t, database.URL(), "--request-timeout", outageTimeout.String())
	s.createSpring(competitionID)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 3))
	users := names(workers * perWorker)
	l := &registers{known: map[place]register{}, maybe: map[place][]register{}}
	boards := &versions{seen: map[uint64]string{}}

	ctx, cancel := context.WithCancel(t.Context())
	v := &viewer{watcher: &watcher{url: s.url, competitionID: competitionID, token: operatorToken(t), limit: 100}}
	var watching sync.WaitGroup
	watch := func(what string, f func() error) {
		watching.Go(func() {
			if err := f(); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		})
	}
	watch("watching", func() error { return v.watch(ctx) })
	watch("reading", func() error { return v.read(ctx, t, boards) })
	defer watching.Wait()
	defer cancel()

	refused, round, freezes, until := 0, 0, 0, time.Now().Add(soak(t)/2)
	for ; (round < rounds || time.Now().Before(until)) && !t.Failed(); round++ {
		stop := make(chan struct{})
		var posting sync.WaitGroup
		phones := make([]*phone, workers)
		for i := range phones {
			phones[i] = &phone{
				t: t, url: func() string { return s.url }, limit: outageTimeout + slack,
				random: rand.New(rand.NewPCG(random.Uint64(), 4)), users: users[i*perWorker : (i+1)*perWorker],
			}
			posting.Go(func() {
				if err := phones[i].run(l, competitionID, stop); err != nil {
					t.Errorf("round %d: %v", round, err)
				}
			})
		}
		<-time.After(time.Duration(random.IntN(150)) * time.Millisecond)
		if round%5 == 0 {
			freezes++
			frozen := 3 * time.Second
			if soak(t) > 0 {
				frozen = 10 * time.Second
			}
			if round%10 == 5 {
				frozen = 6 * time.Second // longer than the server waits for a commit
			}
			outage(t, s, v, frozen, database.Stop, database.Continue)
		} else {
			down := time.Duration(random.IntN(100)) * time.Millisecond
			if round%5 == 4 {
				down = outageTimeout // long enough for everybody to notice
			}
			outage(t, s, v, down, database.Kill, func() { database.Restart(t) })
		}
		<-time.After(time.Duration(random.IntN(150)) * time.Millisecond)
		close(stop)
		posting.Wait() // everything is acknowledged now
		for _, p := range phones {
			refused += p.refused
		}
		l.settle(t, readRegisters(t, s, competitionID, users))
		b := s.readBoard(competitionID, 100)
		requireSums(t, l.scores(), b)
		require.Eventually(t, func() bool { return v.shows(b) }, 20*time.Second, 5*time.Millisecond, "the live board ends elsewhere")
	}
	eventuallyStatus(t, s, "/health/ready", http.StatusOK)
	cancel()
	watching.Wait()
	s.stop()
	require.Positive(t, refused, "nobody was refused anything")
	t.Logf("%d freezes, %d kills, %d syncs acknowledged, %d answers 503, %d boards read, %d pongs",
		freezes, round-freezes, l.acks, refused, v.reads.Load(), v.pongs.Load())
}

func names(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("user-%02d", i)
	}
	return all
}

// outage lets the database be away for a while, at least until health says so
// where it is long enough for that, and holds that readers do not notice.
func outage(t *testing.T, s *instance, v *viewer, lasts time.Duration, begin, end func()) {
	t.Helper()
	begin()
	began, reads, pongs := time.Now(), v.reads.Load(), v.pongs.Load()
	if lasts >= outageTimeout {
		eventuallyStatus(t, s, "/health/ready", http.StatusServiceUnavailable)
		status, answer := s.call(http.MethodGet, "/health", "", "")
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, string(answer), `"status":"degraded"`)
		require.Contains(t, string(answer), `"degraded":["store"]`)
		status, answer = s.call(http.MethodGet, "/health/detailed", operatorToken(t), "")
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, string(answer), `{"name":"store","healthy":false,"detail":"the store cannot be reached`)
	}
	<-time.After(lasts - time.Since(began))
	if lasts >= outageTimeout {
		require.Greater(t, v.reads.Load(), reads+10, "boards are read meanwhile")
		require.Greater(t, v.pongs.Load(), pongs+2, "live connections go on meanwhile")
	}
	end()
}

// eventuallyStatus asks until the answer has a status.
func eventuallyStatus(t *testing.T, s *instance, path string, want int) {
	t.Helper()
	require.Eventually(t, func() bool {
		status, _, err := s.try(http.MethodGet, path, "", "")
		return err == nil && status == want
	}, 20*time.Second, 20*time.Millisecond, "%s does not become %d", path, want)
}

// TestOutageOfOneOfTwoServers has two nodes on one database, which take the
// competitions over from each other, while phones ask now this one and now that
// one, and either is killed or stopped and started again.
func TestOutageOfOneOfTwoServers(t *testing.T) {
	t.Parallel()
	const competitions, workers = 4, 2
	restarts := 4
	if soak(t) > 0 {
		restarts = 100
	}
	where := newDatabase(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 5))
	var servers [2]atomic.Pointer[instance]
	var ended []*instance
	for i := range servers {
		servers[i].Store(startNode(t, where, "--request-timeout", outageTimeout.String(), "CLUSTER_LEASE=1s"))
	}

	type game struct {
		id     string
		ledger *registers
		boards *versions
		phones []*phone
	}
	games := make([]*game, competitions)
	stop := make(chan struct{})
	var running sync.WaitGroup
	users := names(workers * 6)
	for i := range games {
		g := &game{
			id: fmt.Sprintf("shared-%d", i), boards: &versions{seen: map[uint64]string{}},
			ledger: &registers{known: map[place]register{}, maybe: map[place][]register{}},
		}
		games[i] = g
		servers[i%2].Load().createSpring(g.id)
		for w := range workers {
			mine := rand.New(rand.NewPCG(random.Uint64(), 6))
			p := &phone{
				t: t, mortal: true, limit: outageTimeout + slack, random: mine, users: users[w*6 : (w+1)*6],
				url: func() string { return servers[mine.IntN(2)].Load().url },
			}
			g.phones = append(g.phones, p)
			running.Go(func() {
				if err := p.run(g.ledger, g.id, stop); err != nil {
					t.Errorf("%s: %v", g.id, err)
				}
			})
		}
		running.Go(func() { readBoth(t, g.id, g.boards, &servers, stop) })
	}
	for range restarts {
		<-time.After(time.Duration(300+random.IntN(900)) * time.Millisecond)
		i := random.IntN(2)
		old := servers[i].Load()
		if random.IntN(2) == 0 {
			old.kill()
		} else {
			old.stop()
		}
		ended = append(ended, old)
		servers[i].Store(startNode(t, where, "--request-timeout", outageTimeout.String(), "CLUSTER_LEASE=1s"))
	}
	<-time.After(time.Second)
	close(stop)
	running.Wait()

	acks, refused := 0, 0
	for _, g := range games {
		for _, p := range g.phones {
			refused += p.refused
		}
		acks += g.ledger.acks
	}
	for i := range servers { // each knows all that it wrote; a fresh one knows all
		servers[i].Load().stop()
		ended = append(ended, servers[i].Load())
	}
	last := startServer(t, where)
	for _, g := range games {
		g.ledger.settle(t, readRegisters(t, last, g.id, users))
		b := last.readBoard(g.id, 100)
		requireSums(t, g.ledger.scores(), b)
		g.boards.note(t, b)
		require.GreaterOrEqual(t, b.Data.Version, g.boards.last, "a version was shown that is not there any more")
	}
	last.stop()
	met, conflicts := 0, 0
	for _, s := range ended {
		met += strings.Count(s.logs.String(), "connected to a node")
		conflicts += strings.Count(s.logs.String(), "the journal already has an event with this seq")
	}
	require.Positive(t, met, "they never met")
	require.Zero(t, conflicts, "two had one competition")
	t.Logf("%d syncs acknowledged, %d answers 503, %d links, %d restarts", acks, refused, met, restarts)
	for _, g := range games {
		events := everySeqOnce(t, where, g.id)
		require.Positive(t, events)
	}
}

// readBoth reads a board from both servers in turns: whichever shows a version,
// it is the same.
func readBoth(t *testing.T, competitionID string, boards *versions, servers *[2]atomic.Pointer[instance], stop <-chan struct{}) {
	t.Helper()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	every := time.NewTicker(10 * time.Millisecond)
	defer every.Stop()
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		case <-every.C:
		}
		if b, err := getBoard(client, servers[i%2].Load().url, competitionID, operatorToken(t)); err == nil {
			boards.note(t, b)
		}
	}
}

// everySeqOnce follows a journal's chain from its beginning to its end, which
// fails where a seq is missing, comes twice or does not follow from the one
// before, and returns how many there are.
func everySeqOnce(t *testing.T, where, competitionID string) (events uint64) {
	t.Helper()
	chain := competition.NewChain(competitionID)
	require.NoError(t, readStoreAt(t, where).Read(t.Context(), competitionID, 0, func(records []byte) (err error) {
		for len(records) > 0 && err == nil {
			_, records, err = chain.Next(records)
		}
		return err
	}))
	return chain.Seq
}
