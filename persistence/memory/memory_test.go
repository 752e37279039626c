package memory

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/porttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	disks := map[competition.Store]vfs.FS{}
	on := func(t *testing.T, disk vfs.FS) competition.Store {
		t.Helper()
		s, err := open(t.Context(), disk)
		require.NoError(t, err)
		disks[s] = disk
		return s
	}
	porttest.Run(t, porttest.Backend{
		Open: func(t *testing.T) competition.Store {
			t.Helper()
			return on(t, vfs.NewMem())
		},
		Reopen: func(t *testing.T, old competition.Store) competition.Store {
			t.Helper()
			require.NoError(t, old.Close())
			return on(t, disks[old])
		},
	})
}
