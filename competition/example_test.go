package competition_test

import (
	"fmt"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// A competition is driven in two steps: a command is decided, and what it makes
// of the competition can be seen once its events are durable and applied.
func ExampleCompetition() {
	// Times, ids and keys come from outside; in production keys are random.
	now := calendar.MillisOf(time.Date(2026, 5, 1, 18, 0, 0, 0, time.UTC))
	newKey := func() competition.Key { return competition.Key{1} }

	definition := competition.Definition{
		ID: "spring", Name: "Spring", Start: now - 1000, End: now + 7*24*60*60*1000,
		Scoring: competition.Weights{Step: 1000}, PrizeSplit: []int64{competition.WholeSplit},
		DailyLimits: competition.DefaultDailyLimits, LateSyncHours: competition.DefaultLateSyncHours,
	}
	definition.Complete()

	// Decide. A refusal is an error; an acceptance says for which seq to wait.
	c := competition.New("spring", newKey)
	_, err := (&competition.CreateCompetition{Caller: competition.Caller{UserID: "carol"}, Definition: definition}).Decide(c, now)
	fmt.Println("created, error", err)
	day := calendar.DayOf(now.Time())
	decision, err := c.SubmitSync(now, &competition.SubmitSync{
		UserID: "ann", UserName: "Ann", Source: "watch", Day: day, Metrics: competition.Metrics{Steps: 10_417},
	})
	fmt.Println("accepted with seq", decision.Seq, "error", err)
	fmt.Println("on the board before it is durable:", c.Page(nil, 0, 10).Total)

	// Append the batch to the journal; here the append always succeeds.
	batch := c.Take(competition.Batch{})
	fmt.Println("to append: events", batch.FirstSeq, "to", batch.LastSeq)

	// Apply. Had the append failed, c.Rollback() would forget the events.
	for i := range batch.Events {
		outcome, err := c.Apply(&batch.Events[i])
		if err != nil {
			panic(err)
		}
		if batch.Events[i].Seq == decision.Seq {
			reply := c.SyncReply(decision.Number, outcome.Changed)
			fmt.Printf("answer: score %d, rank %d of %d, changed %v\n", reply.Score, reply.Rank, reply.Total, reply.Changed)
		}
	}
	c.Applied(&batch)

	for _, entry := range c.Page(nil, 0, 10).Entries {
		fmt.Printf("%d. %s %d\n", entry.Rank, entry.UserName, entry.Score)
	}

	// The same report again is fine, changes nothing, and costs no event.
	decision, err = c.SubmitSync(now, &competition.SubmitSync{
		UserID: "ann", Source: "watch", Day: day, Metrics: competition.Metrics{Steps: 10_417},
	})
	fmt.Println("again: repeat", decision.Repeat, "error", err)

	// Output:
	// created, error <nil>
	// accepted with seq 4 error <nil>
	// on the board before it is durable: 0
	// to append: events 1 to 4
	// answer: score 10417, rank 1 of 1, changed true
	// 1. Ann 10417
	// again: repeat true error <nil>
}

// A sync states a day's totals so far, so reports may come late, twice, or from
// two devices, and end in the same registers.
func ExampleDays_Merge() {
	report := func(source uint32, recordedAt, steps int64) competition.Register {
		return competition.Register{Day: 20_574, Source: source, RecordedAt: recordedAt, Metrics: competition.Metrics{Steps: steps}}
	}
	const phone, watch = 0, 1
	var days competition.Days
	for _, r := range []competition.Register{
		report(phone, 100, 3000),
		report(phone, 300, 5000),
		report(watch, 250, 5200), // the same walk, seen by the watch
		report(phone, 200, 4000), // late: recorded before what is known
		report(phone, 300, 5000), // twice
	} {
		var merged competition.Merged
		days, merged = days.Merge(r)
		fmt.Println(merged.After.Steps, merged.Changed)
	}
	fmt.Println("total", days.Total().Steps)

	// Output:
	// 3000 true
	// 5000 true
	// 5200 true
	// 5200 false
	// 5200 false
	// total 5200
}
