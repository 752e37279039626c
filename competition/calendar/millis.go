package calendar

import "time"

// Millis is a point in time, in milliseconds since 1970 UTC. 0 means never.
type Millis int64

// MillisOf is t, cut to the millisecond.
func MillisOf(t time.Time) Millis { return Millis(t.UnixMilli()) }

// Time returns the same point as a time.Time in UTC.
func (m Millis) Time() time.Time { return time.UnixMilli(int64(m)).UTC() }

// AppendTime appends the point as clients read times: RFC 3339 in UTC with
// exactly three decimals, since fixed date patterns (Java's and Swift's) need a
// constant number of them. Whatever clients and sibling services read is written
// by it or by AppendNanos.
func (m Millis) AppendTime(dst []byte) []byte {
	t := m.Time()
	return appendTime(dst, t, int64(t.Nanosecond())/int64(time.Millisecond), 3)
}

// AppendNanos appends a time in nanoseconds since 1970 UTC as AppendTime does,
// with as many decimals as it needs, at least three.
func AppendNanos(dst []byte, nanos int64) []byte {
	t := time.Unix(0, nanos).UTC()
	fraction, decimals := int64(t.Nanosecond()), 9
	for decimals > 3 && fraction%10 == 0 {
		fraction, decimals = fraction/10, decimals-1
	}
	return appendTime(dst, t, fraction, decimals)
}

// appendTime appends t with a fraction of so many decimals.
func appendTime(dst []byte, t time.Time, fraction int64, decimals int) []byte {
	dst = t.AppendFormat(dst, time.RFC3339) // whole seconds, quicker than with a layout of our own
	dst[len(dst)-1] = '.'                   // instead of the Z
	end := len(dst) + decimals
	dst = append(dst, "000000000"[:decimals]...)
	for i := end - 1; fraction > 0; i, fraction = i-1, fraction/10 {
		dst[i] = byte('0' + fraction%10)
	}
	return append(dst, 'Z')
}
