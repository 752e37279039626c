package worker

import (
	"sync"
	"time"
)

// Pace says when the log is told again of what happens again and again: the first time,
// and then once a minute. Its zero value is ready. Safe for concurrent use.
type Pace struct {
	mu      sync.Mutex
	told    time.Time
	skipped int
}

// paceEvery is how long the log is not told.
const paceEvery = time.Minute

// Due counts what happens now. It reports whether the log is to be told of it, and how
// often it happened untold since the time before.
func (p *Pace) Due(now time.Time) (skipped int, due bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.told.IsZero() && now.Sub(p.told) < paceEvery {
		p.skipped++
		return 0, false
	}
	skipped, p.told, p.skipped = p.skipped, now, 0
	return skipped, true
}

// Reset has the next time be the first one. It reports whether the log was told of any.
func (p *Pace) Reset() (told bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	told = !p.told.IsZero()
	p.told, p.skipped = time.Time{}, 0
	return told
}
