package main

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/internal/race"
	fitbit "github.com/paceboard/paceboard/testdata/fitbit-2016"
)

// sums adds up the column steps by user: what the board must say, by arithmetic
// on the file.
func sums(t *testing.T, file []byte) map[string]int64 {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"user_id", "steps"}, []string{rows[0][0], rows[0][2]})
	total := map[string]int64{}
	for _, row := range rows[1:] {
		steps, err := strconv.ParseInt(row[2], 10, 64)
		require.NoError(t, err)
		total[row[0]] += steps
	}
	return total
}

func requireSums(t *testing.T, want map[string]int64, b board) {
	t.Helper()
	got := map[string]int64{}
	for i, entry := range b.Data.Entries {
		got[entry.UserID] = entry.Score
		require.Equal(t, i+1, entry.Rank)
		if i > 0 {
			require.GreaterOrEqual(t, b.Data.Entries[i-1].Score, entry.Score)
		}
	}
	require.Equal(t, want, got)
}

// TestACSVMayBeginWithAByteOrderMark: as those that spreadsheets save do.
func TestACSVMayBeginWithAByteOrderMark(t *testing.T) {
	for _, text := range []string{"user_id,date,steps\nann,2026-05-01,7\n", "\"user_id\",date,steps\r\nann,2026-05-01,7\r\n"} {
		for _, mark := range []string{"", "\ufeff"} {
			read, err := readActivity(strings.NewReader(mark+text), "tracker")
			require.NoError(t, err)
			require.Equal(t, []activity{{UserID: "ann", Date: "2026-05-01", Steps: 7, Source: "tracker"}}, read)
		}
	}
	_, err := readActivity(strings.NewReader("\ufeff"), "tracker")
	require.ErrorContains(t, err, "header")
}

// TestReplaySaysWhyReportsAreRefused, each reason once.
func TestReplaySaysWhyReportsAreRefused(t *testing.T) {
	inParallel(t)
	s := startServer(t, t.TempDir())
	s.createSpring("spring")
	file := filepath.Join(t.TempDir(), "mixed.csv")
	require.NoError(t, os.WriteFile(file, []byte("user_id,date,steps\n"+
		"ann,2016-04-11,1\nann,2016-04-10,1\nann,2016-04-12,1\nann,2016-04-13,1000000\n"), 0o600))
	code, out, errs := runProgram(t, "replay", "--url", s.url, "--competition", "spring", file)
	require.Zero(t, code, errs)
	require.Regexp(t, `(?m)^reports   4 posted, 3 refused
refused   1: "implausible: .+"
refused   2: "outside_window: .+"
took `, out)
	s.stop()
}

func TestReplayOfRealDaysGivesTheirSums(t *testing.T) {
	inParallel(t)
	onEveryStore(t, testReplayOfRealDays)
}

func testReplayOfRealDays(t *testing.T, where string) {
	t.Helper()
	s := startServer(t, where)
	s.createSpring("days")
	code, out, errs := runProgram(t, "replay", "--url", s.url, "--competition", "days", "../../testdata/fitbit-2016/daily.csv")
	require.Zero(t, code, errs)
	require.Contains(t, out, "940 posted, 0 refused")

	b := s.readBoard("days", 100)
	want := sums(t, fitbit.DailyCSV)
	require.Len(t, want, 33)
	requireSums(t, want, b)
	require.Equal(t, "8877689391", b.Data.Entries[0].UserID)
	require.EqualValues(t, 497_241, b.Data.Entries[0].Score)
	s.stop()
}

func TestReplayOfRealHoursInAnyOrderThreeTimesGivesTheirSums(t *testing.T) {
	inParallel(t)
	onEveryStore(t, testReplayOfRealHours)
}

func testReplayOfRealHours(t *testing.T, where string) {
	t.Helper()
	race.Skip(t)
	s := startServer(t, where)
	s.createSpring("hours")
	code, out, errs := runProgram(t, "replay", "--url", s.url, "--competition", "hours",
		"--shuffle", "42", "--repeat", "3", "--concurrency", "32", "../../testdata/fitbit-2016/hourly.csv")
	require.Zero(t, code, errs)
	require.Contains(t, out, "66297 posted, 0 refused")

	want := sums(t, fitbit.HourlyCSV)
	require.EqualValues(t, 495_623, want["8877689391"])
	before := s.readBoard("hours", 100)
	requireSums(t, want, before)
	s.stop()

	again := startServer(t, where)
	require.Equal(t, before, again.readBoard("hours", 100), "a restart changes nothing, the version included")
	again.stop()
}
