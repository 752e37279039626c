package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// Alerts fire for reasons that tests cause for real; a real Prometheus with the rules that are
// deployed looks on. alerts_soak_test.go has what takes longer.

// TestAlertsFireForWhatIsWrongInADatabase, and for a project whose keys cannot be fetched.
func TestAlertsFireForWhatIsWrongInADatabase(t *testing.T) {
	t.Parallel()
	needPrometheus(t, "prometheus")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	var project atomic.Bool // shows its keys
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		public, err := jwkset.NewJWKFromKey(key.Public(), jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: "first"}})
		if err != nil || !project.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []jwkset.JWKMarshal{public.Marshal()}})
	}))
	defer keys.Close()
	unsigned := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{"sub": "anna", "aud": "authenticated", "exp": time.Now().Add(time.Hour).Unix()})
	unsigned.Header["kid"] = "first"
	anna, err := unsigned.SignedString(key)
	require.NoError(t, err)

	where := newDatabase(t)
	prepare(t, where, func(s competition.Store) {
		playPrizes(t, s, "damaged", false) // without a snapshot
		playPrizes(t, s, "misread", true)
	})
	_, port, err := net.SplitHostPort(freeAddress(t))
	require.NoError(t, err)
	args := []string{"--port", port, "SUPABASE_URL=" + keys.URL, "SUPABASE_JWT_ISSUER=any"}
	s := startServer(t, where, args...)
	p := startPrometheus(t, []*instance{s})
	p.awaits("it is up", `up`, positive)
	p.quiet("PaceboardAuditIncomplete", "PaceboardIncompleteReads", "PaceboardDamaged", "PaceboardClockSkew", "PaceboardSignInDown")

	use := func() { // what meets what is wrong
		s.call(http.MethodGet, "/api/v1/users/anna/export", operatorToken(t), "")
		s.call(http.MethodGet, "/api/v1/competitions", operatorToken(t), "")
		s.call(http.MethodGet, "/api/v1/leaderboard/damaged", operatorToken(t), "")
		s.call(http.MethodGet, "/api/v1/competitions", anna, "")
	}
	exec := func(sql string) { sharedPostgres.Get(t).Exec(t, where, sql) }
	// Both are undone by the same again.
	const damage = `SET session_replication_role = replica; UPDATE paceboard.journal SET record = set_byte(record, 60, get_byte(record, 60) # 1) WHERE competition_id = 'damaged' AND seq = 4`
	const misread = `UPDATE paceboard.competitions SET packed = set_byte(packed, 0, get_byte(packed, 0) # 255) WHERE competition_id = 'misread'`
	setClock := func(how string) { // of new connections, and there are no others then
		exec(`SET allow_system_table_mods = on; ` + how + `; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	}
	exec(damage)
	exec(misread)
	exec(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$; CREATE TRIGGER refuses BEFORE INSERT ON paceboard.audit_entries FOR EACH ROW EXECUTE FUNCTION refuse()`)
	setClock(`ALTER FUNCTION pg_catalog.clock_timestamp() RENAME TO right_clock; CREATE FUNCTION pg_catalog.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT pg_catalog.right_clock() - interval '5 s' $$`)
	p.until("PaceboardSignInDown", use)
	p.until("PaceboardIncompleteReads", use)
	p.fires("PaceboardAuditIncomplete", "PaceboardIncompleteReads", "PaceboardSignInDown", "PaceboardDamaged", "PaceboardClockSkew")

	exec(damage)
	exec(misread)
	exec(`DROP TRIGGER refuses ON paceboard.audit_entries`)
	setClock(`DROP FUNCTION pg_catalog.clock_timestamp(); ALTER FUNCTION pg_catalog.right_clock() RENAME TO clock_timestamp`)
	project.Store(true)
	s.stop() // a damaged competition stays so until then
	s = startServer(t, where, args...)
	require.Eventually(t, func() bool {
		use()
		status, _ := s.call(http.MethodGet, "/api/v1/competitions", anna, "")
		return status == http.StatusOK
	}, time.Minute, 200*time.Millisecond)
	p.quiet("PaceboardAuditIncomplete", "PaceboardIncompleteReads", "PaceboardDamaged", "PaceboardClockSkew", "PaceboardSignInDown")
}
