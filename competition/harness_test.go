package competition

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition/calendar"
)

// harness drives a Competition as an actor would, with a store of its own, and holds
// it against two models: one of all that was decided, one of what is durable
// and may be seen.
type harness struct {
	t     require.TestingT
	now   calendar.Millis
	c     *Competition
	store *store

	decided *model
	shown   *model
	pending []pending // what stands between the two, oldest first

	seen     *view // what queries told when last something was applied
	inFlight Batch // being appended; empty when none is
	spare    Batch // whose storage may be used again
	versions map[uint64]bool
	exact    bool // every command is applied before the next one, so that flags rest on all of them
}

// pending is a decided command that waits for its events.
type pending struct {
	seq   uint64  // of its last event
	sync  uint64  // of the sync, if it is one
	after *model  // with it
	want  Outcome // of that event
}

// plain hides Helper from require, which would spend half of the tests' time.
type plain struct{ require.TestingT }

func newHarness(t *rapid.T) *harness {
	r := &harness{t: plain{t}, now: harnessStart, store: newStore(), decided: newModel(), shown: newModel(), versions: map[uint64]bool{}}
	r.store.visit = rapid.IntRange(0, 3).Draw(t, "records a visit")
	r.c = New("spring", countedKeys())
	return r
}

// decide gives a command to the competition and both models and compares.
func (r *harness) decide(cmd any) {
	t := r.t
	if r.seen == nil {
		r.seen = new(viewOf(t, r.c))
	}
	version, decided := r.c.Version(), r.c.DecidedSeq()

	before := r.decided.clone()
	want := r.decided.do(r.now, cmd)
	got, d := perform(r.c, r.now, cmd)
	if d.Later {
		require.Less(t, r.c.Seq(), r.c.DecidedSeq(), "there is nothing to wait for")
		require.Equal(t, r.c.DecidedSeq(), d.Seq)
		waiting := before.clone()
		waiting.do(r.now, tick{})
		r.pending = append(r.pending, pending{seq: d.Seq, after: waiting})
		for r.launch(); !r.inFlight.Empty(); {
			r.land(true)
		}
		r.seen, version, decided = new(viewOf(t, r.c)), r.c.Version(), r.c.DecidedSeq()
		got, d = perform(r.c, r.now, cmd)
		require.False(t, d.Later, "all is applied")
	}

	// Whether a day is full is only known once the events before are applied.
	late := len(r.pending) > 0 && want.err == ErrTooManySources && got.err == nil //nolint:errorlint // The model's own.
	if !late {
		require.Truef(t, sameRefusal(got.err, want.err), "%T: refused with %v, but the contract says %v", cmd, got.err, want.err)
	}
	require.Equal(t, want.created, got.created)
	require.Equal(t, *r.seen, viewOf(t, r.c), "I1: a decision showed before it was applied")
	require.Equal(t, version, r.c.Version(), "I1")
	checkInvariants(t, r.c)

	if _, erases := cmd.(*EraseParticipant); erases && got.err == nil && !d.Repeat {
		erasures := r.c.outbox.Erasures
		r.decided.call(gone, erasures[len(erasures)-1].Pseudonym)
	}
	if s, ok := cmd.(*SubmitSync); ok && late { // it is decided by then that the name is shown
		board := r.decided.board()
		r.decided.people[s.UserID].name = r.c.identityOf(d.Number).UserName
		if !board.equal(r.decided.board()) {
			r.decided.updated = r.now
		}
	}
	_, isSync := cmd.(*SubmitSync)
	events := r.c.DecidedSeq() - decided
	p := pending{seq: r.c.DecidedSeq(), after: r.decided.clone()}
	switch {
	case got.err != nil:
		require.Equal(t, before.people, r.decided.people, "the model changed by a refusal")
	case isSync && d.Number == 0:
		require.Fail(t, "a sync without a participant")
	case isSync && events > 0 && lastIsSync(r.c):
		require.False(t, d.Repeat)
		p.sync, p.want = r.c.DecidedSeq()-flagsAfter(r.c), Outcome{Changed: want.changed, Full: late}
		require.Equal(t, p.sync, d.Seq, "an answer waits for the sync, and flags come with it")
	case isSync:
		require.True(t, d.Repeat)
		require.False(t, want.changed, "a sync that changes something made no event")
	}
	if got.err == nil && p.sync == 0 {
		require.Equal(t, r.c.DecidedSeq(), d.Seq, "an answer must wait for all that it rests on")
	}
	r.pending = append(r.pending, p)
	r.settle()
}

func lastIsSync(c *Competition) bool {
	events := c.outbox.Events
	last := len(events) - 1 - int(flagsAfter(c))
	return last >= 0 && events[last].Detail == nil
}

// flagsAfter is how many flags the outbox ends with.
func flagsAfter(c *Competition) (n uint64) {
	for _, e := range slices.Backward(c.outbox.Events) {
		if _, flag := e.Detail.(*SyncFlagged); !flag {
			break
		}
		n++
	}
	return n
}

// perform is a command to a competition.
func perform(c *Competition, now calendar.Millis, cmd any) (a answer, d Decision) {
	switch cmd := cmd.(type) {
	case *CreateCompetition:
		d, a.err = cmd.Decide(c, now)
		a.created = a.err == nil && !d.Repeat
	case *SubmitSync:
		d, a.err = c.SubmitSync(now, cmd)
	case Command:
		d, a.err = cmd.Decide(c, now)
	case tick:
		d = c.Tick(now)
	case continues:
		d, a.err = c.Continue(now, cmd.epoch, cmd.lost)
	default:
		panic(fmt.Sprintf("%T is no command", cmd))
	}
	return a, d
}

// continues is a journal that goes on from a state that lost events.
type continues struct {
	epoch BoardEpoch
	lost  uint64
}

// lostEvents has the journal go on after a loss that only others know of.
func (r *harness) lostEvents(epoch BoardEpoch, lost uint64) {
	if !r.c.Exists() || len(r.pending) > 0 || !r.inFlight.Empty() || r.c.Pending() > 0 {
		return
	}
	before, version := r.c.epoch.present, r.c.Version()
	_, d := perform(r.c, r.now, continues{epoch, lost})
	r.decided.updated = r.now
	r.pending = append(r.pending, pending{seq: d.Seq, after: r.decided.clone()})
	r.launch()
	r.land(false)
	require.NotEqual(r.t, before, r.c.epoch.present)
	require.Greater(r.t, r.c.Version(), max(version, lost))
}

// launch sends what was decided to the store.
func (r *harness) launch() {
	if r.inFlight.Empty() {
		r.inFlight = r.c.Take(r.spare)
		r.spare = Batch{}
	}
}

// land brings the batch in flight home: it is durable, the next one leaves if
// so wished, and then its events are applied.
func (r *harness) land(launchNext bool) {
	batch := r.inFlight
	if batch.Empty() {
		return
	}
	r.store.append(r.t, &batch)
	r.inFlight = Batch{}
	if launchNext {
		r.launch()
	}
	for i := range batch.Events {
		r.apply(&batch.Events[i])
	}
	r.c.Applied(&batch)
	r.spare = batch
	r.settle()
}

// apply applies an event and holds the version against what was seen to change.
func (r *harness) apply(e *Event) {
	t := r.t
	before, version := boardSeen(r.c), r.c.Version()
	outcome, err := r.c.Apply(e)
	require.NoError(t, err)
	changed := !before.equal(boardSeen(r.c))
	require.Equal(t, changed, r.c.Version() != version, "I4: the version must grow when the board changes, and only then; seq %d, %T", e.Seq, e.Detail)
	if changed {
		require.Equal(t, e.Seq+r.c.epoch.skipped, r.c.Version(), "I4")
		require.Greater(t, r.c.Version(), version)
		require.Equal(t, e.At, r.c.Page(nil, 0, 0).UpdatedAt)
		require.False(t, r.versions[r.c.Version()], "a version was used again")
		r.versions[r.c.Version()] = true
	}
	for _, p := range r.pending {
		if p.sync == e.Seq {
			require.Equal(t, p.want, outcome)
		}
	}
}

func boardSeen(c *Competition) modelBoard {
	b := c.Page(nil, 0, 1000)
	return modelBoard{epoch: b.Epoch, status: b.Status, entries: b.Entries}
}

// settle moves the visible model on to what is applied, and compares.
func (r *harness) settle() {
	moved := false
	for len(r.pending) > 0 && r.pending[0].seq <= r.c.Seq() {
		r.shown, moved = r.pending[0].after, true
		r.pending = r.pending[1:]
	}
	if moved {
		r.agree()
	}
}

// agree fails unless queries and rows are what the visible model says.
func (r *harness) agree() {
	t := r.t
	require.EqualValues(t, len(r.store.records), r.c.Seq())
	r.seen = new(viewOf(t, r.c))
	require.Equal(t, r.shown.view(), *r.seen)
	checkInvariants(t, r.c)
	require.Equal(t, r.shown.created, r.c.Exists())
	if r.shown.created {
		require.Equal(t, r.c.Summary(), r.store.summary, "the summary's row")
	}
	for id, p := range r.shown.people {
		want := Membership{UserID: id, CompetitionID: "spring", Number: uint32(p.number), Present: p.present, Creator: id == r.shown.creator}
		if p.erased {
			want = Membership{}
		}
		require.Equal(t, want, r.store.memberships[id], "the membership's row")
		row := r.store.identities[uint32(p.number)]
		require.Equal(t, [2]string{id, p.name}, [2]string{row.UserID, row.UserName}, "the identity's row")
	}
	require.Equal(t, r.shown.creator, r.c.creator)
	r.agreeOnMoney()
	r.agreeOnReviews()
	r.agreeOnErasures()
	if len(r.pending) == 0 {
		at, ok := r.c.NextTransition()
		d := r.shown.def
		switch r.shown.status() {
		case Upcoming:
			require.Equal(t, d.Start, at)
		case Active:
			require.Equal(t, d.End, at)
		case Finalizing:
			require.Equal(t, d.End+calendar.Millis(d.LateSyncHours)*hour, at)
		case Completed:
			require.Equal(t, !r.shown.withMoney() && len(r.shown.kept) > 0, ok)
			if ok {
				require.Equal(t, d.End+calendar.Millis(d.LateSyncHours)*hour+30*day, at)
			}
		default:
			require.False(t, ok)
		}
		require.Len(t, r.c.kept, len(r.shown.kept))
	}
}

// drop forgets what was decided: the append failed and nothing was stored.
func (r *harness) drop() {
	r.c.Rollback()
	r.forget()
}

// lose is an append whose outcome nobody knows; the truth is stored.
func (r *harness) lose(stored bool) {
	if stored && !r.inFlight.Empty() {
		r.store.append(r.t, &r.inFlight)
	}
	require.NoError(r.t, r.c.CatchUp(context.Background(), r.store))
	r.settle()
	r.forget()
}

// forget makes the models forget what was decided and is not durable.
func (r *harness) forget() {
	r.pending, r.inFlight = nil, Batch{}
	r.decided = r.shown.clone()
	require.Equal(r.t, r.c.Seq(), r.c.DecidedSeq())
	r.agree()
}

// sameState fails unless two competitions are the same to the last field, but
// for what lists nothing of its own: which rows a snapshot would hold.
func sameState(t require.TestingT, want, got *Competition) {
	require.Equal(t, want.definition, got.definition)
	require.Equal(t, want.status, got.status)
	require.Equal(t, want.creator, got.creator)
	require.Equal(t, want.balances, got.balances)
	require.Equal(t, want.distribution, got.distribution)
	require.Equal(t, want.applied, got.applied)
	require.Equal(t, want.version, got.version)
	require.Equal(t, want.updatedAt, got.updatedAt)
	require.Equal(t, want.epoch, got.epoch)
	require.Equal(t, want.onBoard, got.onBoard)
	require.Equal(t, want.flags, got.flags)
	require.Equal(t, want.amendments, got.amendments)
	require.Equal(t, want.ceiling, got.ceiling)
	require.Equal(t, maps.Collect(maps.All(want.kept)), maps.Collect(maps.All(got.kept)))
	require.Equal(t, namesOf(want), namesOf(got))
	require.Equal(t, rowsOf(want), rowsOf(got))
	require.Equal(t, want.board.Page(nil, 0, want.onBoard), got.board.Page(nil, 0, got.onBoard))
	require.Equal(t, viewOf(t, want), viewOf(t, got))
	checkInvariants(t, got)
}

func namesOf(c *Competition) []string {
	return append([]string{}, c.sources.names[:c.sources.applied]...)
}

func rowsOf(c *Competition) (rows []participant) {
	for number := uint32(1); number <= c.participants.count; number++ {
		p := *c.participants.at(number)
		p.changed = false
		p.days = append(Days(nil), p.days...)
		rows = append(rows, p)
	}
	return rows
}
