package main

import (
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/internal/race"
	"github.com/paceboard/paceboard/persistence/testservers"
)

// moneyPoint is a statement at which a node dies.
type moneyPoint struct {
	name, sql string
	accepted  bool // the provider has accepted the round's prizes by then
}

var (
	payPoints = []moneyPoint{
		{name: "book prizes", sql: "INSERT INTO paceboard.prizes"},
		{name: "look for pending prizes", sql: "p.status = 'pending'"},
		{name: "note an attempt", sql: "INSERT INTO paceboard.handovers"},
		{name: "note that the provider has accepted a prize", sql: "INSERT INTO paceboard.handovers", accepted: true},
	}
	erasePoints = []moneyPoint{
		{name: "rename accounts", sql: "UPDATE paceboard.postings SET account"},
		{name: "rename winners", sql: "UPDATE paceboard.prizes SET user_id"},
	}
)

// TestClusterPaysOnceAtInjectedPoints is TestClusterPaysOnceWhileNodesDie with deaths at
// statements: before PostgreSQL has one, or after it is done and before the node hears of
// it. In the first round a node dies when the provider has accepted a prize and the store
// has not heard of that: the prize must be handed over again, as the same one. With SOAK
// there are at least 60 deaths, which take the points in turn; otherwise there is one
// more round, at random points.
func TestClusterPaysOnceAtInjectedPoints(t *testing.T) {
	race.Skip(t)
	t.Parallel()
	rounds := 2
	if soak, err := time.ParseDuration(os.Getenv("SOAK")); err == nil {
		rounds = max(30, int(soak/(10*time.Second)))
	}
	p := &pointedMoney{struck: map[string]int{}}
	p.money = startMoney(t, rounds, func(_ int, where string) string {
		proxy, way := testservers.NewProxy(t, where)
		p.proxies = append(p.proxies, proxy)
		return way
	})
	turn := len(payPoints) - 1 // before the note that a prize was accepted
	for i := range rounds {
		point, before := p.at(i, payPoints, turn, func() { p.pay(i) })
		p.deliveredOf(3 * (i + 1))
		if point.accepted && before {
			p.handedOverAgain(i)
		}
		p.confirmPrizes(i)
		p.at(i, erasePoints, turn, func() { p.eraseUsers(i) })
		if turn++; i == 0 {
			turn = p.random.IntN(1 << 10)
		}
	}
	p.settle()
	require.Equal(t, 2*rounds, p.deaths)
	t.Logf("deaths by point: %v", p.struck)
}

// pointedMoney is money whose nodes reach the database through proxies.
type pointedMoney struct {
	*money
	proxies []*testservers.Proxy
	struck  map[string]int // deaths by point
}

// at makes a call of a round while the first node to come to a point dies there, and
// revives it. turn chooses the point, and whether the node dies before or after PostgreSQL
// has done the statement.
func (p *pointedMoney) at(round int, points []moneyPoint, turn int, call func()) (point moneyPoint, before bool) {
	p.t.Helper()
	point, before = points[turn%len(points)], turn/len(points)%2 == 0
	where, name := testservers.CutRequest, "before PostgreSQL could "+point.name
	if !before {
		where, name = testservers.CutAnswer, "after PostgreSQL could "+point.name
	}
	died := make(chan struct{})
	var once sync.Once
	for place, proxy := range p.proxies {
		comes := func(sql string) bool {
			return strings.Contains(sql, point.sql) && (!point.accepted || p.hasAll(round, place))
		}
		proxy.StrikeAt(where, comes, func() {
			once.Do(func() {
				p.nodes.at[place].node.Load().kill()
				close(died)
			})
		})
	}
	call()
	select {
	case <-died:
	case <-time.After(time.Minute):
		require.FailNow(p.t, "no node died", "%s\n%s", name, p.warnings())
	}
	for _, proxy := range p.proxies { // one death is enough
		proxy.StrikeAt(testservers.CutNothing, nil, nil)
	}
	deaths := p.deaths
	p.revive()
	require.Equal(p.t, deaths+1, p.deaths, name)
	p.struck[name]++
	return point, before
}

// hasAll reports whether the provider has accepted a round's prizes, and one of them from
// the node at a place.
func (p *pointedMoney) hasAll(round, place int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	keys, here := map[string]bool{}, false
	for _, h := range p.accepted {
		if strings.HasPrefix(h.key, roundID(round)) {
			keys[h.key] = true
			here = here || h.place == place
		}
	}
	return here && len(keys) == 3
}

// handedOverAgain waits until the provider is told again of a prize of a round.
func (p *pointedMoney) handedOverAgain(round int) {
	p.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; <-time.After(20 * time.Millisecond) {
		known, repeats := p.known(roundID(round))
		require.Equal(p.t, 3, known, "the provider knows more prizes than there are")
		if repeats > 0 {
			return
		}
		require.True(p.t, time.Now().Before(deadline), "what was not noted is not handed over again\n%s", p.warnings())
	}
}
