package actors

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAnActivationThatEndedFirstIsNotTakenIn: else everybody who looks for the
// competition would find an activation that has no lease to give, forever.
func TestAnActivationThatEndedFirstIsNotTakenIn(t *testing.T) {
	r := registry{handles: map[string]*handle{}}
	h := &handle{id: "spring", gone: make(chan struct{})}
	r.forget(h)
	r.add(h)
	require.Nil(t, r.find("spring"))

	next := &handle{id: "spring", gone: make(chan struct{})}
	r.add(next)
	require.Same(t, next, r.find("spring"))
	r.forget(next)
	require.Nil(t, r.find("spring"))
}
