package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	paceboard "github.com/paceboard/paceboard/clients/go"
)

// activity is a report as a phone would post it: a day's totals so far.
type activity struct {
	UserID        string
	CompetitionID string
	Date          string
	RecordedAt    string
	Steps         int64
	Distance      int64
	Calories      int64
	ActiveMinutes int64
	Source        string
}

// sync is the report as the API takes it.
func (a *activity) sync() (paceboard.Sync, error) {
	sync := paceboard.Sync{
		UserID: &a.UserID, Date: a.Date, Source: &a.Source,
		Steps: total(a.Steps), Distance: total(a.Distance), Calories: total(a.Calories), ActiveMinutes: total(a.ActiveMinutes),
	}
	if a.CompetitionID != "" {
		sync.CompetitionID = &a.CompetitionID
	}
	if a.RecordedAt != "" {
		at, err := time.Parse(time.RFC3339, a.RecordedAt)
		if err != nil {
			return sync, fmt.Errorf("hour %q: must be RFC 3339, such as 2016-04-12T07:00:00Z", a.RecordedAt)
		}
		sync.RecordedAt = &at
	}
	return sync, nil
}

func total(n int64) *float64 { return new(float64(n)) }

// byteOrderMark is U+FEFF in UTF-8.
const byteOrderMark = "\xef\xbb\xbf"

// readActivity reads a CSV with a header. With a column "date" each row is a
// whole day; with a column "hour" each row is what happened within that hour,
// and becomes the day's running total. Rows of one user and day must then be in
// the order of time. A byte order mark, which spreadsheets write, is skipped.
func readActivity(r io.Reader, source string) ([]activity, error) {
	text := bufio.NewReader(r)
	if mark, err := text.Peek(len(byteOrderMark)); err == nil && string(mark) == byteOrderMark {
		_, _ = text.Discard(len(byteOrderMark)) // It was peeked at.
	}
	rows := csv.NewReader(text)
	header, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("read the header: %w", err)
	}
	columns := map[string]int{}
	for i, name := range header {
		columns[strings.TrimSpace(name)] = i
	}
	_, hourly := columns["hour"]
	if _, daily := columns["date"]; daily == hourly {
		return nil, errors.New(`the header needs a column "date" (daily rows) or "hour" (hourly rows)`)
	}
	for _, needed := range []string{"user_id", "steps"} {
		if _, ok := columns[needed]; !ok {
			return nil, fmt.Errorf("the header lacks the column %q", needed)
		}
	}
	type userDay struct{ user, day string }
	soFar := map[userDay]activity{}
	var all []activity
	for line := 2; ; line++ {
		fields, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read: %w", err)
		}
		a, err := parseActivity(columns, fields, hourly)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if hourly {
			total := soFar[userDay{a.UserID, a.Date}]
			a.Steps += total.Steps
			a.Distance += total.Distance
			a.Calories += total.Calories
			a.ActiveMinutes += total.ActiveMinutes
			soFar[userDay{a.UserID, a.Date}] = a
		}
		a.Source = source
		all = append(all, a)
	}
}

func parseActivity(columns map[string]int, fields []string, hourly bool) (activity, error) {
	var a activity
	a.UserID = fields[columns["user_id"]]
	if hourly {
		a.RecordedAt = fields[columns["hour"]]
		a.Date, _, _ = strings.Cut(a.RecordedAt, "T")
	} else {
		a.Date = fields[columns["date"]]
	}
	for name, value := range map[string]*int64{"steps": &a.Steps, "distance_m": &a.Distance, "calories_kcal": &a.Calories, "active_minutes": &a.ActiveMinutes} {
		column, ok := columns[name]
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(fields[column], 10, 64)
		if err != nil {
			return a, fmt.Errorf("%s %q is not a whole number", name, fields[column])
		}
		*value = n
	}
	return a, nil
}

// repeatAndShuffle returns every report times times, in random order if a seed
// is given: what lossy networks and eager phones make of them.
func repeatAndShuffle(all []activity, times int, seed uint64, shuffle bool) []activity {
	repeated := make([]activity, 0, len(all)*times)
	for range times {
		repeated = append(repeated, all...)
	}
	if shuffle {
		order := rand.New(rand.NewPCG(seed, seed))
		order.Shuffle(len(repeated), func(i, j int) { repeated[i], repeated[j] = repeated[j], repeated[i] })
	}
	return repeated
}
