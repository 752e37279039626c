package main

import (
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/persistence/testservers"
)

// moneyPoint is a statement at which a node dies, and what has nodes come there.
type moneyPoint struct{ name, sql string }

var (
	payPoints = []moneyPoint{
		{"book prizes", "INSERT INTO paceboard.prizes"},
		{"look for pending prizes", "p.status = 'pending'"},
		{"note an attempt or its outcome", "INSERT INTO paceboard.handovers"},
	}
	erasePoints = []moneyPoint{
		{"rename accounts", "UPDATE paceboard.postings SET account"},
		{"rename winners", "UPDATE paceboard.prizes SET user_id"},
	}
)

// TestClusterPaysOnceAtInjectedPoints is TestClusterPaysOnceWhileNodesDie with deaths at
// statements: before PostgreSQL has one, or after it is done and before the node hears of
// it. With SOAK there are at least 60 deaths, which take the points in turn; otherwise
// there is one at a random point of paying and one of erasing.
func TestClusterPaysOnceAtInjectedPoints(t *testing.T) {
	if raceEnabled {
		t.Skip("`make test` runs it without the race detector")
	}
	t.Parallel()
	rounds := 1
	if soak, err := time.ParseDuration(os.Getenv("SOAK")); err == nil {
		rounds = max(30, int(soak/(10*time.Second)))
	}
	p := &pointedMoney{struck: map[string]int{}}
	p.money = startMoney(t, rounds, func(_ int, where string) string {
		proxy, way := testservers.NewProxy(t, where)
		p.proxies = append(p.proxies, proxy)
		return way
	})
	first := p.random.IntN(1 << 10)
	for i := range rounds {
		p.at(payPoints, first+i, func() { p.pay(i) })
		p.deliveredOf(3 * (i + 1))
		p.confirmPrizes(i)
		p.at(erasePoints, first+i, func() { p.eraseUsers(i) })
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

// at makes a call while the first node to come to a point dies there, and revives it. turn
// chooses the point.
func (p *pointedMoney) at(points []moneyPoint, turn int, call func()) {
	p.t.Helper()
	point := points[turn%len(points)]
	where, name := testservers.CutRequest, "before PostgreSQL could "+point.name
	if turn/len(points)%2 == 1 {
		where, name = testservers.CutAnswer, "after PostgreSQL could "+point.name
	}
	died := make(chan struct{})
	var once sync.Once
	for place, proxy := range p.proxies {
		proxy.StrikeAt(where, func(sql string) bool { return strings.Contains(sql, point.sql) }, func() {
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
	before := p.deaths
	p.revive()
	require.Equal(p.t, before+1, p.deaths, name)
	p.struck[name]++
}
