package mirror

import (
	"slices"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// Changes is what an actor knows of its mirror: the state that the mirror was last
// given, and whose entries have changed since. It takes memory for the participants
// who changed, each once, however long the mirror is away. Only its actor uses it.
type Changes struct {
	base    string   // the mark of the state before the pending changes
	numbers []uint32 // from taken on: those pending, in the order of their first change
	taken   int
	noted   []uint64        // a bit for each number: it is pending
	gone    []string        // users whose entries were erased
	status  calendar.Millis // when the status changed that the mirror was not told of; or 0
	told    bool            // the mirror knows that there is something to pull
}

// Since returns the changes since the state with a mark, none so far. The mirror may
// know nothing of that state, so there is something to tell.
func Since(mark string) Changes { return Changes{base: mark} }

// Told reports whether the mirror knows, until its next pull, that there is something
// to pull. If not, the caller is about to tell it.
func (c *Changes) Told() bool {
	told := c.told
	c.told = true
	return told
}

// pending is how many entries have changed.
func (c *Changes) pending() int { return len(c.numbers) - c.taken }

// settled reports whether the mirror was given everything.
func (c *Changes) settled() bool { return c.pending() == 0 && len(c.gone) == 0 && c.status == 0 }

// Notice keeps what an event means to the mirror.
func (c *Changes) Notice(e *competition.Effect, at calendar.Millis) {
	if e.Entry > 0 {
		c.note(e.Entry)
	}
	if e.Gone != "" {
		c.gone = append(c.gone, e.Gone)
	}
	if e.Status {
		c.status = at
	}
}

// Messages between the mirror and a competition.
type (
	// Pull asks for what the mirror of a board lacks.
	Pull struct {
		mailbox.NoDeadLetters
		base   string // the mark of the state that the mirror shows
		next   string // a mark for the state afterwards if no state of the board is like it
		scan   bool   // asks for all of the board, by number, instead of the changes
		after  uint32 // scan from here on
		answer chan<- pulled
	}
	// pulled is the answer. Nothing but base counts if it is not Pull.base.
	pulled struct {
		absent  bool   // there is no state to mirror
		base    string // as of before
		entries []competition.MirrorEntry
		mark    string             // of the state that the mirror shows with the entries; at the end of a scan
		after   uint32             // where a scan goes on
		more    bool               // the scan is not at its end
		again   bool               // there are changes left
		status  competition.Status // the new one, for subscribers; 0 for none
		since   calendar.Millis    // when it became that
	}
)

// pullChanges is how many changes are pulled at once: each costs a rank look-up,
// for which syncs wait.
const pullChanges = 512

func (c *Changes) note(number uint32) {
	word, bit := int(number/64), uint64(1)<<(number%64)
	for word >= len(c.noted) {
		c.noted = append(c.noted, make([]uint64, max(16, len(c.noted)))...)
	}
	if c.noted[word]&bit == 0 {
		c.noted[word] |= bit
		c.numbers = append(c.numbers, number)
	}
}

// take is up to n of the pending numbers, which are good until the next note.
func (c *Changes) take(n int) []uint32 {
	if c.taken > len(c.numbers)/2 { // bounds what was taken
		c.numbers = c.numbers[:copy(c.numbers, c.numbers[c.taken:])]
		c.taken = 0
	}
	taken := c.numbers[c.taken:][:min(n, c.pending())]
	c.taken += len(taken)
	for _, number := range taken {
		c.noted[number/64] &^= 1 << (number % 64)
	}
	return taken
}

// Answer answers a pull. The core is nil if there is none.
func (c *Changes) Answer(m *Pull, core *competition.Competition) {
	if core == nil || !core.Exists() {
		c.told = false
		m.answer <- pulled{absent: true}
		return
	}
	p := pulled{base: c.base}
	switch {
	case m.base != c.base: // the mirror looks up what it has, and pulls again
		p.again = true
	case m.scan:
		p.entries, p.after, p.more = core.MirrorScan(nil, m.after, competition.MirrorChunk)
		p.again = p.more || !c.settled()
		if !p.more {
			p.mark = c.shown(m.next, core)
		}
	default:
		gone := min(len(c.gone), pullChanges)
		p.entries = core.MirrorGone(nil, c.gone[:gone])
		c.gone = slices.Delete(c.gone, 0, gone)
		p.entries = core.MirrorEntries(p.entries, c.take(pullChanges-gone))
		if c.status != 0 {
			p.status, p.since, c.status = core.MirrorStatus(), c.status, 0
		}
		p.again = !c.settled()
		p.mark = c.shown(m.next, core)
	}
	c.told = p.again // then the mirror pulls again by itself
	m.answer <- p
}

// shown is the mark of what the mirror will show.
func (c *Changes) shown(partial string, core *competition.Competition) string {
	c.base = partial
	if c.settled() {
		c.base = core.Mark()
		c.numbers, c.taken = c.numbers[:0], 0
		if cap(c.numbers) > 1<<16 {
			c.numbers = nil // the mirror was long away
		}
	}
	return c.base
}
