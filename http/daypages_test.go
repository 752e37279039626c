package http

import (
	"encoding/json"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// fiveYears are the days of somebody with eight sources, as the engine gives a page
// of them.
func fiveYears(span competition.Span) competition.Stats {
	const first, days = calendar.Day(18_000), 5 * 365
	s := competition.Stats{CompetitionID: "spring", UserID: "u1", Score: 77, Rank: 3, Source: "s7", Total: competition.Metrics{Steps: 99}, Rows: days * 8}
	for d := first; d < first+days; d++ {
		if d < span.From || d > span.To || d < span.Begin {
			continue
		}
		if len(s.Days) == span.Limit {
			s.Next = d
			break
		}
		day := competition.DayStats{Day: d, Value: competition.Metrics{Steps: int64(d)}}
		for n := range 8 {
			day.Sources = append(day.Sources, competition.SourceStats{Source: "s" + strconv.Itoa(n), Metrics: competition.Metrics{Steps: int64(n)}})
		}
		s.Days = append(s.Days, day)
	}
	return s
}

// dayPage is what a client sees of a page of days.
type dayPage struct {
	Score  int64
	Rank   int
	Steps  int64
	Source string
	Points float64
	Days   []struct{ Date string }
	Next   string `json:"next_cursor"`
}

// TestDaysArePaged: of statistics, of the lifetime and of explanations. All that is
// no day is on every page, and a page costs what is read for it.
func TestDaysArePaged(t *testing.T) {
	for _, c := range []struct {
		name, target string
		whole        dayPage
		units        int // of a page
	}{
		{"statistics", "/api/v1/fitness/stats/u1?competition_id=spring", dayPage{Score: 77, Rank: 3, Steps: 99, Source: "s7"}, 1 + 5*365*8/200},
		{"the lifetime", "/api/v1/fitness/stats/u1?to=2100-01-01", dayPage{Steps: 5 * 365, Source: "watch"}, 1 + 5*365/200},
		{"an explanation", "/api/v1/competitions/spring/participants/u1/explanation?x=1", dayPage{Score: 77, Rank: 3, Points: 77}, 1 + 5*365*8/200},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, func(o *Options) { o.RateLimits.User = 100 })
			b.engine.statsOf = func(_ string, span competition.Span) (competition.Stats, error) { return fiveYears(span), nil }
			b.engine.explain = func(_ string, span competition.Span) (competition.Explanation, error) {
				s := fiveYears(span)
				x := competition.Explanation{CompetitionID: "spring", UserID: "u1", Status: competition.Active, Score: 77, Rank: 3, Next: s.Next, Rows: s.Rows, Sum: competition.Points{Whole: 77}}
				for _, day := range s.Days {
					x.Days = append(x.Days, competition.ExplainedDay{Day: day.Day, Value: day.Value})
				}
				return x, nil
			}
			b.engine.stats.Days = nil
			for d := range calendar.Day(5 * 365) {
				b.engine.stats.Days = append(b.engine.stats.Days, competition.DayStats{Day: 18_000 + d, Sources: []competition.SourceStats{
					{Source: "watch", Metrics: competition.Metrics{Steps: 1}},
				}})
			}
			var sizes []int
			day := calendar.Day(18_000)
			for target := c.target; target != ""; {
				r := b.do(t, "GET", target, "", bearer(authtest.User(t, "u1")))
				require.Equal(t, 200, r.status, r.body)
				require.Equal(t, strconv.Itoa(4000-c.units*(len(sizes)+1)), r.get("RateLimit-Remaining"))
				var answer struct{ Data dayPage }
				require.NoError(t, json.Unmarshal([]byte(r.body), &answer))
				page := answer.Data
				for _, d := range page.Days {
					require.Equal(t, day.Time().Format(time.DateOnly), d.Date)
					day++
				}
				sizes = append(sizes, len(page.Days))
				target = ""
				if page.Next != "" {
					target = c.target + "&cursor=" + url.QueryEscape(page.Next)
				}
				page.Days, page.Next = nil, ""
				require.Equal(t, c.whole, page)
			}
			require.Equal(t, []int{400, 400, 400, 400, 225}, sizes)
			for _, cursor := range []string{"", "x", decode.Cursor(decode.CursorDay, "0"), decode.Cursor(decode.CursorDay, "05"), decode.Cursor(decode.CursorFlag, "5"), decode.Cursor(decode.CursorDay, "99999999")} {
				r := b.do(t, "GET", c.target+"&cursor="+cursor, "", bearer(authtest.User(t, "u1")))
				require.Equal(t, 400, r.status, cursor)
			}
		})
	}
}

// TestWhoReadMuchWaits: what a page turns out to cost is owed where there is too
// little, and the next request waits for it.
func TestWhoReadMuchWaits(t *testing.T) {
	b := newBench(t, func(o *Options) { o.RateLimits.User, o.RateLimits.Burst = 10, 20 })
	b.engine.statsOf = func(_ string, span competition.Span) (competition.Stats, error) { return fiveYears(span), nil }
	get := func() response {
		return b.do(t, "GET", "/api/v1/fitness/stats/u1?competition_id=spring", "", bearer(authtest.User(t, "u1")))
	}
	r := get()
	require.Equal(t, 200, r.status)
	require.Equal(t, "0", r.get("RateLimit-Remaining"))
	r = get()
	require.Equal(t, 429, r.status)
	require.Equal(t, "6", r.get("Retry-After"), "1 + 73 units used, 20 there were, 10 a second, and 1 for the next")
	b.now = b.now.Add(6 * time.Second)
	require.Equal(t, 200, get().status)
}
