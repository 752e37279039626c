package actors

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// TestAFollowerThatCannotShowWhatItHearsEnds: an owner that tells of new boards, but not
// of the subscribers' standings, leaves them with an old board.
func TestAFollowerThatCannotShowWhatItHearsEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := func(version uint64) topReply {
			return topReply{Top: &competition.Published{Board: competition.Board{CompetitionID: "spring", Version: version}}, Hash: version}
		}
		life, end := context.WithCancel(t.Context())
		f := newFollowers(followersEnv{
			life: life, logger: slog.New(slog.DiscardHandler), timeout: time.Second, watches: 1,
			ask: func(context.Context, string, any, time.Time) (string, any, error) { return "owner", board(2), nil },
			exchange: func(string, string, any, time.Time) (any, error) {
				return nil, competition.ErrOverloaded
			},
			saw: func(*competition.Board) {},
		})
		defer end()
		defer f.close()
		ann := competition.NewSubscription("spring", "ann", make(chan struct{}, 1))
		f.add("spring", map[*competition.Subscription]competition.Caller{ann: {UserID: "ann"}}, board(1))
		pass(4 * time.Second)
		require.False(t, ann.Ended())
		require.EqualValues(t, 1, ann.Latest().Version)
		pass(4 * time.Second)
		require.True(t, ann.Ended())
	})
}

// TestALaterSubscriberTakesNothingAway: a subscriber who comes between two questions to the
// owner brings a newer board than the others have.
func TestALaterSubscriberTakesNothingAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var version atomic.Uint64
		board := func() topReply {
			v := version.Load()
			return topReply{Top: &competition.Published{Board: competition.Board{CompetitionID: "spring", Version: v}}, Hash: v}
		}
		life, end := context.WithCancel(t.Context())
		f := newFollowers(followersEnv{
			life: life, logger: slog.New(slog.DiscardHandler), timeout: time.Second, watches: 1,
			ask: func(_ context.Context, _ string, request any, _ time.Time) (string, any, error) {
				held := request.(*watch).Version
				for began := time.Now(); held == version.Load(); <-time.After(time.Millisecond) {
					if time.Since(began) >= signEvery {
						return "owner", topReply{Same: true}, nil
					}
				}
				return "owner", board(), nil
			},
			exchange: func(_, _ string, request any, _ time.Time) (any, error) {
				if q, ok := request.(*getStandings); ok {
					return standingsReply{Of: slices.Repeat([]standingReply{{Readable: true}}, len(q.Of))}, nil
				}
				return board(), nil
			},
			saw: func(*competition.Board) {},
		})
		defer end()
		defer f.close()
		ann := competition.NewSubscription("spring", "ann", make(chan struct{}, 1))
		bob := competition.NewSubscription("spring", "bob", make(chan struct{}, 1))
		version.Store(1)
		require.NoError(t, f.begin("owner", ann, competition.Caller{UserID: "ann"}, time.Now().Add(time.Second)))
		pass(10 * time.Millisecond)
		version.Store(2) // is shown, and then the follower pauses
		pass(10 * time.Millisecond)
		require.EqualValues(t, 2, ann.Latest().Version)
		version.Store(3)
		require.NoError(t, f.begin("owner", bob, competition.Caller{UserID: "bob"}, time.Now().Add(time.Second)))
		require.EqualValues(t, 3, bob.Latest().Version)
		pass(2 * time.Second)
		require.EqualValues(t, 3, ann.Latest().Version)
	})
}

// TestASubscriberAfterARestoreDoesNotSeeWhatWasLost: the board went on under a new epoch, and
// the follower has not heard of that yet.
func TestASubscriberAfterARestoreDoesNotSeeWhatWasLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := func(version, epoch uint64) topReply {
			return topReply{Top: &competition.Published{Board: competition.Board{CompetitionID: "spring", Version: version, Epoch: competition.BoardEpoch(epoch)}}, Hash: version}
		}
		asked := make(chan *watch, 1)
		life, end := context.WithCancel(t.Context())
		f := newFollowers(followersEnv{
			life: life, logger: slog.New(slog.DiscardHandler), timeout: time.Second, watches: 1,
			ask: func(_ context.Context, _ string, request any, _ time.Time) (string, any, error) {
				<-time.After(signEvery)
				asked <- request.(*watch)
				return "owner", topReply{Same: true}, nil
			},
			saw: func(*competition.Board) {},
		})
		defer end()
		defer f.close()
		ann := competition.NewSubscription("spring", "ann", make(chan struct{}, 1))
		bob := competition.NewSubscription("spring", "bob", make(chan struct{}, 1))
		f.add("spring", map[*competition.Subscription]competition.Caller{ann: {UserID: "ann"}}, board(9, 1))
		f.add("spring", map[*competition.Subscription]competition.Caller{bob: {UserID: "bob"}}, board(3, 2))
		require.EqualValues(t, 3, bob.Latest().Version)
		require.EqualValues(t, 9, ann.Latest().Version, "until the owner says which one it is")
		<-asked
		require.Zero(t, *<-asked, "it is to tell the whole board")
	})
}

// TestManyBoardsElsewhereShareTheirPlaces: those that wait for a change leave places to
// other requests, and the rest is asked for in time, too.
func TestManyBoardsElsewhereShareTheirPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const places, boards = 8, 20
		var waiting, most atomic.Int64
		top := topReply{Top: &competition.Published{Board: competition.Board{Version: 1}}, Hash: 1}
		life, end := context.WithCancel(t.Context())
		f := newFollowers(followersEnv{
			life: life, logger: slog.New(slog.DiscardHandler), timeout: time.Second, watches: places,
			ask: func(_ context.Context, _ string, request any, _ time.Time) (string, any, error) {
				if q := request.(*watch); !q.AtOnce {
					most.Store(max(most.Load(), waiting.Add(1)))
					defer waiting.Add(-1)
					<-time.After(signEvery)
				}
				return "owner", topReply{Same: true}, nil
			},
			saw: func(*competition.Board) {},
		})
		defer end()
		defer f.close()
		for i := range boards {
			id := fmt.Sprintf("board-%d", i)
			s := competition.NewSubscription(id, "ann", make(chan struct{}, 1))
			f.add(id, map[*competition.Subscription]competition.Caller{s: {UserID: "ann"}}, top)
		}
		for range 20 {
			pass(signEvery)
			f.mu.Lock()
			all := slices.Collect(maps.Values(f.all))
			f.mu.Unlock()
			require.Len(t, all, boards)
			for _, one := range all {
				require.LessOrEqual(t, time.Since(one.lastHeard()), 2*signEvery)
			}
		}
		require.EqualValues(t, places, most.Load())
	})
}
