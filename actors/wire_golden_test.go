package actors

import (
	"encoding/hex"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/ledger"
)

// goldenExchange is a request and its answer, of which the bytes are known.
type goldenExchange struct {
	request, answer any
	err             error
}

var goldenExchanges = map[string]goldenExchange{
	"sync": {
		request: &competition.SubmitSync{
			UserID: "0b5e6f1e-6d39-4a55-9b7c-5f6c1a2d3e4f", UserName: "Ann Example", Source: "Apple Watch", Day: 20_574,
			RecordedAt: 1_777_628_096_123_456_789, Trusted: true,
			Metrics: competition.Metrics{Steps: 12_345, DistanceCm: 876_543, EnergyCentikcal: 45_678, ActiveMinutes: 72},
		},
		answer: competition.SyncReply{Score: 1_234_567, Rank: 4_321, Total: 100_000, Changed: true},
	},
	"refused sync":         {request: &competition.SubmitSync{UserID: "ann", Source: "s", MembersOnly: true, Limited: true}, err: competition.ErrFull},
	"sync that failed":     {request: &competition.SubmitSync{UserID: "ann", Source: "s"}, err: fmt.Errorf("%w: no answer", competition.ErrUnavailable)},
	"sync of another node": {request: &competition.SubmitSync{UserID: "ann", Source: "s"}, err: &competition.ElsewhereError{Node: "n7"}},
	"syncs": {request: &batchOfSyncs{open: 2, items: []competition.BatchItem{
		{CompetitionID: "spring", Sync: competition.SubmitSync{UserID: "ann", Source: "s", Day: 1}, Replies: []competition.JoinedReply{{CompetitionID: "spring", SyncReply: competition.SyncReply{Score: 5, Rank: 1, Total: 2}}}},
		{CompetitionID: "spring", Sync: competition.SubmitSync{UserID: "bob", Source: "s", Day: 1}, Replies: []competition.JoinedReply{}, Err: competition.ErrClosed},
	}}},
	"page": {request: &getPage{Caller: competition.Caller{UserID: "ann"}, Offset: 1, Limit: 2}, answer: goldenBoard},
	"top":  {request: &getTop{Caller: competition.Caller{Operator: true}}, answer: &competition.Published{Board: goldenBoard}},
	"around": {
		request: &getAround{Caller: competition.Caller{UserID: "ann"}, UserID: "bob", Radius: 5},
		answer:  competition.Board{CompetitionID: "spring", Status: competition.Active, Version: 1, Entries: []competition.Entry{}},
	},
	"top since": {request: &getTopSince{Shared: true, Version: 300, Hash: 0x0123456789abcdef}, answer: &competition.Published{Board: goldenBoard}},
	"join": {
		request: &competition.JoinCompetition{Caller: competition.Caller{UserID: "op", Operator: true}, UserID: "ann", UserName: "Ann", InvitedAt: 7},
		answer:  competition.Entry{UserID: "ann", UserName: "Ann", Rank: 1},
	},
}

var goldenBoard = competition.Board{
	CompetitionID: "spring", Status: competition.Settled, Private: true, Version: 300, UpdatedAt: 1_777_628_096_123, Total: 2, PrizesDecided: 1,
	Entries: []competition.Entry{
		{UserID: "ann", UserName: "Änn", Score: 100, Rank: 1, Totals: competition.Metrics{Steps: 1, DistanceCm: 2, EnergyCentikcal: 3, ActiveMinutes: 4}, LastSyncedAt: 1_777_628_096_123, UpdatedAt: 1_777_628_096_000},
		{UserID: "bob", Score: 99, Rank: 2, UpdatedAt: 1_777_628_000_000},
	},
	Prizes: []ledger.Prize{
		{CompetitionID: "spring", Number: 1, UserID: "ann", Rank: 1, Minor: 900, Currency: "USD", Status: ledger.DistributedPrize, CreatedAt: 8, DistributedAt: 9},
		{CompetitionID: "spring", Number: 2, UserID: "bob", Rank: 2, Minor: 100, Currency: "USD", Status: ledger.FailedPrize, CreatedAt: 8, Reason: "no account"},
	},
}

// Nodes of the version before understand what this one says, as long as nothing in
// the file changes but by additions; see W2 and W3 of package codec.
func TestWireGolden(t *testing.T) {
	datadriven.RunTest(t, "testdata/wire", func(t *testing.T, d *datadriven.TestData) string {
		t.Helper()
		if d.Cmd == "kinds" {
			return describeKinds()
		}
		name := strings.TrimSpace(d.Input)
		x, ok := goldenExchanges[name]
		require.True(t, ok, name)
		kind, request, err := appendRequest(nil, x.request)
		require.NoError(t, err)
		answer := appendAnswer(nil, x.request, x.answer, x.err)
		requireReads(t, x, kind, d.Expected)
		return fmt.Sprintf("kind %d, request of %d bytes:\n%sanswer of %d bytes:\n%s", kind, len(request), hexLines(request), len(answer), hexLines(answer))
	})
}

// requireReads checks that what stands in the file is read as it was meant.
func requireReads(t *testing.T, x goldenExchange, kind uint16, golden string) {
	t.Helper()
	var parts [][]byte
	for line := range strings.Lines(golden) {
		if strings.HasSuffix(line, ":\n") {
			parts = append(parts, nil)
			continue
		}
		b, err := hex.DecodeString(strings.TrimSpace(line))
		require.NoError(t, err)
		parts[len(parts)-1] = append(parts[len(parts)-1], b...)
	}
	if len(parts) == 0 {
		return // it is being written
	}
	request, err := parseRequest(kind, parts[0])
	require.NoError(t, err)
	answer, err := parseAnswer(request, parts[1])
	if batch, ok := request.(*batchOfSyncs); ok {
		require.Equal(t, x.request, batch)
		return
	}
	require.Equal(t, x.request, request)
	if x.err != nil {
		require.Equal(t, x.err.Error(), err.Error())
		return
	}
	require.NoError(t, err)
	switch answer := answer.(type) {
	case *competition.Published:
		require.Equal(t, goldenBoard, answer.Board)
	case topReply:
		require.Equal(t, topReply{PerCaller: true}, answer)
	default:
		require.Equal(t, x.answer, answer)
	}
}

func hexLines(b []byte) string {
	var text strings.Builder
	for line := range slices.Chunk(b, 32) {
		fmt.Fprintf(&text, "  %x\n", line)
	}
	return text.String()
}

// describeKinds lists the kinds, and the structs that cross with their fields.
func describeKinds() string {
	var text strings.Builder
	structs := map[string]string{}
	for _, number := range slices.Sorted(maps.Keys(wireKinds)) {
		k := wireKinds[number]
		describeType(structs, k.request)
		answer := "in its items"
		if k.answer != nil {
			describeType(structs, k.answer)
			answer = k.answer.String()
		}
		repeat := "once"
		if k.repeatable {
			repeat = "again"
		}
		fmt.Fprintf(&text, "%d %s, %s: %v, answered %s\n", number, k.name, repeat, k.request, answer)
	}
	for _, name := range slices.Sorted(maps.Keys(structs)) {
		fmt.Fprintf(&text, "%s:%s\n", name, structs[name])
	}
	return text.String()
}

func describeType(structs map[string]string, of reflect.Type) {
	switch of.Kind() {
	case reflect.Pointer, reflect.Slice:
		describeType(structs, of.Elem())
	case reflect.Struct:
		if _, ok := structs[of.String()]; ok || of.NumField() == 0 {
			return
		}
		structs[of.String()] = ""
		var fields strings.Builder
		for f := range of.Fields() {
			if f.IsExported() && f.Name != "Encodings" {
				fmt.Fprintf(&fields, " %s %v;", f.Name, f.Type)
				describeType(structs, f.Type)
			}
		}
		structs[of.String()] = fields.String()
	default: // numbers and texts
	}
}
