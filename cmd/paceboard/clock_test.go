package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/cmd/internal/clock/clocktest"
	"github.com/paceboard/paceboard/internal/token"
)

// startInside is startServer in the test's own process, by the test's wall clock; after a
// jump that must be stable for some time, a minute if stable is 0.
func startInside(t *testing.T, where string, wall func() time.Time, stable time.Duration, args ...string) *instance {
	t.Helper()
	s := &instance{t: t, logs: &logs{more: make(chan struct{})}, exited: make(chan struct{})}
	flags, environ := splitArgs(args)
	out, said := io.Pipe()
	p := program{
		out: said, err: said, wall: wall, stable: stable,
		environ: slices.Concat(storeSettings(where), []string{"SUPABASE_JWT_SECRET=" + testSecret, "MIN_FREE_DISK=1MiB", "SHUTDOWN_DELAY=0"}, environ),
	}
	ctx, stop := context.WithCancel(context.Background()) //nolint:usetesting // The test's own ends before its cleanups.
	go func() {
		defer said.Close()
		p.run(ctx, slices.Concat([]string{"serve", "--port", "0", "--host", "127.0.0.1"}, flags))
	}()
	go func() {
		defer close(s.exited)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			s.logs.add(lines.Text())
		}
	}()
	t.Cleanup(func() {
		stop()
		<-s.exited
	})
	var line struct{ Address string }
	require.NoError(t, json.Unmarshal([]byte(s.waitFor(`"msg":"serving"`)), &line))
	s.url = "http://" + line.Address
	return s
}

// createShort creates a competition that ends in half an hour, and is completed an hour later.
func (s *instance) createShort() {
	s.t.Helper()
	status, answer := s.call(http.MethodPost, "/api/v1/competitions", operatorToken(s.t),
		fmt.Sprintf(`{"id":"spring","name":"Spring","start_date":"2026-04-12T00:00:00Z","end_date":%q,"late_sync_hours":1}`, time.Now().Add(time.Hour/2).UTC().Format(time.RFC3339)))
	require.Equal(s.t, http.StatusCreated, status, string(answer))
}

// syncedAt has a user send a sync, and returns when the server says that it came, from now.
func (s *instance) syncedAt(token string, steps int) time.Duration {
	s.t.Helper()
	status, answer := s.call(http.MethodPost, "/api/v1/fitness/sync", token, fmt.Sprintf(`{"competition_id":"spring","date":%q,"steps":%d}`, time.Now().AddDate(0, 0, -1).UTC().Format(time.DateOnly), steps))
	require.Equal(s.t, http.StatusOK, status, string(answer))
	status, answer = s.call(http.MethodGet, "/api/v1/leaderboard/spring?limit=1", token, "")
	require.Equal(s.t, http.StatusOK, status, string(answer))
	var b struct {
		Data struct {
			Entries []struct {
				Score        int       `json:"score"`
				LastSyncedAt time.Time `json:"last_synced_at"`
			} `json:"entries"`
		} `json:"data"`
	}
	require.NoError(s.t, json.Unmarshal(answer, &b))
	require.Len(s.t, b.Data.Entries, 1)
	require.Equal(s.t, steps, b.Data.Entries[0].Score)
	return time.Until(b.Data.Entries[0].LastSyncedAt)
}

func (s *instance) degraded() string {
	s.t.Helper()
	status, answer := s.call(http.MethodGet, "/health", "", "")
	require.Equal(s.t, http.StatusOK, status)
	return string(answer)
}

// longToken is a user's that outlasts every jump of these tests; others end in an hour.
func longToken(t *testing.T, user string, valid time.Duration) string {
	t.Helper()
	signed, err := token.User{ID: user, Valid: valid}.Sign([]byte(testSecret))
	require.NoError(t, err)
	return signed
}

// TestAClockThatJumpsForAWhileChangesNothing: three hours ahead, or back, for a while. No
// competition is completed, syncs are taken at sane times, and tokens are as good as they
// were.
func TestAClockThatJumpsForAWhileChangesNothing(t *testing.T) {
	t.Parallel()
	var wall clocktest.Wall
	s := startInside(t, t.TempDir(), wall.Read, 0)
	s.createShort()
	anna, expired := tokenOf(t, "anna", false), longToken(t, "anna", -time.Hour)
	require.InDelta(t, 0, s.syncedAt(anna, 1).Seconds(), 30)
	for i, jump := range []time.Duration{3 * time.Hour, -3 * time.Hour} {
		wall.Set(jump)
		require.InDelta(t, 0, s.syncedAt(anna, 10+10*i).Seconds(), 30, "by the monotonic clock")
		require.Equal(t, "active", s.readBoard("spring", 1).Data.Status)
		status, answer := s.call(http.MethodGet, "/api/v1/leaderboard/spring", expired, "")
		require.Equal(t, http.StatusUnauthorized, status, string(answer))
		require.Contains(t, string(answer), "token_expired")
		s.waitFor("the machine's clock has jumped", fmt.Sprintf("%q:%q", "jumped_by", jump))
		require.Contains(t, s.degraded(), `"degraded":["clock"]`)
		status, answer = s.call(http.MethodGet, "/health/ready", "", "")
		require.Equal(t, http.StatusOK, status, string(answer))
		_, answer = s.call(http.MethodGet, "/metrics", operatorToken(t), "")
		require.Contains(t, string(answer), "\npaceboard_clock_settled 0\n")
		wall.Set(0)
		s.waitFor("the machine's clock has come back", fmt.Sprintf("%q:%q", "was_ahead_by", jump))
		require.InDelta(t, 0, s.syncedAt(anna, 15+10*i).Seconds(), 30)
		require.Equal(t, "active", s.readBoard("spring", 1).Data.Status)
		require.NotContains(t, s.degraded(), "degraded")
	}
}

// TestAClockThatStaysWhereItJumpedIsInUse: after what is a minute outside of tests.
func TestAClockThatStaysWhereItJumpedIsInUse(t *testing.T) {
	t.Parallel()
	var wall clocktest.Wall
	s := startInside(t, t.TempDir(), wall.Read, time.Second)
	s.createShort()
	const by = 3 * time.Hour
	anna := longToken(t, "anna", 24*time.Hour)
	wall.Set(-by)
	s.waitFor("in use again, at its new time", `"changed_by":"-3h0m0s"`)
	require.InDelta(t, -by.Seconds(), s.syncedAt(anna, 1).Seconds(), 30)
	wall.Set(by)
	s.waitFor("in use again, at its new time", `"changed_by":"6h0m0s"`)
	require.Eventually(t, func() bool {
		s.call(http.MethodPost, "/api/v1/fitness/sync", anna, `{"competition_id":"spring","date":"2026-04-12","steps":1}`) // which looks at the time as well
		_, answer := s.call(http.MethodGet, "/api/v1/leaderboard/spring", anna, "")
		return strings.Contains(string(answer), `"status":"completed"`)
	}, 30*time.Second, 50*time.Millisecond)
	require.NotContains(t, s.degraded(), "degraded")
}

// TestTheDatabaseDecidesAboutAClockThatJumped: for a process that is alone, and for a node
// of a cluster, which is ready while the time that it uses is right.
func TestTheDatabaseDecidesAboutAClockThatJumped(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"alone":  nil,
		"a node": nodeSettings,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var wall clocktest.Wall
			wall.Set(-3 * time.Hour) // from the start
			s := startInside(t, newDatabase(t), wall.Read, 0, args...)
			s.waitFor("the database's clock is not where this machine's is", `"database_ahead_by":"3h0m0`)
			require.Contains(t, s.degraded(), `"clock"`)
			wall.Set(0)
			s.waitFor("in use again, at its new time", "the database agrees with it")
			ready := func() bool {
				status, _ := s.call(http.MethodGet, "/health/ready", "", "")
				return status == http.StatusOK && !strings.Contains(s.degraded(), "degraded")
			}
			require.Eventually(t, ready, 30*time.Second, 50*time.Millisecond)

			s.createShort()
			wall.Set(3 * time.Hour) // and then it is set wrong
			detail := func() string {
				_, answer := s.call(http.MethodGet, "/health/detailed", operatorToken(t), "")
				return string(answer)
			}
			require.Eventually(t, func() bool { return strings.Contains(detail(), "with which the database agrees") }, 30*time.Second, 50*time.Millisecond)
			require.InDelta(t, 0, s.syncedAt(tokenOf(t, "anna", false), 1).Seconds(), 30)
			require.Equal(t, "active", s.readBoard("spring", 1).Data.Status)
			require.Contains(t, s.degraded(), `"degraded":["clock"]`, "and nothing else: a node is ready")
		})
	}
}
