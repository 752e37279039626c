package main

import (
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/persistence/postgres"
	"github.com/paceboard/paceboard/persistence/testservers"
)

// checkOf runs serve --check, and returns what it says about one thing.
func checkOf(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	code, out, errs := runProgram(t, append([]string{"serve", "--check", "--host", "127.0.0.1", "--port", "0"}, args...)...)
	if code == exitDone {
		require.Contains(t, out, "a start would work", errs)
	}
	return code, out + errs
}

// contentOf is every file of a folder, with its content.
func contentOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		all[path] = string(text)
		return err
	}))
	return all
}

func TestACheckTellsWhetherTheEmbeddedStoreCanBeUsed(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	dir := filepath.Join(parent, "not", "there")
	code, said := checkOf(t, "--data-dir", dir)
	require.Equal(t, exitDone, code, said)
	require.Contains(t, said, "has no store; a start would make one")
	require.Empty(t, contentOf(t, parent), "and nothing is made")
	require.NoDirExists(t, filepath.Join(parent, "not"))

	s := startServer(t, dir)
	s.createSpring("spring")
	code, said = checkOf(t, "--data-dir", dir)
	require.Equal(t, exitFailed, code)
	require.Contains(t, said, "fails    store")
	require.Contains(t, said, "another paceboard uses this DATA_DIR")
	s.stop()

	before := contentOf(t, dir)
	code, said = checkOf(t, "--data-dir", dir)
	require.Equal(t, exitDone, code, said)
	require.Contains(t, said, "can be used")
	_, said = checkOf(t, "--data-dir", dir, "MIN_FREE_DISK=1000TiB")
	require.Contains(t, said, "below MIN_FREE_DISK")
	require.Equal(t, before, contentOf(t, dir), "a check changes nothing")

	for path := range before {
		if strings.Contains(path, "MANIFEST-") {
			require.NoError(t, os.Truncate(path, 1))
		}
	}
	code, said = checkOf(t, "--data-dir", dir)
	require.Equal(t, exitFailed, code, said)
	require.Contains(t, said, "damaged")
}

func TestACheckTellsWhatElseIsInTheWay(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	keys := httptest.NewServer(http.NotFoundHandler())
	defer keys.Close()
	data := filepath.Join(t.TempDir(), "data")
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"the port is taken":                  {[]string{"--port", port}, exitFailed, "set PORT or HOST to what is free"},
		"that of the metrics is taken":       {[]string{"METRICS_ADDRESS=127.0.0.1:" + port}, exitFailed, "set METRICS_ADDRESS"},
		"the project does not show its keys": {[]string{"SUPABASE_URL=" + keys.URL}, exitDone, "nobody could sign in with them"},
		"Redis is away":                      {[]string{"REDIS_URL=redis://127.0.0.1:1/0"}, exitDone, "warning  redis        it cannot be reached"},
		"a setting is wrong":                 {[]string{"MAX_JOINED=many"}, exitMisused, "MAX_JOINED"},
	} {
		t.Run(name, func(t *testing.T) {
			code, said := checkOf(t, append([]string{"--data-dir", data}, c.args...)...)
			require.Equal(t, c.code, code, said)
			require.Contains(t, said, c.says)
		})
	}
	_, said := checkOf(t, "--data-dir", data, "REDIS_URL="+testservers.Redis(t).URL())
	require.Contains(t, said, "ok       redis        reached")
}

func TestACheckTellsWhetherPostgreSQLCanBeUsed(t *testing.T) {
	t.Parallel()
	url := emptyDatabase(t)
	code, said := checkOf(t, "DATABASE_URL="+url)
	require.Equal(t, exitDone, code, said)
	require.Contains(t, said, "a start would bring its schema up to date")
	code, said = checkOf(t, "DATABASE_URL="+url)
	require.Equal(t, exitDone, code, said)
	require.Contains(t, said, "a start would bring its schema up to date", "the check before has made nothing")

	_, err := postgres.Migrate(t.Context(), url)
	require.NoError(t, err)
	code, said = checkOf(t, "DATABASE_URL="+url, "CLUSTER_LISTEN=127.0.0.1:0")
	require.Equal(t, exitDone, code, said)
	require.Contains(t, said, "PostgreSQL can be used")
	require.Contains(t, said, "a node, without TLS")

	s := startServer(t, url)
	code, said = checkOf(t, "DATABASE_URL="+url)
	require.Equal(t, exitFailed, code, said)
	require.Contains(t, said, "fails    store")
	s.stop()

	own, foreign := t.TempDir(), t.TempDir()
	node := append(newAuthority(t).issue(t, own), "DATABASE_URL="+url, "CLUSTER_LISTEN=127.0.0.1:0", "CONTROL_DIR="+filepath.Join(own, "control"))
	code, said = checkOf(t, node...)
	require.Equal(t, exitDone, code, said)
	require.Contains(t, said, "a node, with TLS")
	require.Contains(t, said, "a start would make it")
	require.NotContains(t, said, "warning")
	newAuthority(t).issue(t, foreign)
	require.NoError(t, os.Rename(filepath.Join(foreign, "CLUSTER_CA"), filepath.Join(own, "CLUSTER_CA")))
	code, said = checkOf(t, node...)
	require.Equal(t, exitDone, code, said)
	require.Contains(t, said, "warning  cluster      other nodes would refuse this one")

	absent := filepath.Join(t.TempDir(), "absent.pem")
	code, said = checkOf(t, "DATABASE_URL="+url, "CLUSTER_LISTEN=127.0.0.1:0", "CLUSTER_CA="+absent, "CLUSTER_CERT="+absent, "CLUSTER_KEY="+absent)
	require.Equal(t, exitFailed, code, said)
	require.Contains(t, said, "fails    cluster")
	require.Contains(t, said, absent)
}

// TestHelpExplainsExitCodes holds the codes to what every command's help says.
func TestHelpExplainsExitCodes(t *testing.T) {
	for _, c := range commands {
		code, out, _ := runProgram(t, c.name, "--help")
		require.Equal(t, exitDone, code)
		require.Contains(t, out, exitCodes, c.name)
	}
	code, out, _ := runProgram(t, "help")
	require.Equal(t, exitDone, code)
	require.Contains(t, out, exitCodes)
	code, _, _ = runProgram(t, "no-such-command")
	require.Equal(t, exitMisused, code)
	code, _, _ = runProgram(t, "audit", "--no-such-flag")
	require.Equal(t, exitMisused, code)
	code, _, _ = runProgram(t, "audit", "--data-dir", filepath.Join(t.TempDir(), "missing"))
	require.Equal(t, exitFailed, code)
}
