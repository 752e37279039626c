package listen

import (
	"net"
	"sync"
	"time"
)

// MaxReserve is how many connections a [Reserve] holds.
const MaxReserve = 32

// Reserve holds connections beyond a limit that are read for a moment, in case they
// ask for the server's health: a program that restarts servers which do not answer
// must not restart one that is merely busy. When there are as many as may be, the
// one that has been silent longest makes room. Safe for concurrent use.
type Reserve struct {
	mu    sync.Mutex
	conns [MaxReserve]net.Conn
	next  int // the place to use next: that of the oldest
}

// Acquire gives a connection a place, and ends the reading of the one that had it.
func (r *Reserve) Acquire(conn net.Conn) (place int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	place, r.next = r.next, (r.next+1)%MaxReserve
	if oldest := r.conns[place]; oldest != nil {
		_ = oldest.SetReadDeadline(time.Unix(1, 0)) // long ago
	}
	r.conns[place] = conn
	return place
}

// Release gives the place back.
func (r *Reserve) Release(place int, conn net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conns[place] == conn {
		r.conns[place] = nil
	}
}
