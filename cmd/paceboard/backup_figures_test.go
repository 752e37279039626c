package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/cmd/internal/backup"
	"github.com/paceboard/paceboard/internal/race"
	"github.com/paceboard/paceboard/persistence/embedded"
)

// These are the figures of backups. They run with SOAK alone.

// TestRestoreOfAMillion backs a board of 1,000,000 up, restores it, and starts a server on
// what was restored.
func TestRestoreOfAMillion(t *testing.T) {
	if soak(t) == 0 {
		t.Skip("it is part of make soak")
	}
	race.Skip(t)
	const participants = 1_000_000
	const goal = 30 * time.Second
	dir, backups, restored := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "restored")
	store, err := embedded.Open(t.Context(), embedded.Options{Dir: dir})
	require.NoError(t, err)
	fillBoard(t, store, "big", participants)
	require.NoError(t, store.Close())
	timed := func(args ...string) time.Duration {
		began := time.Now()
		code, out, errs := runProgram(t, args...)
		require.Zero(t, code, out+errs)
		t.Log(out)
		return time.Since(began)
	}
	backedUp := timed("backup", "--data-dir", dir, backups)
	took := timed("restore", backups, restored)
	read := restart(t, restored, participants, "--request-timeout", "30s")
	t.Logf("backed up in %.1f s, restored in %.1f s, the board was read %.1f s after the start", backedUp.Seconds(), took.Seconds(), read.Seconds())
	require.LessOrEqual(t, took+read, goal)
}

// TestBackupUnderLoad offers syncs at a rate, and backs the server up in every other window.
// Each backup audits clean, and has, for each user, the steps that the syncs up to its seq
// add up to. Syncs wait hardly longer during backups.
func TestBackupUnderLoad(t *testing.T) {
	if soak(t) == 0 {
		t.Skip("it is part of make soak")
	}
	race.Skip(t)
	const (
		rate, users, pairs = 10_000, 256, 5
		window             = 5 * time.Second
		goal               = 1.5
	)
	dir, backups := t.TempDir(), t.TempDir()
	store, err := embedded.Open(t.Context(), embedded.Options{Dir: dir})
	require.NoError(t, err)
	fillBoard(t, store, "big", 200_000) // something to read and to write
	require.NoError(t, store.Close())
	s := startServer(t, dir, "--rate-limit-user", "0", "MAX_JOURNAL_USER=0")
	s.createSpring("spring")
	crowd := make([]*crowdClient, users)
	for i := range crowd {
		crowd[i] = newCrowdClient(t, s, fmt.Sprintf("user-%03d", i), "watch")
		require.NoError(t, crowd[i].conn.SetDeadline(time.Now().Add(10*time.Minute)))
		require.NoError(t, crowd[i].sync(1)) // which enrols them
	}
	total := func() (n uint64) {
		for _, c := range crowd {
			n += uint64(c.steps)
		}
		return n
	}
	before := total()
	others := backUpBeside(t, dir, backups).Manifest.Journals["spring"] - before // events that are no syncs
	offer(t, crowd, rate, window)                                                // to warm up

	var ratios, alone, during []float64
	var made []*backup.Source
	for range pairs {
		quiet := overall(offer(t, crowd, rate, window))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for ctx.Err() == nil {
				made = append(made, backUpBeside(t, dir, backups))
			}
		}()
		busy := overall(offer(t, crowd, rate, window))
		stop()
		<-ended
		alone, during = append(alone, quiet.Seconds()*1000), append(during, busy.Seconds()*1000)
		ratios = append(ratios, float64(busy)/float64(quiet))
	}
	s.stop()
	t.Logf("p99 in ms: alone %.1f, during backups %.1f; ratios %.2f; %d backups, the last of %d bytes", alone, during, ratios, len(made), made[len(made)-1].Manifest.Bytes())
	for _, b := range []*backup.Source{made[0], made[len(made)/2], made[len(made)-1]} {
		requireSumOfSteps(t, b.Name(), b.Manifest.Journals["spring"]-others)
	}
	slices.Sort(ratios)
	require.LessOrEqual(t, ratios[pairs/2], goal)
}

// overall is the 99th percentile of all that a load waited.
func overall(o *offered) time.Duration {
	all := slices.Concat(o.seconds...)
	slices.Sort(all)
	return all[len(all)*99/100]
}

// backUpBeside backs a running server up, and returns the backup, which it has closed.
func backUpBeside(t *testing.T, dir, backups string) *backup.Source {
	t.Helper()
	tool := exec.Command(binary, "backup", backups)
	tool.Env, tool.Dir = append(storeSettings(dir), "MIN_FREE_DISK=1MiB"), t.TempDir()
	out, err := tool.CombinedOutput()
	if err != nil { // not require: the test's own goroutine waits
		t.Error(err, string(out))
		return &backup.Source{Manifest: &backup.Manifest{}}
	}
	source, err := backup.Open(backups, nil, nil)
	if !assert.NoError(t, err) {
		return &backup.Source{Manifest: &backup.Manifest{}}
	}
	assert.NoError(t, source.Close())
	return source
}

// requireSumOfSteps restores a backup, audits it, and requires that the users' steps on
// spring, each of whose syncs says one more than the one before, add up to a number.
func requireSumOfSteps(t *testing.T, backup string, steps uint64) {
	t.Helper()
	s, _ := startRestored(t, backup)
	defer s.kill()
	var sum uint64
	for _, e := range s.readBoard("spring", 1000).Data.Entries {
		sum += uint64(e.Score)
	}
	t.Logf("a backup of %d syncs", sum)
	require.Equal(t, steps, sum)
}
