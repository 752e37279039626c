package competition

import (
	"encoding/binary"
	"time"
)

const (
	hour = Millis(60 * 60 * 1000)
	day  = 24 * hour
)

// instant is a time as RFC 3339 writes it.
func instant(s string) Millis {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return MillisOf(t)
}

// date is a day as YYYY-MM-DD.
func date(s string) Day {
	d, err := ParseDay(s)
	if err != nil {
		panic(err)
	}
	return d
}

// spring is a plain competition, 1 to 7 May 2026, a point a step, with edits.
func spring(edits ...func(*Definition)) Definition {
	d := Definition{
		ID: "spring", Name: "Spring", Start: instant("2026-05-01T00:00:00Z"), End: instant("2026-05-08T00:00:00Z"),
		Scoring: Weights{Step: 1000}, PrizeSplit: []int64{60_000, 30_000, 10_000},
		DailyLimits: DefaultDailyLimits, LateSyncHours: DefaultLateSyncHours,
	}
	for _, edit := range edits {
		edit(&d)
	}
	d.Complete()
	return d
}

// countedKeys draws the keys 1, 2, 3….
func countedKeys() func() Key {
	var n uint64
	return func() (k Key) {
		n++
		binary.BigEndian.PutUint64(k[:], n)
		return k
	}
}

// user is who calls for himself, operator and service who may do anything.
func user(id string) Caller { return Caller{UserID: id} }

var (
	operator = Caller{UserID: "olga", Operator: true}
	service  = Caller{Operator: true}
)

// steps is a day of nothing but steps.
func steps(n int64) Metrics { return Metrics{Steps: n} }
