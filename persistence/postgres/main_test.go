package postgres

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/testservers"
)

// shared is the server of all tests that do it no harm; each has a database of
// its own on it.
var shared testservers.SharedPostgres

func TestMain(m *testing.M) {
	if databaseURL := os.Getenv(holdVariable); databaseURL != "" {
		hold(databaseURL)
	}
	goleak.VerifyTestMain(withServer{m})
}

// withServer ends the shared server before goroutines are counted.
type withServer struct{ *testing.M }

func (w withServer) Run() int {
	code := w.M.Run()
	if err := shared.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// template is the name of a database with the schema and nothing in it, from
// which tests copy theirs.
const template = "migrated"

// newDatabase is the URL of a database with the schema, on the shared server.
func newDatabase(tb testing.TB) string {
	tb.Helper()
	return shared.Copy(tb, template, func(databaseURL string) {
		_, err := Migrate(tb.Context(), databaseURL)
		require.NoError(tb, err)
	})
}

// open opens a store that ends with the test, on any database, as a node of a cluster,
// of which there may be several.
func open(tb testing.TB, databaseURL string) *Store {
	tb.Helper()
	node := competition.Node{ID: NewNodeID(), Level: competition.FormatLevel}
	s, err := Open(tb.Context(), Options{URL: databaseURL, Migrate: true, Cluster: &ClusterOptions{Node: node}})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, s.Close()) })
	require.NoError(tb, s.Register(tb.Context(), node))
	return s
}

// openShared opens a store on a database of its own on the shared server.
func openShared(tb testing.TB) *Store {
	tb.Helper()
	return open(tb, newDatabase(tb))
}

// eventually tries until it works: what a client does whom the store tells that
// it cannot be reached.
func eventually(tb testing.TB, what string, try func() error) {
	tb.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			require.NoError(tb, err, "%s does not work again", what)
		}
	}
}
