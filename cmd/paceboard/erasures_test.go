package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const erasuresKey = "ERASURES_KEY=a key for erasures, 32 bytes or more"

// TestErasuresSurviveARestore: after one, those who were erased since are there again, and
// stay until the operator says otherwise; who came back after an erasure stays for good.
func TestErasuresSurviveARestore(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	data, backups, restored, file := filepath.Join(parent, "data"), filepath.Join(parent, "backups"), filepath.Join(parent, "restored"), filepath.Join(parent, "erasures")
	s := startServer(t, data, "ERASURES_FILE="+file, erasuresKey)
	s.createSpring("spring")
	s.createSpring("autumn")
	join := func(id, competition string) {
		t.Helper()
		status, answer := s.call(http.MethodPost, "/api/v1/competitions/"+competition+"/join", tokenOf(t, id, false), `{}`)
		require.Equal(t, http.StatusOK, status, string(answer))
	}
	erase := func(id string) {
		t.Helper()
		status, answer := s.call(http.MethodDelete, "/api/v1/users/"+id, operatorToken(t), "")
		require.Equal(t, http.StatusOK, status, string(answer))
	}
	for _, id := range []string{"ann", "bob", "cat"} {
		join(id, "spring")
	}
	join("ann", "autumn")
	erase("cat")
	join("cat", "spring") // and stays: she came back
	code, _, errs := runProgram(t, "backup", "--data-dir", data, backups)
	require.Equal(t, exitDone, code, errs)
	erase("ann")
	s.stop()

	code, _, errs = runProgram(t, "restore", backups, restored)
	require.Equal(t, exitDone, code, errs)
	on := func(competition string) string {
		t.Helper()
		status, answer := s.call(http.MethodGet, "/api/v1/competitions/"+competition+"/participants", operatorToken(t), "")
		require.Equal(t, http.StatusOK, status, string(answer))
		return string(answer)
	}
	s = startServer(t, restored, "ERASURES_FILE="+file, erasuresKey)
	require.Contains(t, on("spring"), `"ann"`, "never at a plain start")
	s.stop()

	code, _, errs = runProgram(t, "erasures", "apply", "--data-dir", restored, "ERASURES_FILE="+file, "ERASURES_KEY=another key, of 32 bytes or more!")
	require.Equal(t, exitDone, code, errs)
	code, out, errs := runProgram(t, "erasures", "apply", "--data-dir", restored, "ERASURES_FILE="+file, erasuresKey)
	require.Equal(t, exitDone, code, errs)
	require.Equal(t, "erased again 2 participants, 1 people", strings.TrimSpace(out), errs)
	code, out, errs = runProgram(t, "erasures", "apply", "--data-dir", restored, erasuresKey, file)
	require.Equal(t, exitDone, code, errs)
	require.Contains(t, out, "erased again 0 participants")

	s = startServer(t, restored, "ERASURES_FILE="+file, erasuresKey)
	for _, competition := range []string{"spring", "autumn"} {
		require.NotContains(t, on(competition), `"ann"`)
	}
	require.Contains(t, on("spring"), `"bob"`)
	require.Contains(t, on("spring"), `"cat"`)
	s.stop()
	code, out, errs = runProgram(t, "audit", "--data-dir", restored, "MIN_FREE_DISK=0")
	require.Equal(t, exitDone, code, out+errs)
}

// TestErasuresAreNotAnsweredUnnoted: without the file nobody is erased, and the server does
// not start where it could not be written or would be lost.
func TestErasuresAreNotAnsweredUnnoted(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	for says, file := range map[string]string{"no such file": filepath.Join(t.TempDir(), "missing", "erasures"), "inside DATA_DIR": filepath.Join(data, "erasures")} {
		code, out, errs := runProgram(t, "serve", "--host", "127.0.0.1", "--port", "0", "--data-dir", data, "ERASURES_FILE="+file, erasuresKey)
		require.Equal(t, exitFailed, code, out)
		require.Contains(t, errs, says)
	}
	code, _, errs := runProgram(t, "serve", "--port", "0", "--data-dir", data, "ERASURES_FILE=/x")
	require.Equal(t, exitMisused, code)
	require.Contains(t, errs, "belong together")
}
