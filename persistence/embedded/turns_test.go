package embedded

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// hangingDisk lets no sync come back while it hangs.
type hangingDisk struct {
	hangs atomic.Bool
	goOn  chan struct{}
}

func (d *hangingDisk) String() string { return "a disk that hangs" }

func (d *hangingDisk) MaybeError(op errorfs.Op) error {
	syncs := op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData || op.Kind == errorfs.OpFileSyncTo
	if syncs && d.hangs.Load() {
		<-d.goOn
	}
	return nil
}

// TestNobodyWaitsForAHangingDiskBeyondTheDeadline: neither who writes nor who comes
// after; and what was written is there when it answers again.
func TestNobodyWaitsForAHangingDiskBeyondTheDeadline(t *testing.T) {
	disk := &hangingDisk{goOn: make(chan struct{})}
	s := open(t, onMemory(injected{errorfs.Wrap(vfs.NewMem(), disk), disk}))
	defer func() { require.NoError(t, s.Close()) }()
	const now = calendar.Millis(1_700_000_000_000)
	asks := map[string]func(ctx context.Context, n string) error{
		"inviting": func(ctx context.Context, n string) error {
			_, err := s.Invite(ctx, &competition.Inviting{
				CompetitionID: "spring", InvitedBy: "ann", Now: now, ExpiresAt: now + 1000,
				Guests: []competition.Guest{{UserID: "bob" + n, InvitationID: "0198b7a2-7c51-7d33-9d24-00000000000" + n}},
			})
			return err
		},
		"a key":         func(ctx context.Context, n string) error { return s.PutAPIKey(ctx, competition.APIKey{ID: n, Name: n}) },
		"forgetting":    func(ctx context.Context, n string) error { return s.ForgetLifetime(ctx, n) },
		"the audit log": func(ctx context.Context, n string) error { return s.Note(ctx, competition.AuditEntry{ID: n, At: now}) },
	}
	disk.hangs.Store(true)
	for name, ask := range asks {
		for _, n := range []string{"1", "2"} { // the first waits for the disk, the second for its turn
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			began := time.Now()
			err := ask(ctx, n)
			cancel()
			require.ErrorIs(t, err, competition.ErrUnavailable, name)
			require.Less(t, time.Since(began), 5*time.Second, name)
		}
	}
	disk.hangs.Store(false)
	close(disk.goOn)
	for name, ask := range asks {
		require.NoError(t, ask(t.Context(), "3"), name)
	}
	_, err := s.LatestInvitation(t.Context(), "spring", "bob1")
	require.NoError(t, err, "what was begun is stored")
	_, err = s.LatestInvitation(t.Context(), "spring", "bob2")
	require.ErrorIs(t, err, competition.ErrUnknownInvitation, "what was not begun is not")
}
