package competition

// NextTransition is when time decides something next, such as to move the status
// on; ok is false when it never will.
func (c *Competition) NextTransition() (at Millis, ok bool) {
	if at, ok := c.keptUntil(); ok && c.head.status == Completed && len(c.head.kept) > 0 {
		return at, true
	}
	_, at, ok = c.head.definition.Next(c.head.status)
	return at, ok
}

// Tick decides what time alone brings.
func (c *Competition) Tick(now Millis) Decision {
	if c.head.status != 0 {
		c.advance(now)
	}
	return Decision{Seq: c.head.chain.Seq}
}

// advance decides every change of status that is due. Each command begins with
// it, so that no command meets a status that time has ended.
func (c *Competition) advance(now Millis) {
	for {
		next, at, ok := c.head.definition.Next(c.head.status)
		if !ok || at > now {
			break
		}
		c.setStatus(now, next)
	}
	if at, ok := c.keptUntil(); ok && at <= now && c.head.status == Completed {
		c.dropAllKept(now)
	}
}

func (c *Competition) setStatus(now Millis, s Status) {
	c.emit(Event{At: now, Detail: &StatusChanged{Status: s}})
	c.head.status = s
	c.summarize()
}
