package postgres

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/porttest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	server := shared.Get(t)
	databaseURL := newDatabase(t)
	var databases sync.Map // of tests with several nodes
	porttest.Run(t, porttest.Backend{
		Nodes: func(t *testing.T, n int) (nodes []porttest.NodeStore) {
			t.Helper()
			url, there := databases.Load(t)
			if !there {
				url = newDatabase(t)
				databases.Store(t, url)
			}
			for range n {
				nodes = append(nodes, open(t, url.(string)))
			}
			return nodes
		},
		Pipeline: true,
		Open: func(t *testing.T) competition.Store {
			t.Helper()
			server.Exec(t, databaseURL, emptySQL)
			return reopen(t, databaseURL)
		},
		Reopen: func(t *testing.T, old competition.Store) competition.Store {
			t.Helper()
			require.NoError(t, old.Close())
			return reopen(t, databaseURL)
		},
		Drop: func(t *testing.T, _ competition.Store, id string, seq uint64) {
			t.Helper()
			server.Exec(t, databaseURL, `DELETE FROM paceboard.journal WHERE competition_id = $1 AND seq = $2`, id, seq)
		},
		Alter: func(t *testing.T, _ competition.Store, id string, seq uint64) {
			t.Helper()
			server.Exec(t, databaseURL, `
UPDATE paceboard.journal SET record = set_byte(record, length(record) / 2, get_byte(record, length(record) / 2) # 1)
WHERE competition_id = $1 AND seq = $2`, id, seq)
		},
	})
}

// emptySQL leaves the tables with nothing in them, faster than making others.
const emptySQL = `
SET session_replication_role = replica; DELETE FROM paceboard.transactions; DELETE FROM paceboard.postings; RESET session_replication_role;
DELETE FROM paceboard.prizes; DELETE FROM paceboard.handovers;
DELETE FROM paceboard.heads; DELETE FROM paceboard.nodes; DELETE FROM paceboard.journal; DELETE FROM paceboard.identities; DELETE FROM paceboard.memberships;
DELETE FROM paceboard.competitions; DELETE FROM paceboard.sources; DELETE FROM paceboard.snapshots; DELETE FROM paceboard.participants;
DELETE FROM paceboard.lifetime; DELETE FROM paceboard.lifetime_checkpoints; DELETE FROM paceboard.api_keys;
DELETE FROM paceboard.audit_entries; DELETE FROM paceboard.audit_subjects;
UPDATE paceboard.audit_head SET first_seq = 1, anchor_hash = sha256('paceboard audit log 1'), last_seq = 0, last_hash = sha256('paceboard audit log 1');
DELETE FROM paceboard.invitations; DELETE FROM paceboard.join_codes; DELETE FROM paceboard.secrets; DELETE FROM paceboard.webhooks; DELETE FROM paceboard.board_links`

// reopen opens a store that the caller closes.
func reopen(t *testing.T, databaseURL string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{URL: databaseURL})
	require.NoError(t, err)
	return s
}
