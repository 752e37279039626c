package actors

import "slices"

// A panic throws away what was decided and not sent to the writer. Whoever
// waits for that has lost nothing but time, so the next incarnation decides it
// again: else one client whose request panics, sent again and again, would keep
// everybody else from ever getting a batch together. Once is enough: what has
// been through two panics may be their cause.

// bequeath leaves those who wait for a decision that was never sent to the next
// incarnation.
func (a *competitionActor) bequeath() {
	for _, w := range a.gathering {
		if !w.again {
			a.handle.orphans = append(a.handle.orphans, waiter{envelope: w.envelope, item: w.item, again: true})
		}
	}
	a.gathering = slices.DeleteFunc(a.gathering, func(w waiter) bool { return !w.again })
}

// adopt decides for those whom the incarnation before left, and sends their
// batch at once: the next message may be a panic again.
func (a *competitionActor) adopt() {
	for len(a.handle.orphans) > 0 {
		w := a.handle.orphans[0]
		a.handle.orphans[0] = waiter{}
		a.handle.orphans = a.handle.orphans[1:]
		if a.core == nil || a.stopping {
			w.err = a.whyNot()
			w.answer(nil)
			continue
		}
		a.current = w.envelope
		a.decide(w)
		a.current = nil
	}
	a.handle.orphans = nil
	a.send()
}
