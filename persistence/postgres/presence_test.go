package postgres

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/porttest"
)

// holdVariable has the test's program be a process that has a database to itself until
// it is killed.
const holdVariable = "PACEBOARD_TEST_HOLD"

func hold(databaseURL string) {
	s, err := Open(context.Background(), Options{URL: databaseURL})
	if err == nil {
		_, err = porttest.Begin(context.Background(), s, "board")
	}
	fmt.Println(s.Node(), err) //nolint:forbidigo // it is what the test waits for
	select {}
}

// openAlone opens a store that has its database to itself. It ends with the test.
func openAlone(t *testing.T, databaseURL string, lost func(error)) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{URL: databaseURL, Lost: lost})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestAKilledProcessIsFollowedWithinASecond(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	const tries = 5
	for try := 1; ; try++ { // a busy machine may need more than one, or long for any opening
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), holdVariable+"="+databaseURL)
		out, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())
		var node, failure string
		_, err = fmt.Fscan(bufio.NewReader(out), &node, &failure)
		require.NoError(t, err)
		require.Equal(t, "<nil>", failure)

		_, err = Open(t.Context(), Options{URL: databaseURL})
		require.ErrorIs(t, err, ErrInUse)
		require.ErrorContains(t, err, "node "+node+" (from ")
		require.ErrorContains(t, err, "stop it first")

		require.NoError(t, child.Process.Kill())
		_ = child.Wait() // It says that it was killed.
		began := time.Now()
		s, err := Open(t.Context(), Options{URL: databaseURL})
		took := time.Since(began)
		require.NoError(t, err)
		g, err := porttest.Resume(t.Context(), s, "board")
		require.NoError(t, err)
		require.NoError(t, g.Sync("anna", 0, 100))
		require.NoError(t, g.Commit(t.Context()))
		shared.Get(t).Exec(t, databaseURL, `DELETE FROM paceboard.heads; DELETE FROM paceboard.journal`)
		require.NoError(t, s.Close())
		began = time.Now()
		s, err = Open(t.Context(), Options{URL: databaseURL})
		undisturbed := time.Since(began)
		require.NoError(t, err)
		require.NoError(t, s.Close())
		if took <= max(time.Second, 2*undisturbed) {
			t.Logf("opened %v after the kill, %v without one", took, undisturbed)
			return
		}
		require.Less(t, try, tries, "it took %v, and %v without a kill", took, undisturbed)
	}
}

func TestBothModesKeepEachOtherOut(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	node := &ClusterOptions{Node: competition.Node{ID: "n-1"}}
	alone := openAlone(t, databaseURL, nil)
	_, err := Open(t.Context(), Options{URL: databaseURL, Cluster: node})
	require.ErrorIs(t, err, ErrInUse)
	require.ErrorContains(t, err, "node "+alone.Node())
	applied, err := Migrate(t.Context(), databaseURL)
	require.NoError(t, err, "there is nothing to do")
	require.Empty(t, applied)
	require.ErrorIs(t, Down(t.Context(), databaseURL, Migration{Version: newest()}), ErrInUse)

	reader, err := Open(t.Context(), Options{URL: databaseURL, ReadOnly: true})
	require.NoError(t, err, "who only reads disturbs nobody")
	require.NoError(t, reader.Check(t.Context()))
	_, err = porttest.Begin(t.Context(), reader, "board")
	require.ErrorIs(t, err, competition.ErrUnavailable)
	require.Error(t, reader.PutAPIKey(t.Context(), competition.APIKey{ID: "k"}))
	require.NoError(t, reader.Close())
	require.NoError(t, alone.Close())

	for _, id := range []string{"n-1", "n-2"} {
		s, err := Open(t.Context(), Options{URL: databaseURL, Cluster: &ClusterOptions{Node: competition.Node{ID: id}}})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
	}
	_, err = Open(t.Context(), Options{URL: databaseURL})
	require.ErrorIs(t, err, ErrInUse)
	require.ErrorContains(t, err, "n-1")
	require.ErrorContains(t, err, "n-2")
	require.ErrorContains(t, err, "CLUSTER_LISTEN")
	for _, id := range []string{"", "a b", "it's"} {
		_, err := Open(t.Context(), Options{URL: databaseURL, Cluster: &ClusterOptions{Node: competition.Node{ID: id}}})
		require.ErrorContains(t, err, "must have 1 to 53")
	}
}

// endLockSession ends the session that holds a process's lock.
func endLockSession(t *testing.T, databaseURL string, s *Store) {
	t.Helper()
	var ended int
	require.NoError(t, connect(t, databaseURL).QueryRow(t.Context(), endOwnSQL, int64(presenceLock), applicationPrefix+s.Node()).Scan(&ended))
	require.Equal(t, 1, ended)
}

func TestALockThatWasLostIsTakenAgain(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	s := openAlone(t, databaseURL, func(error) { t.Error("it was not lost") })
	g := begin(t, s, "board")
	watcher := connect(t, databaseURL)
	for i := range 3 {
		endLockSession(t, databaseURL, s)
		if i > 0 { // or it finds out by itself
			s.presence.doubt()
		}
		require.NoError(t, g.Sync("anna", 0, int64(100+i)))
		require.NoError(t, g.Commit(t.Context()), "nobody else has it")
		eventually(t, "the lock", func() error {
			var held bool
			require.NoError(t, watcher.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`).Scan(&held))
			if !held {
				return errors.New("nobody holds it")
			}
			return s.Check(t.Context())
		})
	}
}

func TestWhoWasOvertakenWritesNoMore(t *testing.T) {
	t.Parallel()
	for name, overtake := range map[string]func(t *testing.T, databaseURL string, s *Store){
		"another process waits for the lock": func(t *testing.T, databaseURL string, s *Store) {
			t.Helper()
			rival := connect(t, databaseURL)
			waiting := make(chan error, 1)
			go func() {
				_, err := rival.Exec(t.Context(), `SELECT pg_advisory_lock($1)`, int64(presenceLock))
				waiting <- err
			}()
			watcher := connect(t, databaseURL)
			eventually(t, "the rival", func() error {
				var n int
				require.NoError(t, watcher.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&n))
				if n == 0 {
					return errors.New("it does not wait yet")
				}
				return nil
			})
			endLockSession(t, databaseURL, s)
			require.NoError(t, <-waiting)
		},
		"another process was here and has gone": func(t *testing.T, databaseURL string, s *Store) {
			t.Helper()
			shared.Get(t).Exec(t, databaseURL, `UPDATE paceboard.nodes SET state = 'dead' WHERE node_id = $1`, s.Node())
			endLockSession(t, databaseURL, s)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := newDatabase(t)
			lost := make(chan error, 1)
			s := openAlone(t, databaseURL, func(err error) { lost <- err })
			g := begin(t, s, "board")
			overtake(t, databaseURL, s)
			s.presence.doubt()
			require.ErrorIs(t, <-lost, competition.ErrUnavailable)
			require.NoError(t, g.Sync("anna", 0, 100))
			require.ErrorIs(t, g.Commit(t.Context()), competition.ErrUnavailable)
			require.ErrorContains(t, s.Check(t.Context()), "must be started again")
			require.ErrorIs(t, s.PutAPIKey(t.Context(), competition.APIKey{ID: "k"}), competition.ErrUnavailable)
			_, err := s.Claim(t.Context(), "board")
			require.ErrorIs(t, err, competition.ErrUnavailable)
			_, err = s.Find(t.Context(), "board")
			require.NoError(t, err, "reading goes on")
		})
	}
}
