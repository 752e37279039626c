package embedded

import (
	"bytes"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/porttest"
)

// staleRows are the rows of stale snapshots, by key.
func staleRows(t *testing.T, s *Store) map[string][]byte {
	t.Helper()
	rows := map[string][]byte{}
	lower, upper := allOf(staleKeys)
	require.NoError(t, each(t.Context(), s.db, lower, upper, func(key, value []byte) error {
		rows[string(key)] = bytes.Clone(value)
		return nil
	}))
	return rows
}

func erasedAfterItsSnapshot(t *testing.T, s *Store, id string) *porttest.Game {
	t.Helper()
	g, err := porttest.Begin(t.Context(), s, id)
	require.NoError(t, err)
	require.NoError(t, g.Sync("anna", 0, 1000))
	require.NoError(t, g.Commit(t.Context()))
	require.NoError(t, g.Save(t.Context()))
	require.NoError(t, g.Erase(competition.Erasure{UserID: "anna", Pseudonym: competition.NewPseudonym([16]byte{1})}))
	require.NoError(t, g.Commit(t.Context()))
	return g
}

// TestWhatRecognisesThePersonIsScrubbed once the snapshot is stored, also if the scrub for
// the erasure itself came before that.
func TestWhatRecognisesThePersonIsScrubbed(t *testing.T) {
	disk := vfs.NewMem()
	s := open(t, small(onMemory(disk)))
	g := erasedAfterItsSnapshot(t, s, "board")
	rows := staleRows(t, s)
	require.Len(t, rows, 1)
	var mac string
	for key, value := range rows {
		who, err := parseConcealed([]byte(key), value)
		require.NoError(t, err)
		mac = string(who.MAC[:])
	}
	require.NoError(t, s.Scrub(t.Context()))
	require.NoError(t, s.Scrub(t.Context()))
	require.Empty(t, marksOf(t, s))
	require.NotEmpty(t, found(t, disk, memDir, mac))

	require.NoError(t, g.Save(t.Context()))
	require.Empty(t, staleRows(t, s))
	require.NotEmpty(t, found(t, disk, memDir, mac), "deleting leaves bytes, or this test shows nothing")
	require.NoError(t, s.Scrub(t.Context()))
	require.Empty(t, found(t, disk, memDir, mac))
	require.Empty(t, marksOf(t, s))

	require.NoError(t, g.Sync("bert", 0, 900))
	require.NoError(t, g.Commit(t.Context()))
	require.NoError(t, g.Save(t.Context()))
	require.Empty(t, marksOf(t, s), "a snapshot after no erasure leaves nothing to scrub")
	require.NoError(t, s.Close())
}

// TestARowThatCannotBeReadMayBeAboutAnybody: a snapshot is stored in vain, and nobody is
// told that their rows are gone before they are.
func TestARowThatCannotBeReadMayBeAboutAnybody(t *testing.T) {
	s := open(t, onMemory(vfs.NewMem()))
	g := erasedAfterItsSnapshot(t, s, "board")
	for key, value := range staleRows(t, s) {
		value[len(value)-1]++
		require.NoError(t, s.db.Set([]byte(key), value, pebble.Sync))
	}
	for _, user := range []string{"anna", "bert"} {
		stale, err := s.StaleSnapshots(t.Context(), user)
		require.NoError(t, err)
		require.Equal(t, []string{"board"}, stale)
	}
	require.NoError(t, g.Save(t.Context()))
	stale, err := s.StaleSnapshots(t.Context(), "anna")
	require.NoError(t, err)
	require.Empty(t, stale)
	require.NoError(t, s.Close())
}

// TestRowsThatAnOlderVersionLeft about a snapshot that it has replaced count for nothing.
func TestRowsThatAnOlderVersionLeft(t *testing.T) {
	s := open(t, onMemory(vfs.NewMem()))
	g := erasedAfterItsSnapshot(t, s, "board")
	rows := staleRows(t, s)
	require.NoError(t, g.Save(t.Context()))
	for key, value := range rows {
		require.NoError(t, s.db.Set([]byte(key), value, pebble.Sync))
	}
	stale, err := s.StaleSnapshots(t.Context(), "anna")
	require.NoError(t, err)
	require.Empty(t, stale)
	require.NoError(t, g.Sync("bert", 0, 900))
	require.NoError(t, g.Commit(t.Context()))
	require.NoError(t, g.Save(t.Context()))
	require.Empty(t, staleRows(t, s), "the next one takes them away")
	require.NoError(t, s.Close())
}

// TestWhatAnErasureIsToldOutlivesThePower: a snapshot does not wait for the disk, but the
// scrub that follows it does, although nothing else is left to scrub.
func TestWhatAnErasureIsToldOutlivesThePower(t *testing.T) {
	disk := vfs.NewCrashableMem()
	s := open(t, onMemory(disk))
	g := erasedAfterItsSnapshot(t, s, "board")
	require.NoError(t, s.Scrub(t.Context()))
	require.NoError(t, g.Save(t.Context()))
	early := disk.CrashClone(vfs.CrashCloneCfg{})
	require.NoError(t, s.Scrub(t.Context()))
	late := disk.CrashClone(vfs.CrashCloneCfg{})
	require.NoError(t, s.Close())
	for _, c := range []struct {
		files vfs.FS
		stale []string
	}{{early, []string{"board"}}, {late, nil}} {
		s := open(t, onMemory(c.files))
		stale, err := s.StaleSnapshots(t.Context(), "anna")
		require.NoError(t, err)
		require.Equal(t, c.stale, stale)
		require.NoError(t, s.Close())
	}
}
