package competition

import "github.com/paceboard/paceboard/competition/calendar"

// NextTransition returns when time decides something next, such as to move the status
// on; ok is false when it never will.
func (c *Competition) NextTransition() (at calendar.Millis, ok bool) {
	if at, ok := c.keptUntil(); ok && c.decided.status == Completed && len(c.decided.kept) > 0 {
		return at, true
	}
	_, at, ok = c.decided.definition.Next(c.decided.status)
	return at, ok
}

// Tick decides what time alone brings.
func (c *Competition) Tick(now calendar.Millis) Decision {
	if c.decided.status != 0 {
		c.advance(now)
	}
	return Decision{Seq: c.decided.chain.Seq}
}

// advance decides every change of status that is due. Each command begins with
// it, so that no command meets a status that time has ended.
func (c *Competition) advance(now calendar.Millis) {
	for {
		next, at, ok := c.decided.definition.Next(c.decided.status)
		if !ok || at > now {
			break
		}
		c.setStatus(now, next)
	}
	if at, ok := c.keptUntil(); ok && at <= now && c.decided.status == Completed {
		c.dropAllKept(now)
	}
}

func (c *Competition) setStatus(now calendar.Millis, s Status) {
	c.emit(Event{At: now, Detail: &StatusChanged{Status: s}})
	c.decided.status = s
	c.summarize()
}
