package actors

import (
	"sync"
	"time"
)

// givenUp remembers for a while which boards this node gave up, so that a node which
// has not heard of that does not bring them back by asking here. Safe for concurrent use.
type givenUp struct {
	mu sync.Mutex
	at map[string]time.Time
}

const (
	rememberGiven = 10 * time.Second // routes have changed by then
	maxGiven      = 10_000
)

func (g *givenUp) add(id string) {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.at) >= maxGiven {
		clear(g.at) // then some may come back, and are given up again
	}
	if g.at == nil {
		g.at = map[string]time.Time{}
	}
	g.at[id] = now
}

// lately reports whether a board was given up a short while ago.
func (g *givenUp) lately(id string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	at, ok := g.at[id]
	if ok && time.Since(at) > rememberGiven {
		delete(g.at, id)
		ok = false
	}
	return ok
}
