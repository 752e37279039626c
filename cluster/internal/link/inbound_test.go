package link

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestAPeersRequestsTakeSoMuchMemory: whatever limits the peer holds itself to.
func TestAPeersRequestsTakeSoMuchMemory(t *testing.T) {
	o := Options{Self: "y", MaxBytes: 1000}.withDefaults()
	in := newInbound("x", 1, &o)
	soon := time.Now().Add(time.Minute)
	admit := func(size int) (r Request, ok bool) {
		r = Request{Deadline: soon, Body: make([]byte, size), from: in}
		in.Lock()
		defer in.Unlock()
		ok = in.admit(&r)
		return r, ok
	}
	large, ok := admit(5000)
	require.True(t, ok, "any is taken if there is nothing else")
	_, ok = admit(1)
	require.False(t, ok)
	large.Respond(nil)
	large.Respond(nil) // which counts once
	for range 2 {
		_, ok = admit(1000)
		require.True(t, ok)
	}
	_, ok = admit(1)
	require.False(t, ok)
	in.expire(soon.Add(time.Second))
	_, ok = admit(1001)
	require.True(t, ok)
	require.Equal(t, 1001, in.held)
}
