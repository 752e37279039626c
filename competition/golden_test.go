package competition

import (
	"bufio"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition/calendar"
)

// golden is testdata/format1.golden.
type golden struct {
	records              [][]byte
	header, row, summary []byte
}

// readGolden takes the first word of each indented line as hexadecimal.
func readGolden(tb testing.TB) (g golden) {
	tb.Helper()
	file, err := os.Open("testdata/format1.golden")
	require.NoError(tb, err)
	defer file.Close()
	var item *[]byte
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		title, _, _ := strings.Cut(line, ":")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == ' ':
			b, err := hex.DecodeString(strings.Fields(line)[0])
			require.NoError(tb, err)
			*item = append(*item, b...)
		case title == "header":
			item = &g.header
		case title == "row":
			item = &g.row
		case title == "summary":
			item = &g.summary
		default:
			g.records = append(g.records, nil)
			item = &g.records[len(g.records)-1]
		}
	}
	return g
}

// The people of the golden journal.
var (
	goldenCarol = Identity{Number: 0, Key: keyOf(0x10), UserID: "carol"}
	goldenAnn   = Identity{Number: 1, Key: keyOf(0x11), UserID: "ann", UserName: "Ann"}
	goldenÄnn   = Identity{Number: 1, Key: keyOf(0x12), UserID: "ann", UserName: "Änn"}
)

func keyOf(b byte) (k Key) {
	for i := range k {
		k[i] = b
	}
	return k
}

func goldenDefinition(name, description string) Definition {
	return Definition{
		ID: "spring", Name: name, Description: description, Type: Weekly,
		Start: instant("2026-05-01T00:00:00Z"), End: instant("2026-05-08T00:00:00Z"),
		PrizePoolMinor: 1000_00, Currency: "EUR", TimeZone: "Europe/Berlin",
		Scoring: Weights{Step: 1000, Metre: 500, Kcal: 250, Minute: 2000}, PrizeSplit: []int64{60_000, 30_000, 10_000},
		Enrollment: Open, Visibility: Public, MaxParticipants: 1000, DailyLimits: DefaultDailyLimits, LateSyncHours: 24,
		FirstDay: date("2026-05-01"), LastDay: date("2026-05-08"),
	}
}

// goldenEvents is what the golden records say.
func goldenEvents() []Event {
	at := func(s string) calendar.Millis { return instant("2026-05-" + s) }
	recorded := func(s string, more int64) int64 { return at(s).Time().UnixNano() + more }
	sync := func(enrolled bool, newSource string, r Register) SyncAccepted {
		return SyncAccepted{Number: 1, Enrolled: enrolled, Register: r, NewSource: newSource}
	}
	events := []Event{
		{At: at("01T00:00:00Z"), Detail: &CompetitionCreated{Creator: goldenCarol.Commitment(), Definition: goldenDefinition("Spring", "Walk, run, ride.")}},
		{At: at("01T00:00:00Z"), Detail: &StatusChanged{Status: Active}},
		{At: at("01T18:04:00Z"), Detail: &ParticipantEnrolled{CommittedIdentity: CommittedIdentity{Number: 1, Identity: goldenAnn.Commitment()}}},
		{At: at("01T18:04:00Z"), Sync: sync(true, "google_fit", Register{
			Day: date("2026-05-01"), RecordedAt: recorded("01T18:03:00Z", 0), Metrics: Metrics{10_000, 8000_00, 500_00, 60},
		})},
		{At: at("01T19:00:01.5Z"), Sync: sync(false, "watch", Register{
			Day: date("2026-05-01"), Source: 1, RecordedAt: recorded("01T19:00:00.25Z", 0), Metrics: Metrics{10_400, 7900_00, 0, 0},
		})},
		{At: at("02T00:00:00.001Z"), Sync: sync(false, "", Register{
			Day: date("2026-05-02"), RecordedAt: recorded("01T23:00:00Z", 1), Metrics: Metrics{300, 0, 0, 0},
		})},
		{At: at("02T08:00:00Z"), Sync: sync(false, "", Register{
			Day: date("2026-05-02"), Source: 1, Metrics: Metrics{0, 123_45, 6_78, 9},
		})},
		{At: at("02T09:00:00Z"), Detail: &ParticipantRenamed{CommittedIdentity: CommittedIdentity{Number: 1, Identity: goldenÄnn.Commitment()}}},
		{At: at("02T10:00:00Z"), Detail: &ParticipantLeft{Number: 1}},
		{At: at("02T11:00:00Z"), Detail: &ParticipantReturned{Number: 1}},
		{At: at("02T12:00:00Z"), Detail: &CompetitionEdited{Definition: goldenDefinition("Spring 2026", "")}},
		{At: at("08T00:00:00Z"), Detail: &StatusChanged{Status: Finalizing}},
	}
	for i := range events {
		events[i].Seq = uint64(i) + 1
	}
	return events
}

func TestFormat1Records(t *testing.T) {
	g, events := readGolden(t), goldenEvents()
	require.Len(t, g.records, len(events))
	reading, writing := NewChain("spring"), NewChain("spring")
	for i, want := range events {
		got, rest, err := reading.Next(g.records[i])
		require.NoError(t, err)
		require.Empty(t, rest)
		require.Equal(t, want, got, "a golden record is read as something else")
		require.Equal(t, hex.EncodeToString(g.records[i]), hex.EncodeToString(writing.Append(nil, &want)),
			"seq %d is written in another way than format version 1 says", want.Seq)
	}
}

func TestFormat1Snapshot(t *testing.T) {
	g := readGolden(t)
	s := newStore()
	s.records = g.records
	s.identities = map[uint32]Identity{0: goldenCarol, 1: goldenÄnn}
	s.summary = Summary{Definition: goldenDefinition("Spring 2026", ""), Status: Finalizing, Participants: 1}

	c, err := Recover(t.Context(), "spring", s, countedKeys(), nil)
	require.NoError(t, err)
	require.Equal(t, s.summary, c.Summary())
	require.Equal(t, hex.EncodeToString(g.summary), hex.EncodeToString(AppendSummary(nil, &s.summary)))
	summary, err := ParseSummary(g.summary)
	require.NoError(t, err)
	require.Equal(t, s.summary, summary)

	snapshot := c.Snapshot()
	require.Equal(t, hex.EncodeToString(g.header), hex.EncodeToString(snapshot.Header))
	require.Len(t, snapshot.Rows, 1)
	require.Equal(t, hex.EncodeToString(g.row), hex.EncodeToString(AppendRow(nil, &snapshot.Rows[0])))

	s.header, s.saved, s.rows = g.header, 12, map[uint32][]byte{1: g.row}
	recovered, err := Recover(t.Context(), "spring", s, countedKeys(), nil)
	require.NoError(t, err)
	sameState(t, c, recovered)
}
