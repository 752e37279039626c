package tracing

import (
	"math/rand/v2"
	"sync/atomic"
)

// Share picks a share of all requests, by chance: at first none. Safe for concurrent use.
type Share struct{ of atomic.Uint64 } // of 1<<shareBits

const shareBits = 53 // as many as a float64 has

// Set changes the share, from 0 (none) to 1 (all).
func (s *Share) Set(share float64) { s.of.Store(uint64(share * (1 << shareBits))) }

// Some reports whether any are picked at all.
func (s *Share) Some() bool { return s.of.Load() > 0 }

// Picks reports whether a request is one of those.
func (s *Share) Picks() bool { return rand.Uint64()>>(64-shareBits) < s.of.Load() } //nolint:gosec // a sample
