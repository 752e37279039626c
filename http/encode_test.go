package http

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// entryIn is an entry as clients read it.
type entryIn struct {
	UserID        string      `json:"user_id"`
	UserName      string      `json:"user_name"`
	CompetitionID string      `json:"competition_id"`
	Score         int64       `json:"score"`
	Rank          int         `json:"rank"`
	Steps         int64       `json:"steps"`
	Distance      json.Number `json:"distance"`
	Calories      json.Number `json:"calories"`
	ActiveMinutes int64       `json:"active_minutes"`
	LastSyncedAt  *time.Time  `json:"last_synced_at"`
	UpdatedAt     *time.Time  `json:"updated_at"`
}

// drawEntry is any entry that the core may give.
func drawEntry(t *rapid.T) competition.Entry {
	amount := rapid.Int64Range(0, decode.MaxInteger)
	at := rapid.Int64Range(0, 253_402_300_799_999)
	return competition.Entry{
		UserID:   rapid.StringMatching(`[!-~]{1,20}`).Draw(t, "user"),
		UserName: rapid.String().Draw(t, "name"),
		Score:    amount.Draw(t, "score"), Rank: rapid.IntRange(1, 1e7).Draw(t, "rank"),
		Totals:       competition.Metrics{Steps: amount.Draw(t, "steps"), DistanceCm: amount.Draw(t, "cm"), EnergyCentikcal: amount.Draw(t, "ckcal"), ActiveMinutes: amount.Draw(t, "minutes")},
		LastSyncedAt: calendar.Millis(at.Draw(t, "synced")), UpdatedAt: calendar.Millis(at.Draw(t, "updated")),
	}
}

func sameEntry(t require.TestingT, id string, want competition.Entry, got entryIn) {
	require.Equal(t, want.UserID, got.UserID)
	require.Equal(t, want.UserName, got.UserName)
	require.Equal(t, id, got.CompetitionID)
	require.Equal(t, want.Score, got.Score)
	require.Equal(t, want.Rank, got.Rank)
	require.Equal(t, want.Totals.Steps, got.Steps)
	require.Equal(t, want.Totals.ActiveMinutes, got.ActiveMinutes)
	sameHundredths(t, want.Totals.DistanceCm, got.Distance)
	sameHundredths(t, want.Totals.EnergyCentikcal, got.Calories)
	sameTime(t, want.LastSyncedAt, got.LastSyncedAt)
	sameTime(t, want.UpdatedAt, got.UpdatedAt)
}

func sameHundredths(t require.TestingT, want int64, got json.Number) {
	exact, ok := new(big.Rat).SetString(got.String())
	require.True(t, ok)
	require.Zero(t, exact.Cmp(big.NewRat(want, 100)), "%s is not %d/100", got, want)
	if strings.Contains(got.String(), ".") {
		require.False(t, strings.HasSuffix(got.String(), "0"), "%s could be shorter", got)
	}
}

func sameTime(t require.TestingT, want calendar.Millis, got *time.Time) {
	if want == 0 {
		require.Nil(t, got, "a time that never was is absent")
		return
	}
	require.NotNil(t, got)
	require.Equal(t, int64(want), got.UnixMilli())
}

func TestEveryBoardIsWhatClientsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		board := competition.Board{
			CompetitionID: "spring", Status: competition.Finalizing, Version: rapid.Uint64Range(0, decode.MaxInteger).Draw(t, "version"),
			UpdatedAt: atStart, Total: rapid.IntRange(0, 1e7).Draw(t, "total"), Entries: rapid.SliceOfN(rapid.Custom(drawEntry), 0, 5).Draw(t, "entries"),
		}
		limit := rapid.IntRange(1, 6).Draw(t, "limit")
		top := encodeTop(&board, appendEntry)
		cut := board
		cut.Entries = board.Entries[:min(limit, len(board.Entries))]
		require.Len(t, top.ends, len(board.Entries)+1)
		last := len(top.ends) - 1
		window := string(top.body[:top.ends[min(limit, last)]]) + string(top.body[top.ends[last]:])
		require.Equal(t, envelope+string(appendBoard(nil, &cut, appendEntry))+"}", window, "a window of the encoded top is that board")

		var read struct {
			Success bool
			Data    struct {
				CompetitionID string    `json:"competition_id"`
				Status        string    `json:"status"`
				Entries       []entryIn `json:"entries"`
				TotalCount    int       `json:"total_count"`
				UpdatedAt     time.Time `json:"updated_at"`
				Version       uint64    `json:"version"`
			}
		}
		require.NoError(t, json.Unmarshal(top.body, &read), "%s", top.body)
		require.True(t, read.Success)
		require.Equal(t, "spring finalizing", read.Data.CompetitionID+" "+read.Data.Status)
		require.Equal(t, board.Total, read.Data.TotalCount)
		require.Equal(t, board.Version, read.Data.Version)
		require.True(t, start.Equal(read.Data.UpdatedAt))
		require.Len(t, read.Data.Entries, len(board.Entries))
		for i := range board.Entries {
			sameEntry(t, "spring", board.Entries[i], read.Data.Entries[i])
		}
	})
}

func TestDecimalsAreTheShortest(t *testing.T) {
	for _, c := range []struct {
		units    int64
		decimals int
		want     string
	}{
		{0, 2, "0"}, {800_000, 2, "8000"}, {800_050, 2, "8000.5"}, {800_055, 2, "8000.55"}, {5, 2, "0.05"}, {1000, 3, "1"}, {1, 3, "0.001"}, {60_000, 3, "60"}, {33_334, 3, "33.334"},
	} {
		assert.Equal(t, c.want, string(appendDecimal(nil, c.units, c.decimals)))
	}
}

func TestStringsAreSafeJSON(t *testing.T) {
	for _, text := range []string{"", "plain", `"\/`, "\x00\x1f\x7f", "é 😀", "\u2028", "</script>", "\xff"} {
		var back string
		require.NoError(t, json.Unmarshal(appendString(nil, text), &back), text)
		assert.Equal(t, strings.ToValidUTF8(text, "\ufffd"), back)
	}
}

func TestACompetitionIsReadAsItWasWritten(t *testing.T) {
	d := defaultDefinition()
	d.ID, d.Name, d.Description = "spring", "Spring \"26\"", "Läufe"
	d.Start, d.End = atStart+123, atStart+1000*60*60*24*30
	d.EntryFeeMinor, d.PrizePoolMinor, d.Currency, d.TimeZone = 1050, 100_000, "EUR", "Europe/Berlin"
	d.Scoring = competition.Weights{Step: 1000, Metre: 1, Kcal: 1500, Minute: 0}
	d.PrizeSplit = []int64{50_000, 33_334, 16_666}
	d.MaxParticipants, d.LateSyncHours, d.Visibility = 500, 48, competition.Private
	d.Complete()
	require.NoError(t, d.Validate())
	text := appendSummary(nil, &competition.Summary{Definition: d, Status: competition.Upcoming, Participants: 17, CreatedAt: atStart + 10})
	assert.JSONEq(t, `{"id":"spring","name":"Spring \"26\"","description":"Läufe","type":"custom","status":"upcoming",
		"start_date":"2026-05-10T12:00:00.123Z","end_date": "2026-06-09T12:00:00.000Z","time_zone":"Europe/Berlin",
		"entry_fee":10.50,"prize_pool":1000.00,"currency":"EUR","scoring":{"steps":1,"distance":0.001,"calories":1.5,"active_minutes":0},
		"prize_split":[50,33.334,16.666],"enrollment":"invite","visibility":"private","max_participants":500,
		"daily_limits":{"steps":100000,"distance":200000,"calories":20000,"active_minutes":1440},"late_sync_hours":48,"participant_count":17,"created_at":"2026-05-10T12:00:00.010Z"}`, string(text))
	assert.Contains(t, string(text), `"entry_fee":10.50,"prize_pool":1000.00`, "money has its currency's decimals")

	// What was written makes the same competition again.
	f, err := decode.ReadForm(text)
	require.NoError(t, err)
	again := defaultDefinition()
	readText(f, "id", &again.ID)
	readDefinition(f, &again)
	require.NoError(t, f.Err())
	assert.Equal(t, d, again)
}

func TestStatisticsAsClientsReadThem(t *testing.T) {
	s := newFakeEngine().stats
	assert.JSONEq(t, `{"user_id":"u1","competition_id":"spring","steps":900,"distance":0,"calories":0,"active_minutes":0,"source":"watch","score":900,"rank":1,
		"days":[{"date":"2026-05-10","steps":900,"distance":0.5,"calories":0,"active_minutes":0,"sources":[
			{"source":"watch","steps":900,"distance":0,"calories":0,"active_minutes":0,"recorded_at":"2026-05-10T12:00:00.000000005Z"},
			{"source":"phone","steps":100,"distance":0.5,"calories":0,"active_minutes":0}]}],
		"last_synced_at":"2026-05-10T12:00:00.000Z"}`, string(appendStats(nil, &s)))
	empty := competition.Stats{CompetitionID: "spring", UserID: "u1"}
	assert.JSONEq(t, `{"user_id":"u1","competition_id":"spring","steps":0,"distance":0,"calories":0,"active_minutes":0,"score":0,"days":[]}`, string(appendStats(nil, &empty)))
}

func ExampleServer_leaderboard() {
	board := competition.Board{CompetitionID: "spring", Status: competition.Active, Version: 2, UpdatedAt: atStart, Total: 1, Entries: []competition.Entry{
		{UserID: "u1", UserName: "Ada", Score: 10_000, Rank: 1, Totals: competition.Metrics{Steps: 10_000, DistanceCm: 800_050}, UpdatedAt: atStart},
	}}
	fmt.Println(string(appendBoard(nil, &board, appendEntry)))
	// Output: {"competition_id":"spring","status":"active","entries":[{"user_id":"u1","user_name":"Ada","competition_id":"spring","score":10000,"rank":1,"steps":10000,"distance":8000.5,"calories":0,"active_minutes":0,"updated_at":"2026-05-10T12:00:00.000Z"}],"total_count":1,"updated_at":"2026-05-10T12:00:00.000Z","version":2}
}
