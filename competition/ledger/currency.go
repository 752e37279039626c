package ledger

import (
	"strconv"
	"strings"
)

// MaxAmountMinor is the largest amount of money, in minor units.
const MaxAmountMinor = 1_000_000_000_000_000

// currencies are the codes of ISO 4217 by the number of their decimals, those of
// funds (CLF, UYW…) included. Metals and codes for testing have no decimals and
// are not money that a prize is paid in.
var currencies = [...]string{
	0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
	2: "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY " +
		"COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS " +
		"INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR " +
		"MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD " +
		"SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG " +
		"BOV CHE CHW COU MXV USN",
	3: "BHD IQD JOD KWD LYD OMR TND",
	4: "CLF UYW",
}

// CurrencyDecimals returns how many decimals an ISO 4217 currency has; known is
// false for anything else.
func CurrencyDecimals(code string) (decimals int, known bool) {
	if len(code) != 3 || strings.Contains(code, " ") {
		return 0, false
	}
	for decimals, codes := range currencies {
		if strings.Contains(codes, code) {
			return decimals, true
		}
	}
	return 0, false
}

// FormatMinor writes an amount of minor units as a decimal number.
func FormatMinor(minor int64, decimals int) string { return string(AppendMinor(nil, minor, decimals)) }

// AppendMinor appends what FormatMinor returns.
func AppendMinor(dst []byte, minor int64, decimals int) []byte {
	if minor < 0 {
		dst, minor = append(dst, '-'), -minor
	}
	scale := int64(1)
	for range decimals {
		scale *= 10
	}
	dst = strconv.AppendInt(dst, minor/scale, 10)
	if decimals == 0 {
		return dst
	}
	dst = append(dst, '.')
	for fraction := minor % scale; scale > 1; fraction %= scale {
		scale /= 10
		dst = append(dst, byte('0'+fraction/scale))
	}
	return dst
}
