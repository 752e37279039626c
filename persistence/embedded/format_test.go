package embedded

import (
	"encoding/binary"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// TestOpenRefusesAFolderOfANewerVersion, and does not call it damaged; one of an
// older version becomes one of this.
func TestOpenRefusesAFolderOfANewerVersion(t *testing.T) {
	options := Options{Dir: t.TempDir()}
	levelled := func(levels ...uint64) {
		s, err := Open(t.Context(), options)
		require.NoError(t, err)
		var value []byte
		for _, level := range levels {
			value = binary.AppendUvarint(value, level)
		}
		require.NoError(t, s.db.Set([]byte("f/level"), value, pebble.Sync))
		require.NoError(t, s.Close())
	}
	const known = uint64(competition.FormatLevel)
	for _, older := range [][]uint64{{known - 1, layout}, {known}, {known - 1}, {known, layout - 1}} {
		levelled(older...)
		s, err := Open(t.Context(), options)
		require.NoError(t, err)
		value, closer, err := s.db.Get([]byte("f/level"))
		require.NoError(t, err)
		require.Equal(t, binary.AppendUvarint(binary.AppendUvarint(nil, known), layout), value)
		require.NoError(t, closer.Close())
		require.NoError(t, s.Close())
	}
	for _, newer := range [][]uint64{{known + 1}, {known + 1, layout}, {known, layout + 1}, {known - 1, layout + 1}} {
		levelled(newer...)
		_, err := Open(t.Context(), options)
		require.ErrorIs(t, err, ErrNewer)
		require.ErrorContains(t, err, "made by a newer version")
		require.NotErrorIs(t, err, ErrDamaged)
		db := openRaw(t, options)
		require.NoError(t, db.Delete([]byte("f/level"), pebble.Sync))
		require.NoError(t, db.Close())
	}
}
