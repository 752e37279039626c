package decode

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// hotBody is what nearly all clients send.
const hotBody = `{"user_id":"8c0f5f9e-9c1a-4f53-9a3e-0b6a51f0c001","competition_id":"spring","steps":10000,"distance":8000.25,"calories":500,"active_minutes":60,"source":"google_fit","date":"2026-05-01T00:00:00Z","recorded_at":"2026-05-01T18:03:00Z"}`

// syncOf is a good sync with one more field, or another value of one.
func syncOf(fields string) string {
	return `{"competition_id":"spring","date":"2026-05-01","steps":1` + fields + `}`
}

func TestReadSyncAccepts(t *testing.T) {
	recorded := time.Date(2026, 5, 1, 18, 3, 0, 250, time.UTC).UnixNano()
	day, err := calendar.ParseDay("2026-05-01")
	require.NoError(t, err)
	full := Sync{
		UserID: []byte("u1"), CompetitionID: []byte("spring"), Source: []byte("watch"), Day: day, RecordedAt: recorded,
		Metrics: competition.Metrics{Steps: 10000, DistanceCm: 800_025, EnergyCentikcal: 50_000, ActiveMinutes: 60},
	}
	bare := Sync{CompetitionID: []byte("spring"), Day: day, Metrics: competition.Metrics{Steps: 1}}
	with := func(change func(s *Sync)) Sync {
		s := bare
		change(&s)
		return s
	}
	for _, c := range []struct {
		rule, body string
		want       Sync
		quick      bool // the quick reader takes it
	}{
		{
			"the example of the contract",
			`{"user_id":"u1","competition_id":"spring","steps":10000,"distance":8000.25,"calories":500,"active_minutes":60,"source":"watch","date":"2026-05-01T00:00:00Z","recorded_at":"2026-05-01T18:03:00.00000025Z"}`,
			full, true,
		},
		{
			"white space anywhere, any order",
			" {\n\t\"recorded_at\" : \"2026-05-01T20:03:00.00000025+02:00\" , \"date\":\"2026-05-01\",\"source\":\"watch\",\"active_minutes\":60,\"calories\":5e2,\"distance\":8000.25,\"steps\":10000.0,\"competition_id\":\"spring\",\"user_id\":\"u1\"}\r\n",
			full, true,
		},
		{"a sync with as little as may be", syncOf(""), bare, true},
		{"without competition_id it is for all", `{"date":"2026-05-01","steps":1}`, with(func(s *Sync) { s.CompetitionID = nil }), true},
		{"null is the same as absent", syncOf(`,"user_id":null,"distance":null,"source":null,"recorded_at":null`), bare, false},
		{"unknown fields are ignored, whatever they hold", syncOf(`,"device":{"a":[1,{"b":null}]},"Steps":"x"`), bare, false},
		{"5.0 is the integer 5", `{"competition_id":"spring","date":"2026-05-01","steps":5.0}`, with(func(s *Sync) { s.Metrics.Steps = 5 }), true},
		{"counts are rounded down", `{"competition_id":"spring","date":"2026-05-01","steps":11623.858,"active_minutes":59.99999}`, with(func(s *Sync) { s.Metrics.Steps, s.Metrics.ActiveMinutes = 11623, 59 }), true},
		{"less than a step is none", `{"competition_id":"spring","date":"2026-05-01","steps":9.99e-1}`, with(func(s *Sync) { s.Metrics.Steps = 0 }), true},
		{"the largest count, and a fraction", `{"competition_id":"spring","date":"2026-05-01","steps":9007199254740991.9}`, with(func(s *Sync) { s.Metrics.Steps = 1<<53 - 1 }), true},
		{"an empty source is the same as an absent one", syncOf(`,"source":""`), bare, true},
		{"-0 is 0", `{"competition_id":"spring","date":"2026-05-01","steps":-0}`, with(func(s *Sync) { s.Metrics.Steps = 0 }), true},
		{"integers go to 2^53-1", `{"competition_id":"spring","date":"2026-05-01","steps":9007199254740991}`, with(func(s *Sync) { s.Metrics.Steps = 1<<53 - 1 }), true},
		{"distance is rounded half up", syncOf(`,"distance":0.125`), with(func(s *Sync) { s.Metrics.DistanceCm = 13 }), true},
		{"energy too, by its decimal digits", syncOf(`,"calories":1.115`), with(func(s *Sync) { s.Metrics.EnergyCentikcal = 112 }), true},
		{"escapes are unescaped", syncOf(`,"source":"a\u0062\/"`), with(func(s *Sync) { s.Source = []byte("ab/") }), false},
		{"a name may be written with escapes", `{"competition_id":"spring","d\u0061te":"2026-05-01","steps":1}`, bare, false},
		{"text is UTF-8", syncOf(`,"source":"Uhr ⌚"`), with(func(s *Sync) { s.Source = []byte("Uhr ⌚") }), false},
		{"a source has up to 64 characters", syncOf(`,"source":"` + strings.Repeat("é", 64) + `"`), with(func(s *Sync) { s.Source = []byte(strings.Repeat("é", 64)) }), false},
		{"any metric alone is enough", `{"competition_id":"spring","date":"2026-05-01","active_minutes":0}`, with(func(s *Sync) { s.Metrics.Steps = 0 }), true},
		{"a recording far in the future is the engine's to refuse", syncOf(`,"recorded_at":"9999-01-01T00:00:00Z"`), with(func(s *Sync) { s.RecordedAt = 1<<63 - 1 }), true},
	} {
		t.Run(c.rule, func(t *testing.T) {
			var got Sync
			require.NoError(t, ReadSync([]byte(c.body), &got))
			assert.Equal(t, c.want, got)
			_, quick := quickSync([]byte(c.body), skipSpace([]byte(c.body), 0), &got)
			assert.Equal(t, c.quick, quick, "which reader takes it")
		})
	}
}

func TestReadSyncRefuses(t *testing.T) {
	const badJSON, badFields = "invalid_json", "invalid_request"
	for _, c := range []struct {
		rule, body, code string
		fields           []string
	}{
		{"an empty body", ``, badJSON, nil},
		{"white space alone", " \n", badJSON, nil},
		{"an array", `[` + syncOf("") + `]`, badJSON, nil},
		{"a string", `"x"`, badJSON, nil},
		{"null", `null`, badJSON, nil},
		{"a body that ends too early", syncOf("")[:40], badJSON, nil},
		{"bytes after the end", syncOf("") + `x`, badJSON, nil},
		{"a second object after the end", syncOf("") + syncOf(""), badJSON, nil},
		{"a comma too many", syncOf(","), badJSON, nil},
		{"a byte order mark", "\ufeff" + syncOf(""), badJSON, nil},
		{"a comment", syncOf(`/* x */`), badJSON, nil},
		{"a name that stands twice", syncOf(`,"steps":2`), badJSON, nil},
		{"a name that stands twice, once with escapes", syncOf(`,"st\u0065ps":2`), badJSON, nil},
		{"an unknown name that stands twice", syncOf(`,"x":1,"x":1`), badJSON, nil},
		{"a name that stands twice far inside", syncOf(`,"x":[{"y":1,"y":1}]`), badJSON, nil},
		{"NaN", `{"date":"2026-05-01","steps":NaN}`, badJSON, nil},
		{"Infinity", `{"date":"2026-05-01","steps":-Infinity}`, badJSON, nil},
		{"a number with a leading zero", `{"date":"2026-05-01","steps":010}`, badJSON, nil},
		{"a number with a plus", `{"date":"2026-05-01","steps":+1}`, badJSON, nil},
		{"a hexadecimal number", `{"date":"2026-05-01","steps":0x10}`, badJSON, nil},
		{"invalid UTF-8", syncOf(",\"source\":\"\xff\""), badJSON, nil},
		{"UTF-8 of a surrogate", syncOf(",\"source\":\"\xed\xa0\x80\""), badJSON, nil},
		{"overlong UTF-8", syncOf(",\"source\":\"\xc0\xaf\""), badJSON, nil},
		{"invalid UTF-8 in an unknown name", syncOf(",\"\xff\":1"), badJSON, nil},
		{"a lone surrogate", syncOf(`,"source":"\ud800"`), badJSON, nil},
		{"a raw control character", syncOf(",\"source\":\"a\tb\""), badJSON, nil},
		{"an unknown escape", syncOf(`,"source":"\x41"`), badJSON, nil},
		{"single quotes", `{'date':'2026-05-01','steps':1}`, badJSON, nil},

		{"a number as text", `{"date":"2026-05-01","steps":"1"}`, badFields, []string{"steps"}},
		{"text as a number", `{"date":20260501,"steps":1}`, badFields, []string{"date"}},
		{"true for a number", `{"date":"2026-05-01","steps":true}`, badFields, []string{"steps"}},
		{"an object for text", `{"date":{},"steps":1}`, badFields, []string{"date"}},
		{"a fraction of a step below 0", `{"date":"2026-05-01","steps":-0.5}`, badFields, []string{"steps"}},
		{"a step below 0", `{"date":"2026-05-01","steps":-1}`, badFields, []string{"steps"}},
		{"a step beyond 2^53-1", `{"date":"2026-05-01","steps":9007199254740992}`, badFields, []string{"steps"}},
		{"a number beyond all bounds", `{"date":"2026-05-01","distance":1e400}`, badFields, []string{"distance"}},
		{"a distance below 0, however little", `{"date":"2026-05-01","distance":-0.001}`, badFields, []string{"distance"}},
		{"no metric at all", `{"date":"2026-05-01"}`, badFields, []string{"steps"}},
		{"metrics that are null alone", `{"date":"2026-05-01","steps":null}`, badFields, []string{"steps"}},
		{"no date", `{"steps":1}`, badFields, []string{"date"}},
		{"no such day", `{"date":"2026-02-30","steps":1}`, badFields, []string{"date"}},
		{"a day before 1970", `{"date":"1969-12-31","steps":1}`, badFields, []string{"date"}},
		{"a recording that is no RFC 3339 time", syncOf(`,"recorded_at":"2026-05-01"`), badFields, []string{"recorded_at"}},
		{"a recording before 1970", syncOf(`,"recorded_at":"1969-05-01T00:00:00Z"`), badFields, []string{"recorded_at"}},
		{"a recording that would count as absent", syncOf(`,"recorded_at":"1970-01-01T00:00:00Z"`), badFields, []string{"recorded_at"}},
		{"a source of 65 characters", syncOf(`,"source":"` + strings.Repeat("a", 65) + `"`), badFields, []string{"source"}},
		{"a source with a control character", syncOf(`,"source":"a\u0007"`), badFields, []string{"source"}},
		{"an empty user id", syncOf(`,"user_id":""`), badFields, []string{"user_id"}},
		{"a user id with a space", syncOf(`,"user_id":"a b"`), badFields, []string{"user_id"}},
		{"a user id beyond ASCII", syncOf(`,"user_id":"ü"`), badFields, []string{"user_id"}},
		{"a user id of 129 bytes", syncOf(`,"user_id":"` + strings.Repeat("a", 129) + `"`), badFields, []string{"user_id"}},
		{"a competition id of another alphabet", `{"competition_id":"a.b","date":"2026-05-01","steps":1}`, badFields, []string{"competition_id"}},
		{"an empty competition id", `{"competition_id":"","date":"2026-05-01","steps":1}`, badFields, []string{"competition_id"}},
		{
			"every bad field is named", `{"user_id":1,"competition_id":"?","source":false,"steps":-1,"distance":[],"calories":"x","active_minutes":-1,"date":"x","recorded_at":"x"}`,
			badFields,
			[]string{"user_id", "competition_id", "source", "steps", "distance", "calories", "active_minutes", "date", "recorded_at"},
		},
	} {
		t.Run(c.rule, func(t *testing.T) {
			var s Sync
			err := ReadSync([]byte(c.body), &s)
			assert.Equal(t, c.code, codeOf(t, err), err)
			var fields []string
			for _, f := range fieldsOf(err) {
				fields = append(fields, f.Field)
				assert.NotEmpty(t, f.Detail)
			}
			assert.ElementsMatch(t, c.fields, fields)
			assert.NotContains(t, err.Error(), "jsontext", "no internal names")
		})
	}
}

func TestReadingTheHotBodyAllocatesNothing(t *testing.T) {
	var s Sync
	body := []byte(hotBody)
	assert.Zero(t, testing.AllocsPerRun(100, func() { _ = ReadSync(body, &s) }))
}

// FuzzReadSync holds the quick reader to the exact one: what it takes, the
// other takes too, and reads the same; and none reads what encoding/json calls
// no JSON.
func FuzzReadSync(f *testing.F) {
	for _, seed := range []string{
		hotBody, syncOf(""), syncOf(`,"source":"\u0061"`), syncOf(`,"steps":2`), syncOf(`,"distance":1e-3`), syncOf(`,"distance":-0`),
		syncOf(`,"recorded_at":"2026-05-01T18:03:00.5+02:00"`), syncOf(`,"user_id":null`), syncOf(`,"x":{"y":[1,2,{"z":"\ud800"}]}`),
		`{"date":"2026-05-01T00:00:00Z","calories":123456789012.345,"active_minutes":9007199254740992}`, `[]`, ``, `{}`, syncOf("") + "  ", syncOf(",") + "\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var quick, exact Sync
		end, ok := quickSync(body, skipSpace(body, 0), &quick)
		ok = ok && skipSpace(body, end) == len(body)
		form, err := ReadForm(body)
		if err == nil {
			err = exactSync(form, &exact)
		}
		if ok {
			require.NoError(t, err, "the exact reader refuses what the quick one takes: %q", body)
			require.Equal(t, exact, quick, "%q", body)
		}
		if err == nil {
			require.True(t, isStandardJSON(body), "%q", body)
			require.LessOrEqual(t, max(exact.Metrics.Steps, exact.Metrics.DistanceCm, exact.Metrics.EnergyCentikcal, exact.Metrics.ActiveMinutes), int64(MaxInteger))
			require.GreaterOrEqual(t, min(exact.Metrics.Steps, exact.Metrics.DistanceCm, exact.Metrics.EnergyCentikcal, exact.Metrics.ActiveMinutes, exact.RecordedAt), int64(0))
		}
		var both Sync
		bothErr := ReadSync(body, &both)
		require.Equal(t, err == nil, bothErr == nil, "%q", body)
		if err == nil {
			require.Equal(t, exact, both)
		}
	})
}
