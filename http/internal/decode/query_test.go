package decode

import (
	"math"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

func TestReadPart(t *testing.T) {
	for _, c := range []struct {
		rule, query string
		want        Part
		bad         []string
	}{
		{"the defaults", "", Part{Limit: 100, Radius: 5}, nil},
		{"limit and offset", "limit=1000&offset=5", Part{Limit: 1000, Offset: 5, Radius: 5}, nil},
		{"an encoded name and value", "%6cimit=%31%30", Part{Limit: 10, Radius: 5}, nil},
		{"a user in the middle", "around=u1&radius=0", Part{Around: "u1", Limit: 100}, nil},
		{"a user with an encoded id", "radius=500&around=auth0%7C1", Part{Around: "auth0|1", Limit: 100, Radius: 500}, nil},
		{"unknown parameters are ignored", "x=1&x=2&&=&limit=7&%zz=1", Part{Limit: 7, Radius: 5}, nil},
		{"an offset as far as numbers go", "offset=" + strconv.Itoa(math.MaxInt), Part{Limit: 100, Offset: math.MaxInt, Radius: 5}, nil},

		{"limit 0", "limit=0", Part{}, []string{"limit"}},
		{"limit 1001", "limit=1001", Part{}, []string{"limit"}},
		{"a limit below 0", "limit=-1", Part{}, []string{"limit"}},
		{"a limit with a plus", "limit=%2B5", Part{}, []string{"limit"}},
		{"a limit with a fraction", "limit=5.0", Part{}, []string{"limit"}},
		{"a limit that is empty", "limit=", Part{}, []string{"limit"}},
		{"a limit without a value", "limit", Part{}, []string{"limit"}},
		{"a limit that stands twice", "limit=5&limit=5", Part{}, []string{"limit"}},
		{"a limit that stands twice, once encoded", "limit=5&l%69mit=5", Part{}, []string{"limit"}},
		{"a limit that is no number", "limit=ten", Part{}, []string{"limit"}},
		{"a limit with broken encoding", "limit=%3", Part{}, []string{"limit"}},
		{"an offset below 0", "offset=-1", Part{}, []string{"offset"}},
		{"an offset beyond all numbers", "offset=9223372036854775808", Part{}, []string{"offset"}},
		{"a radius of 501", "around=u1&radius=501", Part{}, []string{"radius"}},
		{"a radius alone", "radius=5", Part{}, []string{"radius"}},
		{"an empty around", "around=", Part{}, []string{"around"}},
		{"an around with a space", "around=a+b", Part{}, []string{"around"}},
		{"limit beside around", "around=u1&limit=5", Part{}, []string{"limit"}},
		{"offset beside around", "around=u1&offset=0", Part{}, []string{"offset"}},
		{"everything at once", "around=%00&limit=x&offset=x&radius=x", Part{}, []string{"around", "radius", "limit", "offset"}},
		{"a bad limit and a bad offset", "limit=x&offset=x", Part{}, []string{"limit", "offset"}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			got, err := ReadPart(Query{raw: c.query})
			if c.bad == nil {
				require.NoError(t, err)
				assert.Equal(t, c.want, got)
				return
			}
			var invalid *competition.InvalidError
			require.ErrorAs(t, err, &invalid)
			var bad []string
			for _, f := range invalid.Fields {
				bad = append(bad, f.Field)
			}
			assert.Equal(t, c.bad, bad)
		})
	}
}

func TestCursors(t *testing.T) {
	q := Query{raw: "cursor=" + CompetitionCursor("spring")}
	assert.Equal(t, "spring", q.AfterCompetition())
	require.NoError(t, q.Err())
	q = Query{raw: "cursor=" + ParticipantCursor(math.MaxUint32)}
	assert.Equal(t, uint32(math.MaxUint32), q.AfterParticipant())
	require.NoError(t, q.Err())
	q = Query{}
	assert.Empty(t, q.AfterCompetition())
	assert.Zero(t, q.AfterParticipant())
	require.NoError(t, q.Err())

	for rule, cursor := range map[string]string{
		"empty":                  "",
		"not base64url":          "!!",
		"with a line end inside": "Y3Nw%0Acmluzw",
		"padded":                 "Y3A=",
		"of the other list":      ParticipantCursor(5),
		"without an id":          "Yw",
		"of an impossible id":    "Yy4u", // c..
	} {
		q := Query{raw: "cursor=" + cursor}
		q.AfterCompetition()
		require.Error(t, q.Err(), rule)
	}
	for rule, cursor := range map[string]string{
		"of the other list":   CompetitionCursor("spring"),
		"0":                   "cDA",             // p0
		"with leading zeroes": "cDAx",            // p01
		"too large":           "cDQyOTQ5NjcyOTY", // p4294967296
		"no number":           "cHg",             // px
	} {
		q := Query{raw: "cursor=" + cursor}
		q.AfterParticipant()
		require.Error(t, q.Err(), rule)
	}
}

// FuzzQuery holds the parser to net/url's, as far as that one goes.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"", "limit=5&offset=3", "around=u1&radius=7", "limit=%35", "limit=5&limit=6", "a=b;limit=3", "limit=%", "&&&", "limit==5", "+=+&around=a%2Bb"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		p, err := ReadPart(Query{raw: raw})
		if err != nil {
			return
		}
		assert.True(t, p.Limit >= 1 && p.Limit <= MaxLimit && p.Offset >= 0 && p.Radius >= 0 && p.Radius <= MaxRadius)
		assert.True(t, p.Around == "" || competition.ValidUserID(p.Around))
		if values, err := url.ParseQuery(raw); err == nil && !strings.Contains(raw, ";") {
			assert.Equal(t, values.Get("around"), p.Around)
			if want := values.Get("limit"); want != "" {
				n, err := strconv.Atoi(want)
				require.NoError(t, err)
				assert.Equal(t, n, p.Limit)
			}
			for _, name := range []string{"limit", "offset", "around", "radius"} {
				assert.LessOrEqual(t, len(values[name]), 1)
			}
		}
	})
}
