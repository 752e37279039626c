package actors

import "slices"

// A panic discards what was decided and not sent to the writer. The waiters for that
// have lost nothing but time, so the next incarnation decides it again: otherwise one
// client that repeats a request which panics would keep everyone else's batches from
// ever being sent. Once is enough: a request that was there in two panics may be
// their cause.

// carryOver leaves the waiters for what was never sent to the next incarnation.
func (a *competitionActor) carryOver() {
	for _, w := range a.gathering {
		if !w.again {
			a.handle.carriedOver = append(a.handle.carriedOver, waiter{envelope: w.envelope, item: w.item, again: true})
		}
	}
	a.gathering = slices.DeleteFunc(a.gathering, func(w waiter) bool { return !w.again })
}

// resume decides for the waiters that were carried over, and sends their batch at
// once: the next message may panic again.
func (a *competitionActor) resume() {
	for len(a.handle.carriedOver) > 0 {
		w := a.handle.carriedOver[0]
		a.handle.carriedOver[0] = waiter{}
		a.handle.carriedOver = a.handle.carriedOver[1:]
		if a.core == nil || a.stopping {
			w.err = a.whyNot()
			w.answer(nil)
			continue
		}
		a.decide(w)
	}
	a.handle.carriedOver = nil
	a.send()
}
