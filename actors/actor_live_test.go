package actors

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// watcher is a subscription and the channel that wakes its reader.
type watcher struct {
	*competition.Subscription
	wake chan struct{}
}

func watchAs(t *testing.T, e *Engine, id, user string) watcher {
	t.Helper()
	wake := make(chan struct{}, 1)
	w := watcher{competition.NewSubscription(id, user, wake), wake}
	require.NoError(t, e.Subscribe(w.Subscription, competition.Caller{UserID: user}))
	<-wake
	return w
}

// TestWhoMayNotReadAnyMoreIsNotShown: a competition that becomes private ends
// the subscriptions of strangers, and leaving it that of a member.
func TestWhoMayNotReadAnyMoreIsNotShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := startEngine(t, newMemoryStore(), nil)
		d := running("c")
		d.Start = calendar.MillisOf(e.options.Now()) + 3_600_000
		d.Complete()
		create(t, e, d)
		for _, user := range []string{"ann", "bob"} {
			_, err := e.Join("c", &competition.JoinCompetition{Caller: competition.Caller{UserID: user}, UserID: user})
			require.NoError(t, err)
		}
		ann, bob, stranger := watchAs(t, e, "c", "ann"), watchAs(t, e, "c", "bob"), watchAs(t, e, "c", "stranger")

		private := competition.Private
		_, err := e.Run("c", &competition.EditCompetition{Caller: operator, Patch: competition.Patch{Visibility: &private}})
		require.NoError(t, err)
		<-stranger.wake
		require.True(t, stranger.Revoked())
		require.False(t, ann.Revoked() || bob.Revoked())
		<-ann.wake
		<-bob.wake
		require.True(t, ann.Latest().Private, "though the version is the same")

		require.NoError(t, e.Remove("c", &competition.RemoveParticipant{Caller: operator, UserID: "bob", Reason: "rude"}))
		<-bob.wake
		<-ann.wake
		require.True(t, bob.Revoked())
		require.False(t, ann.Revoked())
		require.Equal(t, 1, ann.Latest().Total)
		require.True(t, stranger.Revoked(), "for good")
		for _, w := range []watcher{ann, bob, stranger} {
			e.Unsubscribe(w.Subscription)
		}
	})
}
