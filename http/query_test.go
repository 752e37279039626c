package http

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
		want        part
		bad         []string
	}{
		{"the defaults", "", part{limit: 100, radius: 5}, nil},
		{"limit and offset", "limit=1000&offset=5", part{limit: 1000, offset: 5, radius: 5}, nil},
		{"an encoded name and value", "%6cimit=%31%30", part{limit: 10, radius: 5}, nil},
		{"a user in the middle", "around=u1&radius=0", part{around: "u1", limit: 100}, nil},
		{"a user with an encoded id", "radius=500&around=auth0%7C1", part{around: "auth0|1", limit: 100, radius: 500}, nil},
		{"unknown parameters are ignored", "x=1&x=2&&=&limit=7&%zz=1", part{limit: 7, radius: 5}, nil},
		{"an offset as far as numbers go", "offset=" + strconv.Itoa(math.MaxInt), part{limit: 100, offset: math.MaxInt, radius: 5}, nil},

		{"limit 0", "limit=0", part{}, []string{"limit"}},
		{"limit 1001", "limit=1001", part{}, []string{"limit"}},
		{"a limit below 0", "limit=-1", part{}, []string{"limit"}},
		{"a limit with a plus", "limit=%2B5", part{}, []string{"limit"}},
		{"a limit with a fraction", "limit=5.0", part{}, []string{"limit"}},
		{"a limit that is empty", "limit=", part{}, []string{"limit"}},
		{"a limit without a value", "limit", part{}, []string{"limit"}},
		{"a limit that stands twice", "limit=5&limit=5", part{}, []string{"limit"}},
		{"a limit that stands twice, once encoded", "limit=5&l%69mit=5", part{}, []string{"limit"}},
		{"a limit that is no number", "limit=ten", part{}, []string{"limit"}},
		{"a limit with broken encoding", "limit=%3", part{}, []string{"limit"}},
		{"an offset below 0", "offset=-1", part{}, []string{"offset"}},
		{"an offset beyond all numbers", "offset=9223372036854775808", part{}, []string{"offset"}},
		{"a radius of 501", "around=u1&radius=501", part{}, []string{"radius"}},
		{"a radius alone", "radius=5", part{}, []string{"radius"}},
		{"an empty around", "around=", part{}, []string{"around"}},
		{"an around with a space", "around=a+b", part{}, []string{"around"}},
		{"limit beside around", "around=u1&limit=5", part{}, []string{"limit"}},
		{"offset beside around", "around=u1&offset=0", part{}, []string{"offset"}},
		{"everything at once", "around=%00&limit=x&offset=x&radius=x", part{}, []string{"around", "radius", "limit", "offset"}},
		{"a bad limit and a bad offset", "limit=x&offset=x", part{}, []string{"limit", "offset"}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			got, err := readPart(query{raw: c.query})
			if c.bad == nil {
				require.NoError(t, err)
				assert.Equal(t, c.want, got)
				return
			}
			var p *problem
			require.ErrorAs(t, err, &p)
			var bad []string
			for _, f := range p.fields {
				bad = append(bad, f.Field)
			}
			assert.Equal(t, c.bad, bad)
		})
	}
}

func TestCursors(t *testing.T) {
	q := query{raw: "cursor=" + cursorBehindCompetition("spring")}
	assert.Equal(t, "spring", q.afterCompetition())
	require.NoError(t, q.err())
	q = query{raw: "cursor=" + cursorBehindParticipant(math.MaxUint32)}
	assert.Equal(t, uint32(math.MaxUint32), q.afterParticipant())
	require.NoError(t, q.err())
	q = query{}
	assert.Empty(t, q.afterCompetition())
	assert.Zero(t, q.afterParticipant())
	require.NoError(t, q.err())

	for rule, cursor := range map[string]string{
		"empty":                  "",
		"not base64url":          "!!",
		"with a line end inside": "Y3Nw%0Acmluzw",
		"padded":                 "Y3A=",
		"of the other list":      cursorBehindParticipant(5),
		"without an id":          "Yw",
		"of an impossible id":    "Yy4u", // c..
	} {
		q := query{raw: "cursor=" + cursor}
		q.afterCompetition()
		require.Error(t, q.err(), rule)
	}
	for rule, cursor := range map[string]string{
		"of the other list":   cursorBehindCompetition("spring"),
		"0":                   "cDA",             // p0
		"with leading zeroes": "cDAx",            // p01
		"too large":           "cDQyOTQ5NjcyOTY", // p4294967296
		"no number":           "cHg",             // px
	} {
		q := query{raw: "cursor=" + cursor}
		q.afterParticipant()
		require.Error(t, q.err(), rule)
	}
}

// FuzzQuery holds the parser to net/url's, as far as that one goes.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"", "limit=5&offset=3", "around=u1&radius=7", "limit=%35", "limit=5&limit=6", "a=b;limit=3", "limit=%", "&&&", "limit==5", "+=+&around=a%2Bb"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		p, err := readPart(query{raw: raw})
		if err != nil {
			return
		}
		assert.True(t, p.limit >= 1 && p.limit <= maxLimit && p.offset >= 0 && p.radius >= 0 && p.radius <= maxRadius)
		assert.True(t, p.around == "" || competition.ValidUserID(p.around))
		if values, err := url.ParseQuery(raw); err == nil && !strings.Contains(raw, ";") {
			assert.Equal(t, values.Get("around"), p.around)
			if want := values.Get("limit"); want != "" {
				n, err := strconv.Atoi(want)
				require.NoError(t, err)
				assert.Equal(t, n, p.limit)
			}
			for _, name := range []string{"limit", "offset", "around", "radius"} {
				assert.LessOrEqual(t, len(values[name]), 1)
			}
		}
	})
}
