package main

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestClusterFindsPlantedFaults builds the program with a fault, and has the crowd of
// TestClusterCuts find it: answers that were too old. A check that finds nothing proves
// nothing unless it finds this.
func TestClusterFindsPlantedFaults(t *testing.T) {
	if os.Getenv("SOAK") == "" {
		t.Skip("it is part of make soak")
	}
	for _, fault := range plantedFaults {
		t.Run(fault.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 9))
			c := newCutCluster(t, buildPlanted(t, fault.edits), fault.boards, fault.users)
			c.crowd.run(32, time.Millisecond)
			began := time.Now()
			for time.Since(began) < 5*time.Minute && c.crowd.tooOld() == 0 && (!fault.harmless || c.faults < 8) {
				fault.expose(c, random)
			}
			if fault.harmless {
				c.finish()
				return
			}
			c.crowd.end()
			require.NotEmpty(t, c.crowd.stale, "%d reads and %d faults later, nothing was found", c.crowd.reads, c.faults)
			t.Logf("found after %v and %d faults: %d of %d reads were too old, among them\n%s",
				time.Since(began).Round(time.Second), c.faults, len(c.crowd.stale), c.crowd.reads, c.crowd.stale[0])
		})
	}
}

// plantedEdit replaces a text that is in a file of the program exactly once.
type plantedEdit struct{ file, from, to string }

// plantedFaults are programs with a fault, and what gives it an occasion.
var plantedFaults = []struct {
	name          string
	edits         []plantedEdit
	boards, users int
	expose        func(c *cutCluster, random *rand.Rand)
	harmless      bool // something else prevents what would come of it
}{
	{
		"an answer from memory without a look at the lease",
		[]plantedEdit{{"actors/engine_confirm.go", "case o.Lease == nil || o.Lease.Valid():", "case true:"}},
		8, 12,
		func(c *cutCluster, random *rand.Rand) { cutFromStore(c, random, buriedAfter) },
		false,
	},
	{
		// Two guards each suffice against an owner that was buried and goes on: its sessions
		// have ended, and an append under its claim is refused. So this test finds neither
		// missing alone, and what is missing here is both. Tests of persistence/postgres prove
		// each by itself: TestABurialEndsWhatIsFrozen the end of the sessions, which "a burial
		// that does not end the sessions" below leaves out, and TestWhatTheOwnersWhereIsFor
		// the owner in the append, with nodes that released a board and have their sessions; so
		// does "appends without the owner" of the model (cluster/explore_test.go). Most boards
		// must be quiet when the node goes on: where its successor has appended meanwhile, the
		// seq refuses what the owner did not.
		"an append that does not ask who the owner is",
		append([]plantedEdit{
			{"persistence/postgres/append_events.sql", "AND h.owner = $11::text AND h.epoch = b.epoch\n", "\n"},
			{"persistence/postgres/append.sql", "WHERE h.owner = excluded.owner AND h.epoch = excluded.epoch AND ", "WHERE "},
		}, sessionsGoOn...),
		96, 48, buryOne, false,
	},
	{"a burial that does not end the sessions", sessionsGoOn, 96, 48, buryOne, true},
	{
		"a reader who joins a fetch that is under way",
		[]plantedEdit{
			{"actors/engine_tops.go", "b.next = nil\n", ""},
			{"actors/engine_tops.go", "b.underway = many || b.next != nil", "b.next, b.underway = nil, false"},
		},
		2, 12,
		func(*cutCluster, *rand.Rand) { <-time.After(100 * time.Millisecond) },
		false,
	},
}

// sessionsGoOn leaves a node that was declared dead its connections. A burial ends them, so
// that the first append of a node that goes on fails in any case.
var sessionsGoOn = []plantedEdit{{
	"persistence/postgres/nodes.go", "SELECT count(pg_terminate_backend(a.pid))\nFROM unnest($1::text[])", "SELECT count(a.pid)\nFROM unnest($1::text[])",
}}

// buriedAfter is longer than the others wait for a node.
const buriedAfter = 4 * time.Second

func buryOne(c *cutCluster, random *rand.Rand) { standStill(c, random, buriedAfter) }

// TestPlantedFaultsFit: each fault is one of the program as it is now. Only soaks build
// them, and a fault that fits no more would be noticed too late.
func TestPlantedFaultsFit(t *testing.T) {
	for _, fault := range plantedFaults {
		plant(t, fault.edits)
	}
	for _, fault := range foundFaults {
		plant(t, fault.edits)
	}
}

// plant returns the texts of the files that edits replace, by their absolute names.
func plant(t *testing.T, edits []plantedEdit) (texts map[string]string) {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	texts = map[string]string{}
	for _, edit := range edits {
		name := filepath.Join(root, edit.file)
		if texts[name] == "" {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			texts[name] = string(text)
		}
		require.Equal(t, 1, strings.Count(texts[name], edit.from), "%s has changed: plant the fault elsewhere: %q", edit.file, edit.from)
		texts[name] = strings.Replace(texts[name], edit.from, edit.to, 1)
	}
	return texts
}

// buildPlanted builds the program with some of its files replaced; those that are there
// stay as they are.
func buildPlanted(t *testing.T, edits []plantedEdit) (program string) {
	t.Helper()
	dir := t.TempDir()
	var overlay struct{ Replace map[string]string }
	overlay.Replace = map[string]string{}
	for name, text := range plant(t, edits) {
		planted := filepath.Join(dir, filepath.Base(name))
		require.NoError(t, os.WriteFile(planted, []byte(text), 0o600))
		overlay.Replace[name] = planted
	}
	list, err := json.Marshal(overlay)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "overlay.json"), list, 0o600))
	program = filepath.Join(dir, "paceboard")
	out, err := exec.Command("go", "build", "-ldflags=-s -w", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	return program
}
