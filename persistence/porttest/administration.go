package porttest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// administrationRules hold competition.AdministrationStore.
var administrationRules = []rule{
	{"API keys are there again, in the order of their ids", func(t *testing.T, h *harness) {
		ctx := t.Context()
		require.Empty(t, must(h.store.APIKeys(ctx))(t))
		first := competition.APIKey{
			ID: "a", Name: "Wearables, höher", Hash: [32]byte{1, 2, 31: 3}, Scopes: competition.ScopeSync | competition.ScopePrizes,
			CreatedBy: user("ada"), CreatedAt: 1_800_000_000_123, ExpiresAt: 1_900_000_000_456,
		}
		second := competition.APIKey{ID: "b", Name: "b", CreatedBy: competition.Subject{Kind: competition.RoleSubject, ID: competition.ServiceRole}, CreatedAt: 1}
		require.NoError(t, h.store.PutAPIKey(ctx, second))
		require.NoError(t, h.store.PutAPIKey(ctx, first))
		h.reopen(t)
		require.Equal(t, []competition.APIKey{first, second}, must(h.store.APIKeys(ctx))(t))
	}},
	{"a key that is written again is changed", func(t *testing.T, h *harness) {
		ctx := t.Context()
		key := competition.APIKey{ID: "a", Name: "a", CreatedBy: user("ada"), CreatedAt: 5}
		require.NoError(t, h.store.PutAPIKey(ctx, key))
		key.RevokedAt = 7
		require.NoError(t, h.store.PutAPIKey(ctx, key))
		require.Equal(t, []competition.APIKey{key}, must(h.store.APIKeys(ctx))(t))
	}},
}
