package porttest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Run holds the implementation to the ports.
func Run(t *testing.T, b Backend) {
	t.Helper()
	for _, group := range []struct {
		name  string
		rules []rule
	}{
		{"journal", journalRules},
		{"feeds", feedRules},
		{"writers", writerRules},
		{"pipeline", pipelineRules},
		{"owners", ownerRules},
		{"holds", holdRules},
		{"snapshots", snapshotRules},
		{"catalog", catalogRules},
		{"listing", listingRules},
		{"lifetime", lifetimeRules},
		{"ledger", ledgerRules},
		{"administration", administrationRules},
		{"audit log", auditLogRules},
		{"erasure", erasureRules},
		{"decisions", decisionRules},
		{"invitations", invitationRules},
		{"join codes", joinCodeRules},
		{"board links", boardLinkRules},
		{"webhooks", webhookRules},
		{"damage", damageRules},
	} {
		t.Run(group.name, func(t *testing.T) {
			if group.name == "pipeline" && !b.Pipeline || (group.name == "owners" || group.name == "holds") && b.Nodes == nil {
				return
			}
			for _, r := range group.rules {
				t.Run(r.name, func(t *testing.T) {
					h := &harness{Backend: b, store: b.Open(t)}
					t.Cleanup(func() { require.NoError(t, h.store.Close()) })
					r.test(t, h)
				})
			}
		})
	}
}
