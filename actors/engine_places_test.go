package actors

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// TestARequestTakesOnePlace: whatever it asks on the way, and however many
// competitions. With room for one, each of these would refuse itself otherwise.
func TestARequestTakesOnePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, func(o *Options) { o.MaxInFlight, o.MaxJoined, o.MaxCreated = 1, 100, 100 })
		d := running("secret")
		d.Visibility = competition.Private
		d.Complete()
		create(t, e, d)
		for i := range 5 {
			create(t, e, running(fmt.Sprint("open-", i)))
			submit(t, e, fmt.Sprint("open-", i), steps("ann", 1))
		}
		i := invite(t, e, "ann")
		_, _, err := e.AcceptInvitation(i.ID, join("ann"))
		require.NoError(t, err)
		invite(t, e, "bob")
		_, err = e.Join("secret", join("bob"))
		require.NoError(t, err, "which accepts the invitation")
		code, _, err := e.MakeJoinCode("secret", theCreator, 5, 0)
		require.NoError(t, err)
		for range 2 {
			_, _, err = e.JoinByCode("", code, join("cid"))
			require.NoError(t, err)
		}
		require.NoError(t, e.Remove("secret", &competition.RemoveParticipant{Caller: theCreator, UserID: "bob", Reason: "asked"}))
		_, err = e.WithdrawInvitation("secret", theCreator, invite(t, e, "dan").ID)
		require.NoError(t, err)
		_, err = e.Competition("secret", theCreator)
		require.NoError(t, err)
		require.Len(t, lifetimeOf(t, e, "ann"), 1, "of six competitions")
		done, err := e.EraseUser("ann")
		require.NoError(t, err)
		require.Equal(t, 6, done.Competitions)
		require.Zero(t, e.Health().InFlight)
	})
}

// TestWhatWaitsHasAPlace: inviting people, and counting for a quota, are requests
// under way from their beginning to their end.
func TestWhatWaitsHasAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := startEngine(t, store, func(o *Options) { o.MaxJoined = 10 })
		d := running("secret")
		d.Visibility = competition.Private
		d.Complete()
		create(t, e, d)
		setUp(t, e, running("open"))
		for call, request := range map[string]func() error{
			"Invite":   func() error { _, err := e.Invite("secret", theCreator, []string{"ann"}); return err },
			"OpenTies": func() error { _, err := e.SubmitSync("open", steps("bob", 1)); return err },
			"InvitationsIn": func() error {
				_, _, _, err := e.Invitations("secret", theCreator, "", 10)
				return err
			},
		} {
			store.set(func() {
				store.before = func(ctx context.Context, c string) error {
					if c == call {
						<-ctx.Done()
						return competition.ErrUnavailable
					}
					return nil
				}
			})
			began := time.Now()
			answer := later(request)
			synctest.Wait()
			require.Equal(t, 1, e.Health().InFlight, call)
			require.ErrorIs(t, <-answer, competition.ErrUnavailable, call)
			require.Equal(t, e.options.RequestTimeout, time.Since(began), call)
			synctest.Wait()
			require.Zero(t, e.Health().InFlight, call)
		}
	})
}
