package postgres

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/testservers"
)

func TestAFullDiskIsNotReady(t *testing.T) {
	t.Parallel()
	server := testservers.Postgres(t)
	disk := smallDisk(t)
	server.Exec(t, server.URL(), `CREATE TABLESPACE small LOCATION '`+filepath.Join(disk, "space")+`'`)
	server.Exec(t, server.URL(), `CREATE DATABASE full_soon TABLESPACE small`)
	store := open(t, testservers.Database(server.URL(), "full_soon"))
	c := newCrew(t, store, 15, "a")
	_, err := c.round(t.Context())
	require.NoError(t, err)

	filler := filepath.Join(disk, "filler")
	fillUp(t, filler)
	for err == nil { // until a table has no room in its last page
		_, err = c.round(t.Context())
	}
	require.ErrorIs(t, err, errRefused)
	for range 3 {
		err = look(t.Context(), store)
		require.ErrorIs(t, err, competition.ErrUnavailable, "ready with a full disk")
		require.ErrorContains(t, err, "disk is full")
	}
	require.NoError(t, os.Remove(filler))
	require.NoError(t, look(t.Context(), store))
	c.catchUp(t, c.games)
	_, err = c.round(t.Context())
	require.NoError(t, err)
	c.verify(t, store)
}

// smallDisk is a disk with 24 MB, which a database server may write to.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "paceboard-disk-") //nolint:usetesting // The servers' user may not enter TempDir.
	require.NoError(t, err)
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m,mode=0777"); err != nil {
		require.NoError(t, os.Remove(dir))
		t.Skipf("NOT TESTED: a disk cannot be mounted: %v", err)
	}
	t.Cleanup(func() {
		require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH))
		require.NoError(t, os.Remove(dir))
	})
	space := filepath.Join(dir, "space")
	require.NoError(t, os.Mkdir(space, 0o777))
	require.NoError(t, os.Chmod(space, 0o777))
	testservers.HandOver(t, space)
	return dir
}

// fillUp writes a file until its disk is full.
func fillUp(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	require.NoError(t, err)
	for size := 1 << 20; size >= 1<<12; {
		if _, err := file.Write(make([]byte, size)); err != nil {
			require.ErrorIs(t, err, syscall.ENOSPC)
			size /= 2
		}
	}
	require.NoError(t, file.Close())
}
