package embedded

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// writeOld writes an entry as older versions did.
func writeOld(tb testing.TB, db *pebble.DB, id, actor, action, target string) {
	tb.Helper()
	row, err := json.Marshal(map[string]any{
		"ID": id, "At": 1_800_000_000_000, "Actor": actor, "Action": action, "Target": target, "Status": 200, "RequestID": "r",
	})
	require.NoError(tb, err)
	key := appendKey(nil, untypedKeys, id)
	require.NoError(tb, db.Set(key, seal(key, append([]byte{rowVersion}, row...)), pebble.Sync))
}

// TestEntriesOfOlderVersionsAreTypedOnce, in their order, however often the
// process dies over it, and a person who is erased then is in no old file either.
func TestEntriesOfOlderVersionsAreTypedOnce(t *testing.T) {
	const before, entries = 50, defaultStep + 100 // the second start takes two steps
	const person = "3f1c9b6e-0d53-4f6f-9a53-0c9a7a4c2f11"
	disk := vfs.NewCrashableMem()
	s := open(t, onMemory(disk))
	require.NoError(t, s.PutAPIKey(t.Context(), competition.APIKey{ID: "K", CreatedAt: 1}))
	actors := []string{"ada", "key:K", "key:L", "service_role", person}
	for i := range entries {
		writeOld(t, s.db, fmt.Sprintf("%05d", i), actors[i%len(actors)], "exportUser", "/api/v1/users/"+person+"/export")
	}
	some, err := s.typeSome(t.Context(), map[string]bool{"K": true}, before)
	require.NoError(t, err)
	require.Equal(t, before, some)
	crashed := disk.CrashClone(vfs.CrashCloneCfg{})
	require.NoError(t, s.Close())

	s = open(t, onMemory(crashed))
	for range 2 {
		log, err := competition.AuditTheLog(t.Context(), s, func(int) {})
		require.NoError(t, err)
		require.Empty(t, log.Findings)
		require.Equal(t, entries, log.Entries)
		page, err := s.AuditLog(t.Context(), 0, entries)
		require.NoError(t, err)
		for i, e := range page {
			n := entries - 1 - i
			require.Equal(t, fmt.Sprintf("%05d", n), e.ID)
			require.Equal(t, actors[n%len(actors)], e.Actor.String())
			require.Equal(t, []competition.SubjectKind{
				competition.UserSubject, competition.KeySubject, competition.UserSubject, competition.RoleSubject, competition.UserSubject,
			}[n%len(actors)], e.Actor.Kind)
		}
		require.NoError(t, s.Close())
		s = open(t, onMemory(crashed))
	}
	require.NotEmpty(t, found(t, crashed, memDir, person))
	eraseEverywhere(t, s, person)
	require.NoError(t, s.Scrub(t.Context()))
	require.Empty(t, found(t, crashed, memDir, person))
	require.NotEmpty(t, found(t, crashed, memDir, "exportUser"))
	log, err := competition.AuditTheLog(t.Context(), s, func(int) {})
	require.NoError(t, err)
	require.Empty(t, log.Findings)
	require.Equal(t, entries+entries/len(actors), log.Erased)
	require.NoError(t, s.Close())
}

// TestAPersonsEntriesAreReadAlone: what is wrong with those of others is nobody
// else's matter, since none of them is read.
func TestAPersonsEntriesAreReadAlone(t *testing.T) {
	s := open(t, onMemory(vfs.NewMem()))
	user := func(id string) competition.Subject { return competition.Subject{Kind: competition.UserSubject, ID: id} }
	for _, id := range []string{"anna", "bert", "carl", "anna"} {
		require.NoError(t, s.Note(t.Context(), competition.AuditEntry{ID: "1", Actor: user(id)}))
	}
	for _, key := range [][]byte{recordKey(2), subjectKey(2, 0), subjectKey(3, 0)} {
		require.NoError(t, s.db.Set(key, []byte("damaged"), pebble.Sync))
	}
	entries, err := s.AuditLogOf(t.Context(), "anna", 0, 10)
	require.NoError(t, err)
	require.Len(t, entries, 2)
	e := competition.Erasure{UserID: "anna", Pseudonym: competition.NewPseudonym([16]byte{1})}
	require.NoError(t, s.Pseudonymise(t.Context(), e, 1, func() string { return "e" }))
	entries, err = s.AuditLogOf(t.Context(), "anna", 0, 10)
	require.NoError(t, err)
	require.Empty(t, entries)
	_, err = s.AuditLog(t.Context(), 0, 10)
	require.ErrorIs(t, err, competition.ErrCorrupt)
	_, err = s.AuditLogOf(t.Context(), "bert", 0, 10)
	require.ErrorIs(t, err, competition.ErrCorrupt)
	require.NoError(t, s.Close())
}
