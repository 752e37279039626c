package postgres

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

func userSubject(id string) competition.Subject {
	return competition.Subject{Kind: competition.UserSubject, ID: id}
}

// beforeAudit takes the schema back to what it was before the audit log had types.
func beforeAudit(t *testing.T, databaseURL string) {
	t.Helper()
	status, err := Status(t.Context(), databaseURL)
	require.NoError(t, err)
	for _, step := range slices.Backward(status) {
		require.NoError(t, Down(t.Context(), databaseURL, step))
		if step.Version == auditVersion {
			require.Equal(t, auditSource, step.Name)
			return
		}
	}
	require.Fail(t, "there is no such step")
}

func TestEntriesOfOlderVersionsAreTyped(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	beforeAudit(t, databaseURL)
	server := shared.Get(t)
	const entries = auditStep + 300
	server.Exec(t, databaseURL, `
INSERT INTO paceboard.api_keys (key_id, name, hash, scopes, created_by, created_at) SELECT k, k, sha256(k::bytea), 1, by, now() FROM (VALUES ('K', 'service_role'), ('M', 'ada')) v (k, by)`)
	server.Exec(t, databaseURL, `
INSERT INTO paceboard.audit SELECT to_char(i, 'FM00000'), timestamptz '2026-05-01' + i * interval '1 millisecond',
    (ARRAY['ada', 'key:K', 'key:L', 'service_role', 'v1'])[1 + i % 5], 'exportUser', '/api/v1/users/v1/export', 200, 'r'
FROM generate_series(0, $1 - 1) i`, entries)
	s, err := Open(t.Context(), Options{URL: databaseURL, Migrate: true})
	require.NoError(t, err)
	log, err := competition.AuditTheLog(t.Context(), s, func(int) {})
	require.NoError(t, err)
	require.Empty(t, log.Findings)
	require.Equal(t, entries, log.Entries)
	page, err := s.AuditLog(t.Context(), 0, entries)
	require.NoError(t, err)
	for i, e := range page {
		n := entries - 1 - i
		require.Equal(t, fmt.Sprintf("%05d", n), e.ID)
		require.Equal(t, []competition.Subject{
			userSubject("ada"), {Kind: competition.KeySubject, ID: "K"}, userSubject("key:L"), {Kind: competition.RoleSubject, ID: "service_role"}, userSubject("v1"),
		}[n%5], e.Actor)
		require.Equal(t, []competition.AuditTarget{{Place: "user_id", Subject: userSubject("v1")}}, e.Targets)
	}
	keys, err := s.APIKeys(t.Context())
	require.NoError(t, err)
	require.Equal(t, competition.Subject{Kind: competition.RoleSubject, ID: "service_role"}, keys[0].CreatedBy)
	require.Equal(t, userSubject("ada"), keys[1].CreatedBy)
	require.NoError(t, s.Pseudonymise(t.Context(), competition.Erasure{UserID: "v1", Pseudonym: competition.NewPseudonym([16]byte{1})}, 5, func() string { return "e" }))
	require.NoError(t, s.Close())

	beforeAudit(t, databaseURL) // and back again
	var n, erased int
	require.NoError(t, connect(t, databaseURL).QueryRow(t.Context(), `
SELECT count(*), count(*) FILTER (WHERE target LIKE '/api/v1/users/erased-%/export') FROM paceboard.audit`).Scan(&n, &erased))
	require.Equal(t, []int{entries, entries}, []int{n, erased})
	s, err = Open(t.Context(), Options{URL: databaseURL, Migrate: true})
	require.NoError(t, err)
	require.NoError(t, s.Close())
}

// TestTheAuditLogIsAppendOnly for whoever is at the database, too, except for what an
// erasure does.
func TestTheAuditLogIsAppendOnly(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	s := open(t, databaseURL)
	key := competition.AuditTarget{Place: "key_id", Subject: competition.Subject{Kind: competition.KeySubject, ID: "K"}}
	require.NoError(t, s.Note(t.Context(), competition.AuditEntry{ID: "1", Actor: userSubject("ada"), Targets: []competition.AuditTarget{key}}))
	conn := connect(t, databaseURL)
	pseudonym := competition.NewPseudonym([16]byte{1})
	for sql, refused := range map[string]bool{
		`UPDATE paceboard.audit_entries SET status = 1`:                                       true,
		`TRUNCATE paceboard.audit_entries`:                                                    true,
		`UPDATE paceboard.audit_subjects SET id = 'bob' WHERE n = 0`:                          true,
		`UPDATE paceboard.audit_subjects SET id = '` + pseudonym + `' WHERE n = 1`:            true,
		`UPDATE paceboard.audit_subjects SET id = '` + pseudonym + `', seq = 5 WHERE n = 0`:   true,
		`UPDATE paceboard.audit_subjects SET id = '` + pseudonym + `', key = key WHERE n = 0`: false,
	} {
		_, err := conn.Exec(t.Context(), sql)
		if refused {
			require.ErrorContains(t, err, "only ever added", sql)
		} else {
			require.NoError(t, err, sql)
		}
	}
}

// TestTwoStoresAppendToOneLog, and read what the other removes and erases.
func TestTwoStoresAppendToOneLog(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	stores := [2]*Store{open(t, databaseURL), open(t, databaseURL)}
	var running sync.WaitGroup
	errs := make([]error, 4)
	for w := range errs {
		running.Go(func() {
			for i := range 25 {
				e := competition.AuditEntry{ID: "1", At: calendar.Millis(i), Actor: userSubject(fmt.Sprintf("u%d", w))}
				if errs[w] = stores[w%2].Note(t.Context(), e); errs[w] != nil {
					return
				}
				if i == 12 {
					gone := competition.Erasure{UserID: "u0", Pseudonym: competition.NewPseudonym([16]byte{byte(w)})}
					if errs[w] = stores[w%2].Pseudonymise(t.Context(), gone, 0, func() string { return "e" }); errs[w] != nil {
						return
					}
				}
			}
		})
	}
	running.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	log, err := competition.AuditTheLog(t.Context(), stores[0], func(int) {})
	require.NoError(t, err)
	require.Empty(t, log.Findings)
	require.Equal(t, uint64(log.Entries), log.Head.Last)
	require.GreaterOrEqual(t, log.Erased, 13)
}

// TestQueriesOfThePersonsGoByTheIndex, so that they cost nothing for what others did.
func TestQueriesOfThePersonsGoByTheIndex(t *testing.T) {
	t.Parallel()
	conn := connect(t, newDatabase(t))
	for _, sql := range []string{
		strings.NewReplacer("$1", "'u'", "$2", "100", "$3", "10").Replace(auditLogOfSQL),
		strings.NewReplacer("$1", "'u'").Replace(isNamedSQL),
		strings.NewReplacer("$1", "'u'", "$2", "'erased-'", "$3", "''", "$4", "1000").Replace(eraseSubjectsSQL),
	} {
		rows, err := conn.Query(t.Context(), "EXPLAIN "+sql)
		require.NoError(t, err)
		plan := ""
		for rows.Next() {
			var line string
			require.NoError(t, rows.Scan(&line))
			plan += line + "\n"
		}
		require.NoError(t, rows.Err())
		require.Contains(t, plan, "audit_subjects_user", sql)
		require.NotContains(t, plan, "Seq Scan", sql)
	}
}
