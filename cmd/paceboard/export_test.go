package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestExportAndImportByTheProgram moves a running service from a data folder to
// PostgreSQL, as an operator would.
func TestExportAndImportByTheProgram(t *testing.T) {
	t.Parallel()
	dir, database := t.TempDir(), emptyDatabase(t)
	tool := func(where, input string, args ...string) (string, error) {
		cmd := exec.Command(binary, args...)
		cmd.Env, cmd.Dir = append(storeSettings(where), "MIN_FREE_DISK=1MiB"), t.TempDir()
		if input != "" {
			file, err := os.Open(input)
			require.NoError(t, err)
			defer file.Close()
			cmd.Stdin = file
		}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	file := filepath.Join(t.TempDir(), "all.jsonl")
	said, err := tool(dir+"/nowhere", "", "export", file)
	require.Error(t, err)
	require.Contains(t, said, "there is no store in")

	s := startServer(t, dir)
	s.createSpring("spring", `"description":"Spring <&> \u00e9t\u00e9"`)
	for n := range 40 {
		status, answer := s.call(http.MethodPost, "/api/v1/fitness/sync", operatorToken(t),
			fmt.Sprintf(`{"user_id":"user-%02d","competition_id":"spring","date":"2026-11-01","steps":%d}`, n, 100*n))
		require.Equal(t, http.StatusOK, status, string(answer))
	}
	before := s.readBoard("spring", 100)
	said, err = tool(dir, "", "export", file)
	require.Error(t, err)
	require.Contains(t, said, "another paceboard uses this DATA_DIR")
	s.stop()

	said, err = tool(dir, "", "export", file)
	require.NoError(t, err, said)
	require.Contains(t, said, "1 competitions, ")
	said, err = tool(database, file, "import")
	require.NoError(t, err, said)
	require.Contains(t, said, "imported  1 competitions")
	said, err = tool(database, "", "import", file)
	require.NoError(t, err, said)
	require.Contains(t, said, "1 were there already")

	moved := startServer(t, database)
	require.Equal(t, before, moved.readBoard("spring", 100), "the version included")
	moved.stop()
}
