package main

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/persistence/testservers"
)

// TestClusterWithoutItsStore has PostgreSQL go away under a cluster with a load, and come
// back. No node ends or is declared dead, syncs are acknowledged again soon after it is
// back, and nothing that was acknowledged is lost or was read in an older state.
func TestClusterWithoutItsStore(t *testing.T) {
	soak, err := time.ParseDuration(os.Getenv("SOAK"))
	soaks := err == nil
	ways := storeOutages
	if !soaks {
		ways = ways[:1]
	}
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			away, rounds, lease := 2500*time.Millisecond, 1, "CLUSTER_LEASE=1s"
			if soaks {
				away, lease = 6*time.Second, "CLUSTER_LEASE=2s"
				rounds = max(3, int(soak/time.Duration(len(ways))/(2*away)))
			} else {
				t.Parallel()
			}
			c := newStoreCluster(t, lease)
			c.crowd.run(6, pace(t, 5*time.Millisecond))
			<-time.After(time.Second)
			var took []time.Duration
			for range rounds {
				c.trouble()
				way.outage(c, away)
				took = append(took, c.acknowledgedAgain())
				c.trouble()
				<-time.After(time.Second)
			}
			c.crowd.end()
			syncs := c.crowd.settle()
			for _, s := range c.all {
				require.NotContains(t, s.logs.String(), "declared a node dead")
				s.stop() // it has not ended yet
			}
			slices.Sort(took)
			t.Logf("%d syncs, %d reads; every board acknowledged again after %v", syncs, c.crowd.reads, took)
			if soaks { // on a machine of one's own; a typical one, since a wait is a measurement
				require.LessOrEqual(t, took[len(took)/2], way.within)
			}
			code, out, errs := runProgram(t, "audit", "DATABASE_URL="+c.address)
			require.Zero(t, code, out+errs)
		})
	}
}

// storeOutages are the ways in which PostgreSQL goes away. outage returns when it is
// back. CI has the first alone.
var storeOutages = []struct {
	name   string
	within time.Duration // how soon all boards take syncs again
	outage func(c *storeCluster, away time.Duration)
}{
	{"replaced by its synchronous standby", 1500 * time.Millisecond, func(c *storeCluster, away time.Duration) {
		standby := c.server.Standby(c.t, "second")
		c.server.Configure(c.t, "synchronous_standby_names", "second")
		c.server.Await(c.t, `SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'`)
		<-time.After(time.Second) // under it
		old := c.server
		old.Kill()
		<-time.After(away)
		standby.Promote(c.t)
		c.proxy.Lead(c.t, standby.URL())
		c.server = standby
		require.NoError(c.t, old.Close())
	}},
	{"killed and started again", 1500 * time.Millisecond, func(c *storeCluster, away time.Duration) {
		c.server.Kill()
		<-time.After(away)
		c.server.Restart(c.t)
	}},
	// Its kernel takes connections while it stands, and it begins a session for each that was
	// given up since: some 50, of 25 to 60 ms of a processor each.
	{"standing still", 4 * time.Second, func(c *storeCluster, away time.Duration) {
		c.server.Stop()
		<-time.After(away)
		c.server.Continue()
	}},
}

// storeCluster is a cluster of three nodes that reach PostgreSQL at an address which
// moves in a failover, with a load.
type storeCluster struct {
	*nodes
	server  *testservers.Server
	proxy   *testservers.Proxy
	address string // the database's URL
	crowd   *clusterCrowd
}

func newStoreCluster(t *testing.T, args ...string) *storeCluster {
	t.Helper()
	c := &storeCluster{server: testservers.Postgres(t)}
	c.proxy, c.address = testservers.NewProxy(t, c.server.URL())
	c.nodes = startNodes(t, []string{c.address, c.address, c.address}, append(args, "--rate-limit-user", "0")...)
	c.crowd = newClusterCrowd(c.nodes, 8, 12)
	return c
}

// trouble is called before and after all nodes are disturbed.
func (c *storeCluster) trouble() {
	for _, p := range c.at {
		p.troubled.Add(1)
	}
}

// acknowledgedAgain waits until a sync to every board has been acknowledged, and returns
// how long that took.
func (c *storeCluster) acknowledgedAgain() time.Duration {
	c.t.Helper()
	back := time.Now()
	before := c.crowd.acknowledged()
	require.Eventually(c.t, func() bool {
		for i, steps := range c.crowd.acknowledged() {
			if steps <= before[i] {
				return false
			}
		}
		return true
	}, 20*time.Second, 5*time.Millisecond, "PostgreSQL is back, and not every board takes syncs")
	return time.Since(back).Round(time.Millisecond)
}
