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
	levelled := func(level int) {
		s, err := Open(t.Context(), options)
		require.NoError(t, err)
		require.NoError(t, s.db.Set([]byte("f/level"), binary.AppendUvarint(nil, uint64(level)), pebble.Sync))
		require.NoError(t, s.Close())
	}
	levelled(competition.FormatLevel - 1)
	s, err := Open(t.Context(), options)
	require.NoError(t, err)
	value, closer, err := s.db.Get([]byte("f/level"))
	require.NoError(t, err)
	require.Equal(t, binary.AppendUvarint(nil, uint64(competition.FormatLevel)), value)
	require.NoError(t, closer.Close())
	require.NoError(t, s.Close())

	levelled(competition.FormatLevel + 1)
	_, err = Open(t.Context(), options)
	require.ErrorIs(t, err, ErrNewer)
	require.ErrorContains(t, err, "made by a newer version")
	require.NotErrorIs(t, err, ErrDamaged)
}
