package actors

import (
	"reflect"

	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// drawValue fills v, of any type that crosses, with anything: so that a field that is
// added to one of them, and does not cross, fails a test. Unexported fields are left.
func drawValue(t *rapid.T, v reflect.Value) {
	switch v.Type() {
	case reflect.TypeFor[competition.History]():
		v.Set(reflect.ValueOf(drawHistory(t)))
		return
	case reflect.TypeFor[competition.SubmitSync](): // no report is negative
		drawFields(t, v)
		m := &v.Addr().Interface().(*competition.SubmitSync).Metrics
		for _, n := range []*int64{&m.Steps, &m.DistanceCm, &m.EnergyCentikcal, &m.ActiveMinutes} {
			*n &= 1<<63 - 1
		}
		return
	case reflect.TypeFor[competition.Encodings]():
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		drawFields(t, v)
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "there") {
			v.Set(reflect.New(v.Type().Elem()))
			drawValue(t, v.Elem())
		}
	case reflect.Slice:
		n := rapid.IntRange(-1, 3).Draw(t, "length")
		if n < 0 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			drawValue(t, v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			drawValue(t, v.Index(i))
		}
	case reflect.String:
		v.SetString(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "ann", "spring", "not \xff UTF-8\x00"})).Draw(t, "text"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "flag"))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n := rapid.Int64().Draw(t, "number")
		v.SetInt(n >> (64 - v.Type().Bits()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n := rapid.Uint64().Draw(t, "number")
		v.SetUint(n >> (64 - v.Type().Bits()))
	default:
		t.Fatalf("no generator for %v: write one, and a way to cross", v.Type())
	}
}

func drawFields(t *rapid.T, v reflect.Value) {
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			drawValue(t, v.Field(i))
		}
	}
}

// drawHistory draws one as a competition has them.
func drawHistory(t *rapid.T) competition.History {
	var h competition.History
	drawValue(t, reflect.ValueOf(&h.Sources).Elem())
	drawValue(t, reflect.ValueOf(&h.SyncedAt).Elem())
	for range rapid.IntRange(0, 5).Draw(t, "registers") {
		if len(h.Sources) == 0 {
			break
		}
		h.Days, _ = h.Days.Merge(competition.Register{
			Day:        calendar.Day(rapid.Int32Range(0, int32(calendar.MaxDay)).Draw(t, "day")),
			Source:     uint32(rapid.IntRange(0, len(h.Sources)-1).Draw(t, "source")),
			RecordedAt: rapid.Int64Range(0, 1<<60).Draw(t, "recorded"),
			Metrics:    competition.Metrics{Steps: rapid.Int64Range(0, 1<<40).Draw(t, "steps")},
		})
	}
	return h
}
