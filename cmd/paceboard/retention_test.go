package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/config"
)

// forgetful is a store that is asked to remove what is old.
type forgetful struct {
	store
	answers chan error
	asked   chan time.Time
}

func (f *forgetful) Retain(_ context.Context, olderThan time.Time, _ int) (int64, error) {
	f.asked <- olderThan
	return 10, <-f.answers
}

func (f *forgetful) RetainAuditLog(context.Context, calendar.Millis, int) (int64, error) {
	return 3, nil
}

func TestRetentionGoesOnAfterAFailureAndSaysSo(t *testing.T) {
	const keep = 48 * time.Hour
	f := &forgetful{answers: make(chan error), asked: make(chan time.Time)}
	var log bytes.Buffer // read only after stop
	registry := prometheus.NewRegistry()
	old := keptBy(&config.Settings{JournalRetention: keep, AuditRetention: keep}, f)
	r := startRetention(old, nil, time.Now, 10*time.Millisecond, slog.New(slog.NewTextHandler(&log, nil)), registry)
	for _, answer := range []error{nil, competition.ErrUnavailable, nil} {
		require.WithinDuration(t, time.Now().Add(-keep), <-f.asked, time.Minute)
		f.answers <- answer
	}
	<-f.asked // the third round is over
	go func() { f.answers <- nil }()
	r.stop()
	families, err := registry.Gather()
	require.NoError(t, err)
	values := map[string]float64{}
	for _, family := range families {
		m := family.Metric[0]
		values[family.GetName()] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
	}
	require.InDelta(t, 40, values["paceboard_retention_removed_events_total"], 0)
	require.InDelta(t, 12, values["paceboard_retention_removed_audit_entries_total"], 0)
	require.InDelta(t, 1, values["paceboard_retention_failures_total"], 0)
	require.InDelta(t, float64(time.Now().Unix()), values["paceboard_retention_last_success_timestamp_seconds"], 60)
	require.Equal(t, 1, strings.Count(log.String(), "old journal could not be removed"))
	require.Equal(t, 3, strings.Count(log.String(), "old journal was removed"))
	require.Equal(t, 4, strings.Count(log.String(), "old audit log was removed"))
}

func TestServerWithRetentionShowsItsMetrics(t *testing.T) {
	t.Parallel()
	s := startServer(t, t.TempDir(), "--journal-retention", "90d", "--audit-retention", "730d")
	status, text := s.call(http.MethodGet, "/metrics", operatorToken(t), "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, string(text), "paceboard_retention_removed_events_total 0")
	require.Contains(t, string(text), "paceboard_retention_removed_audit_entries_total 0")
	s.stop()
}

// TestRetentionCanBeTried: the tool says what would go, and removes nothing.
func TestRetentionCanBeTried(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, where string) {
		t.Helper()
		prepare(t, where, func(s competition.Store) { playPrizes(t, s, "old", false) })
		code, _, errs := runProgram(t, append([]string{"retention"}, storeSettings(where)...)...)
		require.Equal(t, exitMisused, code)
		require.Contains(t, errs, "JOURNAL_RETENTION is 0")
		for range 2 {
			code, out, errs := runProgram(t, append([]string{"retention", "--journal-retention", "1h"}, storeSettings(where)...)...)
			require.Equal(t, exitDone, code, errs)
			require.Regexp(t, `would remove \d+ events of \d competitions`, out)
		}
	})
}
