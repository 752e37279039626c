package competition

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition/calendar"
)

// keptRig is a competition in which ann was excluded and bob was not, whose
// batches go to a store.
type keptRig struct {
	t     *testing.T
	c     *Competition
	store *store
}

func newKeptRig(t *testing.T) *keptRig {
	t.Helper()
	r := &keptRig{t: t, c: New("spring", countedKeys()), store: newStore()}
	now := instant("2026-05-01T12:00:00Z")
	_, err := (&CreateCompetition{Caller: user("carol"), Definition: spring()}).Decide(r.c, now)
	require.NoError(t, err)
	for _, id := range []string{"ann", "bob"} {
		_, err = r.c.SubmitSync(now, &SubmitSync{UserID: id, Day: date("2026-05-01"), Source: "watch", Metrics: steps(1000)})
		require.NoError(t, err)
		r.commit()
	}
	_, err = (&ExcludeParticipant{Caller: operator, UserID: "ann", Reason: "a car"}).Decide(r.c, now)
	require.NoError(t, err)
	r.commit()
	return r
}

// commit makes what was decided durable and applies it.
func (r *keptRig) commit() {
	r.t.Helper()
	batch := r.c.Take(Batch{})
	if batch.Empty() {
		return
	}
	r.store.append(r.t, &batch)
	for i := range batch.Events {
		_, err := r.c.Apply(&batch.Events[i])
		require.NoError(r.t, err)
	}
	r.c.Applied(&batch)
}

func (r *keptRig) tick(now calendar.Millis) {
	r.t.Helper()
	r.c.Tick(now)
	r.commit()
}

func (r *keptRig) erase(now calendar.Millis, userID string) {
	r.t.Helper()
	_, err := (&EraseParticipant{UserID: userID}).Decide(r.c, now)
	require.NoError(r.t, err)
	r.commit()
}

// due is when the store has the competition woken.
func (r *keptRig) due() calendar.Millis {
	r.t.Helper()
	require.Equal(r.t, r.c.Summary(), r.store.summary)
	at, ok := r.store.summary.DueAt()
	next, isNext := r.c.NextTransition()
	require.Equal(r.t, next, at)
	require.Equal(r.t, isNext, ok)
	return at
}

// TestTheSummarySaysUntilWhenDecisionsAreKept, so that the clock wakes who is not
// in memory.
func TestTheSummarySaysUntilWhenDecisionsAreKept(t *testing.T) {
	end := instant("2026-05-08T00:00:00Z")
	completed, until := end+day, end+day+30*day

	t.Run("about who was erased before completion", func(t *testing.T) {
		r := newKeptRig(t)
		r.erase(instant("2026-05-01T13:00:00Z"), "ann")
		require.Equal(t, end, r.due())
		r.tick(end)
		require.Equal(t, completed, r.due())
		r.tick(completed)
		require.Equal(t, until, r.due())
		r.tick(until - 1)
		require.Equal(t, until, r.due())
		r.tick(until)
		require.Zero(t, r.due())
		require.Empty(t, r.c.kept)
	})
	t.Run("about who is erased afterwards", func(t *testing.T) {
		r := newKeptRig(t)
		r.tick(completed)
		require.Zero(t, r.due())
		r.erase(completed+day, "bob")
		require.Zero(t, r.due(), "nothing was decided about bob")
		r.erase(completed+day, "ann")
		require.Equal(t, until, r.due())
		_, err := (&CancelCompetition{Caller: operator}).Decide(r.c, completed+2*day)
		require.NoError(t, err)
		r.commit()
		require.Zero(t, r.due())
	})
	t.Run("and nothing when all is over at once", func(t *testing.T) {
		r := newKeptRig(t)
		r.erase(instant("2026-05-01T13:00:00Z"), "ann")
		r.tick(until)
		require.Zero(t, r.due())
	})
}

// TestASummaryOfAnOlderVersionIsRead: only those that say more have another format.
func TestASummaryOfAnOlderVersionIsRead(t *testing.T) {
	s := Summary{Definition: spring(), Status: Completed, Participants: 3}
	packed := AppendSummary(nil, &s)
	require.EqualValues(t, formatVersion, packed[0], "as older versions have written it")
	back, err := ParseSummary(packed)
	require.NoError(t, err)
	require.Equal(t, s, back)

	s.KeptUntil = 7
	packed = AppendSummary(nil, &s)
	require.EqualValues(t, keptVersion, packed[0])
	packed[3] = 0 // the time
	_, err = ParseSummary(packed)
	require.Error(t, err, "it is there because it is not 0")
}

// TestNothingIsKeptAboutWhomNothingIsDecided: a recovery from rows and the state
// that lived through the events have the same, whatever the events were.
func TestNothingIsKeptAboutWhomNothingIsDecided(t *testing.T) {
	now := instant("2026-05-01T14:00:00Z")
	for name, events := range map[string][]Detail{
		"restored": {&ParticipantRestored{verdict{Number: 1}}},
		"readmitted": {
			&ParticipantRemoved{verdict{Number: 1}}, &ParticipantRestored{verdict{Number: 1}}, &ParticipantReturned{Number: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newKeptRig(t)
			r.erase(now, "ann")
			for _, event := range events {
				require.Len(t, r.c.kept, 1)
				r.c.emit(Event{At: now, Detail: event})
				r.commit()
			}
			require.Empty(t, r.c.kept)
		})
	}

	t.Run("a standing is all that is left", func(t *testing.T) {
		r := newKeptRig(t)
		_, err := (&CorrectDay{Caller: operator, UserID: "bob", Day: date("2026-05-01"), Metrics: steps(10), Reason: "a bus"}).Decide(r.c, now)
		require.NoError(t, err)
		r.erase(now, "bob")
		r.c.emit(Event{At: now, Detail: &ParticipantReturned{Number: 2}})
		r.c.setStatus(now, Completed)
		r.c.emitMoney(now, &PrizesDistributed{PoolMinor: 100, SponsorMinor: 100, Prizes: []Winner{{Number: 2, Rank: 1, Minor: 100}}})
		r.commit()
		require.Len(t, r.c.kept, 1)
		who := Identity{Number: 2, Key: Key{9}, UserID: NewPseudonym([16]byte{9})}
		r.c.emit(Event{At: now, Detail: &StandingKept{erased{CommittedIdentity: CommittedIdentity{Number: 2, Identity: who.Commitment(), Who: who}}}})
		r.c.putIdentity(who)
		r.commit()
		s := r.c.Snapshot()
		require.NoError(t, r.store.save(&s))
		again := recovered(t, r.store)
		require.Empty(t, again.kept)
		require.Empty(t, r.c.kept)
		require.Equal(t, rowsOf(r.c), rowsOf(again))
	})
}
