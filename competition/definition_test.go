package competition

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// badFields is the names of the fields that a definition is refused for.
func badFields(t require.TestingT, d Definition) (fields []string) {
	d.Complete()
	err := d.Validate()
	if err == nil {
		return nil
	}
	var invalid *InvalidError
	require.ErrorAs(t, err, &invalid)
	for _, f := range invalid.Fields {
		require.NotEmpty(t, f.Detail)
		require.Contains(t, err.Error(), f.Error())
		fields = append(fields, f.Field)
	}
	return fields
}

// TestDefinitionRefuses: one bad field is named, and no other.
func TestDefinitionRefuses(t *testing.T) {
	for _, test := range []struct {
		rule, field string
		edit        func(*Definition)
	}{
		{"an empty id", "id", func(d *Definition) { d.ID = "" }},
		{"an id of 65", "id", func(d *Definition) { d.ID = strings.Repeat("x", 65) }},
		{"an id with a dot", "id", func(d *Definition) { d.ID = "a.b" }},
		{"an id with a letter beyond ASCII", "id", func(d *Definition) { d.ID = "frühling" }},
		{"no name", "name", func(d *Definition) { d.Name = "" }},
		{"a name of 101 characters", "name", func(d *Definition) { d.Name = strings.Repeat("ö", 101) }},
		{"a name with a control character", "name", func(d *Definition) { d.Name = "a\nb" }},
		{"a name of broken UTF-8", "name", func(d *Definition) { d.Name = "a\xff" }},
		{"a description of 2001 characters", "description", func(d *Definition) { d.Description = strings.Repeat("ö", 2001) }},
		{"a description with a control character", "description", func(d *Definition) { d.Description = "a\x7f" }},
		{"an unknown type", "type", func(d *Definition) { d.Type = "daily" }},
		{"a start before 1970", "start_date", func(d *Definition) { d.Start = -1 }},
		{"an end at the start", "end_date", func(d *Definition) { d.End = d.Start }},
		{"an end before the start", "end_date", func(d *Definition) { d.End = d.Start - 1 }},
		{"an end after 9999", "end_date", func(d *Definition) { d.End = instant("9999-12-31T23:59:59.999Z") + 1 }},
		{"a negative entry fee", "entry_fee", func(d *Definition) { d.EntryFeeMinor = -1 }},
		{"too large an entry fee", "entry_fee", func(d *Definition) { d.EntryFeeMinor = ledger.MaxAmountMinor + 1 }},
		{"a negative prize pool", "prize_pool", func(d *Definition) { d.PrizePoolMinor = -1 }},
		{"too large a prize pool", "prize_pool", func(d *Definition) { d.PrizePoolMinor = ledger.MaxAmountMinor + 1 }},
		{"an unknown currency", "currency", func(d *Definition) { d.Currency = "ABC" }},
		{"a currency in small letters", "currency", func(d *Definition) { d.Currency = "eur" }},
		{"an unknown time zone", "time_zone", func(d *Definition) { d.TimeZone = "Europe/Atlantis" }},
		{"the server's own time zone", "time_zone", func(d *Definition) { d.TimeZone = "Local" }},
		{"a path as time zone", "time_zone", func(d *Definition) { d.TimeZone = "../UTC" }},
		{"no weight", "scoring", func(d *Definition) { d.Scoring = Weights{} }},
		{"a negative weight", "scoring", func(d *Definition) { d.Scoring.Kcal = -1 }},
		{"a weight over 1000", "scoring", func(d *Definition) { d.Scoring.Minute = 1_000_001 }},
		{"no split", "prize_split", func(d *Definition) { d.PrizeSplit = nil }},
		{"a split below 100", "prize_split", func(d *Definition) { d.PrizeSplit = []int64{60_000, 39_999} }},
		{"a split above 100", "prize_split", func(d *Definition) { d.PrizeSplit = []int64{60_000, 40_001} }},
		{"a share of nothing", "prize_split", func(d *Definition) { d.PrizeSplit = []int64{100_000, 0} }},
		{"a negative share", "prize_split", func(d *Definition) { d.PrizeSplit = []int64{100_001, -1} }},
		{"shares that overflow", "prize_split", func(d *Definition) { d.PrizeSplit = []int64{math.MaxInt64, math.MaxInt64, 100_002} }},
		{"1001 shares", "prize_split", func(d *Definition) { d.PrizeSplit = append(slices.Repeat([]int64{99}, 1000), 1000) }},
		{"an unknown enrollment", "enrollment", func(d *Definition) { d.Enrollment = "closed" }},
		{"an unknown visibility", "visibility", func(d *Definition) { d.Visibility = "secret" }},
		{"a negative number of participants", "max_participants", func(d *Definition) { d.MaxParticipants = -1 }},
		{"too many participants", "max_participants", func(d *Definition) { d.MaxParticipants = 10_000_001 }},
		{"negative late hours", "late_sync_hours", func(d *Definition) { d.LateSyncHours = -1 }},
		{"late hours over 31 days", "late_sync_hours", func(d *Definition) { d.LateSyncHours = 31*24 + 1 }},
		{"a negative limit", "daily_limits", func(d *Definition) { d.DailyLimits.DistanceCm = -1 }},
		{"a limit over a milliard steps", "daily_limits", func(d *Definition) { d.DailyLimits.Steps = 1_000_000_001 }},
		{"a limit over a milliard minutes", "daily_limits", func(d *Definition) { d.DailyLimits.ActiveMinutes = 1_000_000_001 }},
		{"a limit over a milliard metres", "daily_limits", func(d *Definition) { d.DailyLimits.DistanceCm = 100_000_000_001 }},
		{"a limit over a milliard kilocalories", "daily_limits", func(d *Definition) { d.DailyLimits.EnergyCentikcal = 100_000_000_001 }},
		// 9,008 days of a milliard steps at 1,000 points: 9.008e15 > 2^53-1 = 9.0072e15.
		{"scores beyond 2^53-1", "daily_limits", highScores(9_008)},
	} {
		t.Run(test.rule, func(t *testing.T) {
			require.Equal(t, []string{test.field}, badFields(t, spring(test.edit)))
		})
	}
}

// highScores is a competition in which 1e12 points a day are possible.
func highScores(days calendar.Millis) func(*Definition) {
	return func(d *Definition) {
		d.Start, d.End = 0, days*day
		d.Scoring = Weights{Step: MaxWeight}
		d.DailyLimits = steps(1_000_000_000)
	}
}

// TestDefinitionAllows: what stands on the edge of what is refused.
func TestDefinitionAllows(t *testing.T) {
	for _, test := range []struct {
		rule string
		edit func(*Definition)
	}{
		{"the plain one", func(*Definition) {}},
		{"every letter of an id", func(d *Definition) { d.ID = "azAZ09_-" + strings.Repeat("x", 56) }},
		{"a name of 100 characters, of any script", func(d *Definition) { d.Name = strings.Repeat("走", 100) }},
		{"a description of 2000 characters", func(d *Definition) { d.Description = strings.Repeat("ö", 2000) }},
		{"all of time", func(d *Definition) {
			d.Start, d.End, d.DailyLimits = 0, instant("9999-12-31T23:59:59.999Z"), steps(1)
		}},
		{"a millisecond", func(d *Definition) { d.End = d.Start + 1 }},
		{"the most money", func(d *Definition) { d.EntryFeeMinor, d.PrizePoolMinor = ledger.MaxAmountMinor, ledger.MaxAmountMinor }},
		{"the largest weights", func(d *Definition) { d.Scoring = Weights{MaxWeight, MaxWeight, MaxWeight, MaxWeight} }},
		{"the smallest weight", func(d *Definition) { d.Scoring = Weights{Minute: 1} }},
		{"the winner takes all", func(d *Definition) { d.PrizeSplit = []int64{100_000} }},
		{"1000 prizes", func(d *Definition) { d.PrizeSplit = slices.Repeat([]int64{100}, 1000) }},
		{"10 million participants", func(d *Definition) { d.MaxParticipants = 10_000_000 }},
		{"no late syncs", func(d *Definition) { d.LateSyncHours = 0 }},
		{"a month of late syncs", func(d *Definition) { d.LateSyncHours = 31 * 24 }},
		{"no limit above 0", func(d *Definition) { d.DailyLimits = Metrics{} }},
		{"scores just below 2^53-1", highScores(9_007)},
	} {
		t.Run(test.rule, func(t *testing.T) {
			require.Empty(t, badFields(t, spring(test.edit)))
		})
	}
}

// TestDefinitionNamesEveryBadField in one answer.
func TestDefinitionNamesEveryBadField(t *testing.T) {
	d := Definition{
		Description: "\x00", Type: "x", Start: -1, End: -2, EntryFeeMinor: -1, PrizePoolMinor: -1, Currency: "x", TimeZone: "x",
		Enrollment: "x", Visibility: "x", MaxParticipants: -1, DailyLimits: steps(-1), LateSyncHours: -1,
	}
	require.Equal(t, []string{
		"id", "name", "description", "type", "start_date", "end_date", "currency", "entry_fee", "prize_pool", "time_zone",
		"scoring", "prize_split", "enrollment", "visibility", "max_participants", "late_sync_hours", "daily_limits",
	}, badFields(t, d))
}

func TestDefinitionDefaults(t *testing.T) {
	d := Definition{Start: 0, End: 1}
	d.Complete()
	require.Equal(t, Definition{
		Start: 0, End: 1, Type: Custom, Currency: "USD", TimeZone: "UTC", Enrollment: Open, Visibility: Public,
	}, d)

	private := Definition{Visibility: Private, Enrollment: Open}
	private.Complete()
	require.Equal(t, Invite, private.Enrollment, "private implies invite")
}

// TestWindow: a day is in the window when part of it, in the time zone, lies in
// [start, end).
func TestWindow(t *testing.T) {
	for _, test := range []struct {
		rule, zone, start, end string
		first, last            string
	}{
		{"whole days", "UTC", "2026-05-01T00:00:00Z", "2026-05-08T00:00:00Z", "2026-05-01", "2026-05-07"},
		{"the end is not part of it", "UTC", "2026-05-01T00:00:00Z", "2026-05-08T00:00:00.001Z", "2026-05-01", "2026-05-08"},
		{"the last millisecond of a day", "UTC", "2026-05-01T23:59:59.999Z", "2026-05-02T00:00:00Z", "2026-05-01", "2026-05-01"},
		{"west of UTC it is still yesterday", "America/New_York", "2026-05-01T00:00:00Z", "2026-05-08T00:00:00Z", "2026-04-30", "2026-05-07"},
		{"whole days in New York", "America/New_York", "2026-05-01T00:00:00-04:00", "2026-05-08T00:00:00-04:00", "2026-05-01", "2026-05-07"},
		{"east of UTC it is already tomorrow", "Pacific/Auckland", "2026-05-01T11:59:59Z", "2026-05-08T12:00:01Z", "2026-05-01", "2026-05-09"},
		{"the earliest zone", "Pacific/Kiritimati", "2026-05-01T10:00:00Z", "2026-05-08T10:00:00Z", "2026-05-02", "2026-05-08"},
		{"the latest zone", "Pacific/Pago_Pago", "2026-05-01T11:00:00Z", "2026-05-08T11:00:00Z", "2026-05-01", "2026-05-07"},
		{"quarters of an hour", "Asia/Kathmandu", "2026-05-01T18:14:59Z", "2026-05-02T18:15:00Z", "2026-05-01", "2026-05-02"},
		{"a day of 23 hours", "Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-29", "2026-03-29"},
		{"a second more than 23 hours", "Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:01Z", "2026-03-29", "2026-03-30"},
		{"a day of 25 hours", "Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "2026-10-25", "2026-10-25"},
		{"a second more than 25 hours", "Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:01Z", "2026-10-25", "2026-10-26"},
		{"a midnight that does not exist", "America/Havana", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z", "2026-03-08", "2026-03-08"},
		{"just before it", "America/Havana", "2026-03-08T04:59:59Z", "2026-03-08T05:00:00Z", "2026-03-07", "2026-03-07"},
		{"the epoch, in the west", "America/New_York", "1970-01-01T00:00:00Z", "1970-01-01T06:00:00Z", "1969-12-31", "1970-01-01"},
	} {
		t.Run(test.rule, func(t *testing.T) {
			d := spring(func(d *Definition) {
				d.TimeZone, d.Start, d.End = test.zone, instant(test.start), instant(test.end)
			})
			require.Empty(t, badFields(t, d))
			require.Equal(t, test.first, d.FirstDay.String())
			require.Equal(t, test.last, d.LastDay.String())
			require.True(t, d.covers(d.FirstDay))
			require.True(t, d.covers(d.LastDay))
			require.False(t, d.covers(d.FirstDay-1))
			require.False(t, d.covers(d.LastDay+1))
		})
	}
}

// TestWindowIsTheDaysThatAClockShows: somebody who looks at a calendar on the
// wall every quarter of an hour, and at both ends, sees the days that may be
// synced and no others.
func TestWindowIsTheDaysThatAClockShows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := pick(
			t, "zone", "UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Kiritimati",
			"Pacific/Pago_Pago", "America/Havana", "Africa/Casablanca", "America/St_Johns",
		)
		zone, err := time.LoadLocation(name)
		require.NoError(t, err)
		start := instant("2026-01-01T00:00:00Z") + calendar.Millis(rapid.Int64Range(0, 370*24*60).Draw(t, "start in minutes"))*60_000
		end := start + calendar.Millis(rapid.Int64Range(1, 5*24*60).Draw(t, "length in minutes"))*60_000
		d := spring(func(d *Definition) { d.TimeZone, d.Start, d.End = name, start, end })

		seen := map[calendar.Day]bool{}
		look := func(at calendar.Millis) {
			y, m, dom := at.Time().In(zone).Date()
			seen[calendar.Day(time.Date(y, m, dom, 0, 0, 0, 0, time.UTC).Unix()/86_400)] = true
		}
		for at := start; at < end; at += 15 * 60_000 {
			look(at)
		}
		look(end - 1)
		for candidate := calendar.DayOf(start.Time()) - 3; candidate < calendar.DayOf(end.Time())+3; candidate++ {
			require.Equal(t, seen[candidate], d.covers(candidate), candidate.String())
		}
	})
}

func TestValidUserID(t *testing.T) {
	for _, id := range []string{"a", "!", "~", "auth0|5f7c8", "9f4e2c1a-0000-4000-8000-000000000000", strings.Repeat("x", 128)} {
		require.True(t, ValidUserID(id), id)
	}
	for _, id := range []string{"", " ", "a b", "a\t", "\x00", "\x7f", "ö", strings.Repeat("x", 129)} {
		require.False(t, ValidUserID(id), "%q", id)
	}
}

func TestValidID(t *testing.T) {
	for _, id := range []string{"a", "Z", "0", "_", "-", "0190a8f4-7f3e-7cc1-b1a5-0c8e1f2a3b4c", strings.Repeat("x", 64)} {
		require.True(t, ValidID(id), id)
	}
	for _, id := range []string{"", ".", "a/b", "a b", "ö", "a\x00", strings.Repeat("x", 65)} {
		require.False(t, ValidID(id), "%q", id)
	}
}

func TestValidText(t *testing.T) {
	for _, text := range []string{"", "a", "ab c", "Ödön", "走る🏃", "a\u00a0b"} {
		require.True(t, ValidText(text, 4), text)
	}
	for _, text := range []string{"abcde", "走る走る走", "a\x00", "a\n", "\u0085", "\x7f", "\xff", "\xed\xa0\x80"} {
		require.False(t, ValidText(text, 4), "%q", text)
	}
}
