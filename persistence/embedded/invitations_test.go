package embedded

import (
	"bytes"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// TestADamagedInvitationStopsNoDeletion: neither that of the others when their time
// has come, nor that of all that names a person who is erased.
func TestADamagedInvitationStopsNoDeletion(t *testing.T) {
	const now = calendar.Millis(1_800_000_000_000)
	invited := func(t *testing.T) *Store {
		t.Helper()
		s := open(t, onMemory(vfs.NewMem()))
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		_, err := s.Invite(t.Context(), &competition.Inviting{
			CompetitionID: "spring", InvitedBy: "carol", Now: now, ExpiresAt: now + competition.InvitationLife,
			Guests: []competition.Guest{{UserID: "anna", InvitationID: "1"}, {UserID: "bert", InvitationID: "2"}, {UserID: "anna", InvitationID: "3"}},
		})
		require.NoError(t, err)
		require.NoError(t, s.db.Set(appendKey(nil, invitationKeys, "1"), []byte("damaged, of anna by carol"), pebble.Sync))
		_, err = s.invitation("1")
		require.ErrorIs(t, err, competition.ErrCorrupt)
		return s
	}
	naming := func(t *testing.T, s *Store, name string) (keys []string) {
		t.Helper()
		rows, err := s.db.NewIter(nil)
		require.NoError(t, err)
		for rows.First(); rows.Valid(); rows.Next() {
			if bytes.Contains(rows.Key(), []byte(name)) || bytes.Contains(rows.Value(), []byte(name)) {
				keys = append(keys, string(rows.Key()))
			}
		}
		require.NoError(t, rows.Close())
		return keys
	}

	t.Run("when time has come", func(t *testing.T) {
		s := invited(t)
		n, err := s.SweepInvitations(t.Context(), now+10*competition.InvitationLife, 100)
		require.NoError(t, err)
		require.Equal(t, 3, n)
		for _, id := range []string{"1", "2", "3"} {
			_, err := s.invitation(id)
			require.ErrorIs(t, err, competition.ErrUnknownInvitation)
		}
	})
	t.Run("of whom it is about", func(t *testing.T) {
		s := invited(t)
		require.NotEmpty(t, naming(t, s, "anna"))
		require.NoError(t, s.ForgetInvitations(t.Context(), "anna"))
		require.Empty(t, naming(t, s, "anna"))
		_, err := s.invitation("2")
		require.NoError(t, err)
		n, err := s.SweepInvitations(t.Context(), now+10*competition.InvitationLife, 100)
		require.NoError(t, err)
		require.Equal(t, 2, n, "bert's, and the place of the damaged one in the index")
	})
	t.Run("of whom it is from", func(t *testing.T) {
		s := invited(t)
		require.NoError(t, s.ForgetInvitations(t.Context(), "carol"))
		require.Empty(t, naming(t, s, "carol"))
	})
}
