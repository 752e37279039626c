package decode

import (
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestReadNumber(t *testing.T) {
	for _, c := range []struct {
		text     string
		decimals int
		want     number
	}{
		{"0", 0, number{value: 0, size: 1, exact: true}},
		{"-0", 0, number{value: 0, size: 2, exact: true}},
		{"5", 0, number{value: 5, size: 1, exact: true}},
		{"5.0", 0, number{value: 5, size: 3, exact: true}},
		{"5e0", 0, number{value: 5, size: 3, exact: true}},
		{"0.5e1", 0, number{value: 5, size: 5, exact: true}},
		{"50E-1", 0, number{value: 5, size: 5, exact: true}},
		{"5.4", 0, number{value: 5, size: 3}},
		{"5.5", 0, number{value: 6, size: 3}},
		{"-5", 0, number{value: 5, size: 2, exact: true, negative: true}},
		{"-0.001", 2, number{value: 0, size: 6, negative: true}},
		{"8000", 2, number{value: 800_000, size: 4, exact: true}},
		{"8000.5", 2, number{value: 800_050, size: 6, exact: true}},
		{"0.005", 2, number{value: 1, size: 5}},
		{"0.0049999999999999999999999999", 2, number{value: 0, size: 30}},
		{"1.115", 2, number{value: 112, size: 5}}, // 1.11499… as a float
		{"1e-7", 2, number{value: 0, size: 4}},
		{"9007199254740991", 0, number{value: MaxInteger, size: 16, exact: true}},
		{"9007199254740992", 0, number{value: MaxInteger + 1, size: 16, exact: true, huge: true}},
		{"90071992547409.914", 2, number{value: MaxInteger, size: 18}},
		{"90071992547409.915", 2, number{value: MaxInteger + 1, size: 18, huge: true}},
		{"99999999999", 4, number{value: 999_999_999_990_000, size: 11, exact: true}},
		{"0e999999999999999999999", 0, number{value: 0, size: 23, exact: true}},
		{"1,5", 0, number{value: 1, size: 1, exact: true}}, // the caller sees that more follows
		{"5e", 0, number{}},
		{"5e+", 0, number{}},
		{"5.", 0, number{}},
		{".5", 0, number{}},
		{"05", 0, number{}},
		{"+5", 0, number{}},
		{"-", 0, number{}},
		{"", 0, number{}},
		{"NaN", 0, number{}},
		{"Infinity", 0, number{}},
	} {
		t.Run(c.text, func(t *testing.T) {
			assert.Equal(t, c.want, readNumber([]byte(c.text), c.decimals))
		})
	}
	for text, want := range map[string]number{
		"11623.858":          {value: 11623, size: 9},
		"5.9999999999999":    {value: 5, size: 15},
		"5.0":                {value: 5, size: 3, exact: true},
		"59e-1":              {value: 5, size: 5},
		"9007199254740991.9": {value: MaxInteger, size: 18},
		"9007199254740992":   {value: MaxInteger + 1, size: 16, exact: true, huge: true},
		"-0.5":               {value: 0, size: 4, negative: true},
	} {
		assert.Equal(t, want, readCount([]byte(text)), "rounded down: %s", text)
	}
	for _, huge := range []string{"1e400", "1e99999999999999999999", "1" + strings.Repeat("0", 5000)} {
		assert.True(t, readNumber([]byte(huge), 0).huge, huge[:5])
	}
}

// Every number is what exact arithmetic makes of it.
func TestReadNumberIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,8})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "text")
		decimals := rapid.IntRange(0, 4).Draw(t, "decimals")
		got := readNumber([]byte(text), decimals)
		require.Equal(t, len(text), got.size)

		amount, ok := new(big.Rat).SetString(strings.TrimPrefix(text, "-"))
		require.True(t, ok)
		scaled := new(big.Rat).Mul(amount, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil)))
		rounded := new(big.Rat).Add(scaled, big.NewRat(1, 2))
		want := new(big.Int).Quo(rounded.Num(), rounded.Denom())
		require.Equal(t, want.Cmp(big.NewInt(MaxInteger)) > 0, got.huge)
		if got.huge {
			return
		}
		require.Equal(t, want.Int64(), got.value)
		require.Equal(t, scaled.IsInt(), got.exact)
		require.Equal(t, strings.HasPrefix(text, "-") && amount.Sign() != 0, got.negative)
	})
}
