package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/race"
	"github.com/paceboard/paceboard/persistence/porttest"
)

// TestClusterPaysOnceWhileNodesDie pays prizes, hands them over, confirms them and erases
// people while a node is killed: at random within a call, when the payment provider is
// asked, and when it has accepted. Each call is repeated at other nodes until it
// succeeds. Each prize is paid once, and nothing is left of people who were erased.
func TestClusterPaysOnceWhileNodesDie(t *testing.T) {
	t.Parallel()
	deaths := 6
	if soak, err := time.ParseDuration(os.Getenv("SOAK")); err == nil {
		deaths = max(60, int(soak/(5*time.Second)))
	}
	m := startMoney(t, (deaths+2)/3, nil)
	for i := range m.rounds { // a third of the deaths
		m.distribute(i)
	}
	m.delivered()
	for i := range m.rounds { // and the others
		m.confirm(i)
		m.erase(i)
	}
	m.settle()
}

// money is an operator who pays the prizes of some competitions.
type money struct {
	*nodes
	where    string
	rounds   int
	random   *rand.Rand
	operator string
	deaths   int

	mu       sync.Mutex
	fault    func(place int, accepted bool) (kill bool) // whether the node that hands over dies now; or nil
	struck   chan struct{}                              // closed when it has died
	accepted []handover
}

// handover is a prize that the payment provider has accepted.
type handover struct {
	place     int // of the node that handed it over
	key, body string
}

// startMoney starts three nodes, which reach the database directly, or as through says.
func startMoney(t *testing.T, rounds int, through func(place int, where string) string) *money {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	where := newDatabase(t)
	m := &money{
		where: where, rounds: rounds,
		random: rand.New(rand.NewPCG(seed, 11)), operator: operatorToken(t),
	}
	prepare(t, where, func(s competition.Store) {
		for i := range rounds {
			playRound(t, s, roundID(i))
		}
	})
	provider := httptest.NewServer(http.HandlerFunc(m.provide))
	t.Cleanup(provider.Close)
	var places []*nodePlace
	for i := range 3 {
		way := where
		if through != nil {
			way = through(i, where)
		}
		places = append(places, &nodePlace{where: way, command: []string{binary}, args: []string{"--payout-webhook-url", fmt.Sprintf("%s/%d", provider.URL, i)}})
	}
	m.nodes = startNodesAt(t, places, "--rate-limit-user", "0", "PAYOUT_WEBHOOK_SECRET="+testSecret)
	return m
}

// playRound stores a competition that was completed; the people of each are others.
func playRound(t *testing.T, store competition.Store, id string) {
	t.Helper()
	g := porttest.NewGame(store, id)
	require.NoError(t, g.CreateWithPrizes(500, 100_00))
	users := []string{"anna", "bert", "carl", "dora"}
	for _, user := range users {
		require.NoError(t, g.Join(user+"-"+id, ""))
	}
	require.NoError(t, g.Commit(t.Context()))
	g.Now = porttest.Start + 24*60*60*1000
	for i, user := range users {
		require.NoError(t, g.Sync(user+"-"+id, 0, int64(4000-1000*i)))
	}
	g.Finish()
	require.NoError(t, g.Commit(t.Context()))
}

// provide is the payment provider. The path says which node asks.
func (m *money) provide(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	place, bad := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
	if err != nil || bad != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if m.strikes(place, false) {
		return
	}
	m.mu.Lock()
	m.accepted = append(m.accepted, handover{place, r.Header.Get("Idempotency-Key"), string(body)})
	m.mu.Unlock()
	m.strikes(place, true)
}

// strikes kills the node that asks, if now is the time.
func (m *money) strikes(place int, accepted bool) bool {
	m.mu.Lock()
	kill := m.fault != nil && m.fault(place, accepted)
	if kill {
		m.fault = nil
	}
	m.mu.Unlock()
	if kill {
		m.at[place].node.Load().kill()
		close(m.struck)
	}
	return kill
}

// during kills a node at random while a call is under way.
func (m *money) during(call func()) {
	m.t.Helper()
	victim, longest := m.random.IntN(len(m.at)), 30*time.Millisecond
	if race.Enabled {
		longest *= 4
	}
	after := time.NewTimer(time.Duration(m.random.Int64N(int64(longest))))
	dead := make(chan struct{})
	go func() {
		defer close(dead)
		<-after.C
		m.at[victim].node.Load().kill()
	}()
	call()
	<-dead
	m.revive()
}

// revive starts what has ended.
func (m *money) revive() {
	m.t.Helper()
	for i, p := range m.at {
		select {
		case <-p.node.Load().exited:
			m.deaths++
			m.start(i)
		default:
		}
	}
}

func (m *money) insist(method, path, body string) (answer []byte) {
	m.t.Helper()
	return m.nodes.insist(method, path, m.operator, body)
}

// distribute has a competition's prizes paid and handed over while a node dies.
func (m *money) distribute(i int) {
	m.t.Helper()
	if i%3 == 2 {
		m.during(func() { m.pay(i) })
		return
	}
	m.mu.Lock()
	m.struck = make(chan struct{})
	m.fault = func(_ int, accepted bool) bool { return accepted == (i%3 == 0) }
	m.mu.Unlock()
	m.pay(i)
	select {
	case <-m.struck:
	case <-time.After(time.Minute):
		require.FailNow(m.t, "no node hands prizes over", m.warnings())
	}
	m.revive()
}

func (m *money) pay(i int) {
	m.t.Helper()
	for _, step := range []string{"calculate", "distribute"} {
		var reply struct{ Data struct{ Prizes []payment } }
		require.NoError(m.t, json.Unmarshal(m.insist(http.MethodPost, "/api/v1/prizes/"+step+"/"+roundID(i), ""), &reply))
		requirePayments(m.t, roundID(i), reply.Data.Prizes)
	}
}

// payment is a prize, as far as it is compared.
type payment struct {
	UserID string      `json:"user_id"`
	Amount json.Number `json:"amount"`
}

func requirePayments(t *testing.T, id string, got []payment) {
	t.Helper()
	require.Equal(t, []payment{{"anna-" + id, "50.00"}, {"bert-" + id, "30.00"}, {"carl-" + id, "20.00"}}, got)
}

// delivered waits until the provider knows all prizes.
func (m *money) delivered() {
	m.t.Helper()
	m.deliveredOf(3 * m.rounds)
}

// deliveredOf waits until the provider knows some prizes.
func (m *money) deliveredOf(want int) {
	m.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; <-time.After(20 * time.Millisecond) {
		known, _ := m.known("")
		require.LessOrEqual(m.t, known, want, "the provider knows more prizes than there are")
		if known == want {
			return
		}
		require.True(m.t, time.Now().Before(deadline), "the provider knows %d prizes of %d\n%s", known, want, m.warnings())
	}
}

// known returns how many prizes of a competition the provider knows, or of all (""), and
// how often it was told again of one, which must be the same.
func (m *money) known(competitionID string) (prizes, repeats int) {
	m.t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	first := map[string]string{}
	for _, h := range m.accepted {
		body, again := first[h.key]
		switch {
		case !strings.HasPrefix(h.key, competitionID):
		case again:
			require.Equal(m.t, body, h.body, "the provider was told different things of %s", h.key)
			repeats++
		default:
			first[h.key] = h.body
		}
	}
	return len(first), repeats
}

// confirm has the provider say that it has paid.
func (m *money) confirm(i int) {
	m.t.Helper()
	m.during(func() { m.confirmPrizes(i) })
}

func (m *money) confirmPrizes(i int) {
	m.t.Helper()
	for rank := range 3 {
		m.insist(http.MethodPost, fmt.Sprintf("/api/v1/prizes/%s.%d/confirm", roundID(i), rank+1), "")
	}
}

// erase has a winner and another participant erased.
func (m *money) erase(i int) {
	m.t.Helper()
	m.during(func() { m.eraseUsers(i) })
}

func (m *money) eraseUsers(i int) {
	m.t.Helper()
	for _, user := range []string{"carl", "dora"} {
		answer := m.insist(http.MethodDelete, "/api/v1/users/"+user+"-"+roundID(i), "")
		require.True(m.t, bytes.Contains(answer, []byte(`"erased":true`)), "%s", answer)
	}
}

// settle checks what everybody has in the end.
func (m *money) settle() {
	m.t.Helper()
	for i := range m.rounds {
		for user, want := range map[string][]string{"anna": {"-5.00", "50.00"}, "bert": {"-5.00", "30.00"}} {
			var list struct {
				Data struct{ Transactions []payment }
			}
			answer := m.insist(http.MethodGet, "/api/v1/users/"+user+"-"+roundID(i)+"/transactions", "")
			require.NoError(m.t, json.Unmarshal(answer, &list))
			var got []string
			for _, t := range list.Data.Transactions {
				got = append(got, t.Amount.String())
			}
			require.ElementsMatch(m.t, want, got, "%s", answer)
		}
		for _, user := range []string{"carl", "dora"} {
			require.Empty(m.t, tracesIn(m.t, m.where, user+"-"+roundID(i)))
		}
	}
	for i := range m.at {
		m.at[i].node.Load().stop()
	}
	code, said := runAudit(m.t, m.where)
	require.Zero(m.t, code, said)
	known, repeats := m.known("")
	require.Equal(m.t, 3*m.rounds, known, "the provider knows more prizes than there are")
	m.t.Logf("%d deaths; %d prizes, handed over again %d times\n%s", m.deaths, known, repeats, said)
}
