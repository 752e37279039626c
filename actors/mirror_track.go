package actors

import (
	"slices"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/competition"
)

// tracked is what an actor knows of its mirror: the state that the mirror was
// last given, and whose entries have changed since. It takes memory for the
// participants who changed, each once, however long the mirror is away.
type tracked struct {
	base    string   // the mark of the state that lacks the pending changes and nothing else
	numbers []uint32 // from taken on: who is pending, in the order of their first change
	taken   int
	noted   []uint64           // a bit for each number: it is pending
	gone    []string           // users whose entries were erased
	status  competition.Millis // when the status changed, while the mirror was not told; or 0
	told    bool               // the mirror knows that there is something to pull
}

// pending is how many entries have changed.
func (t *tracked) pending() int { return len(t.numbers) - t.taken }

// settled reports whether there is nothing that the mirror was not given.
func (t *tracked) settled() bool { return t.pending() == 0 && len(t.gone) == 0 && t.status == 0 }

// notice keeps what an event means to the mirror.
func (t *tracked) notice(e *competition.Effect, at competition.Millis) {
	if e.Entry > 0 {
		t.note(e.Entry)
	}
	if e.Gone != "" {
		t.gone = append(t.gone, e.Gone)
	}
	if e.Status {
		t.status = at
	}
}

// Messages between the mirror and a competition.
type (
	// pull asks for what the mirror of a board lacks.
	pull struct {
		mailbox.NoDeadLetters
		base   string // the mark of the state that the mirror shows
		next   string // a mark for the state afterwards if no state of the board is like it
		scan   bool   // who is on the board, by numbers, instead of the changes
		after  uint32 // scan from here on
		answer chan<- pulled
	}
	// pulled is the answer. Nothing but base counts if it is not pull.base.
	pulled struct {
		absent  bool   // there is no state to mirror
		base    string // as of before
		entries []competition.MirrorEntry
		mark    string             // of the state that the mirror shows with the entries; at the end of a scan
		after   uint32             // where a scan goes on
		more    bool               // the scan is not at its end
		again   bool               // there are changes left
		status  competition.Status // the new one, for subscribers; 0 for none
		since   competition.Millis // when it became that
	}
)

// pullChanges is how many changes are pulled at once: each costs a rank look-up,
// for which syncs wait.
const pullChanges = 512

// note makes a number pending.
func (t *tracked) note(number uint32) {
	word, bit := int(number/64), uint64(1)<<(number%64)
	for word >= len(t.noted) {
		t.noted = append(t.noted, make([]uint64, max(16, len(t.noted)))...)
	}
	if t.noted[word]&bit == 0 {
		t.noted[word] |= bit
		t.numbers = append(t.numbers, number)
	}
}

// take is up to n of the pending numbers, which are good until the next note.
func (t *tracked) take(n int) []uint32 {
	if t.taken > len(t.numbers)/2 { // what was taken must not pile up
		t.numbers = t.numbers[:copy(t.numbers, t.numbers[t.taken:])]
		t.taken = 0
	}
	taken := t.numbers[t.taken:][:min(n, t.pending())]
	t.taken += len(taken)
	for _, number := range taken {
		t.noted[number/64] &^= 1 << (number % 64)
	}
	return taken
}

// trackAnew begins with a state of which the mirror may know nothing: one that
// was recovered, or caught up with.
func (a *competitionActor) trackAnew() {
	if a.env.mirror == nil {
		return
	}
	a.tracked = tracked{base: a.core.Mark()}
	a.tellMirror()
}

// tellMirror says, once until the next pull, that there is something to pull.
func (a *competitionActor) tellMirror() {
	if a.env.mirror != nil && !a.tracked.told {
		a.tracked.told = true
		a.env.mirror.behind.tell(a.handle, a.self)
	}
}

// pull answers the mirror.
func (a *competitionActor) pull(m *pull) {
	t := &a.tracked
	if a.core == nil || !a.core.Exists() {
		t.told = false
		m.answer <- pulled{absent: true}
		return
	}
	p := pulled{base: t.base}
	switch {
	case m.base != t.base: // it will look what the mirror has, and come again
		p.again = true
	case m.scan:
		p.entries, p.after, p.more = a.core.MirrorScan(nil, m.after, competition.MirrorChunk)
		p.again = p.more || !t.settled()
		if !p.more {
			p.mark = a.shown(m.next)
		}
	default:
		gone := min(len(t.gone), pullChanges)
		p.entries = a.core.MirrorGone(nil, t.gone[:gone])
		t.gone = slices.Delete(t.gone, 0, gone)
		p.entries = a.core.MirrorEntries(p.entries, t.take(pullChanges-gone))
		if t.status != 0 {
			p.status, p.since, t.status = a.core.MirrorStatus(), t.status, 0
		}
		p.again = !t.settled()
		p.mark = a.shown(m.next)
	}
	t.told = p.again // then it comes by itself
	m.answer <- p
}

// shown is the mark of what the mirror will show.
func (a *competitionActor) shown(partial string) string {
	t := &a.tracked
	t.base = partial
	if t.settled() {
		t.base = a.core.Mark()
		t.numbers, t.taken = t.numbers[:0], 0
		if cap(t.numbers) > 1<<16 {
			t.numbers = nil // the mirror was long away
		}
	}
	return t.base
}
