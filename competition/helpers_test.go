package competition

import (
	"encoding/binary"
	"fmt"
	"time"
	_ "time/tzdata" // the tests need zones, the machine may have none

	"github.com/paceboard/paceboard/competition/calendar"
)

const (
	hour = calendar.Millis(60 * 60 * 1000)
	day  = 24 * hour
)

// instant is a time as RFC 3339 writes it.
func instant(s string) calendar.Millis {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return calendar.MillisOf(t)
}

// date is a day as YYYY-MM-DD.
func date(s string) calendar.Day {
	d, err := calendar.ParseDay(s)
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

// member is the user id of the i-th of a crowd.
func member(i int) string { return fmt.Sprintf("user-%07d", i) }

// crowd is a competition, started on 1 May, that n people joined.
func crowd(n int) *Competition { return crowdOf(n, spring()) }

func crowdOf(n int, d Definition) *Competition {
	c := New("spring", func() Key { return Key{} })
	now := instant("2026-05-01T10:00:00Z")
	if _, err := (&CreateCompetition{Caller: user("carol"), Definition: d}).Decide(c, now); err != nil {
		panic(err)
	}
	var batch Batch
	for i := range n {
		id := member(i)
		if _, err := (&JoinCompetition{Caller: user(id), UserID: id}).Decide(c, now); err != nil {
			panic(err)
		}
		if i%1000 == 999 || i == n-1 {
			land(c, &batch)
		}
	}
	return c
}

// commit is a sync from the decision to the state; batch holds the storage.
func commit(c *Competition, now calendar.Millis, s *SubmitSync, batch *Batch) {
	if _, err := c.SubmitSync(now, s); err != nil {
		panic(err)
	}
	land(c, batch)
}

// land applies what was decided as if it were durable.
func land(c *Competition, batch *Batch) {
	*batch = c.Take(*batch)
	for i := range batch.Events {
		if _, err := c.Apply(&batch.Events[i]); err != nil {
			panic(err)
		}
	}
	c.Applied(batch)
}
