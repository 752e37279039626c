package competition

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// commands are the actions that give a rig commands; after each comes what
// follows.
func commands(r *rig, follow func(*rapid.T)) map[string]func(*rapid.T) {
	do := func(t *rapid.T, cmd any) {
		r.decide(cmd)
		follow(t)
	}
	// An action stands several times to be drawn more often.
	sync := func(t *rapid.T) { do(t, drawSync(t, r.now)) }
	join := func(t *rapid.T) { do(t, drawJoin(t)) }
	wait := func(t *rapid.T) {
		r.now += drawWait(t)
		do(t, tick{})
	}
	return map[string]func(*rapid.T){
		"sync": sync, "sync 2": sync, "sync 3": sync, "sync 4": sync, "sync 5": sync, "sync 6": sync, "sync 7": sync, "sync 8": sync,
		"join": join, "join 2": join,
		"wait": wait, "wait 2": wait,
		"leave":  func(t *rapid.T) { do(t, drawLeave(t)) },
		"edit":   func(t *rapid.T) { do(t, drawEdit(t)) },
		"create": func(t *rapid.T) { do(t, drawCreate(t)) },
		"cancel": func(t *rapid.T) {
			if rapid.IntRange(0, 3).Draw(t, "cancel") == 0 {
				do(t, &CancelCompetition{Caller: drawCaller(t, "")})
			}
		},
		"many devices": func(t *rapid.T) {
			id, d := drawUser(t), DayOf(r.now.Time())
			for i := range rapid.IntRange(7, 9).Draw(t, "devices") {
				do(t, &SubmitSync{UserID: id, Source: fmt.Sprintf("device %d", i), Day: d, Metrics: steps(int64(10 - i))})
			}
		},
	}
}

// begin mostly creates the competition and lets it start.
func begin(t *rapid.T, r *rig, follow func(*rapid.T)) {
	if rapid.IntRange(0, 9).Draw(t, "begin") == 9 {
		return
	}
	r.decide(drawCreate(t))
	follow(t)
	r.now += pick(t, "wait", 0, 2*hour, 3*hour)
}

// TestModelOneByOne: every command is applied before the next one comes.
func TestModelOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newRig(t)
		follow := func(*rapid.T) {
			r.launch()
			r.land(false)
		}
		begin(t, r, follow)
		t.Repeat(commands(r, follow))
	})
}

// TestModelPipelined: commands are decided while a batch is in flight; appends
// fail, or nobody knows whether they did.
func TestModelPipelined(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newRig(t)
		follow := func(t *rapid.T) {
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
		}
		begin(t, r, follow)
		t.Repeat(commands(r, follow))
		r.launch()
		r.land(true)
		r.land(false)
		r.agree()
	})
}
