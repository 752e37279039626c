package competition

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// run lets a number of commands happen to a rig, after a creation that mostly
// works; between draws what follows each of them.
func run(t *rapid.T, r *rig, between func()) {
	for i := range rapid.IntRange(1, 60).Draw(t, "commands") {
		r.now += drawWait(t)
		if i == 0 && rapid.IntRange(0, 9).Draw(t, "create first") > 0 {
			r.decide(drawCreate(t))
			between()
			continue
		}
		if rapid.IntRange(0, 30).Draw(t, "flood") == 0 {
			flood(t, r, between)
			continue
		}
		r.decide(drawCommand(t, r.now))
		between()
	}
}

// flood is a user with many devices.
func flood(t *rapid.T, r *rig, between func()) {
	id, d := drawUser(t), DayOf(r.now.Time())
	for i := range rapid.IntRange(7, 9).Draw(t, "devices") {
		r.decide(&SubmitSync{UserID: id, Source: fmt.Sprintf("flood%d", i), Day: d, Metrics: steps(int64(10 - i))})
		between()
	}
}

// TestModelOneByOne: every command is applied before the next one comes.
func TestModelOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newRig(t)
		run(t, r, func() {
			r.launch()
			r.land(false)
		})
	})
}

// TestModelPipelined: commands are decided while a batch is in flight; appends
// fail, or nobody knows whether they did.
func TestModelPipelined(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newRig(t)
		run(t, r, func() {
			switch n := rapid.IntRange(0, 19).Draw(t, "then"); {
			case n < 8:
			case n < 12:
				r.launch()
			case n < 15:
				r.land(false)
			case n < 18:
				r.land(true)
			case n < 19:
				r.drop()
			default:
				r.lose(rapid.Bool().Draw(t, "stored"))
			}
		})
		r.launch()
		r.land(true)
		r.land(false)
		r.agree()
	})
}
