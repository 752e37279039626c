package actors

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/ledger"
)

// A sync that crosses allocates the strings that are kept, and nothing else.
func TestSyncsCrossWithoutGarbage(t *testing.T) {
	x := goldenExchanges["sync"]
	s, reply := *x.request.(*competition.SubmitSync), x.answer.(competition.SyncReply)
	room := make([]byte, 0, 256)
	body := appendSync(nil, &s)
	answer := appendSyncAnswer(nil, &reply, nil)
	refusal := appendSyncAnswer(nil, &reply, competition.ErrImplausible)
	require.LessOrEqual(t, len(body), 120)
	require.LessOrEqual(t, len(answer), 40)

	var got competition.SubmitSync
	var err error
	for _, c := range []struct {
		name string
		most float64
		run  func()
	}{
		{"encode a sync", 0, func() { appendSync(room, &s) }},
		{"decode a sync of three strings", 3, func() { err = parseSync(body, &got) }},
		{"encode a reply", 0, func() { appendSyncAnswer(room, &reply, nil) }},
		{"decode a reply", 0, func() { reply, err = parseSyncAnswer(answer) }},
		{"encode a refusal", 0, func() { appendSyncAnswer(room, &reply, competition.ErrImplausible) }},
		{"decode a refusal", 0, func() { _, _ = parseSyncAnswer(refusal) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.LessOrEqual(t, testing.AllocsPerRun(100, c.run), c.most)
			require.NoError(t, err)
		})
	}
}

func fullTop() *competition.Published {
	top := &competition.Published{Board: goldenBoard}
	top.Entries, top.Prizes = nil, nil
	for i := range competition.PublishedEntries {
		user := "0b5e6f1e-6d39-4a55-9b7c-" + strings.Repeat("0", 10) + string(rune('A'+i/26)) + string(rune('A'+i%26))
		top.Entries = append(top.Entries, competition.Entry{
			UserID: user, UserName: "Ann Example", Score: int64(1_000_000 - i), Rank: i + 1, LastSyncedAt: top.UpdatedAt, UpdatedAt: top.UpdatedAt - 3_600_000,
			Totals: competition.Metrics{Steps: 500_000, DistanceCm: 40_000_000, EnergyCentikcal: 2_000_000, ActiveMinutes: 3_000},
		})
		top.Prizes = append(top.Prizes, ledger.Prize{CompetitionID: "spring", UserID: user, Number: uint32(i), Rank: i + 1, Minor: 5, Currency: "USD"})
	}
	return top
}

// The top of a board is encoded once for all nodes, and costs its reader few
// allocations.
func TestTheTopCrossesAtLittleCost(t *testing.T) {
	top := fullTop()
	first, held := &getTopSince{Shared: true}, &getTopSince{Shared: true, Version: top.Version}
	top.Private = false
	body := appendAnswer(nil, first, top, nil)
	require.LessOrEqual(t, len(body), 100*(100+60))
	answer, err := parseAnswer(first, body)
	require.NoError(t, err)
	require.Equal(t, top.Board, answer.(topReply).Top.Board)
	held.Hash = answer.(topReply).Hash
	room := make([]byte, 0, len(body))
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { appendAnswer(room, held, top, nil) }), 1.0, "it is the same")
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { appendAnswer(room, first, top, nil) }), 1.0, "it is another, and encoded already")
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { _, err = parseAnswer(first, body) }), 8.0)
	require.NoError(t, err)

	board := top.Board
	request := &getPage{Limit: 100, room: make([]competition.Entry, 100)}
	page := appendAnswer(nil, request, board, nil)
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { _, err = parseAnswer(request, page) }), 8.0, "a page with room")
	require.NoError(t, err)
}
