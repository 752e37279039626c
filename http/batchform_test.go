package http

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func isStandardJSON(body []byte) bool { return json.Valid(body) }

// items reads a batch into one word for each item: its steps, or the code of
// what is wrong with it.
func items(tb testing.TB, body string) (steps []int64, codes []string, err error) {
	tb.Helper()
	err = readBatch([]byte(body), func(s *syncForm, err error) {
		code := ""
		if err != nil {
			p, known := problemOf(err)
			require.True(tb, known)
			code = p.kind.code
		}
		steps, codes = append(steps, s.metrics.Steps), append(codes, code)
	}, func() { steps, codes = nil, nil })
	return steps, codes, err
}

func TestReadBatch(t *testing.T) {
	good := syncOf("")
	for _, c := range []struct {
		rule, body string
		codes      []string // of the items
		code       string   // of the whole
	}{
		{"one item", `{"syncs":[` + good + `]}`, []string{""}, ""},
		{"three items, with spaces", " { \"syncs\" : [ " + good + " , " + good + "\n,\t" + good + " ] } ", []string{"", "", ""}, ""},
		{"no item", `{"syncs":[]}`, nil, ""},
		{"a bad item does not refuse the others", `{"syncs":[` + good + `,{"steps":"x"},` + good + `]}`, []string{"", "invalid_request", ""}, ""},
		{"nor does an item that is no object", `{"syncs":[` + good + `,5,null,"x",[],` + good + `]}`, []string{"", "invalid_json", "invalid_json", "invalid_json", "invalid_json", ""}, ""},
		{"nor one with a name that stands twice", `{"syncs":[` + good + `,` + syncOf(`,"steps":2`) + `]}`, []string{"", "invalid_json"}, ""},
		{"nor one with a lone surrogate", `{"syncs":[` + syncOf(`,"source":"\ud800"`) + `,` + good + `]}`, []string{"invalid_json", ""}, ""},
		{"unknown fields are ignored", `{"x":[{"syncs":1}],"syncs":[` + good + `],"y":null}`, []string{""}, ""},
		{"1000 items", `{"syncs":[` + strings.Repeat(good+",", 999) + good + `]}`, make([]string, 1000), ""},
		{"1001 items", `{"syncs":[` + strings.Repeat(good+",", 1000) + good + `]}`, nil, "invalid_request"},
		{"no syncs", `{}`, nil, "invalid_request"},
		{"syncs null", `{"syncs":null}`, nil, "invalid_request"},
		{"syncs that are no array", `{"syncs":{}}`, nil, "invalid_request"},
		{"an array", `[` + good + `]`, nil, "invalid_json"},
		{"an empty body", ``, nil, "invalid_json"},
		{"no JSON at the end", `{"syncs":[` + good + `]`, nil, "invalid_json"},
		{"no JSON inside an item", `{"syncs":[` + good + `,{"steps":NaN}]}`, nil, "invalid_json"},
		{"something behind the end", `{"syncs":[` + good + `]}{}`, nil, "invalid_json"},
		{"syncs twice", `{"syncs":[` + good + `],"syncs":[]}`, nil, "invalid_json"},
		{"another name twice", `{"a":1,"a":2,"syncs":[` + good + `]}`, nil, "invalid_json"},
		{"a name twice beside the syncs", `{"a":{"b":1,"b":2},"syncs":[` + good + `]}`, nil, "invalid_json"},
		{"a lone surrogate beside the syncs", `{"a":"\udfff","syncs":[` + good + `]}`, nil, "invalid_json"},
		{"invalid UTF-8 anywhere", "{\"syncs\":[" + good + ",\"\xff\"]}", nil, "invalid_json"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			_, codes, err := items(t, c.body)
			if c.code == "" {
				require.NoError(t, err)
				assert.Equal(t, c.codes, codes)
				return
			}
			var p *problem
			require.ErrorAs(t, err, &p)
			assert.Equal(t, c.code, p.kind.code, p.detail)
		})
	}
}

// FuzzReadBatch holds the quick way through a batch to the exact one.
func FuzzReadBatch(f *testing.F) {
	good := syncOf("")
	for _, seed := range []string{
		`{"syncs":[` + good + `]}`, `{"syncs":[` + good + `,` + good + `]}`, `{"syncs":[` + good + `,]}`, `{"syncs":[` + good + `]]}`, `{"syncs":[` + good + `],}`,
		`{"syncs":[` + good + `]} x`, `{"syncs":[1]}`, `{"syncs":[]}`, `{"a":"\ud800","syncs":[` + good + `]}`, `{"syncs"` + good, `{"syncs":[` + good + good + `]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var quick []syncForm
		ok := quickBatch(body, func(at int) (int, bool) {
			var s syncForm
			end, ok := quickSync(body, at, &s)
			quick = append(quick, s)
			return end, ok && len(quick) <= maxBatch
		})
		raw, err := exactBatch(body)
		if err == nil {
			require.True(t, isStandardJSON(body), "%q", body)
		}
		if !ok {
			return
		}
		require.NoError(t, err, "the exact reader refuses what the quick one takes: %q", body)
		require.Len(t, raw, len(quick))
		for i := range raw {
			form, err := readForm(raw[i])
			require.NoError(t, err)
			var s syncForm
			require.NoError(t, exactSync(form, &s))
			require.Equal(t, s, quick[i])
		}
	})
}
