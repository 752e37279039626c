package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/race"
)

// distributors is how many callers have a competition's prizes paid at once.
const distributors = 200

// prizeRounds is how many competitions are paid in a test: few with the race detector, five
// times as many without it (`make test` runs both), all with SOAK, or as many as PRIZE_ROUNDS
// says.
func prizeRounds(t *testing.T, few, all int) int {
	t.Helper()
	if text := os.Getenv("PRIZE_ROUNDS"); text != "" {
		rounds, err := strconv.Atoi(text)
		require.NoError(t, err)
		return rounds
	}
	if soak(t) > 0 {
		return all
	}
	if race.Enabled {
		return few
	}
	return 5 * few
}

// payday is a crowd that has prizes paid by servers that are killed meanwhile.
type payday struct {
	t     *testing.T
	where string
	token string
	rng   *rand.Rand

	paid                map[string]string // what was answered for each competition
	early, late         int               // rounds that were cut before, and after, the first yes
	calls, acknowledged int
}

func startPayday(t *testing.T, where string, rounds int) *payday {
	t.Helper()
	prepare(t, where, func(s competition.Store) {
		for i := range rounds {
			playPrizes(t, s, roundID(i), false)
		}
	})
	return &payday{t: t, where: where, token: operatorToken(t), rng: rand.New(rand.NewPCG(4, uint64(rounds))), paid: map[string]string{}}
}

func roundID(i int) string { return fmt.Sprintf("round-%04d", i) }

func (p *payday) server() *instance {
	return startServer(p.t, p.where, "--rate-limit-user", "0", "--log-level", "info")
}

func (p *payday) node() *instance {
	return startNode(p.t, p.where, "--rate-limit-user", "0", "--log-level", "info", "CLUSTER_LEASE=1s")
}

// distribute is one call; the body is empty if there was no yes.
func (p *payday) distribute(client *http.Client, s *instance, id string) (status int, body string) {
	request, err := http.NewRequest(http.MethodPost, s.url+"/api/v1/prizes/distribute/"+id, http.NoBody)
	if err != nil {
		p.t.Error(err)
		return 0, ""
	}
	request.Header.Set("Authorization", "Bearer "+p.token)
	response, err := client.Do(request)
	if err != nil {
		return 0, "" // killed
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return response.StatusCode, ""
	}
	return http.StatusOK, string(answer)
}

// round has all callers pay one competition at several servers at once, of which
// some are killed at a moment that chance says.
func (p *payday) round(servers []*instance, id string, kill []*instance) {
	client := &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: distributors}}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	var callers, killers sync.WaitGroup
	yes := 0
	gun := make(chan struct{})
	for i := range distributors {
		s := servers[i%len(servers)]
		callers.Go(func() {
			<-gun
			status, body := p.distribute(client, s, id)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case body != "":
				yes++
				p.note(id, body)
			case status != 0 && status != http.StatusServiceUnavailable:
				p.t.Errorf("%s was answered with %d", id, status)
			}
		})
	}
	longest := 25 * time.Millisecond
	if race.Enabled {
		longest *= 4
	}
	after := time.Duration(p.rng.Int64N(int64(longest)))
	killers.Go(func() {
		<-gun
		<-time.After(after)
		for _, s := range kill {
			s.kill()
		}
	})
	close(gun)
	killers.Wait()
	mu.Lock()
	if yes == 0 {
		p.early++
	} else {
		p.late++
	}
	mu.Unlock()
	callers.Wait()
	p.calls += distributors
	p.acknowledged += yes
}

// note holds an answer against those before it.
func (p *payday) note(id, body string) {
	if was, known := p.paid[id]; known && was != body {
		p.t.Errorf("%s was answered with %s and with %s", id, was, body)
	}
	p.paid[id] = body
}

// settle has a competition paid for certain, and checks what each has won.
func (p *payday) settle(s *instance, id string) {
	p.t.Helper()
	path := "/api/v1/prizes/distribute/" + id
	status, answer := s.call(http.MethodPost, path, p.token, "")
	for range 100 { // 503 until another node has taken over what a dead one had
		if status != http.StatusServiceUnavailable {
			break
		}
		<-time.After(100 * time.Millisecond)
		status, answer = s.call(http.MethodPost, path, p.token, "")
	}
	require.Equal(p.t, http.StatusOK, status, string(answer))
	p.note(id, string(answer))
	var reply struct {
		Data struct {
			Prizes []struct {
				UserID string      `json:"user_id"`
				Amount json.Number `json:"amount"`
			} `json:"prizes"`
		} `json:"data"`
	}
	require.NoError(p.t, json.Unmarshal(answer, &reply))
	var said []string
	for _, prize := range reply.Data.Prizes {
		said = append(said, prize.UserID+" "+prize.Amount.String())
	}
	require.Equal(p.t, []string{"anna 50.00", "bert 30.00", "carl 20.00"}, said)
}

// end settles every competition and looks at the whole ledger: each winner has
// one prize of each, and the audit finds nothing.
func (p *payday) end(rounds int) {
	p.t.Helper()
	s := p.server()
	for i := range rounds {
		p.settle(s, roundID(i))
	}
	for user, minor := range map[string]int{"anna": 50_00, "bert": 30_00, "carl": 20_00} {
		won, total := 0, 0
		for cursor := ""; ; {
			status, answer := s.call(http.MethodGet, "/api/v1/users/"+user+"/transactions?limit=1000"+cursor, p.token, "")
			require.Equal(p.t, http.StatusOK, status, string(answer))
			var list struct {
				Data struct {
					Transactions []struct {
						Type   string  `json:"type"`
						Amount float64 `json:"amount"`
					} `json:"transactions"`
					Next string `json:"next_cursor"`
				} `json:"data"`
			}
			require.NoError(p.t, json.Unmarshal(answer, &list))
			for _, tx := range list.Data.Transactions {
				if tx.Type == "prize" {
					won++
				}
				total += int(tx.Amount * 100)
			}
			if list.Data.Next == "" {
				break
			}
			cursor = "&cursor=" + list.Data.Next
		}
		require.Equal(p.t, rounds, won, "prizes of %s", user)
		require.Equal(p.t, rounds*(minor-500), total, "prizes less fees of %s", user)
	}
	s.stop()
	code, said := runAudit(p.t, p.where)
	require.Zero(p.t, code, said)
	p.t.Logf("%d rounds, cut before the first yes %d, after it %d; %d calls, %d of them heard yes\n%s", rounds, p.early, p.late, p.calls, p.acknowledged, said)
}

// TestPrizesArePaidOnceThroughKills: 200 callers at once, and the server is
// killed at any moment, on the embedded store. PRIZE_ROUNDS says how many rounds.
func TestPrizesArePaidOnceThroughKills(t *testing.T) {
	inParallel(t)
	rounds := prizeRounds(t, 4, 600)
	p := startPayday(t, t.TempDir(), rounds)
	for i := range rounds {
		s := p.server()
		if i > 0 {
			p.settle(s, roundID(i-1))
		}
		p.round([]*instance{s}, roundID(i), []*instance{s})
	}
	p.end(rounds)
}

// TestPrizesArePaidOnceByTwoServers, nodes on one PostgreSQL database, one or both
// of which are killed at any moment. Every death is a second of waiting, so there are
// fewer rounds.
func TestPrizesArePaidOnceByTwoServers(t *testing.T) {
	inParallel(t)
	rounds := prizeRounds(t, 2, 100)
	p := startPayday(t, newDatabase(t), rounds)
	servers := []*instance{p.node(), p.node()}
	for i := range rounds {
		kill := [][]*instance{servers[:1], servers[1:], servers, nil}[p.rng.IntN(4)]
		p.round(servers, roundID(i), kill)
		for j, s := range servers {
			select {
			case <-s.exited:
				servers[j] = p.node()
			default:
			}
		}
		p.settle(servers[p.rng.IntN(2)], roundID(i))
	}
	for _, s := range servers {
		s.kill()
	}
	p.end(rounds)
}
