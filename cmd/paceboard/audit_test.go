package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/porttest"
)

// playPrizes stores a competition with a fee of 5.00 and a pool of 100.00 that
// anna, bert and carl have won; settle false leaves it completed and unpaid.
func playPrizes(t *testing.T, store competition.Store, id string, settle bool) {
	t.Helper()
	g := porttest.NewGame(store, id)
	require.NoError(t, g.CreateWithPrizes(500, 100_00))
	users := []string{"anna", "bert", "carl"}
	for _, user := range users {
		require.NoError(t, g.Join(user, ""))
	}
	require.NoError(t, g.Commit(t.Context()))
	g.Now = porttest.Start + 24*60*60*1000
	for i, user := range users {
		require.NoError(t, g.Sync(user, 0, int64(3000-1000*i)))
	}
	g.Finish()
	require.NoError(t, g.Commit(t.Context()))
	if !settle {
		return
	}
	require.NoError(t, g.Distribute(true))
	require.NoError(t, g.Commit(t.Context()))
	require.NoError(t, g.Save(t.Context()))
	require.NoError(t, g.ConfirmPrize(1))
	require.NoError(t, g.FailPrize(3, "no account"))
	require.NoError(t, g.Commit(t.Context()))
}

// runAudit audits what is stored at a place.
func runAudit(t *testing.T, where string, args ...string) (code int, said string) {
	t.Helper()
	var out, errs bytes.Buffer
	p := program{out: &out, err: &errs, environ: append(storeSettings(where), "MIN_FREE_DISK=1MiB", "LOG_LEVEL=error")}
	code = p.run(t.Context(), append([]string{"audit"}, args...))
	return code, out.String() + errs.String()
}

// prepare stores competitions and closes the store.
func prepare(t *testing.T, where string, play func(competition.Store)) {
	t.Helper()
	t.Run("prepare", func(t *testing.T) { play(openStoreAt(t, where)) })
}

func TestAuditFindsNothingWhereNothingIsWrong(t *testing.T) {
	inParallel(t)
	onEveryStore(t, func(t *testing.T, where string) {
		t.Helper()
		prepare(t, where, func(s competition.Store) {
			playPrizes(t, s, "a", true)
			playPrizes(t, s, "b", false)
			_, err := porttest.Begin(t.Context(), s, "c")
			require.NoError(t, err)
		})
		code, said := runAudit(t, where)
		require.Zero(t, code, said)
		// a: 3 fees, the sponsor, 3 prizes, one paid out and one taken back; b: 3 fees.
		require.Contains(t, said, "3 competitions, ")
		require.Contains(t, said, "12 transactions, 3 prizes")
		require.Contains(t, said, "nothing   is wrong")
		code, said = runAudit(t, where, "--competition", "b")
		require.Zero(t, code, said)
		require.Contains(t, said, "1 competitions, ")
		code, _ = runAudit(t, where, "--competition", "nowhere")
		require.Equal(t, 1, code)
	})
}

// TestAuditFindsWhatIsWrong, in the rows of a database that somebody has been at.
func TestAuditFindsWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct{ sql, finding string }{
		"a transaction is gone":   {`DELETE FROM paceboard.postings WHERE seq = 3; DELETE FROM paceboard.transactions WHERE seq = 3`, "is missing from the ledger"},
		"money was taken":         {`UPDATE paceboard.postings SET amount_minor = 2 * amount_minor WHERE account = 'wallet/anna' AND amount_minor > 0`, "add up to"},
		"a transaction balances":  {`UPDATE paceboard.postings SET amount_minor = 2 * amount_minor WHERE seq = 3`, "is not what its event says"},
		"another got the prize":   {`UPDATE paceboard.prizes SET user_id = 'zed' WHERE number = 1`, "prize a.1 is stored as"},
		"a prize is pending anew": {`UPDATE paceboard.prizes SET status = 'pending', distributed_at = NULL WHERE number = 1`, "prize a.1 is stored as pending"},
		"a prize is gone":         {`DELETE FROM paceboard.prizes WHERE number = 2`, "prize a.2 is missing"},
		"a record was changed":    {`UPDATE paceboard.journal SET record = set_byte(record, 60, get_byte(record, 60) # 1) WHERE seq = 4`, "record with seq 4 cannot be trusted"},
		"a record is gone":        {`DELETE FROM paceboard.journal WHERE seq = 5`, "seq 5"},
		"somebody never paid":     {`UPDATE paceboard.participants SET paid_minor = 0 WHERE number = 2`, "another state than the journal alone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			where := sharedPostgres.Copy(t, "two competitions paid", func(url string) {
				prepare(t, url, func(s competition.Store) {
					playPrizes(t, s, "a", true)
					playPrizes(t, s, "b", true)
				})
			})
			// Who may do this may switch the triggers off.
			sharedPostgres.Get(t).Exec(t, where, `SET session_replication_role = replica; `+c.sql)
			code, said := runAudit(t, where)
			require.Equal(t, 1, code, said)
			require.Contains(t, said, c.finding)
		})
	}
}

func TestAuditFindsWhatIsWrongInAFolder(t *testing.T) {
	inParallel(t)
	for name, c := range map[string]struct {
		damage  func(t *testing.T, db *pebble.DB)
		finding string
	}{
		"a transaction is gone": {func(t *testing.T, db *pebble.DB) {
			t.Helper()
			require.NoError(t, db.Delete([]byte("t/a\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00"), pebble.Sync))
		}, "transaction a.3 is missing from the ledger"},
		"a prize is damaged": {func(t *testing.T, db *pebble.DB) {
			t.Helper()
			require.NoError(t, db.Set([]byte("z/a\x00\x00\x00\x00\x02"), []byte("damaged"), pebble.Sync))
		}, "the prize of participant 2 cannot be read"},
		"anna is not shown her transactions": {func(t *testing.T, db *pebble.DB) {
			t.Helper()
			require.NoError(t, db.DeleteRange([]byte("m/anna\x00"), []byte("m/anna\x01"), pebble.Sync))
		}, `user "anna" is shown`},
		"an entry of the audit log is gone": {func(t *testing.T, db *pebble.DB) {
			t.Helper()
			require.NoError(t, db.Delete([]byte("R/\x00\x00\x00\x00\x00\x00\x00\x02"), pebble.Sync))
		}, "entries 2 to 2 of the audit log are missing"},
		"the last entry of the audit log is gone": {func(t *testing.T, db *pebble.DB) {
			t.Helper()
			require.NoError(t, db.Delete([]byte("R/\x00\x00\x00\x00\x00\x00\x00\x05"), pebble.Sync))
		}, "and should go on to entry 5"},
		"the head of the audit log is gone": {func(t *testing.T, db *pebble.DB) {
			t.Helper()
			require.NoError(t, db.Delete([]byte("A/audit"), pebble.Sync))
		}, "the head of the audit log is missing"},
		"a subject is damaged": {func(t *testing.T, db *pebble.DB) {
			t.Helper()
			require.NoError(t, db.Set([]byte("N/\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00"), []byte("damaged"), pebble.Sync))
		}, "subject 0 of entry 2 of the audit log cannot be read"},
		"bert does not find what was done to him": {func(t *testing.T, db *pebble.DB) {
			t.Helper()
			require.NoError(t, db.DeleteRange([]byte("V/bert\x00"), []byte("V/bert\x01"), pebble.Sync))
		}, `user "bert" is named in 1 entries of the audit log, and found in 0`},
	} {
		t.Run(name, func(t *testing.T) {
			where := t.TempDir()
			prepare(t, where, func(s competition.Store) {
				playPrizes(t, s, "a", true)
				noteSome(t, s)
			})
			db, err := pebble.Open(filepath.Join(where, "pebble"), &pebble.Options{FormatMajorVersion: pebble.FormatNewest, Logger: quiet{}})
			require.NoError(t, err)
			c.damage(t, db)
			require.NoError(t, db.Close())
			code, said := runAudit(t, where)
			require.Equal(t, 1, code, said)
			require.Contains(t, said, c.finding)
			require.Contains(t, said, "findings")
		})
	}
}

// noteSome notes what operators did, and erases one of those it was done to.
func noteSome(t *testing.T, s competition.Store) {
	t.Helper()
	for _, userID := range []string{"anna", "bert", "anna", "carl"} {
		e := competition.AuditEntry{
			ID: "1", At: 1_800_000_000_000, Actor: competition.Subject{Kind: competition.UserSubject, ID: "ada"}, Action: "exportUser",
			Route: "/api/v1/users/:user_id/export", Targets: []competition.AuditTarget{competition.TargetAt("user_id", userID)}, Status: 200,
		}
		require.NoError(t, s.Note(t.Context(), e))
	}
	gone := competition.Erasure{UserID: "anna", Pseudonym: competition.NewPseudonym([16]byte{1})}
	require.NoError(t, s.Pseudonymise(t.Context(), gone, 1_800_000_000_001, func() string { return "2" }))
}

func TestAuditVerifiesTheLogOfWhatOperatorsDid(t *testing.T) {
	inParallel(t)
	onEveryStore(t, func(t *testing.T, where string) {
		t.Helper()
		prepare(t, where, func(s competition.Store) { noteSome(t, s) })
		code, said := runAudit(t, where)
		require.Zero(t, code, said)
		require.Contains(t, said, "the audit log, 5 entries")
		prepare(t, where, func(s competition.Store) {
			removed, err := s.RetainAuditLog(t.Context(), 1_800_000_000_001, 0)
			require.NoError(t, err)
			require.Equal(t, int64(4), removed)
		})
		code, said = runAudit(t, where)
		require.Zero(t, code, said)
		require.Contains(t, said, "the audit log begins with entry 5 (AUDIT_RETENTION)")
		require.Contains(t, said, "the audit log, 1 entries")
	})
}

// TestAuditFindsWhatIsWrongInTheLog, in the rows of a database that somebody has
// been at, whom no trigger holds.
func TestAuditFindsWhatIsWrongInTheLog(t *testing.T) {
	for name, c := range map[string]struct{ sql, finding string }{
		"an entry is gone":            {`DELETE FROM paceboard.audit_entries WHERE seq = 2`, "entries 2 to 2 of the audit log are missing"},
		"the first entry is gone":     {`DELETE FROM paceboard.audit_entries WHERE seq = 1`, "entries 1 to 1 of the audit log are missing"},
		"the last entry is gone":      {`DELETE FROM paceboard.audit_entries WHERE seq = 5`, "and should go on to entry 5"},
		"a status was changed":        {`UPDATE paceboard.audit_entries SET status = 403 WHERE seq = 3`, "entry 4 of the audit log does not follow"},
		"somebody else did it":        {`UPDATE paceboard.audit_subjects SET id = 'bob' WHERE seq = 3 AND n = 0`, "subject 0 of entry 3 of the audit log was changed"},
		"an operator hides":           {`UPDATE paceboard.audit_subjects SET id = (SELECT id FROM paceboard.audit_subjects WHERE seq = 1 AND n = 1) WHERE seq = 3 AND n = 0`, "subject 0 of entry 3 of the audit log was changed"},
		"who was erased is back":      {`UPDATE paceboard.audit_subjects SET id = 'anna' WHERE seq = 3 AND n = 1`, "was erased by entry 5, and does not name its pseudonym"},
		"a subject is gone":           {`DELETE FROM paceboard.audit_subjects WHERE seq = 2 AND n = 1`, "has 2 subjects, and 1 rows of them"},
		"a kind that nobody knows":    {`UPDATE paceboard.audit_subjects SET kind = 'dog' WHERE seq = 2 AND n = 1`, "is no kind of subject"},
		"the head is gone":            {`DELETE FROM paceboard.audit_head`, "the row of paceboard.audit_head is missing"},
		"the anchor is another log's": {`UPDATE paceboard.audit_head SET first_seq = 3; DELETE FROM paceboard.audit_entries WHERE seq < 3`, "entry 3 of the audit log does not follow"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			where := sharedPostgres.Copy(t, "some notes", func(url string) {
				prepare(t, url, func(s competition.Store) { noteSome(t, s) })
			})
			sharedPostgres.Get(t).Exec(t, where, `SET session_replication_role = replica; `+c.sql)
			code, said := runAudit(t, where)
			require.Equal(t, 1, code, said)
			require.Contains(t, said, c.finding)
		})
	}
}

// quiet keeps Pebble's log out of the tests' output.
type quiet struct{}

func (quiet) Infof(string, ...any)              {}
func (quiet) Errorf(string, ...any)             {}
func (quiet) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
