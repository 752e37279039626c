package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// report is a sync as the naive model sees it.
type report struct {
	user, source, day string
	recorded          int // minute of the day, 0 for none
	steps             int64
}

func (r report) body(competitionID string) string {
	recorded := ""
	if r.recorded > 0 {
		recorded = fmt.Sprintf(`,"recorded_at":"%sT%02d:%02d:00Z"`, r.day, r.recorded/60, r.recorded%60)
	}
	return fmt.Sprintf(`{"competition_id":%q,"user_id":%q,"source":%q,"date":%q,"steps":%d%s}`,
		competitionID, r.user, r.source, r.day, r.steps, recorded)
}

// register is what one source said of one day: the later recording replaces, of
// equal ones the maximum stays.
type register struct {
	recorded int
	steps    int64
}

func (a register) merge(b register) register {
	switch {
	case b.recorded > a.recorded:
		return b
	case b.recorded < a.recorded:
		return a
	default:
		return register{a.recorded, max(a.steps, b.steps)}
	}
}

// place names a register.
type place struct{ user, source, day string }

// registers is a naive model of what the server may hold: for each register what
// was acknowledged, and what was sent without an answer, which may or may not
// be in.
type registers struct {
	mu    sync.Mutex
	known map[place]register
	maybe map[place][]register
	acks  int
}

func (l *registers) note(r report, acknowledged bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, value := place{r.user, r.source, r.day}, register{r.recorded, r.steps}
	if acknowledged {
		l.known[p] = l.known[p].merge(value)
		l.acks++
		return
	}
	l.maybe[p] = append(l.maybe[p], value)
}

// settle holds what the server has against the model, and from then on takes it
// as known. A register must be the acknowledged ones merged with some of those
// that had no answer.
func (l *registers) settle(t *testing.T, held map[place]register) {
	t.Helper()
	for p, known := range l.known {
		require.Contains(t, held, p, "an acknowledged sync is gone")
		require.Equal(t, known.merge(held[p]), held[p], "an acknowledged sync of %v is lost", p)
	}
	for p, value := range held {
		possible := []register{l.known[p]}
		for _, m := range l.maybe[p] {
			for _, base := range possible {
				possible = append(possible, base.merge(m))
			}
		}
		require.Contains(t, possible, value, "%v holds what nobody sent, or sums up what was sent", p)
	}
	l.known, l.maybe = held, map[place][]register{}
}

// scores is what the board must say: by day the larger of the sources, summed.
func (l *registers) scores() map[string]int64 {
	best := map[[2]string]int64{}
	for p, r := range l.known {
		key := [2]string{p.user, p.day}
		best[key] = max(best[key], r.steps)
	}
	total := map[string]int64{}
	for key, steps := range best {
		total[key[0]] += steps
	}
	return total
}

// readRegisters asks the server what it holds of the users.
func readRegisters(t *testing.T, s *instance, competitionID string, users []string) map[place]register {
	t.Helper()
	held := map[place]register{}
	for _, user := range users {
		status, answer := s.call(http.MethodGet, "/api/v1/fitness/stats/"+user+"?competition_id="+competitionID, operatorToken(t), "")
		if status == http.StatusNotFound {
			continue // never enrolled
		}
		require.Equal(t, http.StatusOK, status, string(answer))
		var stats struct {
			Data struct {
				Days []struct {
					Date    string
					Sources []struct {
						Source     string
						Steps      int64
						RecordedAt time.Time `json:"recorded_at"`
					}
				}
			}
		}
		require.NoError(t, json.Unmarshal(answer, &stats))
		for _, day := range stats.Data.Days {
			for _, source := range day.Sources {
				r := register{steps: source.Steps}
				if at := source.RecordedAt; !at.IsZero() {
					r.recorded = at.Hour()*60 + at.Minute()
				}
				held[place{user, source.Source, day.Date}] = r
			}
		}
	}
	return held
}

// versions holds the boards that were seen against each other: a version is
// never used again for another state.
type versions struct {
	mu   sync.Mutex
	seen map[uint64]string
	last uint64
}

func (v *versions) note(t *testing.T, b board) {
	t.Helper()
	text, err := json.Marshal(b)
	if err != nil {
		t.Error(err)
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if before, ok := v.seen[b.Data.Version]; ok && before != string(text) {
		t.Errorf("version %d was\n%s\nand is\n%s", b.Data.Version, before, text)
	}
	v.seen[b.Data.Version] = string(text)
	v.last = max(v.last, b.Data.Version)
}

// TestKillLosesNothingAcknowledged kills the server under load again and again.
// SOAK=2h goes on for half of that on each store, while outage_test.go does on its own.
func TestKillLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	onEveryStore(t, testKills)
}

// soak is how long a test that can go on for hours was told to; 0 for a short one.
func soak(t *testing.T) time.Duration {
	t.Helper()
	value := os.Getenv("SOAK")
	if value == "" {
		return 0
	}
	d, err := time.ParseDuration(value)
	require.NoError(t, err, "SOAK")
	return d
}

// inParallel has a test run beside others, except in a soak, where each has the machine
// to itself.
func inParallel(t *testing.T) {
	t.Helper()
	if soak(t) == 0 {
		t.Parallel()
	}
}

// pace is how long each client of a load pauses between two requests. In a soak a test has
// the machine to itself; otherwise others run beside it, and a load that takes all of both
// processors while it waits for a lease to end only makes them wait as well.
func pace(t *testing.T, soaks time.Duration) time.Duration {
	t.Helper()
	if soak(t) == 0 {
		return 40 * time.Millisecond
	}
	return soaks
}

func testKills(t *testing.T, where string) {
	t.Helper()
	t.Parallel()
	const competitionID = "kill"
	rounds, until := 5, time.Now().Add(soak(t)/2)
	if isDatabase(where) {
		rounds = 3 // the database is killed as well, in outage_test.go
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	var users []string
	for i := range 24 {
		users = append(users, fmt.Sprintf("user-%02d", i))
	}
	l := &registers{known: map[place]register{}, maybe: map[place][]register{}}
	boards := &versions{seen: map[uint64]string{}}
	s := startServer(t, where)
	s.createSpring(competitionID)
	round := 0
	for ; round < rounds || time.Now().Before(until); round++ {
		loadAndKill(t, s, l, boards, competitionID, users, random)
		s = startServer(t, where)
		l.settle(t, readRegisters(t, s, competitionID, users))
		b := s.readBoard(competitionID, 100)
		require.GreaterOrEqual(t, b.Data.Version, boards.last, "a version was shown that is not there any more")
		boards.note(t, b)
		requireSums(t, l.scores(), b)
		if t.Failed() {
			return
		}
	}
	s.stop()
	require.Greater(t, l.acks, round, "the load came to something, however busy the machine is")
	t.Logf("%d kills, %d syncs acknowledged", round, l.acks)
}

// loadAndKill posts from several connections and kills the server at a random
// moment.
func loadAndKill(t *testing.T, s *instance, l *registers, boards *versions, competitionID string, users []string, random *rand.Rand) {
	t.Helper()
	const workers = 8
	moment := time.Duration(random.IntN(250)) * time.Millisecond
	killed := make(chan struct{})
	time.AfterFunc(moment, func() {
		_ = s.cmd.Process.Kill()
		close(killed)
	})
	var wg sync.WaitGroup
	for w := range workers {
		mine := rand.New(rand.NewPCG(random.Uint64(), 2))
		wg.Go(func() {
			client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for {
				r := report{
					// Each worker has users of its own, so that what it has
					// not heard of yet is one report at most.
					user:   users[w*len(users)/workers+mine.IntN(len(users)/workers)],
					source: []string{"phone", "watch"}[mine.IntN(2)],
					day:    fmt.Sprintf("2026-11-%02d", 1+mine.IntN(5)),
					steps:  mine.Int64N(50_000),
				}
				if mine.IntN(2) == 0 {
					r.recorded = 1 + mine.IntN(1439)
				}
				acknowledged := postReport(client, s.url, r.body(competitionID), operatorToken(t))
				l.note(r, acknowledged)
				if !acknowledged {
					return
				}
			}
		})
	}
	wg.Go(func() { watchBoard(t, s, boards, competitionID, killed) })
	wg.Wait()
	<-s.exited
}

func postReport(client *http.Client, url, body, token string) (acknowledged bool) {
	request, err := http.NewRequest(http.MethodPost, url+"/api/v1/fitness/sync", strings.NewReader(body))
	if err != nil {
		return false
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// watchBoard reads the board until the server is killed.
func watchBoard(t *testing.T, s *instance, boards *versions, competitionID string, killed <-chan struct{}) {
	t.Helper()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	token := operatorToken(t)
	for {
		select {
		case <-killed:
			return
		default:
		}
		request, err := http.NewRequest(http.MethodGet, s.url+"/api/v1/leaderboard/"+competitionID+"?limit=100", http.NoBody)
		if err != nil {
			t.Error(err)
			return
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := client.Do(request)
		if err != nil {
			return // killed
		}
		var b board
		err = json.NewDecoder(response.Body).Decode(&b)
		response.Body.Close()
		if err == nil {
			boards.note(t, b)
		}
	}
}
