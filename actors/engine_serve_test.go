package actors

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/paceboard/paceboard/competition"
)

// Reads of another node use each other's room: each still has the answer to its own
// question, whether the lease stands for it or the store is asked.
func TestReadsOfAnotherNodeDoNotMix(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"with a lease":   nil,
		"with a confirm": func(o *Options) { o.Lease, o.Confirm = nil, func(time.Time) error { return nil } },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const users, reads = 120, 10
				s := startNodes(t, 2, change)
				s.create("spring", nil)
				owner, other := s.owner("spring")
				for i := range users {
					_, err := owner.sync("spring", fmt.Sprintf("user-%d", i), int64(users-i))
					require.NoError(t, err)
				}
				whole, err := owner.engine.Page("spring", operator, 0, users, nil)
				require.NoError(t, err)
				require.Len(t, whole.Entries, users)
				var load errgroup.Group
				for i := range users {
					load.Go(func() error {
						var room [8]competition.Entry
						for n := range reads {
							radius, limit := (i+n)%4, 1+(i+n)%(users+20) // of some pages the actor's goroutine encodes none
							board, err := other.engine.Around("spring", operator, fmt.Sprintf("user-%d", i), radius, room[:])
							if want := whole.Entries[max(i-radius, 0):min(i+radius+1, users)]; err != nil || !slices.Equal(want, board.Entries) {
								return fmt.Errorf("around %d within %d: %v, %w", i, radius, board.Entries, err)
							}
							if _, err := other.engine.Around("spring", operator, "nobody", radius, nil); !errors.Is(err, competition.ErrNotEnrolled) {
								return fmt.Errorf("around nobody: %w", err)
							}
							board, err = other.engine.Page("spring", operator, i, limit, nil)
							if want := whole.Entries[i:min(i+limit, users)]; err != nil || !slices.Equal(want, board.Entries) {
								return fmt.Errorf("%d from %d on: %v, %w", limit, i, board.Entries, err)
							}
						}
						return nil
					})
				}
				require.NoError(t, load.Wait())
			})
		})
	}
}

// What the actor's goroutine answers another node is confirmed after the state was read,
// as everything else is (R1).
func TestSmallReadsOfAnotherNodeAreConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNodes(t, 2, nil)
		owner, other := s.spring()
		owner.lease.set(false)
		_, err := other.engine.Around("spring", operator, "ann", 1, nil)
		require.ErrorIs(t, err, competition.ErrUnavailable)
		time.AfterFunc(time.Second, func() { owner.lease.set(true) })
		board, err := other.engine.Around("spring", operator, "ann", 1, nil)
		require.NoError(t, err)
		require.Equal(t, []int64{1000}, scoresOf(board.Entries))
	})
}

// While the store is asked whether this node still is the owner, the actor goes on.
func TestAConfirmDoesNotHoldTheActorUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, confirmed := make(chan struct{}, 1), make(chan struct{})
		var slow atomic.Bool
		s := startNodes(t, 2, func(o *Options) {
			o.Lease, o.Confirm = nil, func(time.Time) error {
				if slow.Swap(false) {
					asked <- struct{}{}
					<-confirmed
				}
				return nil
			}
		})
		owner, other := s.spring()
		slow.Store(true) // once
		var reading errgroup.Group
		reading.Go(func() error {
			board, err := other.engine.Around("spring", operator, "ann", 1, nil)
			if got := scoresOf(board.Entries); err == nil && !slices.Equal(got, []int64{1000}) {
				return fmt.Errorf("%v is not as it was when the store was asked", got)
			}
			return err
		})
		<-asked
		reply, err := owner.sync("spring", "ann", 2000)
		require.NoError(t, err)
		require.EqualValues(t, 2000, reply.Score)
		close(confirmed)
		require.NoError(t, reading.Wait())
	})
}
