package actors

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// slowClaims is a store whose claims wait for a channel, if there is one.
type slowClaims struct {
	competition.Store
	until atomic.Pointer[chan struct{}]
}

func (s *slowClaims) Claim(ctx context.Context, id string) (uint64, error) {
	if until := s.until.Load(); until != nil {
		<-*until
	}
	return s.Store.Claim(ctx, id)
}

// TestWhatIsTooLateIsNotCarriedOut: requests wait in the mailbox of an actor whose claim
// hangs. When it succeeds, those whose callers were told that they failed are dropped:
// meanwhile another node may have owned the board, where the person left.
func TestWhatIsTooLateIsNotCarriedOut(t *testing.T) {
	for name, asker := range map[string]int{"of another node": 1, "of its own clients": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var stores []*slowClaims
				s := startNodes(t, 2, func(o *Options) {
					slow := &slowClaims{Store: o.Store}
					stores = append(stores, slow)
					o.Store = slow
				})
				s.create("spring", nil)
				owner, _ := s.owner("spring")
				index := 0
				if owner == s.all[1] {
					index = 1
				}
				from := s.all[(index+asker)%2]
				h := owner.engine.actors.registry.find("spring")
				owner.engine.tell(h, &shutDown{})
				<-h.gone

				until := make(chan struct{})
				stores[index].until.Store(&until)
				began := time.Now()
				errs := make(chan error, 3)
				go func() { _, err := from.sync("spring", "ann", 1000); errs <- err }()
				go func() {
					items := []competition.BatchItem{{CompetitionID: "spring", Sync: *steps("bob", 1000)}}
					if err := from.engine.SubmitBatch(items, nil); err != nil {
						errs <- err
						return
					}
					errs <- items[0].Err
				}()
				go func() {
					_, err := from.engine.Join("spring", &competition.JoinCompetition{Caller: operator, UserID: "cid"})
					errs <- err
				}()
				for range 3 {
					require.ErrorIs(t, <-errs, competition.ErrUnavailable)
				}
				require.Less(t, time.Since(began), 10*time.Second)
				pass(10 * time.Second) // requests of nodes have a little longer than their askers wait
				close(until)
				_, err := from.sync("spring", "dan", 1000)
				require.NoError(t, err)
				top, err := from.engine.Top("spring", operator)
				require.NoError(t, err)
				require.Len(t, top.Entries, 1, "only what was acknowledged: %v", top.Entries)
			})
		})
	}
}
