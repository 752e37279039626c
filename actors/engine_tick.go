package actors

import "context"

// tick has a competition look at the time, which brings it into memory if need be. Its
// actor releases the lease, and tells the clock.
func (e *Engine) tick(id string) error {
	before := e.actors.registry.find(id)
	used := before != nil && before.used.Load()
	h, err := e.acquire(id, e.deadline())
	if err != nil {
		return err
	}
	if !used {
		h.used.Store(false) // a tick is no use; see competitionActor.tick
	}
	e.tell(h, &tick{})
	e.dismiss()
	return nil
}

// tidyUp has the competitions in memory store what changed, and leave if they are
// idle.
func (e *Engine) tidyUp(context.Context) {
	for _, h := range e.actors.registry.all() {
		e.tell(h, &sweep{})
	}
}
