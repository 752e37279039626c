package transfer

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/postgres"
	"github.com/paceboard/paceboard/persistence/testservers"
)

var sharedPostgres testservers.SharedPostgres

func TestMain(m *testing.M) { goleak.VerifyTestMain(withServer{m}) }

// withServer ends the shared server before goroutines are counted.
type withServer struct{ *testing.M }

func (w withServer) Run() int {
	code := w.M.Run()
	if err := sharedPostgres.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// store is what the tests need of both stores.
type store interface {
	competition.Store
	Store
	Retain(ctx context.Context, olderThan time.Time, step int) (deleted int64, err error)
}

// onPostgres opens a store on a database of its own.
func onPostgres(t *testing.T) store {
	t.Helper()
	url := sharedPostgres.Copy(t, "migrated", func(url string) {
		_, err := postgres.Migrate(t.Context(), url)
		require.NoError(t, err)
	})
	s, err := postgres.Open(t.Context(), postgres.Options{URL: url, Migrate: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}
