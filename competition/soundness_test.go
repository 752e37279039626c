package competition

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// forged is a store whose journal holds the events, in a chain that verifies.
type forged struct {
	chain      Chain
	records    []byte
	identities []Identity
}

func (f *forged) add(at calendar.Millis, d Detail) {
	e := Event{Seq: f.chain.Seq + 1, At: at, Detail: d}
	f.records = f.chain.Append(f.records, &e)
}

func (f *forged) Load(context.Context, string, func([]byte) error, func(Row) error) error { return nil }

func (f *forged) ReadIdentities(_ context.Context, _ string, visit func(Identity) error) error {
	for _, i := range f.identities {
		if err := visit(i); err != nil {
			return err
		}
	}
	return nil
}

func (f *forged) Read(_ context.Context, _ string, _ uint64, visit func([]byte) error) error {
	return visit(f.records)
}

// forge is the journal of a competition that anna takes part in.
func forge(d Definition, annasID, annasName string) *forged {
	f := &forged{chain: NewChain("spring")}
	anna := Identity{Number: 1, Key: Key{1}, UserID: annasID, UserName: annasName}
	f.identities = []Identity{anna}
	f.add(d.Start, &CompetitionCreated{Definition: d})
	f.add(d.Start, &StatusChanged{Status: Active})
	f.add(d.Start, &ParticipantEnrolled{CommittedIdentity: CommittedIdentity{Number: 1, Identity: anna.Commitment()}})
	return f
}

// TestWhatIsNotSoundIsDamage reads journals that verify and hold what no version
// accepted.
func TestWhatIsNotSoundIsDamage(t *testing.T) {
	whole := forge(spring(), "anna", "Anna")
	_, err := Recover(t.Context(), "spring", whole, countedKeys(), nil)
	require.NoError(t, err)

	for problem, edit := range map[string]func(*Definition){
		"id":              func(d *Definition) { d.ID = "spr\x1b" },
		"another":         func(d *Definition) { d.ID = "summer" },
		"name":            func(d *Definition) { d.Name = "a\x00" },
		"description":     func(d *Definition) { d.Description = strings.Repeat("x", 2001) },
		"type":            func(d *Definition) { d.Type = "daily" },
		"start_date":      func(d *Definition) { d.Start = -1 },
		"end_date":        func(d *Definition) { d.End = d.Start },
		"currency":        func(d *Definition) { d.Currency = strings.Repeat("E", 1000) },
		"entry_fee":       func(d *Definition) { d.EntryFeeMinor = -1 },
		"prize_pool":      func(d *Definition) { d.PrizePoolMinor = ledger.MaxAmountMinor + 1 },
		"time_zone":       func(d *Definition) { d.TimeZone = "\x1b[2J" },
		"scoring":         func(d *Definition) { d.Scoring = Weights{Step: -1} },
		"prize_split":     func(d *Definition) { d.PrizeSplit = []int64{0} },
		"enrollment":      func(d *Definition) { d.Enrollment = "closed" },
		"visibility":      func(d *Definition) { d.Visibility = "secret" },
		"max_part":        func(d *Definition) { d.MaxParticipants = -1 },
		"daily_limits":    func(d *Definition) { d.DailyLimits.Steps = 1 << 60 },
		"late_sync_hours": func(d *Definition) { d.LateSyncHours = -1 },
		"days of":         func(d *Definition) { d.LastDay += 2 },
	} {
		d := spring()
		edit(&d)
		_, err := Recover(t.Context(), "spring", forge(d, "anna", ""), countedKeys(), nil)
		var corrupt *CorruptError
		require.ErrorAs(t, err, &corrupt, problem)
		require.EqualValues(t, 1, corrupt.Seq)
		require.Contains(t, corrupt.Reason, problem)

		f := forge(spring(), "anna", "")
		f.add(spring().Start, &CompetitionEdited{Definition: d})
		_, err = Recover(t.Context(), "spring", f, countedKeys(), nil)
		require.ErrorAs(t, err, &corrupt, problem)
		require.EqualValues(t, 4, corrupt.Seq, problem)
	}
	for _, who := range [][2]string{{"an\x00na", ""}, {"\x1b", ""}, {"", ""}, {strings.Repeat("x", 129), ""}, {"anna", "\x1b[31m"}, {"anna", strings.Repeat("x", 101)}, {"anna", "\xff"}} {
		_, err := Recover(t.Context(), "spring", forge(spring(), who[0], who[1]), countedKeys(), nil)
		require.ErrorIs(t, err, ErrCorrupt, "%q", who)
		require.ErrorContains(t, err, "participant 1")
	}
	day := date("2026-05-01")
	for name, d := range map[string]Detail{
		"an unknown status":             &StatusChanged{Status: 77},
		"a reason with ESC":             &ParticipantExcluded{verdict{Number: 1, Reason: "\x1b"}},
		"a correction over the limits":  &DayCorrected{Number: 1, Correction: Correction{Day: day, Metrics: steps(1 << 60), Reason: "x"}},
		"a correction outside":          &DayCorrected{Number: 1, Correction: Correction{Day: day + 4000, Reason: "x"}},
		"a correction for a bad reason": &DayCorrected{Number: 1, Correction: Correction{Day: day, Reason: strings.Repeat("x", 501)}},
	} {
		f := forge(spring(), "anna", "")
		f.add(spring().Start, d)
		_, err := Recover(t.Context(), "spring", f, countedKeys(), nil)
		require.ErrorIs(t, err, ErrCorrupt, name)
	}
	for name, s := range map[string]SyncAccepted{
		"a source with ESC":      {Number: 1, NewSource: "\x1b", Register: Register{Day: day}},
		"a source too long":      {Number: 1, NewSource: strings.Repeat("x", 65), Register: Register{Day: day}},
		"steps over the limits":  {Number: 1, NewSource: "x", Register: Register{Day: day, Metrics: steps(1 << 62)}},
		"a day outside":          {Number: 1, NewSource: "x", Register: Register{Day: day + 4000}},
		"less than nothing done": {Number: 1, NewSource: "x", Register: Register{Day: day, Metrics: steps(-1)}},
	} {
		f := forge(spring(), "anna", "")
		e := Event{Seq: 4, At: spring().Start, Sync: s}
		f.records = f.chain.Append(f.records, &e)
		_, err := Recover(t.Context(), "spring", f, countedKeys(), nil)
		require.ErrorIs(t, err, ErrCorrupt, name)
	}
}

// A snapshot is read as sceptically as a journal.
func TestASnapshotThatIsNotSoundIsDamage(t *testing.T) {
	for name, spoil := range map[string]func(*Competition){
		"a definition": func(c *Competition) { c.definition.Currency = "XXX" },
		"a status":     func(c *Competition) { c.status = 9 },
		"a source": func(c *Competition) {
			c.sources.add("\x1b")
			c.sources.applied++
		},
		"a prize": func(c *Competition) {
			c.distribution = newDistribution(1, 100, 0, 1)
			c.distribution.add(distributed{number: 1, rank: 1, minor: 101, status: ledger.DistributedPrize})
		},
		"a reason": func(c *Competition) {
			c.participants.at(1).review = &Review{Excluded: true, Reason: "\x00"}
			c.markChanged(c.participants.at(1))
		},
	} {
		c := crowd(2)
		spoil(c)
		snapshot := c.Snapshot()
		s := newStore()
		require.NoError(t, s.save(&snapshot))
		for number := uint32(1); number <= 2; number++ {
			s.identities[number] = c.identityOf(number)
		}
		_, err := Recover(t.Context(), c.ID(), s, countedKeys(), nil)
		require.ErrorIs(t, err, ErrCorrupt, name)
	}
}

// TestEveryTextOfAnEventIsChecked looks for events with a text that nothing
// checks.
func TestEveryTextOfAnEventIsChecked(t *testing.T) {
	var texts func(t reflect.Type) int
	texts = func(t reflect.Type) (n int) {
		switch {
		case t == reflect.TypeFor[Identity](), t == reflect.TypeFor[Definition](): // checked where they are read
		case t.Kind() == reflect.String:
			n++
		case t.Kind() == reflect.Struct:
			for field := range t.Fields() {
				if field.IsExported() || field.Anonymous { // the others are not part of the record
					n += texts(field.Type)
				}
			}
		case t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer:
			n += texts(t.Elem())
		}
		return n
	}
	withText := 0
	for _, k := range allKinds() {
		d := newDetail(k)
		if d == nil {
			continue
		}
		n := texts(reflect.TypeOf(d))
		if _, ok := d.(reasoned); ok {
			n--
		}
		require.Zero(t, n, "%s has a text that is not its reason", kinds[k].name)
		if _, ok := d.(reasoned); ok {
			withText++
		}
	}
	require.Equal(t, 7, withText)
}
