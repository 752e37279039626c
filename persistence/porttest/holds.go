package porttest

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

var holdRules = []rule{
	{"one node at a time holds a name, however many want it", func(t *testing.T, h *harness) {
		nodes := h.Nodes(t, 3)
		var holders [4]atomic.Int32
		var all sync.WaitGroup
		for _, n := range nodes {
			for i := range holders { // a process asks for a name once at a time
				all.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					for range 20 {
						release, err := n.Hold(ctx, competition.HoldUser, fmt.Sprint("user-", i))
						if err != nil {
							t.Error(err)
							return
						}
						if held := holders[i].Add(1); held != 1 {
							t.Errorf("%d nodes hold a name", held)
						}
						holders[i].Add(-1)
						release()
					}
				})
			}
		}
		all.Wait()
	}},

	{"a name that another node holds is waited for until the deadline", func(t *testing.T, h *harness) {
		nodes := h.Nodes(t, 2)
		release, err := nodes[0].Hold(t.Context(), competition.HoldUser, "anna")
		require.NoError(t, err)
		for range 2 {
			short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			_, err = nodes[1].Hold(short, competition.HoldUser, "anna")
			cancel()
			require.ErrorIs(t, err, competition.ErrUnavailable)
		}
		other, err := nodes[1].Hold(t.Context(), competition.HoldInvitation, "anna")
		require.NoError(t, err, "names of different kinds are different")
		other()
		other, err = nodes[1].Hold(t.Context(), competition.HoldUser, "bert")
		require.NoError(t, err)
		other()
		taken := make(chan func())
		go func() {
			release, err := nodes[1].Hold(t.Context(), competition.HoldUser, "anna")
			if err != nil {
				t.Error(err)
			}
			taken <- release
		}()
		release()
		(<-taken)()
		release, err = nodes[0].Hold(t.Context(), competition.HoldUser, "anna")
		require.NoError(t, err)
		release()
	}},

	{"a request that gave up holds nothing", func(t *testing.T, h *harness) {
		nodes := h.Nodes(t, 2)
		for i := range 200 {
			ctx, cancel := context.WithCancel(t.Context())
			go cancel()
			if release, err := nodes[i%2].Hold(ctx, competition.HoldUser, "anna"); err == nil {
				release()
			} else {
				require.ErrorIs(t, err, competition.ErrUnavailable)
			}
		}
		for _, n := range nodes {
			release, err := n.Hold(t.Context(), competition.HoldUser, "anna")
			require.NoError(t, err)
			release()
		}
	}},

	{"whoever holds an invitation gets a user, however many hold either", func(t *testing.T, h *harness) {
		const many = 300
		n := h.Nodes(t, 1)[0]
		var all sync.WaitGroup
		for i := range many {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				name := strconv.Itoa(i)
				invitation, err := n.Hold(ctx, competition.HoldInvitation, name)
				if err != nil {
					t.Error(err)
					return
				}
				defer invitation()
				user, err := n.Hold(ctx, competition.HoldUser, name)
				if err != nil {
					t.Error(err)
					return
				}
				user()
			})
		}
		all.Wait()
	}},

	{"a node that is dead holds nothing", func(t *testing.T, h *harness) {
		nodes := h.Nodes(t, 2)
		_, err := nodes[0].Hold(t.Context(), competition.HoldUser, "anna")
		require.NoError(t, err)
		buried, err := nodes[1].Bury(t.Context(), nodes[0].Node(), 0)
		require.NoError(t, err)
		require.True(t, buried)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		release, err := nodes[1].Hold(ctx, competition.HoldUser, "anna")
		require.NoError(t, err)
		release()
	}},
}
