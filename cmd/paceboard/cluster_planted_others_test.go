package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// plantedProgram names a program that a test run is to test instead of this one's.
const plantedProgram = "PACEBOARD_PLANTED_PROGRAM"

// TestClusterFindsPlantedFaultsOfBoardsAndMoney has other tests test programs with a
// fault, in test runs of their own. They must fail, and say what they are there to find.
func TestClusterFindsPlantedFaultsOfBoardsAndMoney(t *testing.T) {
	if os.Getenv("SOAK") == "" {
		t.Skip("it is part of make soak")
	}
	for _, fault := range foundFaults {
		t.Run(fault.name, func(t *testing.T) {
			planted := buildPlanted(t, fault.edits)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, os.Args[0], "-test.run", "^"+fault.test+"$", "-test.v")
			cmd.Env = append(os.Environ(), "SOAK="+fault.soak, plantedProgram+"="+planted)
			began := time.Now()
			out, err := cmd.CombinedOutput()
			require.NoError(t, ctx.Err())
			require.Error(t, err, "nothing was found:\n%s", out)
			if !strings.Contains(string(out), fault.says) {
				t.Fatalf("it failed, but did not say %q:\n%s", fault.says, out)
			}
			t.Logf("found after %v", time.Since(began).Round(time.Second))
		})
	}
}

// The tests that find the faults.
const (
	liveTest  = "TestClusterStaysLive"
	deathTest = "TestClusterPaysOnceWhileNodesDie"
	pointTest = "TestClusterPaysOnceAtInjectedPoints"
	reachTest = "TestClusterWithNodesThatCannotBeReached"
)

// foundFaults are programs with a fault.
var foundFaults = []struct {
	name, test, soak string
	edits            []plantedEdit
	says             string
}{
	{
		"a delta that leaves out what one version changed", liveTest, "",
		[]plantedEdit{{
			"competition/live.go", "return deltaOf(&u.history[i].Board, &u.Board, limit), true",
			"from := u.Board\n\tif i > 0 {\n\t\tfrom = u.history[i-1].Board\n\t}\n\td = deltaOf(&from, &u.Board, limit)\n\td.PreviousVersion = version\n\treturn d, true",
		}},
		"to one and",
	},
	{
		"a delta that is not sent", liveTest, "",
		[]plantedEdit{{
			"http/live_session.go", "if err := send(l.boardFrame(w, update)); err != nil {",
			"if f := l.boardFrame(w, update); f.kind == \"score_update\" && update.Version%20 == 0 {\n\t\t} else if err := send(f); err != nil {",
		}},
		"came to a client at",
	},
	{
		"a node that takes a board's former owner for the present one", liveTest, "1s",
		[]plantedEdit{
			{"actors/engine_follow.go", "\tmu       sync.Mutex\n\tall      map", "\towner    string\n\tmu       sync.Mutex\n\tall      map"},
			{"actors/engine_follow.go", "\tif top.Same {\n", "\tif f.owner == \"\" {\n\t\tf.owner = node\n\t}\n\tif top.Same || node != f.owner {\n"},
		},
		"are left with an old board",
	},
	{
		"a node that leaves its clients with a board that it gave up", liveTest, "1s",
		[]plantedEdit{{"actors/actor_live.go", "\tif len(moving) > 0 {\n", "\tif len(moving) > 1<<20 {\n"}},
		"are left with an old board",
	},
	{
		"a follower that shows every third update only", liveTest, "",
		[]plantedEdit{{"actors/engine_follow.go", "\t\ts.Offer(f.update)\n", "\t\tif f.update.Version%3 == 0 {\n\t\t\ts.Offer(f.update)\n\t\t}\n"}},
		"are left with an old board",
	},
	{
		"a prize that is noted as handed over before it is", deathTest, "",
		[]plantedEdit{{"payouts/worker.go", "\th.Attempts++\n", "\th.Attempts++\n\th.Status = ledger.HandoverDelivered\n"}},
		"prizes of 6",
	},
	{
		"a prize that has another key each time it is handed over", pointTest, "",
		[]plantedEdit{{"payouts/post.go", "header.Set(IdempotencyHeader, p.ID().String())", "header.Set(IdempotencyHeader, p.ID().String()+now.String())"}},
		"the provider knows more prizes than there are",
	},
	{
		"a prize that is another one each time it is handed over", pointTest, "",
		[]plantedEdit{{"payouts/post.go", "string(p.CreatedAt.AppendTime(nil))", "time.Now().String()"}},
		"the provider was told different things",
	},
	{
		"an erasure that leaves winners their names", deathTest, "",
		[]plantedEdit{{"persistence/postgres/erasure.go", "`UPDATE paceboard.prizes SET user_id = $3 WHERE", "`UPDATE paceboard.prizes SET user_id = $3 WHERE $3 = '' AND"}},
		"Should be empty",
	},
	{
		"boards that are placed at nodes that nobody can connect to", reachTest, "",
		[]plantedEdit{{"cluster/reach.go", "if c.id == self && o.heard || c.id != self && slices.Contains(o.reached, c.id) {", "if true {"}},
		"the node that owns the competition cannot be reached",
	},
	{
		"a node that keeps its boards when nobody connects to it any more", reachTest, "",
		[]plantedEdit{{"cluster/reach.go", "case c.trust == trusted && !up && lasts >= patience*ttl:", "case c.trust == trusted && !up && lasts >= 3600*ttl:"}},
		"it gives up what it has",
	},
}
