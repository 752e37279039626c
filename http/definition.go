package http

import (
	"strconv"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// defaultDefinition returns a definition with the defaults, except those that
// Definition.Complete fills in.
func defaultDefinition() competition.Definition {
	return competition.Definition{
		Scoring:       competition.Weights{Step: 1000},
		PrizeSplit:    []int64{60_000, 30_000, 10_000},
		DailyLimits:   competition.DefaultDailyLimits,
		LateSyncHours: competition.DefaultLateSyncHours,
	}
}

// readDefinition reads the fields that a form has into d, and completes it.
// Objects and lists are replaced whole.
func readDefinition(f *decode.Form, d *competition.Definition) {
	before := *d
	readText(f, "name", &d.Name)
	readText(f, "description", &d.Description)
	readText(f, "type", &d.Type)
	readInstant(f, "start_date", &d.Start)
	readInstant(f, "end_date", &d.End)
	readText(f, "time_zone", &d.TimeZone)
	readText(f, "currency", &d.Currency)
	readText(f, "enrollment", &d.Enrollment)
	readText(f, "visibility", &d.Visibility)
	readInteger(f, "max_participants", &d.MaxParticipants)
	readInteger(f, "late_sync_hours", &d.LateSyncHours)
	if weights, ok := f.Object("scoring"); ok {
		d.Scoring = readWeights(weights, d.Scoring)
	}
	if limits, ok := f.Object("daily_limits"); ok {
		d.DailyLimits = readLimits(limits, competition.DefaultDailyLimits)
	}
	if f.Has("prize_split") {
		d.PrizeSplit = readSplit(f, d.PrizeSplit)
	}
	d.Complete()
	readMoney(f, &before, d)
}

func readText[T ~string](f *decode.Form, name string, to *T) {
	if text, ok := f.Text(name); ok {
		*to = T(text)
	}
}

func readInstant(f *decode.Form, name string, to *calendar.Millis) {
	if t, ok := f.Time(name); ok {
		*to = t.Millis()
	}
}

func readInteger(f *decode.Form, name string, to *int) {
	if n, ok := f.Integer(name); ok {
		*to = int(n)
	}
}

// readWeights reads thousandths of a point; those left out are 0. If it had to refuse
// one it returns otherwise, about which validation finds nothing more to say.
func readWeights(f *decode.Form, otherwise competition.Weights) (w competition.Weights) {
	noted := f.Refused()
	w.Step, _ = f.Exact("steps", 3, competition.MaxWeight)
	w.Metre, _ = f.Exact("distance", 3, competition.MaxWeight)
	w.Kcal, _ = f.Exact("calories", 3, competition.MaxWeight)
	w.Minute, _ = f.Exact("active_minutes", 3, competition.MaxWeight)
	if f.Refused() > noted {
		return otherwise
	}
	return w
}

// readLimits reads daily limits; those left out are as in m.
func readLimits(f *decode.Form, m competition.Metrics) competition.Metrics {
	if n, ok := f.Count("steps"); ok {
		m.Steps = n
	}
	if n, ok := f.Hundredths("distance"); ok {
		m.DistanceCm = n
	}
	if n, ok := f.Hundredths("calories"); ok {
		m.EnergyCentikcal = n
	}
	if n, ok := f.Count("active_minutes"); ok {
		m.ActiveMinutes = n
	}
	return m
}

// readSplit reads percentages as thousandths of one; otherwise is like that of
// readWeights.
func readSplit(f *decode.Form, otherwise []int64) []int64 {
	noted := f.Refused()
	list, _ := f.List("prize_split", competition.MaxPrizes)
	split := make([]int64, 0, len(list))
	for i, value := range list {
		name := "prize_split[" + strconv.Itoa(i) + "]"
		share, _ := f.ExactValue(name, value, 3, competition.WholeSplit)
		split = append(split, share)
	}
	if f.Refused() > noted {
		return otherwise
	}
	return split
}

// readMoney reads amounts in the currency that d has by now. If that has other
// decimals than before, amounts must be given again: 600.00 in one is not 60000 in
// the other.
func readMoney(f *decode.Form, before, d *competition.Definition) {
	decimals, known := ledger.CurrencyDecimals(d.Currency)
	if !known {
		decimals = 2 // the currency itself is refused
	}
	was, hadCurrency := ledger.CurrencyDecimals(before.Currency)
	for _, amount := range []struct {
		name string
		to   *int64
	}{{"entry_fee", &d.EntryFeeMinor}, {"prize_pool", &d.PrizePoolMinor}} {
		if n, ok := f.Exact(amount.name, decimals, ledger.MaxAmountMinor); ok {
			*amount.to = n
		} else if hadCurrency && was != decimals && *amount.to != 0 {
			f.Refuse(amount.name, "must be given again, since the new currency has other decimals")
		}
	}
}

// patchOf returns the patch that sets the fields of the form to what d has.
func patchOf(f *decode.Form, d *competition.Definition) competition.Patch {
	var p competition.Patch
	give(f, "name", &p.Name, &d.Name)
	give(f, "description", &p.Description, &d.Description)
	give(f, "type", &p.Type, &d.Type)
	give(f, "start_date", &p.Start, &d.Start)
	give(f, "end_date", &p.End, &d.End)
	give(f, "entry_fee", &p.EntryFeeMinor, &d.EntryFeeMinor)
	give(f, "prize_pool", &p.PrizePoolMinor, &d.PrizePoolMinor)
	give(f, "currency", &p.Currency, &d.Currency)
	give(f, "time_zone", &p.TimeZone, &d.TimeZone)
	give(f, "scoring", &p.Scoring, &d.Scoring)
	give(f, "enrollment", &p.Enrollment, &d.Enrollment)
	give(f, "visibility", &p.Visibility, &d.Visibility)
	give(f, "max_participants", &p.MaxParticipants, &d.MaxParticipants)
	give(f, "daily_limits", &p.DailyLimits, &d.DailyLimits)
	give(f, "late_sync_hours", &p.LateSyncHours, &d.LateSyncHours)
	if f.Has("prize_split") {
		p.PrizeSplit = d.PrizeSplit
	}
	return p
}

func give[T any](f *decode.Form, name string, to **T, value *T) {
	if f.Has(name) {
		*to = value
	}
}
