package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/paceboard/paceboard/cmd/internal/archive/s3test"
	"github.com/paceboard/paceboard/cmd/internal/clock/clocktest"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/token"
	"github.com/paceboard/paceboard/persistence/porttest"
	"github.com/paceboard/paceboard/persistence/testservers"
)

// These tests run with SOAK alone: what they cause takes minutes, a disk, or the machine.

// needSoak skips a test that make soak runs.
func needSoak(t *testing.T) {
	t.Helper()
	if os.Getenv("SOAK") == "" {
		t.Skip("the rules are tested by promtool, and other alerts by tests that cause them; make soak causes these")
	}
	t.Parallel()
	needPrometheus(t, "prometheus")
}

// TestAlertsFireForAServerWithoutRoom: on its disk, for connections, and for open files.
func TestAlertsFireForAServerWithoutRoom(t *testing.T) {
	needSoak(t)
	dir := t.TempDir()
	var disk syscall.Statfs_t
	require.NoError(t, syscall.Statfs(dir, &disk))
	const margin = 1 << 30
	free := int64(disk.Bavail) * disk.Bsize
	require.Greater(t, free, int64(8*margin), "the disk is too full for this test")
	s := startServer(t, dir, fmt.Sprintf("MIN_FREE_DISK=%dB", (free-margin)/2), "MAX_CONNECTIONS=10")
	p := startPrometheus(t, []*instance{s})
	p.awaits("it is up", `up`, positive)
	p.quiet("PaceboardDiskLow", "PaceboardOverloaded", "PaceboardFilesExhausted")

	ballast := filepath.Join(dir, "something large")
	file, err := os.Create(ballast)
	require.NoError(t, err)
	require.NoError(t, syscall.Fallocate(int(file.Fd()), 0, 0, 3*margin))
	require.NoError(t, file.Close())
	p.fires("PaceboardDiskLow")
	require.NoError(t, os.Remove(ballast))
	p.quiet("PaceboardDiskLow")

	var idle []net.Conn
	p.until("PaceboardOverloaded", func() {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		require.NoError(t, err)
		if idle = append(idle, conn); len(idle) > 9 { // one place is left, or is Prometheus' connection
			_, _ = fmt.Fprintf(conn, "GET /docs HTTP/1.1\r\nHost: x\r\n\r\n")
			_, _ = io.Copy(io.Discard, conn)
			idle = idle[:9]
			_ = conn.Close()
		}
	})
	p.fires("PaceboardOverloaded")
	for _, conn := range idle {
		require.NoError(t, conn.Close())
	}
	p.quiet("PaceboardOverloaded")

	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid))
	require.NoError(t, err)
	var limit unix.Rlimit
	require.NoError(t, unix.Prlimit(s.cmd.Process.Pid, unix.RLIMIT_NOFILE, nil, &limit))
	tight := limit
	tight.Cur = uint64(len(files)) + 1
	require.NoError(t, unix.Prlimit(s.cmd.Process.Pid, unix.RLIMIT_NOFILE, &tight, nil))
	p.fires("PaceboardFilesExhausted")
	require.NoError(t, unix.Prlimit(s.cmd.Process.Pid, unix.RLIMIT_NOFILE, &limit, nil))
	p.quiet("PaceboardFilesExhausted")
}

// TestAlertsFireForAServerThatIsLost: without memory enough, gone, and restored without its
// last events.
func TestAlertsFireForAServerThatIsLost(t *testing.T) {
	needSoak(t)
	dir, backups, restored := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "restored")
	_, port, err := net.SplitHostPort(freeAddress(t))
	require.NoError(t, err)
	s := startServer(t, dir, "--port", port, "GOMEMLIMIT=20MiB")
	p := startPrometheus(t, []*instance{s})
	p.fires("PaceboardMemory")
	p.quiet("PaceboardDown", "PaceboardLostEvents")
	s.createSpring("spring")
	require.Equal(t, http.StatusOK, s.syncSpring("anna", 1))
	code, out, errs := runProgram(t, "backup", "--data-dir", dir, backups)
	require.Zero(t, code, out+errs)
	require.Equal(t, http.StatusOK, s.syncSpring("anna", 2))
	s.kill()
	p.fires("PaceboardDown")

	code, out, errs = runProgram(t, "restore", backups, restored)
	require.Zero(t, code, out+errs)
	s = startServer(t, restored, "--port", port, "GOMEMLIMIT=2GiB")
	p.quiet("PaceboardDown", "PaceboardMemory")
	require.Equal(t, http.StatusOK, s.syncSpring("anna", 2))
	p.fires("PaceboardLostEvents")
	p.quiet("PaceboardLostEvents")
}

// TestAlertsFireForLiveClientsAndTheArchive: clients that come and go, a process that gets
// too little of the processors for its subscribers, and a bucket that does not answer.
func TestAlertsFireForLiveClientsAndTheArchive(t *testing.T) {
	needSoak(t)
	bucket := s3test.Start(t)
	s := startServer(t, t.TempDir(), "--rate-limit-user", "0", "MAX_SOCKETS_USER=1000", "ARCHIVE="+bucket.URL, "ARCHIVE_ACCESS_KEY="+s3test.AccessKey, "ARCHIVE_SECRET_KEY="+s3test.SecretKey)
	s.createSpring("spring")
	require.Equal(t, http.StatusOK, s.syncSpring("anna", 1))
	p := startPrometheus(t, []*instance{s})
	p.patience = 3 * time.Minute
	p.awaits("it is up", `up`, positive)
	p.quiet("PaceboardLiveChurn", "PaceboardLiveLag", "PaceboardArchiveLate")
	bucket.Fail(func(string, string) int { return http.StatusServiceUnavailable })
	stopSyncing := keepSyncing("anna", s)

	var clients sync.WaitGroup
	defer clients.Wait()
	watch := func(ctx context.Context) { // a live client, until ctx ends
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/v1/leaderboard/spring/events", http.NoBody)
		if err != nil {
			t.Error(err)
			return
		}
		request.Header.Set("Authorization", "Bearer "+operatorToken(t))
		if response, err := http.DefaultClient.Do(request); err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
		}
	}
	p.until("PaceboardLiveChurn", func() {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		var some sync.WaitGroup
		for range 10 {
			some.Go(func() { watch(ctx) })
		}
		some.Wait()
	})
	p.fires("PaceboardLiveChurn")

	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	for range 500 {
		clients.Go(func() { watch(ctx) })
	}
	p.quiet("PaceboardLiveChurn")
	p.until("PaceboardLiveLag", func() {
		require.NoError(t, s.cmd.Process.Signal(syscall.SIGSTOP))
		<-time.After(2300 * time.Millisecond)
		require.NoError(t, s.cmd.Process.Signal(syscall.SIGCONT))
		<-time.After(1200 * time.Millisecond)
	})
	p.fires("PaceboardLiveLag")
	p.quiet("PaceboardLiveLag")
	p.fires("PaceboardArchiveLate")
	bucket.Fail(nil)
	stopSyncing()
	p.quiet("PaceboardArchiveLate")
}

// TestAlertsFireForADatabase that stands still, or in which somebody holds locks, and for a
// node that others cannot reach.
func TestAlertsFireForADatabase(t *testing.T) {
	needSoak(t)
	postgres := testservers.Postgres(t)
	where, late := postgres.NewDatabase(t, ""), postgres.NewDatabase(t, "")
	prepare(t, late, func(s competition.Store) {
		g, err := porttest.Begin(t.Context(), s, "late")
		require.NoError(t, err)
		require.NoError(t, g.Join("anna", ""))
		require.NoError(t, g.Sync("anna", 0, 1000))
		require.NoError(t, g.Commit(t.Context()))
		require.NoError(t, g.Save(t.Context()))
		require.NoError(t, s.Note(t.Context(), competition.AuditEntry{
			ID: "1", At: 1_700_000_000_000, Actor: competition.Subject{Kind: competition.UserSubject, ID: "ada"}, Action: "exportUser",
			Route: "/api/v1/users/:user_id/export", Targets: []competition.AuditTarget{competition.TargetAt("user_id", "anna")}, Status: 200,
		}))
	})
	postgres.Exec(t, late, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$; CREATE TRIGGER refuses BEFORE DELETE ON paceboard.audit_entries FOR EACH ROW EXECUTE FUNCTION refuse()`)
	endWork := holdLock(t, late, `LOCK TABLE paceboard.lifetime IN ACCESS EXCLUSIVE MODE`)
	slow := startServer(t, late, "AUDIT_RETENTION=30d", "--rate-limit-user", "0")
	nodes := []*instance{
		startNode(t, where, "--rate-limit-user", "0", "CLUSTER_LEASE=20s"),
		startNode(t, where, "--rate-limit-user", "0", "CLUSTER_LEASE=20s"),
	}
	nodes[0].createSpring("spring")
	slow.createSpring("spring")
	p := startPrometheus(t, append(nodes, slow))
	p.patience = 2 * time.Minute
	p.awaits("all are up", `sum(up) == 3`, positive)
	p.quiet("PaceboardNotReady", "PaceboardStoreDown", "PaceboardErrors", "PaceboardClusterParted", "PaceboardRetentionFails", "PaceboardStatisticsLate", "PaceboardCommitsSlow", "PaceboardSlow", "PaceboardBacklog")

	p.fires("PaceboardRetentionFails") // a minute after the start
	postgres.Exec(t, late, `DROP TRIGGER refuses ON paceboard.audit_entries`)
	p.quiet("PaceboardRetentionFails")

	stop := keepSyncing("anna", slow)
	p.until("PaceboardCommitsSlow", func() {
		endLock := holdLock(t, late, `LOCK TABLE paceboard.journal IN EXCLUSIVE MODE`)
		<-time.After(1300 * time.Millisecond)
		endLock()
		<-time.After(time.Second / 2)
	})
	p.fires("PaceboardCommitsSlow", "PaceboardSlow")
	stop()

	p.until("PaceboardBacklog", func() {
		endLock := holdLock(t, late, `LOCK TABLE paceboard.journal IN EXCLUSIVE MODE`)
		defer endLock()
		var batches sync.WaitGroup
		for n := range 15 {
			var items []string
			for i := range 1000 {
				items = append(items, report{user: fmt.Sprintf("user-%d-%d", n, i), source: "watch", day: "2026-11-01", steps: time.Now().UnixMilli() % 50_000}.body("spring"))
			}
			batches.Go(func() {
				slow.call(http.MethodPost, "/api/v1/fitness/sync/batch", operatorToken(t), `{"syncs":[`+strings.Join(items, ",")+`]}`)
			})
		}
		<-time.After(4 * time.Second)
		endLock()
		batches.Wait()
	})
	p.fires("PaceboardBacklog")
	p.quiet("PaceboardCommitsSlow", "PaceboardSlow", "PaceboardBacklog")

	require.NoError(t, nodes[1].cmd.Process.Signal(syscall.SIGSTOP))
	p.fires("PaceboardClusterParted")
	require.NoError(t, nodes[1].cmd.Process.Signal(syscall.SIGCONT))
	p.quiet("PaceboardClusterParted")

	stop = keepSyncing("anna", nodes...)
	postgres.Stop()
	p.fires("PaceboardNotReady", "PaceboardStoreDown", "PaceboardErrors")
	postgres.Continue()
	p.quiet("PaceboardNotReady", "PaceboardStoreDown", "PaceboardErrors")
	stop()

	p.patience = 6 * time.Minute
	p.fires("PaceboardStatisticsLate")
	endWork()
	p.quiet("PaceboardStatisticsLate")
}

// holdLock has a transaction of somebody's take a lock, until the returned function is called.
func holdLock(t *testing.T, where, lock string) (end func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), where)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `BEGIN; `+lock)
	require.NoError(t, err)
	return func() { _ = conn.Close(context.WithoutCancel(t.Context())) }
}

// TestAlertsFireForClocksAndReceivers: a clock that jumps, a payment provider and receivers of
// webhooks that refuse, and a handler that panics.
func TestAlertsFireForClocksAndReceivers(t *testing.T) {
	needSoak(t)
	var pays, takes atomic.Bool
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/gone":
			w.WriteHeader(http.StatusGone)
		case r.URL.Path == "/events" && !takes.Load(), r.URL.Path == "/prizes" && !pays.Load():
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer receiver.Close()
	dir := t.TempDir()
	prepare(t, dir, func(s competition.Store) { playPrizes(t, s, "paid", false) })
	var wall clocktest.Wall
	var faulty atomic.Bool // a bug in what handlers call
	read := func() time.Time {
		if faulty.Load() && bytes.Contains(debug.Stack(), []byte("http.(*Server).handle(")) && faulty.CompareAndSwap(true, false) {
			panic("a planted fault")
		}
		return wall.Read()
	}
	s := startInside(t, dir, read, time.Millisecond, "--payout-webhook-url", receiver.URL+"/prizes", "PAYOUT_WEBHOOK_SECRET="+testSecret, "WEBHOOKS_ANYWHERE=true")
	p := startPrometheus(t, []*instance{s})
	p.awaits("it is up", `up`, positive)
	p.quiet("PaceboardClockJumped", "PaceboardPayoutsWait", "PaceboardPayoutsDead", "PaceboardPanics", "PaceboardWebhookDisabled", "PaceboardWebhookFails")

	operator, err := token.User{ID: "op", Operator: true, Valid: 365 * 24 * time.Hour}.Sign([]byte(testSecret))
	require.NoError(t, err)
	do := func(path, body string) (id string) {
		t.Helper()
		status, answer := s.call(http.MethodPost, path, operator, body)
		require.Less(t, status, 300, string(answer))
		var made struct{ Data struct{ ID string } }
		require.NoError(t, json.Unmarshal(answer, &made))
		return made.Data.ID
	}
	do("/api/v1/prizes/distribute/paid", "")
	do("/api/v1/webhooks", fmt.Sprintf(`{"url":%q,"from":"start"}`, receiver.URL+"/gone"))
	webhook := do("/api/v1/webhooks", fmt.Sprintf(`{"url":%q,"from":"start"}`, receiver.URL+"/events"))
	p.fires("PaceboardWebhookDisabled")
	p.awaits("a webhook fails", `paceboard_webhook_failing_cursors`, positive)
	hours := 8
	ahead := time.Duration(hours) * time.Hour
	wall.Set(ahead)
	p.fires("PaceboardClockJumped", "PaceboardPayoutsWait", "PaceboardWebhookFails")
	takes.Store(true)
	do("/api/v1/webhooks/"+webhook+"/retry", "")
	p.quiet("PaceboardWebhookFails", "PaceboardWebhookDisabled")

	for len(p.query(`paceboard_payouts_pending{status="dead"} > 0`)) == 0 { // until a prize was tried often enough
		hours++
		require.Less(t, hours, 50, "no prize is given up")
		ahead += time.Duration(hours) * time.Hour
		wall.Set(ahead)
		s.waitFor("in use again, at its new time", fmt.Sprintf(`"changed_by":"%dh0m0s"`, hours))
		do("/api/v1/payouts/paid.2/retry", "") // has the others looked at as well
	}
	p.fires("PaceboardPayoutsDead")
	pays.Store(true)
	do("/api/v1/payouts/retry", "")
	faulty.Store(true)
	status, answer := s.call(http.MethodGet, "/api/v1/competitions", operator, "")
	require.Equal(t, http.StatusInternalServerError, status, string(answer))
	p.fires("PaceboardPanics")
	p.quiet("PaceboardClockJumped", "PaceboardPayoutsWait", "PaceboardPayoutsDead", "PaceboardPanics")
}
