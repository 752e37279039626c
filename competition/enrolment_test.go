package competition

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition/calendar"
)

// TestDecisionsKnowWhatIsUnderWay: a decision rests on all that was decided
// before it, be it in the outbox, in flight, or just applied with the rest
// still in flight.
func TestDecisionsKnowWhatIsUnderWay(t *testing.T) {
	now := instant("2026-05-01T10:00:00Z")
	ann := func(name string) *JoinCompetition {
		return &JoinCompetition{Caller: user("ann"), UserID: "ann", UserName: name, Rename: true}
	}
	bob := &JoinCompetition{Caller: user("bob"), UserID: "bob"}
	leave := &LeaveCompetition{Caller: user("ann"), UserID: "ann"}
	sync := &SubmitSync{UserID: "ann", Source: "phone", Day: date("2026-05-01"), Metrics: steps(1)}
	for _, test := range []struct {
		rule          string
		first, second any // each in a batch of its own
		third         any
		want          error
		repeat        bool // the third makes no event
	}{
		{"who left cannot sync", ann("A"), leave, sync, ErrNotEnrolled, false},
		{"who left cannot leave", ann("A"), leave, leave, ErrNotEnrolled, false},
		{"who left may come back", ann("A"), leave, ann("A"), nil, false},
		{"who joined has joined", ann("A"), ann("A"), ann("A"), nil, true},
		{"a name given twice is given once", ann("A"), ann("B"), ann("B"), nil, true},
		{"the old name is another name", ann("A"), ann("B"), ann("A"), nil, false},
		{"the only place is taken", ann("A"), sync, bob, ErrFull, false},
		{"the only place is free again", ann("A"), leave, bob, nil, false},
		{"the only place is taken by another", leave, bob, ann("A"), ErrFull, false},
	} {
		for _, landed := range []int{0, 1, 2} { // batches when the third comes
			t.Run(test.rule, func(t *testing.T) {
				c := New("spring", countedKeys())
				do := func(cmd any) error { a, _ := perform(c, now, cmd); return a.err }
				require.NoError(t, do(&CreateCompetition{Caller: user("carol"), Definition: spring(func(d *Definition) { d.MaxParticipants = 1 })}))
				if test.first == leave {
					require.NoError(t, do(ann("A")))
				}
				land(c, &Batch{})

				var batches []Batch
				for _, cmd := range []any{test.first, test.second} {
					require.NoError(t, do(cmd))
					batches = append(batches, c.Take(Batch{}))
				}
				apply := func(batches []Batch) {
					for _, b := range batches {
						for i := range b.Events {
							_, err := c.Apply(&b.Events[i])
							require.NoError(t, err)
						}
						if !b.Empty() {
							c.Applied(&b)
						}
					}
				}
				apply(batches[:landed])
				decided := c.DecidedSeq()
				require.ErrorIs(t, do(test.third), test.want)
				if test.repeat || test.want != nil {
					require.Equal(t, decided, c.DecidedSeq())
				} else {
					require.Greater(t, c.DecidedSeq(), decided)
				}
				apply(batches[landed:])
				land(c, &Batch{})
				checkInvariants(t, c)
			})
		}
	}
}

// TestWhatIsAppliedIsNotPending: a competition that never comes to rest does not
// gather what it has long applied.
func TestWhatIsAppliedIsNotPending(t *testing.T) {
	c := crowd(0)
	land(c, &Batch{})
	var inFlight Batch
	now := instant("2026-05-01T10:00:00Z")
	for i := range 1000 {
		_, err := c.SubmitSync(now, &SubmitSync{UserID: member(i), Source: "phone", Day: date("2026-05-01"), Metrics: steps(1)})
		require.NoError(t, err)
		next := c.Take(Batch{}) // leaves before the one that came home is applied
		for e := range inFlight.Events {
			_, err := c.Apply(&inFlight.Events[e])
			require.NoError(t, err)
		}
		if !inFlight.Empty() {
			c.Applied(&inFlight)
		}
		inFlight = next
	}
	require.LessOrEqual(t, len(c.decided.enrolled), 1)
	require.LessOrEqual(t, len(c.decided.pending), 1)
}

// A name that was cleared counts as cleared from the decision on, not only when it is
// applied.
func TestASyncNamesWhoseNameIsBeingCleared(t *testing.T) {
	c := New("spring", countedKeys())
	now := spring().Start
	decide := func(cmd Command) {
		t.Helper()
		_, err := cmd.Decide(c, now)
		require.NoError(t, err)
	}
	decide(&CreateCompetition{Caller: user("ann"), Definition: spring()})
	decide(&JoinCompetition{Caller: user("bob"), UserID: "bob", UserName: "A. Name"})
	land(c, &Batch{})
	decide(&JoinCompetition{Caller: user("bob"), UserID: "bob", Rename: true})
	_, err := c.SubmitSync(now, &SubmitSync{UserID: "bob", UserName: "B. Name", Source: "watch", Day: calendar.DayOf(now.Time())})
	require.NoError(t, err)
	land(c, &Batch{})
	entry, _ := c.Standing("bob")
	require.Equal(t, "B. Name", entry.UserName)
}
