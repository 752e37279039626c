package decode

import (
	"encoding/json"
	"strconv"
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
	err = ReadBatch([]byte(body), func(s *Sync, err error) {
		code := ""
		if err != nil {
			code = codeOf(tb, err)
		}
		steps, codes = append(steps, s.Metrics.Steps), append(codes, code)
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
		{"something after the end", `{"syncs":[` + good + `]}{}`, nil, "invalid_json"},
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
			assert.Equal(t, c.code, codeOf(t, err), err)
		})
	}
}

// TestUnknownNamesOfABatchAreNotKept: a megabyte of them costs what reading it does.
func TestUnknownNamesOfABatchAreNotKept(t *testing.T) {
	var body strings.Builder
	body.WriteString(`{"syncs":[{"competition_id":"spring","steps":1,"date":"2026-05-01"},3]`)
	for i := range 80_000 {
		body.WriteString(`,"` + strconv.Itoa(i) + `":1`)
	}
	body.WriteString("}")
	values, err := readMembers([]byte(body.String()), func(name string) bool { return name == "syncs" }, loose...)
	require.NoError(t, err)
	require.Len(t, values, 1)
	items, err := exactBatch([]byte(body.String()))
	require.NoError(t, err)
	require.Len(t, items, 2)
	_, err = exactBatch([]byte(strings.Replace(body.String(), `"7":1`, `"8":1`, 1)))
	require.ErrorContains(t, err, "twice")
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
		var quick []Sync
		ok := quickBatch(body, func(at int) (int, bool) {
			var s Sync
			end, ok := quickSync(body, at, &s)
			quick = append(quick, s)
			return end, ok && len(quick) <= MaxBatch
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
			form, err := ReadForm(raw[i])
			require.NoError(t, err)
			var s Sync
			require.NoError(t, exactSync(form, &s))
			require.Equal(t, s, quick[i])
		}
	})
}
