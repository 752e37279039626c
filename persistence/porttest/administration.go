package porttest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// administrationRules hold competition.AdministrationStore.
var administrationRules = []rule{
	{"API keys are there again, in the order of their ids", func(t *testing.T, h *harness) {
		ctx := t.Context()
		keys, err := h.store.APIKeys(ctx)
		require.NoError(t, err)
		require.Empty(t, keys)
		first := competition.APIKey{
			ID: "a", Name: "Wearables, höher", Hash: [32]byte{1, 2, 31: 3}, Scopes: competition.ScopeSync | competition.ScopePrizes,
			CreatedBy: "ada", CreatedAt: 1_800_000_000_123, ExpiresAt: 1_900_000_000_456,
		}
		second := competition.APIKey{ID: "b", Name: "b", CreatedBy: "service_role", CreatedAt: 1}
		require.NoError(t, h.store.PutAPIKey(ctx, second))
		require.NoError(t, h.store.PutAPIKey(ctx, first))
		h.reopen(t)
		keys, err = h.store.APIKeys(ctx)
		require.NoError(t, err)
		require.Equal(t, []competition.APIKey{first, second}, keys)
	}},
	{"a key that is written again is changed", func(t *testing.T, h *harness) {
		ctx := t.Context()
		key := competition.APIKey{ID: "a", Name: "a", CreatedBy: "ada", CreatedAt: 5}
		require.NoError(t, h.store.PutAPIKey(ctx, key))
		key.RevokedAt = 7
		require.NoError(t, h.store.PutAPIKey(ctx, key))
		keys, err := h.store.APIKeys(ctx)
		require.NoError(t, err)
		require.Equal(t, []competition.APIKey{key}, keys)
	}},
	{"the audit log is read backwards, a page at a time", func(t *testing.T, h *harness) {
		ctx := t.Context()
		var want []competition.AuditEntry
		for i := range 7 {
			e := competition.AuditEntry{
				ID: fmt.Sprintf("%03d", i), At: competition.Millis(1_800_000_000_000 + i), Actor: "ada", Action: "cancelCompetition",
				Target: "/api/v1/competitions/spring", Status: 200 + i, RequestID: "r",
			}
			require.NoError(t, h.store.Note(ctx, e))
			want = append(want, e)
		}
		slices.Reverse(want)
		h.reopen(t)
		var got []competition.AuditEntry
		for before := ""; ; before = got[len(got)-1].ID {
			page, err := h.store.AuditLog(ctx, before, 3)
			require.NoError(t, err)
			if len(page) == 0 {
				break
			}
			require.LessOrEqual(t, len(page), 3)
			got = append(got, page...)
		}
		require.Equal(t, want, got)
	}},
}
