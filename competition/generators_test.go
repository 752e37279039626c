package competition

import (
	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// harnessStart is when the clock of a harness starts: two hours before the usual start.
var harnessStart = instant("2026-04-30T22:00:00Z")

func pick[T any](t *rapid.T, label string, of ...T) T { return rapid.SampledFrom(of).Draw(t, label) }

// drawWait is how long nothing happens.
func drawWait(t *rapid.T) calendar.Millis {
	return pick(t, "wait", 1, 1000, hour, hour, 2*hour, 5*hour, 23*hour, day, 3*day)
}

// drawCaller is mostly the user concerned, if there is one.
func drawCaller(t *rapid.T, of string) Caller {
	if of == "" {
		of = "ann" // who creates most competitions
	}
	return pick(t, "caller", user(of), user(of), user(of), user(of), user("ann"), user("bob"), operator, service)
}

func drawUser(t *rapid.T) string { return pick(t, "user", people[:len(people)-1]...) }

func drawCreate(t *rapid.T) *CreateCompetition {
	d := spring(func(d *Definition) {
		d.Name = pick(t, "name", "Spring", "Spring", "Other")
		d.Start += pick(t, "start", -2*day, 0, 0, hour)
		d.End = d.Start + pick(t, "length", hour, day, 2*day+hour, 3*day)
		d.TimeZone = pick(t, "time zone", "UTC", "UTC", "Pacific/Auckland", "America/St_Johns")
		d.LateSyncHours = pick(t, "late hours", 0, 2, 24)
		d.Scoring = drawWeights(t)
		d.Enrollment = pick(t, "enrollment", Open, Open, Open, Invite)
		d.Visibility = pick(t, "visibility", Public, Public, Public, Private)
		d.EntryFeeMinor = pick[int64](t, "fee", 0, 0, 0, 500)
		d.PrizePoolMinor = pick[int64](t, "pool", 0, 0, 1, 9_000, 9_001)
		d.PrizeSplit = pick(t, "split", d.PrizeSplit, []int64{WholeSplit}, []int64{10_000, 90_000})
		d.MaxParticipants = pick(t, "max", 0, 0, 1, 2, 3)
	})
	return &CreateCompetition{Caller: drawCaller(t, ""), Definition: d}
}

func drawWeights(t *rapid.T) Weights {
	return pick(
		t, "weights", Weights{Step: 1000}, Weights{Step: 1}, Weights{Step: 100, Metre: 333, Kcal: 1, Minute: 7},
		Weights{Minute: MaxWeight, Metre: 1},
	)
}

func drawSync(t *rapid.T, now calendar.Millis) *SubmitSync {
	s := &SubmitSync{
		UserID: drawUser(t), UserName: pick(t, "name", "", "A. Name"), Source: drawSource(t),
		Day: calendar.DayOf(now.Time()) + pick[calendar.Day](t, "day", 0, 0, 0, 0, -1, -1, -2, 1, 2), MembersOnly: pick(t, "members only", false, false, false, true),
		Metrics: Metrics{
			Steps:           pick[int64](t, "steps", 0, 1, 2, 999, 1000, 5000, 5000, 100_000, 100_001),
			DistanceCm:      pick[int64](t, "cm", 0, 0, 1, 299, 8000_00, 200_000_00, 200_000_01),
			EnergyCentikcal: pick[int64](t, "kcal", 0, 0, 1, 500_00, 20_000_00),
			ActiveMinutes:   pick[int64](t, "minutes", 0, 0, 1, 60, 1440),
		},
	}
	if rapid.Bool().Draw(t, "recorded") {
		s.RecordedAt = drawRecordedAt(t, now)
	}
	return s
}

func drawSource(t *rapid.T) string {
	return pick(t, "source", "phone", "phone", "phone", "watch", "s3", "s4", "s5", "s6", "s7", "s8", "s9")
}

// drawRecordedAt is a time near now in one of the units in which it is kept.
func drawRecordedAt(t *rapid.T, now calendar.Millis) int64 {
	at := int64(now/hour*hour) * 1e6
	return at + pick[int64](t, "recorded at", 0, 1e9, -3600e9, 1e6, 1, -1, 20*3600e9, 24*3600e9+1e9, 26*3600e9)
}

func drawJoin(t *rapid.T) *JoinCompetition {
	id := drawUser(t)
	return &JoinCompetition{
		Caller: drawCaller(t, id), UserID: id,
		UserName: pick(t, "name", "", "A. Name", "B. Name"), Rename: rapid.Bool().Draw(t, "rename"),
		Invited: rapid.IntRange(0, 3).Draw(t, "invited") == 0, InvitedAt: pick(t, "invited at", 0, spring().Start, 1<<50),
		ByOperator: rapid.Bool().Draw(t, "invited by an operator"),
	}
}

func drawLeave(t *rapid.T) *LeaveCompetition {
	id := drawUser(t)
	return &LeaveCompetition{Caller: drawCaller(t, id), UserID: id}
}

func drawEdit(t *rapid.T) *EditCompetition {
	e := &EditCompetition{Caller: drawCaller(t, "")}
	p := &e.Patch
	maybe(t, "edit name", &p.Name, "", "Spring", "Summer")
	maybe(t, "edit description", &p.Description, "", "Walk.")
	if rapid.Bool().Draw(t, "only words") {
		return e
	}
	start := spring().Start
	maybe(t, "edit start", &p.Start, start, start+hour, start+day)
	maybe(t, "edit end", &p.End, start-2*hour, start+hour, start+2*day)
	maybe(t, "edit zone", &p.TimeZone, "UTC", "Asia/Kathmandu")
	maybe(t, "edit weights", &p.Scoring, Weights{Kcal: 17})
	maybe(t, "edit fee", &p.EntryFeeMinor, 0, 100)
	maybe(t, "edit currency", &p.Currency, "USD", "JPY")
	maybe(t, "edit max", &p.MaxParticipants, 0, 1, 4)
	maybe(t, "edit late", &p.LateSyncHours, 0, 3)
	maybe(t, "edit enrollment", &p.Enrollment, Open, Invite)
	maybe(t, "edit visibility", &p.Visibility, Public, Private)
	return e
}

// drawOperator is mostly one.
func drawOperator(t *rapid.T) Caller {
	return pick(t, "operator", operator, operator, service, user("ann"))
}

func drawPrizes(t *rapid.T) any {
	number := rapid.Uint32Range(0, 5).Draw(t, "number")
	switch rapid.IntRange(0, 5).Draw(t, "prizes") {
	case 0, 1:
		return &ConfirmPrize{Caller: drawOperator(t), Number: number}
	case 2:
		return &FailPrize{Caller: drawOperator(t), Number: number, Reason: pick(t, "reason", "", "no account")}
	default:
		return &DistributePrizes{
			Caller: drawOperator(t), PoolMinor: pick[int64](t, "pool", 0, 1, 2, 1000, ledger.MaxAmountMinor), Pending: rapid.Bool().Draw(t, "pending"),
		}
	}
}

// maybe sets a field of a patch, one time in four.
func maybe[T any](t *rapid.T, label string, field **T, of ...T) {
	if rapid.IntRange(0, 3).Draw(t, label+"?") == 0 {
		v := pick(t, label, of...)
		*field = &v
	}
}
