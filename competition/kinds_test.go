package competition

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/competition/wire"
)

// allKinds are the kinds that there are.
func allKinds() (all []kind) {
	for k := range kinds {
		if kinds[k].name != "" {
			all = append(all, kind(k))
		}
	}
	return all
}

// goldenKinds say how a record of each kind is written after its chain hash, for
// good, worked out by hand: the kind, seq 1, at 5 ms (zigzag 0a), and the event.
// 300 is ac02, 500 f403, the day 300 (zigzag) d804 and "no" 026e6f.
var goldenKinds = func() map[kind]goldenKind {
	hash, definition := Commitment{0xaa, 31: 0xbb}, goldenDefinition("Spring", "Walk, run, ride.")
	hashed := "aa" + strings.Repeat("00", 30) + "bb"
	defined := hex.EncodeToString(appendDefinition(nil, &definition)) // see format1.golden
	return map[kind]goldenKind{
		1: {Event{Sync: SyncAccepted{
			Number: 7, Enrolled: true, Register: Register{Day: 1, Metrics: steps(500)}, NewSource: "no",
		}}, "01010a" + "0f" + hex.EncodeToString(appendRegister(nil, Register{Day: 1, Metrics: steps(500)})) + "026e6f"},
		2:  {Event{Detail: &CompetitionCreated{Definition: definition, Creator: hash}}, "02010a" + hashed + defined},
		3:  {Event{Detail: &CompetitionEdited{Definition: definition}}, "03010a" + defined},
		4:  {Event{Detail: &StatusChanged{Status: Finalizing}}, "04010a" + "03"},
		5:  {Event{Detail: &ParticipantEnrolled{CommittedIdentity: CommittedIdentity{Number: 300, Identity: hash}}}, "05010a" + "ac02" + hashed},
		6:  {Event{Detail: &ParticipantRenamed{CommittedIdentity: CommittedIdentity{Number: 300, Identity: hash}}}, "06010a" + "ac02" + hashed},
		7:  {Event{Detail: &ParticipantLeft{Number: 300}}, "07010a" + "ac02"},
		8:  {Event{Detail: &ParticipantReturned{Number: 300}}, "08010a" + "ac02"},
		9:  {Event{Detail: &EntryFeePaid{fee{Number: 300, Minor: 500}}}, "09010a" + "ac02" + "f403"},
		10: {Event{Detail: &EntryFeeRefunded{fee{Number: 300, Minor: 500}}}, "0a010a" + "ac02" + "f403"},
		11: {Event{Detail: &PrizesDistributed{
			PoolMinor: 500, SponsorMinor: 300, Pending: true, Prizes: []Winner{{Number: 7, Rank: 1, Minor: 500}},
		}}, "0b010a" + "f403" + "ac02" + "01" + "01" + "07" + "01" + "f403"},
		12: {Event{Detail: &PrizeConfirmed{Number: 300}}, "0c010a" + "ac02"},
		13: {Event{Detail: &PrizeFailed{Number: 300, Reason: "no"}}, "0d010a" + "ac02" + "026e6f"},
		14: {Event{Detail: &SyncFlagged{Number: 300, Day: 300, Reason: RateFlag, Figures: Figures{
			Found: steps(500), Usual: Metrics{1, 2, 3, 4}, Within: 5,
		}}}, "0e010a" + "ac02" + "d804" + "01" + "f403000000" + "01020304" + "0a"},
		15: {Event{Detail: &ParticipantExcluded{verdict{Number: 300, Reason: "no"}}}, "0f010a" + "ac02" + "026e6f"},
		16: {Event{Detail: &ParticipantRestored{verdict{Number: 300, Reason: "no"}}}, "10010a" + "ac02" + "026e6f"},
		17: {
			Event{Detail: &DayCorrected{Number: 300, Correction: Correction{Day: 300, Metrics: steps(500), Reason: "no"}}},
			"11010a" + "ac02" + "d804" + "f403000000" + "026e6f",
		},
		18: {Event{Detail: &CorrectionWithdrawn{Number: 300, Day: 300, Reason: "no"}}, "12010a" + "ac02" + "d804" + "026e6f"},
		20: {Event{Detail: &ParticipantErased{erased{CommittedIdentity: CommittedIdentity{Number: 300, Identity: hash}}}}, "14010a" + "ac02" + hashed},
		21: {Event{Detail: &ParticipantRemoved{verdict{Number: 300, Reason: "no"}}}, "15010a" + "ac02" + "026e6f"},
		22: {Event{Detail: &DecisionsKept{erased{CommittedIdentity: CommittedIdentity{Number: 300, Identity: hash}}}}, "16010a" + "ac02" + hashed},
		25: {Event{Detail: &CompetitionAmended{Definition: definition, Reason: "no"}}, "19010a" + "026e6f" + defined},
		24: {Event{Detail: &JournalContinued{Epoch: 0xa0b1c2d3, Version: 300}}, "18010a" + "a0b1c2d3" + "ac02"},
		23: {Event{Detail: &StandingKept{erased{CommittedIdentity: CommittedIdentity{Number: 300, Identity: hash}}}}, "17010a" + "ac02" + hashed},
	}
}()

// goldenKind is an event, but for seq and time, and its record.
type goldenKind struct {
	event  Event
	record string
}

// TestEveryKindIsWrittenDown for good, and read as what was written.
func TestEveryKindIsWrittenDown(t *testing.T) {
	for _, k := range allKinds() {
		golden, ok := goldenKinds[k]
		require.True(t, ok, "kind %d (%s) has no golden record", k, kinds[k].name)
		golden.event.Seq, golden.event.At = 1, 5
		require.Equal(t, k, golden.event.kind(), kinds[k].name)

		writing, reading := NewChain("spring"), NewChain("spring")
		record := writing.Append(nil, &golden.event)
		require.Equal(t, fmt.Sprintf("%02x", uint8(k)), golden.record[:2], kinds[k].name)
		require.Equal(t, golden.record, hex.EncodeToString(record[afterChainOffset:]), kinds[k].name)
		got, rest, err := reading.Next(record)
		require.NoError(t, err)
		require.Empty(t, rest)
		require.Equal(t, golden.event, got)
		require.Equal(t, writing, reading)
	}
}

// TestEveryKindHasItsPlace in the list: under the number that the event says, and a
// name of its own. That numbers never change is up to goldenKinds.
func TestEveryKindHasItsPlace(t *testing.T) {
	require.EqualValues(t, FormatLevel, allKinds()[len(allKinds())-1], "a program of an older level knows no such kind")
	names := map[string]bool{}
	for k, name := range EventNames() {
		if name == "" {
			require.Nil(t, newDetail(kind(k)))
			continue
		}
		require.Regexp(t, `^[a-z]+(_[a-z]+)+$`, name)
		require.False(t, names[name], "two kinds are called %s", name)
		names[name] = true
		if d := newDetail(kind(k)); kind(k) != kindSyncAccepted {
			require.Equal(t, kind(k), d.kind(), "%T", d)
			require.Equal(t, strings.ReplaceAll(name, "_", ""), strings.ToLower(reflect.TypeOf(d).Elem().Name()))
		}
	}
	require.Nil(t, newDetail(kind(len(kinds))))
}

// everyKind is a competition's life in which events of every kind happen: what
// is done, one command after the other, by the hour.
func everyKind() []any {
	fee := spring(func(d *Definition) { d.EntryFeeMinor, d.PrizePoolMinor = 500, 10_000 })
	join := func(id string) *JoinCompetition { return &JoinCompetition{Caller: user(id), UserID: id, UserName: id} }
	sync := func(id string, n int64) *SubmitSync {
		return &SubmitSync{UserID: id, Source: "phone", Day: date("2026-05-01"), Metrics: steps(n)}
	}
	return []any{
		&CreateCompetition{Caller: Caller{UserID: "carol", Operator: true}, Definition: fee},
		&EditCompetition{Caller: user("carol"), Patch: Patch{Name: new("Spring 2")}},
		join("ann"), join("bob"), join("dan"), join("eve"), join("fay"),
		&LeaveCompetition{Caller: user("bob"), UserID: "bob"}, // with a refund
		join("bob"),
		continues{epoch: 7, lost: 40},
		&JoinCompetition{Caller: user("dan"), UserID: "dan", UserName: "Dan", Rename: true},
		instant("2026-05-01T00:00:00Z"),
		sync("ann", 5000), sync("bob", 6000), sync("dan", 100), sync("eve", 4000), sync("dan", 90_000), // flagged
		&AmendCompetition{Caller: operator, DailyLimits: &Metrics{Steps: 100_001, DistanceCm: 1, EnergyCentikcal: 1, ActiveMinutes: 1}, Reason: "a storm"},
		&ExcludeParticipant{Caller: operator, UserID: "dan", Reason: "a car"},
		&RestoreParticipant{Caller: operator, UserID: "dan", Reason: "no car"},
		&CorrectDay{Caller: operator, UserID: "bob", Day: date("2026-05-01"), Metrics: steps(1), Reason: "a bus"},
		&WithdrawCorrection{Caller: operator, UserID: "bob", Day: date("2026-05-01"), Reason: "no bus"},
		&EraseParticipant{UserID: "ann"},
		&EraseParticipant{UserID: "carol"},
		&RemoveParticipant{Caller: operator, UserID: "fay", Reason: "rude"},
		&EraseParticipant{UserID: "fay"},
		fee.End + 48*hour,
		&DistributePrizes{Caller: operator, Pending: true},
		&ConfirmPrize{Caller: operator, Number: 2},
		&FailPrize{Caller: operator, Number: 3, Reason: "no account"},
		&EraseParticipant{UserID: "bob"}, // whose rank and prize stay
	}
}

// liveEveryKind carries out everyKind, and stores what comes of it. apply applies the
// events of each command.
func liveEveryKind(t *testing.T, apply func(c *Competition, s *store, cmd any, b *Batch)) (*Competition, *store) {
	t.Helper()
	c, s, now := New("spring", countedKeys()), newStore(), instant("2026-04-01T00:00:00Z")
	for _, cmd := range everyKind() {
		now += hour
		if at, ok := cmd.(calendar.Millis); ok {
			now, cmd = at, tick{}
		}
		answer, _ := perform(c, now, cmd)
		require.NoError(t, answer.err, "%T", cmd)
		b := c.Take(Batch{})
		s.append(t, &b)
		apply(c, s, cmd, &b)
		c.Applied(&b)
	}
	return c, s
}

// TestEveryKindDoesWhatItSays: in a life with events of every kind, each of them
// can be read again, names identity rows, writes into the ledger and tells
// mirrors whom it concerns exactly where it does; and the journal comes to the
// same state.
func TestEveryKindDoesWhatItSays(t *testing.T) {
	deriver, seen := NewLedgerDeriver("spring"), map[kind]bool{}
	c, s := liveEveryKind(t, func(c *Competition, s *store, cmd any, b *Batch) {
		var rows ledger.Rows
		identities := 0
		for i := range b.Events {
			e := &b.Events[i]
			seen[e.kind()] = true
			requireReadable(t, e)
			d, names := e.Detail.(identified)
			if names {
				number, said, who := d.identity()
				require.Equal(t, who.Commitment(), *said, "%T", d)
				require.Equal(t, number, who.Number)
				require.Equal(t, s.identities[number], *who, "%T", d)
				identities++
			}
			before := len(rows.Transactions)
			require.NoError(t, deriver.Derive(&rows, e, func(number uint32) string { return s.identities[number].UserID }))
			_, money := e.Detail.(monetary)
			require.Equal(t, money, len(rows.Transactions) > before, "%T", e.Detail)
			requireMirrored(t, c, e)
		}
		require.Equal(t, len(b.Identities), identities, "%T: an identity row goes with the event that names it", cmd)
		require.Equal(t, b.Rows, rows, "%T: the ledger's rows follow from the events", cmd)
	})
	for _, k := range allKinds() {
		require.True(t, seen[k], "nothing of kind %d (%s) happened: add it to everyKind", k, kinds[k].name)
	}
	sameState(t, c, recovered(t, s))
	audited, err := Audit(t.Context(), "spring", 1, s, func(int) {})
	require.NoError(t, err)
	require.Empty(t, audited.Findings)
}

// requireReadable fails unless the event's record is read as the event, but for
// who it is about.
func requireReadable(t *testing.T, e *Event) {
	t.Helper()
	chain := NewChain("spring")
	chain.Seq = e.Seq - 1
	reading := chain
	got, _, err := reading.Next(chain.Append(nil, e))
	require.NoError(t, err)
	if d, names := got.Detail.(identified); names {
		_, _, who := d.identity()
		_, _, named := e.Detail.(identified).identity()
		*who = *named
	}
	require.Equal(t, *e, got)
}

// requireMirrored applies the event and fails unless its effect names the one
// participant whose entry changed by it.
func requireMirrored(t *testing.T, c *Competition, e *Event) {
	t.Helper()
	entries := func() map[uint32]MirrorEntry {
		all := map[uint32]MirrorEntry{}
		for number := uint32(1); number <= c.participants.count; number++ {
			entry := c.MirrorEntries(nil, []uint32{number})[0]
			entry.Rank = 0 // which moves by others, too
			if !entry.Present {
				entry.At = 0 // the board's
			}
			all[number] = entry
		}
		return all
	}
	before := entries()
	outcome, err := c.Apply(e)
	require.NoError(t, err)
	effect := e.Effect(outcome)
	for number, entry := range entries() {
		if entry != before[number] {
			require.True(t, effect.Entry == number || effect.Erased, "%T changes the entry of %d, and its effect is %+v", e.Detail, number, effect)
		}
	}
}

// TestRecordsOfANewerVersionSaySo, those of a kind and those of a format that
// this program does not know.
func TestRecordsOfANewerVersionSaySo(t *testing.T) {
	for name, at := range map[string]int{"kind": afterChainOffset, "format version": recordHeader} {
		t.Run(name, func(t *testing.T) {
			chain := NewChain("spring")
			records := chain.Append(nil, &Event{Seq: 1, Detail: &ParticipantLeft{Number: 1}})
			second := bytes.Clone(chain.Append(nil, &Event{Seq: 2, Detail: &ParticipantReturned{Number: 1}}))
			second[at] = 250
			binary.LittleEndian.PutUint32(second[checksumAt:], wire.Checksum(second[recordHeader:]))

			reading := NewChain("spring")
			_, _, err := reading.Next(records)
			require.NoError(t, err)
			_, _, err = reading.Next(second)
			var corrupt *CorruptError
			require.ErrorAs(t, err, &corrupt)
			require.EqualValues(t, 2, corrupt.Seq)
			require.Contains(t, corrupt.Reason, "250: it was made by a newer version")
		})
	}
}
