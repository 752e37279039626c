package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// TestClusterCuts cuts the nodes of a cluster off from PostgreSQL and from each other,
// and has them stand still, under load from and through all of them: clients reach each
// of them all the time. Nothing that was acknowledged is lost, and nobody reads what is
// older than an acknowledgement before. With SOAK, each kind of fault goes on until
// SOAK_READS reads have been checked.
func TestClusterCuts(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 8))
	soak, err := time.ParseDuration(os.Getenv("SOAK"))
	if err != nil {
		t.Parallel()
		c := newCutCluster(t, binary, 8, 12, "CLUSTER_LEASE=1s")
		c.crowd.run(6, pace(t, 0))
		for _, kind := range cutKinds {
			kind.cause(c, random, 2500*time.Millisecond)
		}
		c.finish()
		return
	}
	reads := 200_000
	if set := os.Getenv("SOAK_READS"); set != "" {
		reads, err = strconv.Atoi(set)
		require.NoError(t, err)
	}
	for _, kind := range cutKinds {
		t.Run(kind.name, func(t *testing.T) {
			c := newCutCluster(t, binary, 8, 12)
			c.crowd.run(32, time.Millisecond)
			end := time.Now().Add(soak / time.Duration(len(cutKinds)))
			for c.crowd.checked() < reads && time.Now().Before(end) {
				kind.cause(c, random, time.Second+time.Duration(random.Int64N(int64(5*time.Second))))
				<-time.After(500 * time.Millisecond)
			}
			c.finish()
		})
	}
}

// cutKinds are the faults. cause returns when the fault is over and all nodes are there
// again, or others in their places.
var cutKinds = []struct {
	name  string
	cause func(c *cutCluster, random *rand.Rand, long time.Duration)
}{
	{"a node and PostgreSQL", cutFromStore},
	{"a node and all others", func(c *cutCluster, random *rand.Rand, long time.Duration) {
		i := random.IntN(len(c.at))
		c.disrupt(long, func() (heal func()) {
			heals := []func(){c.net.cut(c.net.node(i), c.net.store())}
			for other := range c.at {
				if other != i {
					heals = append(heals, c.net.cut(c.net.node(i), c.net.node(other)))
				}
			}
			return func() {
				for _, heal := range heals {
					heal()
				}
			}
		}, i)
	}},
	{"two nodes", func(c *cutCluster, random *rand.Rand, long time.Duration) {
		i := random.IntN(len(c.at))
		j := (i + 1 + random.IntN(len(c.at)-1)) % len(c.at)
		how := []func(a, b string) func(){c.net.cut, c.net.drop}[random.IntN(2)] // drop: in one direction alone
		c.disrupt(long, func() (heal func()) { return how(c.net.node(i), c.net.node(j)) }, i, j)
	}},
	{"all nodes and PostgreSQL", func(c *cutCluster, _ *rand.Rand, long time.Duration) {
		var all []int
		for i := range c.at {
			all = append(all, i)
		}
		c.disrupt(long, func() (heal func()) { return c.net.cut(c.net.prefix+"0/24", c.net.store()) }, all...)
	}},
	{"a node stands still", standStill},
}

func cutFromStore(c *cutCluster, random *rand.Rand, long time.Duration) {
	i := random.IntN(len(c.at))
	c.disrupt(long, func() (heal func()) { return c.net.cut(c.net.node(i), c.net.store()) }, i)
}

func standStill(c *cutCluster, random *rand.Rand, long time.Duration) {
	i := random.IntN(len(c.at))
	c.disrupt(long, func() (heal func()) {
		s := c.at[i].node.Load()
		_ = s.cmd.Process.Signal(syscall.SIGSTOP)
		return func() { _ = s.cmd.Process.Signal(syscall.SIGCONT) }
	}, i)
}

// cutCluster is a cluster of three nodes in a network of its own, with a load.
type cutCluster struct {
	*nodes
	net      *isolated
	database string // as this process reaches it
	conn     *pgx.Conn
	crowd    *clusterCrowd
	faults   int
	again    int // nodes that were started in the place of one that the others had declared dead
}

func newCutCluster(t *testing.T, program string, boards, users int, args ...string) *cutCluster {
	t.Helper()
	c := &cutCluster{net: newNetwork(t, 3)}
	_, here, there := c.net.postgres()
	c.nodes = startNodesAt(t, c.net.places(program, there), append(args, "--rate-limit-user", "0")...)
	c.database = here
	var err error
	c.conn, err = pgx.Connect(t.Context(), here)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.conn.Close(t.Context()) })
	c.crowd = newClusterCrowd(c.nodes, boards, users)
	return c
}

// disrupt causes a fault for some time, which concerns the nodes at some places, and
// returns when all nodes take requests again.
func (c *cutCluster) disrupt(long time.Duration, cause func() (heal func()), places ...int) {
	c.t.Helper()
	for _, i := range places {
		c.at[i].troubled.Add(1)
	}
	heal := cause()
	<-time.After(long)
	heal()
	c.faults++
	for i := range c.at {
		c.recover(i)
	}
	for i := range c.at {
		c.reaches(i)
	}
	for _, i := range places {
		c.at[i].troubled.Add(1)
	}
}

// recover waits until a node beats again, or has ended because it was declared dead, and
// then starts another one in its place.
func (c *cutCluster) recover(i int) {
	c.t.Helper()
	s := c.at[i].node.Load()
	id := s.nodeID()
	var first int64
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); <-time.After(20 * time.Millisecond) {
		if c.replace(i) {
			return
		}
		var state string
		var beat int64
		require.NoError(c.t, c.conn.QueryRow(c.t.Context(), `SELECT state, beat FROM paceboard.nodes WHERE node_id = $1`, id).Scan(&state, &beat))
		switch {
		case state == "dead": // and must end
		case first == 0:
			first = beat
		case beat > first+1:
			return
		}
	}
	require.FailNow(c.t, "the node neither beats nor ends", s.logs.String())
}

// replace starts another node in the place of one that has ended because the others
// declared it dead, and reports whether it had.
func (c *cutCluster) replace(i int) bool {
	c.t.Helper()
	s := c.at[i].node.Load()
	select {
	case <-s.exited:
		require.Equal(c.t, 75, s.cmd.ProcessState.ExitCode(), s.logs.String())
		c.start(i)
		c.again++
		return true
	default:
		return false
	}
}

// reaches waits until a node answers for every board, which others own. A machine that
// is busy may have it declared dead meanwhile.
func (c *cutCluster) reaches(i int) {
	c.t.Helper()
	for _, id := range c.crowd.competitions {
		deadline := time.Now().Add(30 * time.Second)
		for {
			status, _, err := c.at[i].node.Load().try(http.MethodGet, "/api/v1/leaderboard/"+id+"?limit=1", c.crowd.operator, "")
			if err == nil && status == http.StatusOK {
				break
			}
			c.replace(i)
			require.True(c.t, time.Now().Before(deadline), "node %d does not reach the owner of %s", i, id)
			<-time.After(20 * time.Millisecond)
		}
	}
}

// finish ends the load, and checks and reports what came of it.
func (c *cutCluster) finish() {
	t := c.t
	t.Helper()
	c.crowd.end()
	refusals := c.crowd.refusals // an owner that reaches no PostgreSQL refuses what others send it
	c.crowd.refusals = nil
	syncs := c.crowd.settle()
	t.Logf("%d faults, %d nodes declared dead: %d syncs, %d reads, %d too old; at nodes that no fault concerned: %d refusals, the longest wait %v",
		c.faults, c.again, syncs, c.crowd.reads, len(c.crowd.stale), len(refusals), c.crowd.longest(time.Time{}, time.Now()).took)
	if len(refusals) > 0 {
		t.Logf("the first refusal: %s\nwhat the nodes warned of:\n%s", refusals[0], c.warnings())
	}
	for i := range c.at {
		c.at[i].node.Load().stop()
	}
	code, out, errs := runProgram(t, "audit", "DATABASE_URL="+c.database)
	require.Zero(t, code, out+errs)
	require.Contains(t, out, fmt.Sprintf("audited   %d competitions", len(c.crowd.competitions)))
}
