package competition

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition/calendar"
)

func drawHash(t *rapid.T, label string) (h [32]byte) {
	copy(h[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, label))
	return h
}

func drawMillis(t *rapid.T, label string) calendar.Millis {
	return calendar.Millis(rapid.Int64().Draw(t, label))
}

// drawDefinition draws any definition, mostly one that no validation would let
// pass: the encoding must not care.
func drawDefinition(t *rapid.T) Definition {
	word := func(label string) string { return rapid.String().Draw(t, label) }
	number := func(label string) int64 { return rapid.Int64().Draw(t, label) }
	return Definition{
		ID: word("id"), Name: word("name"), Description: word("description"), Type: Type(word("type")),
		Start: calendar.Millis(number("start")), End: calendar.Millis(number("end")),
		EntryFeeMinor: number("fee"), PrizePoolMinor: number("pool"), Currency: word("currency"), TimeZone: word("zone"),
		Scoring:    Weights{number("step"), number("metre"), number("kcal"), number("minute")},
		PrizeSplit: rapid.SliceOfN(rapid.Int64(), 1, 5).Draw(t, "split"),
		Enrollment: Enrollment(word("enrollment")), Visibility: Visibility(word("visibility")),
		MaxParticipants: int(number("max")), LateSyncHours: int(number("late")),
		DailyLimits: Metrics{drawAmount(t, "steps"), drawAmount(t, "cm"), drawAmount(t, "kcal"), drawAmount(t, "minutes")},
		FirstDay:    calendar.Day(rapid.Int32().Draw(t, "first")), LastDay: calendar.Day(rapid.Int32().Draw(t, "last")),
	}
}

// drawEvent draws any event of any kind.
func drawEvent(t *rapid.T, seq uint64) Event {
	e := Event{Seq: seq, At: drawMillis(t, "at")}
	switch k := rapid.SampledFrom(allKinds()).Draw(t, "kind"); k {
	case kindSyncAccepted:
		fill(t, reflect.ValueOf(&e.Sync).Elem())
	default:
		e.Detail = newDetail(k)
		fill(t, reflect.ValueOf(e.Detail).Elem())
	}
	return e
}

// fill draws the fields of an event, all but the identity row, which is no part
// of the record.
func fill(t *rapid.T, v reflect.Value) {
	set := func(value any) { v.Set(reflect.ValueOf(value).Convert(v.Type())) }
	switch v.Interface().(type) {
	case Identity:
		return
	case Definition:
		set(drawDefinition(t))
		return
	case Register:
		set(drawRegister(t))
		return
	case calendar.Day:
		set(rapid.Int32().Draw(t, "day"))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			if field.CanSet() { // what is not exported is no part of the record
				fill(t, field)
			}
		}
	case reflect.Slice:
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			element := reflect.New(v.Type().Elem()).Elem()
			fill(t, element)
			v.Set(reflect.Append(v, element))
		}
	case reflect.Array:
		set(drawHash(t, "hash"))
	case reflect.String:
		set(rapid.String().Draw(t, "text"))
	case reflect.Bool:
		set(rapid.Bool().Draw(t, "flag"))
	case reflect.Uint8:
		set(rapid.Byte().Draw(t, "byte"))
	case reflect.Uint32, reflect.Int: // numbers of participants, and ranks
		set(rapid.Uint32().Draw(t, "number"))
	case reflect.Uint64:
		set(rapid.Uint64().Draw(t, "version"))
	case reflect.Int64:
		set(drawAmount(t, "amount"))
	default:
		panic("an event has a field of type " + v.Type().String() + ", which this test cannot draw")
	}
}

func TestEveryEventComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		writing, reading := NewChain("spring"), NewChain("spring")
		var events []Event
		var records []byte
		for seq := range rapid.Uint64Range(1, 8).Draw(t, "events") {
			e := drawEvent(t, seq+1)
			events = append(events, e)
			records = writing.Append(records, &e)
		}
		for _, want := range events {
			record, after, err := SplitRecord(records)
			require.NoError(t, err)
			require.Equal(t, records[:len(record)], record)

			got, rest, err := reading.Next(records)
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.Equal(t, after, rest)
			records = rest
		}
		require.Empty(t, records)
		require.Equal(t, writing, reading)
	})
}

// journal is a few records of a competition, one slice each.
func journal(id string, n int) (records [][]byte) {
	chain := NewChain(id)
	for seq := range uint64(n) {
		e := Event{Seq: seq + 1, At: calendar.Millis(seq), Sync: SyncAccepted{
			Number: 7, Register: Register{Day: 20_574, RecordedAt: 1_777_654_980e9, Metrics: steps(int64(seq) * 1000)}, NewSource: "phone",
		}}
		switch seq % 4 {
		case 1:
			e.Detail, e.Sync = &ParticipantLeft{Number: 7}, SyncAccepted{}
		case 2:
			e.Detail, e.Sync = &ParticipantReturned{Number: 7}, SyncAccepted{}
		}
		records = append(records, chain.Append(nil, &e))
	}
	return records
}

// readAll reads records until they end or cannot be trusted.
func readAll(records []byte) (seq uint64, err error) {
	chain := NewChain("spring")
	for len(records) > 0 {
		if _, records, err = chain.Next(records); err != nil {
			break
		}
	}
	return chain.Seq, err
}

// requireCorrupt fails unless the reading ended just before seq, saying so.
func requireCorrupt(t *testing.T, seq uint64, records []byte) {
	t.Helper()
	last, err := readAll(records)
	var corrupt *CorruptError
	require.ErrorAs(t, err, &corrupt)
	require.ErrorIs(t, err, ErrCorrupt)
	require.Equal(t, "spring", corrupt.CompetitionID)
	require.Equal(t, seq, corrupt.Seq, err.Error())
	require.Equal(t, seq-1, last, "a failed reading moved the chain")
}

// TestChainFindsEveryFlippedBit, and names the record that it is in.
func TestChainFindsEveryFlippedBit(t *testing.T) {
	records := journal("spring", 4)
	for i, record := range records {
		for at := range record {
			for bit := range 8 {
				record[at] ^= 1 << bit
				requireCorrupt(t, uint64(i)+1, bytes.Join(records, nil))
				record[at] ^= 1 << bit
			}
		}
	}
	last, err := readAll(bytes.Join(records, nil))
	require.NoError(t, err)
	require.EqualValues(t, 4, last)
}

func TestChainFinds(t *testing.T) {
	records, foreign := journal("spring", 6), journal("autumn", 6)
	for i, record := range records {
		seq := uint64(i) + 1
		with := func(at, drop int, insert ...[]byte) []byte {
			return bytes.Join(slices.Replace(slices.Clone(records), at, at+drop, insert...), nil)
		}
		if i+1 < len(records) {
			requireCorrupt(t, seq, with(i, 1))                           // removed
			requireCorrupt(t, seq, with(i, 2, records[i+1], records[i])) // swapped with the next
		}
		requireCorrupt(t, seq+1, with(i, 1, record, record)) // twice
		requireCorrupt(t, seq, with(i, 1, foreign[i]))       // of another competition
		requireCorrupt(t, seq, with(i, 0, foreign[i]))
		for keep := 1; keep < len(record); keep++ { // cut short
			requireCorrupt(t, seq, with(i, len(records)-i, record[:keep]))
		}
		if i > 0 { // written again, with a good checksum, by somebody who is not the journal
			forged := slices.Clone(record)
			forged[len(forged)-1] ^= 1
			reseal(forged)
			last, err := readAll(with(i, len(records)-i, forged))
			if err == nil { // the last record can be forged; the next one tells
				require.Equal(t, seq, last)
				if i+1 < len(records) {
					requireCorrupt(t, seq+1, with(i, 1, forged))
				}
			}
		}
	}
}

// reseal makes the checksum of a changed record right.
func reseal(record []byte) {
	binary.LittleEndian.PutUint32(record[4:], crc32.Checksum(record[8:], crc32.MakeTable(crc32.Castagnoli)))
}

// TestChainRefusesWhatItDoesNotKnow: records whose checksum and chain are right.
func TestChainRefusesWhatItDoesNotKnow(t *testing.T) {
	const version, kindAt = 8, 8 + 1 + 32
	for _, test := range []struct {
		rule   string
		forge  func([]byte) []byte
		reason string
	}{
		{"a later format version", func(r []byte) []byte { r[version] = 2; return r }, "format version 2"},
		{"no format version", func(r []byte) []byte { r[version] = 0; return r }, "format version 0"},
		{"an unknown kind", func(r []byte) []byte { r[kindAt] = 200; return r }, "unknown kind 200"},
		{"kind 0", func(r []byte) []byte { r[kindAt] = 0; return r }, "unknown kind 0"},
		{"another seq", func(r []byte) []byte { r[kindAt+1] = 9; return r }, "seq 9"},
		{"bytes after the end", func(r []byte) []byte { return append(r, 0) }, "bytes after its end"},
		{"fields missing", func(r []byte) []byte { return r[:len(r)-1] }, "ends too early"},
	} {
		t.Run(test.rule, func(t *testing.T) {
			chain := NewChain("spring")
			record := test.forge(chain.Append(nil, &Event{Seq: 1, At: 5, Detail: &ParticipantLeft{Number: 300}}))
			binary.LittleEndian.PutUint32(record, uint32(len(record)-8))
			reseal(record)
			requireCorrupt(t, 1, record)
			_, err := readAll(record)
			require.ErrorContains(t, err, test.reason)
		})
	}
}

// TestChainRefusesNumbersBeyond32Bits: they would come out as somebody else's.
func TestChainRefusesNumbersBeyond32Bits(t *testing.T) {
	for _, k := range allKinds() {
		if d := newDetail(k); d != nil && !reflect.ValueOf(d).Elem().FieldByName("Number").IsValid() {
			continue // about nobody
		}
		body := []byte{byte(k), 1, 0}
		body = binary.AppendUvarint(body, 1<<33)
		body = append(body, make([]byte, 32)...)
		_, err := decodeEvent(body)
		require.Error(t, err)
	}
}

func TestChainRefusesToSkip(t *testing.T) {
	chain := NewChain("spring")
	require.Panics(t, func() { chain.Append(nil, &Event{Seq: 2, Detail: &ParticipantLeft{}}) })
}

func TestSplitRecordChecksTheLength(t *testing.T) {
	record := journal("spring", 1)[0]
	for _, length := range []uint32{0, 1, 35, uint32(len(record)), 1<<20 + 1, math.MaxInt32, math.MaxUint32} {
		binary.LittleEndian.PutUint32(record, length)
		_, _, err := SplitRecord(record)
		require.Error(t, err, length)
	}
	for n := range 44 {
		_, _, err := SplitRecord(record[:n])
		require.Error(t, err, n)
	}
}

// TestAppendAllocatesNothing, and a sync takes about 90 bytes.
func TestAppendAllocatesNothing(t *testing.T) {
	chain := NewChain("spring")
	buffer := make([]byte, 0, 256)
	e := Event{At: instant("2026-05-01T18:04:00Z"), Sync: SyncAccepted{Number: 100_000, Register: Register{
		Day: 20_574, Source: 1, RecordedAt: instant("2026-05-01T18:03:00Z").Time().UnixNano(),
		Metrics: Metrics{Steps: 10_000, DistanceCm: 8000_00, EnergyCentikcal: 500_00, ActiveMinutes: 60},
	}}}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		e.Seq++
		buffer = chain.Append(buffer[:0], &e)
	}))
	require.InDelta(t, 80, len(buffer), 10)
}

func TestIdentityCommitment(t *testing.T) {
	i := Identity{Number: 1, Key: Key{1}, UserID: "ann", UserName: "Ann"}
	same := Identity{Number: 2, Key: Key{1}, UserID: "ann", UserName: "Ann"}
	require.Equal(t, i.Commitment(), same.Commitment(), "the number is in the event already")
	for _, other := range []Identity{
		{Key: Key{2}, UserID: "ann", UserName: "Ann"},
		{Key: Key{1}, UserID: "bob", UserName: "Ann"},
		{Key: Key{1}, UserID: "ann", UserName: "Bob"},
		{Key: Key{1}, UserID: "annA", UserName: "nn"},
		{Key: Key{1}, UserID: "an", UserName: "nAnn"},
	} {
		require.NotEqual(t, i.Commitment(), other.Commitment())
	}
}

func drawMetrics(t *rapid.T) Metrics {
	return Metrics{drawAmount(t, "steps"), drawAmount(t, "cm"), drawAmount(t, "kcal"), drawAmount(t, "minutes")}
}

func drawFigures(t *rapid.T) Figures {
	return Figures{Found: drawMetrics(t), Usual: drawMetrics(t), Within: drawMillis(t, "within")}
}

func drawCorrection(t *rapid.T) Correction {
	return Correction{Day: calendar.Day(rapid.Int32().Draw(t, "day")), Metrics: drawMetrics(t), Reason: rapid.String().Draw(t, "reason")}
}

// drawReviewed draws any review, or none.
func drawReviewed(t *rapid.T) *Review {
	if rapid.Bool().Draw(t, "nothing to review") {
		return nil
	}
	r := &Review{Excluded: rapid.Bool().Draw(t, "excluded"), Reason: rapid.String().Draw(t, "reason")}
	for range rapid.IntRange(0, 2).Draw(t, "corrections") {
		r.Corrections = append(r.Corrections, drawCorrection(t))
	}
	for range rapid.IntRange(0, 2).Draw(t, "flags") {
		r.Flags = append(r.Flags, Flag{
			Seq: rapid.Uint64().Draw(t, "seq"), At: drawMillis(t, "at"), Day: calendar.Day(rapid.Int32().Draw(t, "day")),
			Reason: FlagReason(rapid.Byte().Draw(t, "reason")), Figures: drawFigures(t),
		})
	}
	return r
}

func drawRow(t *rapid.T) Row {
	var days Days
	for range rapid.IntRange(0, 5).Draw(t, "registers") {
		days, _ = days.Merge(drawRegister(t))
	}
	return Row{
		Number: rapid.Uint32().Draw(t, "number"), Present: rapid.Bool().Draw(t, "present"),
		Paid:   rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(1, math.MaxInt64)).Draw(t, "paid"),
		Totals: Metrics{drawAmount(t, "steps"), drawAmount(t, "cm"), drawAmount(t, "kcal"), drawAmount(t, "minutes")},
		Score:  rapid.Int64().Draw(t, "score"), Reached: rapid.Uint64().Draw(t, "reached"),
		UpdatedAt: drawMillis(t, "updated"), LastSyncedAt: drawMillis(t, "synced"), Days: append(Days{}, days...), Review: drawReviewed(t),
	}
}

func TestRowsAndSummariesComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := drawRow(t)
		got, err := ParseRow(AppendRow(nil, &row))
		require.NoError(t, err)
		require.Equal(t, row, got)

		summary := Summary{Definition: drawDefinition(t), Status: Status(rapid.Byte().Draw(t, "status")), Participants: rapid.IntRange(0, math.MaxInt).Draw(t, "n")}
		summary.KeptUntil = calendar.Millis(rapid.Int64Range(0, math.MaxInt64).Draw(t, "kept until"))
		back, err := ParseSummary(AppendSummary(nil, &summary))
		require.NoError(t, err)
		require.Equal(t, summary, back)
	})
}

func TestRowsAreSealed(t *testing.T) {
	row := Row{Number: 3, Present: true, Totals: steps(5), Score: 5, Reached: 9, UpdatedAt: 1, LastSyncedAt: 2, Days: mergeAll([]Register{{Day: 20_574, Metrics: steps(5)}})}
	packed := AppendRow([]byte("before"), &row)[len("before"):]
	for at := range packed {
		for bit := range 8 {
			packed[at] ^= 1 << bit
			_, err := ParseRow(packed)
			require.Error(t, err, "byte %d", at)
			packed[at] ^= 1 << bit
		}
	}
	for n := range packed {
		_, err := ParseRow(packed[:n])
		require.Error(t, err, "the first %d bytes", n)
	}
	packed[4] = 4
	binary.LittleEndian.PutUint32(packed, crc32.Checksum(packed[4:], crc32.MakeTable(crc32.Castagnoli)))
	_, err := ParseRow(packed)
	require.ErrorContains(t, err, "version")
}

func FuzzChainNext(f *testing.F) {
	f.Add(bytes.Join(journal("spring", 3), nil))
	golden := readGolden(f)
	f.Add(bytes.Join(golden.records, nil))
	for _, record := range golden.records {
		f.Add(record)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		// As it is: anything may happen but a panic.
		_, _ = readAll(b)

		// As somebody would forge it who knows the chain, so that the decoder is
		// reached: what decodes can be written, and is read again as the same.
		if len(b) < 8+1+32 {
			return
		}
		forged := slices.Clone(b)
		reading := NewChain("spring")
		binary.LittleEndian.PutUint32(forged, uint32(len(forged)-8))
		forged[8] = formatVersion
		copy(forged[9:], reading.Hash[:])
		reseal(forged)
		e, rest, err := reading.Next(forged)
		if err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			return
		}
		require.Empty(t, rest)
		writing, again := NewChain("spring"), NewChain("spring")
		written := writing.Append(nil, &e)
		back, _, err := again.Next(written)
		require.NoError(t, err)
		require.Equal(t, e, back)
		requireCanonical(t, forged[8:], written[8:])
	})
}

// requireCanonical fails when what was read from b is written in no fewer bytes,
// yet differently. Fewer bytes mean that b held numbers padded with zeros.
func requireCanonical(t *testing.T, b, written []byte) {
	t.Helper()
	require.LessOrEqual(t, len(written), len(b))
	if len(written) == len(b) {
		require.Equal(t, b, written)
	}
}

func FuzzParseRow(f *testing.F) {
	f.Add(readGolden(f).row)
	f.Add(AppendRow(nil, &Row{Paid: 500}))
	f.Add(AppendRow(nil, &Row{Review: &Review{Excluded: true, Reason: "a car", Corrections: []Correction{{Day: 1}}, Flags: []Flag{{Seq: 3}}}}))
	f.Add(AppendRow(nil, &Row{}))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = ParseRow(b)
		if len(b) < 5 {
			return
		}
		forged := slices.Clone(b)
		if forged[4] != moneyVersion && forged[4] != reviewVersion {
			forged[4] = formatVersion
		}
		binary.LittleEndian.PutUint32(forged, crc32.Checksum(forged[4:], crc32.MakeTable(crc32.Castagnoli)))
		row, err := ParseRow(forged)
		if err != nil || forged[4] == moneyVersion && row.Paid == 0 { // which is written as version 1
			return
		}
		written := AppendRow(nil, &row)
		back, err := ParseRow(written)
		require.NoError(t, err)
		require.Equal(t, row, back)
		requireCanonical(t, forged[4:], written[4:])
	})
}

func FuzzSummary(f *testing.F) {
	f.Add(readGolden(f).summary)
	late := AppendSummary(nil, &Summary{Definition: Definition{LastDay: math.MaxInt32}})
	f.Add(late)
	f.Add(bytes.Replace(late, binary.AppendVarint(nil, math.MaxInt32), binary.AppendVarint(nil, math.MaxInt32+1), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		summary, err := ParseSummary(b)
		if err != nil {
			return
		}
		written := AppendSummary(nil, &summary)
		back, err := ParseSummary(written)
		require.NoError(t, err)
		require.Equal(t, summary, back)
		requireCanonical(t, b, written)
	})
}
