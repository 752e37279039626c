package ledger

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestCurrencyDecimals: as ISO 4217 has them, whatever is customary.
func TestCurrencyDecimals(t *testing.T) {
	for decimals, codes := range map[int][]string{
		0: {"JPY", "KRW", "CLP", "ISK", "VND", "XOF", "UGX"},
		2: {"EUR", "USD", "GBP", "CHF", "INR", "COP", "IDR", "PKR", "RSD", "HUF", "TWD", "SLE", "VES", "MRU"},
		3: {"KWD", "BHD", "TND", "IQD", "OMR"},
		4: {"CLF", "UYW"},
	} {
		for _, code := range codes {
			got, known := CurrencyDecimals(code)
			require.True(t, known, code)
			require.Equal(t, decimals, got, code)
		}
	}
	for _, code := range []string{"", "E", "EU", "EURO", "eur", "Eur", "ZZZ", "XXX", "XTS", "XAU", "D E", "F C", " EU", "EU "} {
		_, known := CurrencyDecimals(code)
		require.False(t, known, "%q", code)
	}
}

// TestCurrenciesAreNamedOnce: a code has one number of decimals.
func TestCurrenciesAreNamedOnce(t *testing.T) {
	seen := map[string]int{}
	for decimals, codes := range currencies {
		for len(codes) > 0 {
			code := codes[:3]
			require.Regexp(t, "^[A-Z]{3}$", code)
			require.NotContains(t, seen, code)
			seen[code] = decimals
			require.True(t, len(codes) == 3 || codes[3] == ' ')
			codes = codes[min(4, len(codes)):]
		}
	}
	require.Greater(t, len(seen), 150)
}

func TestFormatMinor(t *testing.T) {
	for _, test := range []struct {
		minor    int64
		decimals int
		want     string
	}{
		{60_000, 2, "600.00"},
		{5, 2, "0.05"},
		{0, 2, "0.00"},
		{-5, 2, "-0.05"},
		{-12_345, 2, "-123.45"},
		{1_000, 0, "1000"},
		{0, 0, "0"},
		{-7, 0, "-7"},
		{1, 3, "0.001"},
		{1_234_567, 3, "1234.567"},
		{MaxAmountMinor, 2, "10000000000000.00"},
		{-MaxAmountMinor, 3, "-1000000000000.000"},
	} {
		require.Equal(t, test.want, FormatMinor(test.minor, test.decimals))
		require.Equal(t, `{"amount":`+test.want, string(AppendMinor([]byte(`{"amount":`), test.minor, test.decimals)))
	}
}

func TestFormatMinorIsTheFraction(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64Range(-MaxAmountMinor, MaxAmountMinor).Draw(t, "minor")
		decimals := rapid.IntRange(0, 4).Draw(t, "decimals")
		scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil)
		want := new(big.Rat).SetFrac(big.NewInt(minor), scale)
		require.Equal(t, want.FloatString(decimals), FormatMinor(minor, decimals), fmt.Sprint(minor, decimals))
	})
}
