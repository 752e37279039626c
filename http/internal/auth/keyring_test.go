package auth

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// apiKey is a key as its service sends it.
func apiKey(id string) string { return KeyPrefix + id + "_OF-ALL-SAMPLES" }

func sampleKeys() (keys []competition.APIKey) {
	for _, id := range []string{"ALL", "READ"} {
		keys = append(keys, competition.APIKey{ID: id, Hash: sha256.Sum256([]byte("OF-ALL-SAMPLES")), Scopes: competition.ScopeRead})
	}
	return keys
}

// TestKnownAPIKeysOutliveAStoreThatIsAway: for a minute, and not on live
// connections.
func TestKnownAPIKeysOutliveAStoreThatIsAway(t *testing.T) {
	b := newBench(t)
	b.store.keys = sampleKeys()
	use := func(id string) (*Identity, error) { return b.Bearer([]byte("Bearer " + apiKey(id))) }
	id, err := use("READ")
	require.NoError(t, err)
	require.NoError(t, b.keys.holds(id))

	b.store.err = competition.ErrUnavailable
	b.now = b.now.Add(keyringAge + time.Millisecond)
	_, err = use("READ")
	require.NoError(t, err)
	require.ErrorIs(t, b.keys.holds(id), competition.ErrUnavailable, "a socket is no reason to trust it")
	_, err = use("MADE-SINCE")
	require.ErrorIs(t, err, competition.ErrUnavailable, "another process may have made it")
	_, err = b.Bearer([]byte("Bearer " + KeyPrefix + "READ_another-secret"))
	require.ErrorIs(t, err, ErrInvalid)
	for b.now.Sub(authtest.Start) <= keyringTrust {
		_, err = use("READ")
		require.NoError(t, err)
		b.now = b.now.Add(keyringAge + time.Millisecond)
	}
	_, err = use("READ")
	require.ErrorIs(t, err, competition.ErrUnavailable, "however often it was tried since")

	b.store.err = nil
	b.now = b.now.Add(keyringAge + time.Millisecond)
	require.NoError(t, b.keys.holds(id))
	_, err = use("READ")
	require.NoError(t, err)
}

// TestForgottenAPIKeysAreReadAgain: also by whoever looked at them just before,
// and a store that is away does not bring a revoked key back.
func TestForgottenAPIKeysAreReadAgain(t *testing.T) {
	b := newBench(t)
	b.store.keys = sampleKeys()
	keys := b.keys
	_, err := keys.verify([]byte(apiKey("ALL")))
	require.NoError(t, err)
	seen := keys.known.Load()
	b.store.keys[0].RevokedAt = 7
	keys.forget()
	fresh, err := keys.refresh(seen)
	require.NoError(t, err)
	require.NotContains(t, fresh.keys, "ALL")

	keys.forget()
	b.store.err = competition.ErrUnavailable
	_, err = keys.refresh(seen)
	require.ErrorIs(t, err, competition.ErrUnavailable)
}
