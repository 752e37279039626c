package competition

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// recovered is a competition rebuilt from a store.
func recovered(t require.TestingT, s *store) *Competition {
	c, err := Recover(context.Background(), "spring", s, countedKeys(), nil)
	require.NoError(t, err)
	return c
}

// TestRecoveryIsTheSame: whatever happened, and whenever snapshots were taken,
// the journal alone, and the snapshot with the journal after it, give the
// competition that lived.
func TestRecoveryIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newHarness(t)
		follow := func(t *rapid.T) {
			r.launch()
			r.land(false)
			switch rapid.IntRange(0, 11).Draw(t, "then") {
			case 0, 1:
				r.snapshot(true)
			case 2:
				r.snapshot(false)
			case 3:
				r.restart()
			case 4: // an append whose outcome nobody knows
				r.decide(drawSync(t, r.now))
				r.launch()
				r.lose(rapid.Bool().Draw(t, "stored"))
			case 5:
				r.lostEvents(pick[BoardEpoch](t, "epoch", 1, 2, 0xffffffff), pick(t, "lost", 0, r.c.Version(), r.c.Version()+7))
			}
		}
		begin(t, r, follow)
		t.Repeat(commands(r, follow))

		sameState(r.t, r.c, recovered(r.t, r.store))
		sameState(r.t, r.c, recovered(r.t, r.store.withoutSnapshot()))

		// And it goes on as the one that lived would have.
		constant := func() Key { return Key{7} }
		other := recovered(t, r.store)
		r.c.newKey, other.newKey = constant, constant
		for range 5 {
			r.now += drawWait(t)
			cmd := drawSync(t, r.now)
			here, decided := perform(r.c, r.now, cmd)
			there, same := perform(other, r.now, cmd)
			require.Equal(t, here, there)
			require.Equal(t, decided, same)
		}
		require.Equal(t, string(r.c.outbox.Records), string(other.outbox.Records))
	})
}

// snapshot takes a snapshot, and saves it if the store is well.
func (r *harness) snapshot(well bool) {
	if r.c.Seq() == 0 {
		return // nobody takes one of nothing
	}
	seq, changed := r.c.Seq(), r.c.Changed()
	s := r.c.Snapshot()
	require.Equal(r.t, seq, s.Seq)
	require.Len(r.t, s.Rows, changed)
	require.Zero(r.t, r.c.Changed(), "what was handed over counts as saved")
	checkInvariants(r.t, r.c)
	if !well || r.store.save(&s) != nil {
		r.c.Resave(&s)
		require.Equal(r.t, changed, r.c.Changed())
		checkInvariants(r.t, r.c)
	}
}

// restart forgets the competition and rebuilds it from the store.
func (r *harness) restart() {
	c := recovered(r.t, r.store)
	sameState(r.t, r.c, c)
	r.c = c
	r.forget()
}

// life is a store with the life of a small competition: ann and bob, two days,
// two devices, a new name, leaving and coming back. If snapshotAt is not 0, a
// snapshot was saved then.
func life(t require.TestingT, snapshotAt uint64) *store {
	s := newStore()
	c := New("spring", countedKeys())
	saved := false
	do := func(at string, cmd any) {
		a, _ := perform(c, instant(at), cmd)
		require.NoError(t, a.err)
		b := c.Take(Batch{})
		if b.Empty() {
			return
		}
		s.append(t, &b)
		for i := range b.Events {
			_, err := c.Apply(&b.Events[i])
			require.NoError(t, err)
		}
		c.Applied(&b)
		if snapshotAt > 0 && c.Seq() >= snapshotAt && !saved {
			snapshot := c.Snapshot()
			require.NoError(t, s.save(&snapshot))
			saved = true
		}
	}
	sync := func(id, source, d string, n int64) *SubmitSync {
		return &SubmitSync{UserID: id, Source: source, Day: date(d), Metrics: steps(n)}
	}
	do("2026-04-30T00:00:00Z", &CreateCompetition{Caller: user("carol"), Definition: spring()})                      // 1
	do("2026-04-30T01:00:00Z", &JoinCompetition{Caller: user("ann"), UserID: "ann", UserName: "Ann"})                // 2
	do("2026-05-01T10:00:00Z", sync("ann", "phone", "2026-05-01", 5000))                                             // 3 started, 4
	do("2026-05-01T11:00:00Z", sync("bob", "phone", "2026-05-01", 6000))                                             // 5 enrolled, 6
	do("2026-05-01T12:00:00Z", sync("bob", "watch", "2026-05-01", 6500))                                             // 7
	do("2026-05-02T12:00:00Z", sync("ann", "watch", "2026-05-02", 900))                                              // 8
	do("2026-05-02T13:00:00Z", &JoinCompetition{Caller: user("ann"), UserID: "ann", UserName: "Anna", Rename: true}) // 9
	do("2026-05-02T14:00:00Z", &LeaveCompetition{Caller: user("bob"), UserID: "bob"})                                // 10
	do("2026-05-02T15:00:00Z", &JoinCompetition{Caller: user("bob"), UserID: "bob"})                                 // 11
	do("2026-05-03T08:00:00Z", sync("bob", "phone", "2026-05-02", 12_000))                                           // 12
	require.Len(t, s.records, lifeSeq)
	return s
}

const lifeSeq = 12

// requireRefused fails unless recovering names the seq.
func requireRefused(t *testing.T, s *store, seq uint64, reason string) {
	t.Helper()
	_, err := Recover(t.Context(), "spring", s, countedKeys(), nil)
	var corrupt *CorruptError
	require.ErrorAs(t, err, &corrupt)
	require.ErrorIs(t, err, ErrCorrupt)
	require.Equal(t, "spring", corrupt.CompetitionID)
	require.Equal(t, seq, corrupt.Seq, err.Error())
	require.ErrorContains(t, err, reason)
}

func TestRecoverNothing(t *testing.T) {
	c := recovered(t, newStore())
	require.False(t, c.Exists())
	require.Zero(t, c.Seq())
	d, err := (&CreateCompetition{Caller: service, Definition: spring()}).Decide(c, 0)
	require.NoError(t, err)
	require.False(t, d.Repeat)
}

// TestRecoverRefusesIdentities that are not those that the journal speaks of.
func TestRecoverRefusesIdentities(t *testing.T) {
	carol, ann, bob := uint32(0), uint32(1), uint32(2)
	for _, test := range []struct {
		rule   string
		damage func(map[uint32]Identity)
		seq    uint64 // the event that the identity does not fit
	}{
		{"the creator's is missing", func(m map[uint32]Identity) { delete(m, carol) }, 1},
		{"bob's is missing", func(m map[uint32]Identity) { delete(m, bob) }, 5},
		{"ann's is missing, who was renamed", func(m map[uint32]Identity) { delete(m, ann) }, 9},
		{"all are missing", func(m map[uint32]Identity) { clear(m) }, 1},
		{"ann's and bob's are swapped", func(m map[uint32]Identity) {
			a, b := m[ann], m[bob]
			a.Number, b.Number = bob, ann
			m[ann], m[bob] = b, a
		}, 5},
		{"bob has another name", func(m map[uint32]Identity) { i := m[bob]; i.UserName = "Robert"; m[bob] = i }, 5},
		{"bob is somebody else", func(m map[uint32]Identity) { i := m[bob]; i.UserID = "eve"; m[bob] = i }, 5},
		{"bob has another key", func(m map[uint32]Identity) { i := m[bob]; i.Key[31] ^= 1; m[bob] = i }, 5},
		{"ann has her old name", func(m map[uint32]Identity) { i := m[ann]; i.UserName = "Ann"; m[ann] = i }, 9},
	} {
		t.Run(test.rule, func(t *testing.T) {
			s := life(t, 0)
			test.damage(s.identities)
			requireRefused(t, s, test.seq, "identity row")
		})
	}
}

// TestRecoverRefusesSnapshots that are damaged. Without the rows nothing after
// them can be trusted either: the seq is the one after the snapshot's.
func TestRecoverRefusesSnapshots(t *testing.T) {
	const at, ann, bob = 8, 1, 2
	row := func(s *store, number uint32, edit func(*Row)) {
		r, err := ParseRow(s.rows[number])
		if err != nil {
			panic(err)
		}
		edit(&r)
		s.rows[number] = AppendRow(nil, &r)
	}
	for _, test := range []struct {
		rule   string
		damage func(*store)
		seq    uint64
		reason string
	}{
		{"a row is missing at the end", func(s *store) { delete(s.rows, bob) }, at + 1, "1 rows of 2"},
		{"a row is missing at the front", func(s *store) { delete(s.rows, ann) }, at + 1, "participant 1"},
		{"a row stands in another's place", func(s *store) { row(s, bob, func(r *Row) { r.Number = 3 }) }, at + 1, "participant 2"},
		{"a row too many", func(s *store) {
			row(s, bob, func(r *Row) { r.Number = 3 })
			s.rows[3] = s.rows[bob]
			row(s, bob, func(r *Row) { r.Number = 2 })
		}, at + 1, "3 rows of 2"},
		{"totals that are not those of the days", func(s *store) { row(s, ann, func(r *Row) { r.Totals.Steps++ }) }, at + 1, "does not add up"},
		{"a score that is not that of the totals", func(s *store) { row(s, ann, func(r *Row) { r.Score++ }) }, at + 1, "does not add up"},
		{"days cut short", func(s *store) { row(s, ann, func(r *Row) { r.Days = r.Days[:len(r.Days)-1] }) }, at + 1, "ends too early"},
		{"a day lost", func(s *store) { row(s, ann, func(r *Row) { r.Days = r.Days[:1+r.Days[0]] }) }, at + 1, "does not add up"},
		{"a source without a name", func(s *store) {
			row(s, ann, func(r *Row) {
				r.Days, _ = r.Days.Merge(Register{Day: date("2026-05-02"), Source: 2, Metrics: steps(1)})
			})
		}, at + 1, "out of place"},
		{"a score reached in the future", func(s *store) { row(s, ann, func(r *Row) { r.Reached = at + 1 }) }, at + 1, "out of place"},
		{"an identity missing", func(s *store) { delete(s.identities, bob) }, at + 1, "identity row of participant 2"},
		{"the header of another time", func(s *store) { s.header = life(t, 4).header }, 5, "out of place"},
	} {
		t.Run(test.rule, func(t *testing.T) {
			s := life(t, at)
			require.EqualValues(t, at, s.saved)
			test.damage(s)
			requireRefused(t, s, test.seq, test.reason)
		})
	}
}

// TestRecoverRefusesFlippedBits of a header or a row.
func TestRecoverRefusesFlippedBits(t *testing.T) {
	s := life(t, 8)
	require.NoError(t, errOf(s))
	for _, b := range [][]byte{s.header, s.rows[1], s.rows[2]} {
		for at := range b {
			b[at] ^= 0x10
			require.Error(t, errOf(s), "byte %d", at)
			b[at] ^= 0x10
		}
	}
	for n := range s.header {
		cut := s.clone()
		cut.header = s.header[:n]
		require.Error(t, errOf(cut), "the first %d bytes", n)
	}
	require.NoError(t, errOf(s))
}

func errOf(s *store) error {
	_, err := Recover(context.Background(), "spring", s, countedKeys(), nil)
	return err
}

func TestRecoverRefusesTheSnapshotOfAnother(t *testing.T) {
	autumn := New("autumn", countedKeys())
	_, err := (&CreateCompetition{Caller: service, Definition: spring(func(d *Definition) { d.ID = "autumn" })}).Decide(autumn, 0)
	require.NoError(t, err)
	b := autumn.Take(Batch{})
	_, err = autumn.Apply(&b.Events[0])
	require.NoError(t, err)
	autumn.Applied(&b)
	snapshot := autumn.Snapshot()

	s := newStore()
	require.NoError(t, s.save(&snapshot))
	_, err = Recover(t.Context(), "spring", s, countedKeys(), nil)
	require.ErrorIs(t, err, ErrCorrupt)
}

// TestRecoverRefusesJournals: damage of the journal is named also after a
// snapshot.
func TestRecoverRefusesJournals(t *testing.T) {
	for _, snapshotAt := range []uint64{0, 4} {
		for seq := snapshotAt + 1; seq < lifeSeq; seq++ {
			lost := life(t, snapshotAt)
			lost.records = append(lost.records[:seq-1:seq-1], lost.records[seq:]...)
			requireRefused(t, lost, seq, "")

			flipped := life(t, snapshotAt)
			flipped.records[seq-1][20] ^= 1
			requireRefused(t, flipped, seq, "")
		}
	}
	short := life(t, 8)
	short.records = short.records[:7]
	require.ErrorIs(t, errOf(short), ErrCorrupt, "the journal ends before the snapshot")
}

// TestRecoverRefusesEventsThatNobodyDecided: records that are sound, but that
// the state before them cannot have led to.
func TestRecoverRefusesEventsThatNobodyDecided(t *testing.T) {
	for _, test := range []struct {
		rule  string
		event Event
	}{
		{"a number is left out", Event{Detail: &ParticipantEnrolled{CommittedIdentity: CommittedIdentity{Number: 4}}}},
		{"a number is given twice", Event{Detail: &ParticipantEnrolled{CommittedIdentity: CommittedIdentity{Number: 2}}}},
		{"nobody is renamed", Event{Detail: &ParticipantRenamed{CommittedIdentity: CommittedIdentity{Number: 3}}}},
		{"number 0 is renamed", Event{Detail: &ParticipantRenamed{CommittedIdentity: CommittedIdentity{Number: 0}}}},
		{"nobody leaves", Event{Detail: &ParticipantLeft{Number: 3}}},
		{"somebody returns who is there", Event{Detail: &ParticipantReturned{Number: 1}}},
		{"nobody syncs", Event{Sync: SyncAccepted{Number: 3}}},
		{"number 0 syncs", Event{Sync: SyncAccepted{Number: 0}}},
		{"a source that was never introduced", Event{Sync: SyncAccepted{Number: 1, Register: Register{Source: 2}}}},
		{"a source introduced out of order", Event{Sync: SyncAccepted{Number: 1, Register: Register{Source: 3}, NewSource: "s3"}}},
		{"a source introduced twice", Event{Sync: SyncAccepted{Number: 1, Register: Register{Source: 1}, NewSource: "watch"}}},
	} {
		t.Run(test.rule, func(t *testing.T) {
			s := life(t, 0)
			chain := recovered(t, s).applied
			test.event.Seq = lifeSeq + 1
			s.records = append(s.records, chain.Append(nil, &test.event))
			requireRefused(t, s, lifeSeq+1, "")
		})
	}
}

func TestApplyRefusesOutOfOrder(t *testing.T) {
	c := recovered(t, life(t, 0))
	for _, seq := range []uint64{lifeSeq, lifeSeq + 2} {
		_, err := c.Apply(&Event{Seq: seq, Detail: &StatusChanged{Status: Completed}})
		require.ErrorIs(t, err, ErrCorrupt)
	}
	require.Equal(t, Active, c.Page(nil, 0, 0).Status)
}

// failing is a store of which one operation fails.
type failing struct {
	*store
	load, identities, read bool
}

var errDisk = errors.New("disk on fire")

func (f failing) Load(ctx context.Context, id string, header func([]byte) error, row func(Row) error) error {
	if f.load {
		return errDisk
	}
	return f.store.Load(ctx, id, header, row)
}

func (f failing) ReadIdentities(ctx context.Context, id string, visit func(Identity) error) error {
	if f.identities {
		return errDisk
	}
	return f.store.ReadIdentities(ctx, id, visit)
}

func (f failing) Read(ctx context.Context, id string, after uint64, visit func([]byte) error) error {
	if f.read {
		return errDisk
	}
	return f.store.Read(ctx, id, after, visit)
}

// TestRecoverTellsTheStoresErrors as they are: they are no damage.
func TestRecoverTellsTheStoresErrors(t *testing.T) {
	for _, f := range []failing{{load: true}, {identities: true}, {read: true}} {
		f.store = life(t, 8)
		_, err := Recover(t.Context(), "spring", f, countedKeys(), nil)
		require.ErrorIs(t, err, errDisk)
		require.NotErrorIs(t, err, ErrCorrupt)
		if !f.load {
			c := recovered(t, f.store)
			require.ErrorIs(t, c.CatchUp(t.Context(), f), errDisk)
			sameState(t, recovered(t, f.store), c)
		}
	}
}

// TestCatchUp: after an append of unknown outcome the state is that of the
// journal, whichever it was.
func TestCatchUp(t *testing.T) {
	for _, stored := range []bool{true, false} {
		t.Run(fmt.Sprintf("stored %v", stored), func(t *testing.T) {
			s := life(t, 8)
			c := recovered(t, s)
			now := instant("2026-05-03T09:00:00Z")
			for _, id := range []string{"ann", "new"} {
				_, err := c.SubmitSync(now, &SubmitSync{UserID: id, Source: "ring", Day: date("2026-05-03"), Metrics: steps(77_000)})
				require.NoError(t, err)
			}
			batch := c.Take(Batch{})
			_, err := (&LeaveCompetition{Caller: user("bob"), UserID: "bob"}).Decide(c, now) // waits after it, and is lost
			require.NoError(t, err)
			want := recovered(t, s)
			if stored {
				s.append(t, &batch)
				want = recovered(t, s)
			}
			require.NoError(t, c.CatchUp(t.Context(), s))
			sameState(t, want, c)
			require.Equal(t, c.Seq(), c.DecidedSeq())
			_, leads := c.Standing("new")
			require.Equal(t, stored, leads)
			_, stays := c.Standing("bob")
			require.True(t, stays)

			// It can go on, and the journal with it.
			_, err = c.SubmitSync(now, &SubmitSync{UserID: "new", Source: "ring", Day: date("2026-05-03"), Metrics: steps(80_000)})
			require.NoError(t, err)
			next := c.Take(Batch{})
			s.append(t, &next)
			recovered(t, s)
		})
	}
}

// TestCatchUpAfterAnother: what another instance wrote in between counts, and
// what was decided here does not.
func TestCatchUpAfterAnother(t *testing.T) {
	s := life(t, 8)
	here, there := recovered(t, s), recovered(t, s)
	now := instant("2026-05-03T09:00:00Z")
	for c, source := range map[*Competition]string{here: "ring", there: "belt"} {
		_, err := c.SubmitSync(now, &SubmitSync{UserID: source + "er", Source: source, Day: date("2026-05-03"), Metrics: steps(1)})
		require.NoError(t, err)
	}
	batch := there.Take(Batch{})
	s.append(t, &batch)
	require.NoError(t, here.CatchUp(t.Context(), s))
	sameState(t, recovered(t, s), here)
}

func TestCatchUpRefusesDamage(t *testing.T) {
	s := life(t, 0)
	c := recovered(t, s)
	_, err := (&LeaveCompetition{Caller: user("bob"), UserID: "bob"}).Decide(c, instant("2026-05-03T09:00:00Z"))
	require.NoError(t, err)
	batch := c.Take(Batch{})
	s.append(t, &batch)
	s.records[lifeSeq][30] ^= 1
	var corrupt *CorruptError
	require.ErrorAs(t, c.CatchUp(t.Context(), s), &corrupt)
	require.EqualValues(t, lifeSeq+1, corrupt.Seq)
	require.EqualValues(t, lifeSeq, c.Seq(), "the state stays as far as it came")
}

// TestCatchUpInPieces: a store that goes away in the middle leaves a state that
// is sound, and the next try goes on from there.
func TestCatchUpInPieces(t *testing.T) {
	s := life(t, 0)
	s.visit = 1
	early := s.withoutSnapshot()
	early.records = s.records[:8]
	early.identities[1] = Identity{Number: 1, Key: Key{7: 2}, UserID: "ann", UserName: "Ann"}
	c := recovered(t, early)
	require.ErrorIs(t, c.CatchUp(t.Context(), &goingAway{store: s, after: 2}), errDisk)
	require.EqualValues(t, 10, c.Seq())
	require.EqualValues(t, 10, c.DecidedSeq(), "a decision now would write over the journal")
	require.NoError(t, c.CatchUp(t.Context(), s))
	sameState(t, recovered(t, s), c)
}

// goingAway is a store whose journal fails after so many records.
type goingAway struct {
	*store
	after int
}

func (g *goingAway) Read(ctx context.Context, id string, after uint64, visit func([]byte) error) error {
	left := g.after
	return g.store.Read(ctx, id, after, func(records []byte) error {
		if left--; left < 0 {
			return errDisk
		}
		return visit(records)
	})
}

// TestRecoverTellsProgress now and then, and at the end.
func TestRecoverTellsProgress(t *testing.T) {
	var calls [][2]int
	_, err := Recover(t.Context(), "spring", life(t, 8), countedKeys(), func(rows, records int) { calls = append(calls, [2]int{rows, records}) })
	require.NoError(t, err)
	require.Equal(t, [2]int{2, lifeSeq - 8}, calls[len(calls)-1])
}

// TestSnapshotsAreTheChanges: only what changed since the last one is written.
func TestSnapshotsAreTheChanges(t *testing.T) {
	s := life(t, 8)
	c := recovered(t, s)
	require.Equal(t, 1, c.Changed(), "since the snapshot only bob changed: a name is no part of a row")
	snapshot := c.Snapshot()
	require.EqualValues(t, lifeSeq, snapshot.Seq)
	require.EqualValues(t, 2, snapshot.Rows[0].Number)
	require.NoError(t, s.save(&snapshot))
	require.ErrorIs(t, s.save(&snapshot), ErrConflict)
	sameState(t, c, recovered(t, s))
	require.Zero(t, recovered(t, s).Changed())

	// Rows share no memory with the state.
	clear(snapshot.Rows[0].Days)
	sameState(t, recovered(t, s.withoutSnapshot()), c)
}
