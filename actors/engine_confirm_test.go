package actors

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// confirmWhile has the store confirm a node's answers as long as may says so.
func confirmWhile(o *Options, may func(one *node) bool) {
	one := o.Peers.(*node) //nolint:forcetypeassert // startNodes put it there
	o.Confirm = func(time.Time) error {
		one.nodes.mu.Lock()
		defer one.nodes.mu.Unlock()
		if !may(one) {
			return competition.ErrUnavailable
		}
		return nil
	}
}

// TestAUselessLeaseIsNotReliedOn: a node whose lease never ends is deposed, as one is
// whose machine stood still with its clocks. Under its lease it answers from memory what
// is no longer so; where the store confirms answers, it does not.
func TestAUselessLeaseIsNotReliedOn(t *testing.T) {
	for name, confirmed := range map[string]bool{"the lease": false, "the store": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				s := startNodes(t, 2, func(o *Options) {
					if confirmed {
						confirmWhile(o, func(one *node) bool { asked++; return !one.dead })
					}
				})
				s.create("spring", func(d *competition.Definition) { d.Enrollment = competition.Invite })
				_, err := s.all[0].engine.Join("spring", &competition.JoinCompetition{Caller: operator, UserID: "ann"})
				require.NoError(t, err)
				deposed, other := s.owner("spring")
				_, err = other.sync("spring", "ann", 1000)
				require.NoError(t, err)
				_, err = deposed.engine.Top("spring", operator) // it has readers, who send no message from here on
				require.NoError(t, err)

				s.lock(func() { deposed.dead = true })
				reply, err := other.sync("spring", "ann", 2000)
				require.NoError(t, err)
				require.EqualValues(t, 2000, reply.Score)

				ask := map[string]func() error{
					"a top":     func() error { _, err := deposed.engine.Top("spring", operator); return err },
					"a page":    func() error { _, err := deposed.engine.Page("spring", operator, 0, 10, nil); return err },
					"a summary": func() error { _, err := deposed.engine.Competition("spring", operator); return err },
					"a repeat":  func() error { _, err := deposed.sync("spring", "ann", 1000); return err },
				}
				for what, ask := range ask {
					if err := ask(); confirmed {
						require.ErrorIs(t, err, competition.ErrUnavailable, what)
					} else {
						require.NoError(t, err, what)
					}
				}
				_, err = deposed.sync("spring", "bob", 1000) // a refusal
				if confirmed {
					require.ErrorIs(t, err, competition.ErrUnavailable)
				} else {
					require.ErrorIs(t, err, competition.ErrNotEnrolled)
				}
				before := asked
				_, err = other.sync("spring", "ann", 3000)
				require.NoError(t, err)
				require.Equal(t, before, asked, "what is committed needs no other proof")
			})
		})
	}
}

// TestADeposedNodeTurnsAwayWhatItCannotDecide: its journal cannot be reached, and it does
// not know yet that another node has the board. It has certainly not carried out what it
// is asked, so that is asked again where the board is now, even if twice were not as once.
func TestADeposedNodeTurnsAwayWhatItCannotDecide(t *testing.T) {
	for name, confirmed := range map[string]bool{"under leases": false, "where answers are confirmed": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := startNodes(t, 2, func(o *Options) {
					if confirmed {
						confirmWhile(o, func(one *node) bool { return !one.dead && !one.storeless })
					}
				})
				deposed, other := s.spring()
				s.lock(func() { deposed.storeless = true })
				_, err := deposed.sync("spring", "ann", 2000) // after which its actor cannot reach the journal
				require.ErrorIs(t, err, competition.ErrUnavailable)
				if !confirmed { // with confirmations, leases last too long
					deposed.lease.set(false)
				}
				time.AfterFunc(time.Second, func() { s.lock(func() { deposed.dead = true }) })
				_, err = other.engine.Join("spring", &competition.JoinCompetition{Caller: operator, UserID: "bob"})
				require.NoError(t, err)
				top, err := other.engine.Top("spring", operator)
				require.NoError(t, err)
				require.Len(t, top.Entries, 2)
			})
		})
	}
}
