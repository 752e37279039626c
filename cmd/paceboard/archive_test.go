package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/cmd/internal/archive/s3test"
	"github.com/paceboard/paceboard/persistence/embedded"
	"github.com/paceboard/paceboard/persistence/testservers"
)

// exportOf returns the export of a data folder: all that there is of its competitions, byte for byte.
func exportOf(t *testing.T, dir string) string {
	t.Helper()
	code, out, errs := runProgram(t, "export", "--data-dir", dir)
	require.Zero(t, code, errs)
	return out
}

// post posts, as an operator or for a user.
func (s *instance) post(path, body string) {
	s.t.Helper()
	status, answer := s.call(http.MethodPost, path, operatorToken(s.t), body)
	require.Less(s.t, status, 300, string(answer))
}

// TestPointsInTime: with a backup or without one, by seq or by time, a restore from an archive has exactly
// the state of that point, and what happens after a restore never mixes with what was given up.
func TestPointsInTime(t *testing.T) {
	t.Parallel()
	bucket := s3test.Start(t)
	keys := []string{"ARCHIVE=" + bucket.URL, "ARCHIVE_ACCESS_KEY=" + s3test.AccessKey, "ARCHIVE_SECRET_KEY=" + s3test.SecretKey}
	dir, backups := t.TempDir(), filepath.Join(t.TempDir(), "backups")
	type point struct {
		at     time.Time
		export string
		seqs   []string
	}
	var points []point
	// live has a server do something, and notes what there is afterwards.
	live := func(do func(s *instance)) {
		s := startServer(t, dir, append(keys, "--rate-limit-user", "0")...)
		do(s)
		s.stop()
		p := point{at: time.Now(), export: exportOf(t, dir)}
		ends := openStoreEnds(t, dir)
		for id, seq := range ends {
			p.seqs = append(p.seqs, "--until-seq", fmt.Sprintf("%s=%d", id, seq))
		}
		points = append(points, p)
	}
	live(func(s *instance) {
		s.createSpring("spring", `"entry_fee":500`, `"currency":"EUR"`)
		s.createSpring("autumn")
		for n := range 20 {
			s.syncSteps("autumn", fmt.Sprintf("user-%02d", n), 100*n)
		}
	})
	live(func(s *instance) {
		code, out, errs := runProgram(t, "backup", "--data-dir", dir, backups)
		require.Zero(t, code, out+errs)
		for n := range 20 {
			s.syncSteps("autumn", fmt.Sprintf("user-%02d", n), 200*n)
		}
		s.post("/api/v1/competitions/autumn/participants/user-03/exclude", `{"reason":"a dog did it"}`)
		for n := range 5 {
			s.post("/api/v1/competitions/autumn/join", fmt.Sprintf(`{"user_id":"user-30","user_name":"Name %d"}`, n))
		}
	})
	live(func(s *instance) {
		status, answer := s.call(http.MethodDelete, "/api/v1/users/user-07", operatorToken(t), "")
		require.Equal(t, http.StatusOK, status, string(answer))
		s.createSpring("winter")
		s.syncSteps("winter", "user-01", 5)
	})
	restore := func(want string, args ...string) string {
		t.Helper()
		to := filepath.Join(t.TempDir(), "restored")
		code, out, errs := runProgram(t, append(append([]string{"restore"}, args...), append([]string{to}, keys...)...)...)
		require.Zero(t, code, out+errs)
		require.Equal(t, want, exportOf(t, to), "%v", args)
		code, out, errs = runProgram(t, "audit", "--data-dir", to)
		require.Zero(t, code, out+errs)
		return to
	}
	for n, p := range points {
		from := []string{"--from", backups}
		if n == 0 {
			from = nil // there was none
		}
		restore(p.export, append(from, "--until", p.at.Format(time.RFC3339Nano))...)
	}
	restore(points[2].export, append(points[2].seqs, "--from", backups)...)
	to := restore(points[2].export, "--from", backups)
	require.NoDirExists(t, filepath.Join(to, archiveFolder))

	var given uint64 // the last segment of what is given up now
	bucket.Change(func(objects map[string][]byte) {
		var head struct{ Segment uint64 }
		require.NoError(t, json.Unmarshal(objects["spring/head.json"], &head))
		given = head.Segment
	})
	// A restore to the second point gives the third one up.
	dir = restore(points[1].export, "--from", backups, "--until", points[1].at.Format(time.RFC3339Nano))
	live(func(s *instance) {
		s.syncSteps("autumn", "user-11", 9_999)
		s.createSpring("winter") // another one
	})
	restore(points[3].export)
	restore(points[3].export, "--from", backups)
	restore(points[1].export, "--from", backups, "--until", points[1].at.Format(time.RFC3339Nano))
	restore(points[2].export, "--from", backups, "--until-segment", fmt.Sprint(given))
}

// openStoreEnds returns where the journals of a data folder end.
func openStoreEnds(t *testing.T, dir string) map[string]uint64 {
	t.Helper()
	s := openEmbedded(t, dir)
	ends, err := journalEnds(t.Context(), s)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	seqs := map[string]uint64{}
	for id, end := range ends {
		seqs[id] = end.Seq
	}
	return seqs
}

func openEmbedded(t *testing.T, dir string) *embedded.Store {
	t.Helper()
	s, err := embedded.Open(t.Context(), embedded.Options{Dir: dir, BallastBytes: -1})
	require.NoError(t, err)
	return s
}

// TestPostgreSQLRestoredWhileNobodySaw: after a restore that no server saw, `paceboard continue` gives each
// board a new epoch, so that a client with a version of the lost future gets the board and not 304.
func TestPostgreSQLRestoredWhileNobodySaw(t *testing.T) {
	t.Parallel()
	server := testservers.Postgres(t)
	database := server.NewDatabase(t, "")
	s := startServer(t, database, "--rate-limit-user", "0")
	s.createSpring("spring")
	s.createSpring("autumn")
	s.syncSteps("spring", "ann", 100)
	s.stop()
	copied := server.NewDatabase(t, path.Base(strings.SplitN(database, "?", 2)[0]))
	s = startServer(t, database, "--rate-limit-user", "0")
	s.syncSteps("spring", "ann", 200)
	_, tag := s.tagged("spring", "")
	s.stop()

	code, out, errs := runProgram(t, "continue", "DATABASE_URL="+copied)
	require.Zero(t, code, out+errs)
	require.Contains(t, out, "continued 2 boards")
	s = startServer(t, copied, "--rate-limit-user", "0")
	for steps := 150; s.readBoard("spring", 1).Data.Version < 8; steps++ { // past the version that the client has
		status, now := s.tagged("spring", tag)
		require.Equal(t, http.StatusOK, status)
		require.NotEqual(t, tag, now)
		s.syncSteps("spring", "ann", steps)
	}
	s.stop()
	code, out, errs = runProgram(t, "audit", "DATABASE_URL="+copied)
	require.Zero(t, code, out+errs)
}
