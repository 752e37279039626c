package embedded

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// TestMetricsSayWhatTheDiskDid: and are named as metrics should be.
func TestMetricsSayWhatTheDiskDid(t *testing.T) {
	s, err := Open(t.Context(), Options{Dir: "data", FS: vfs.NewMem(), MinFreeBytes: 5, NoTimers: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(s.Collector())
	gather := func() map[string]*dto.Metric {
		families, err := registry.Gather()
		require.NoError(t, err)
		problems, err := promlint.NewWithMetricFamilies(families).Lint()
		require.NoError(t, err)
		require.Empty(t, problems)
		found := map[string]*dto.Metric{}
		for _, f := range families {
			found[f.GetName()] = f.Metric[0]
		}
		return found
	}
	before := gather()
	require.Zero(t, before["paceboard_store_commits_total"].GetCounter().GetValue())
	require.InDelta(t, 5, before["paceboard_store_min_free_bytes"].GetGauge().GetValue(), 0)
	errs := s.Append(t.Context(), []*competition.Batch{{CompetitionID: "spring", FirstSeq: 1, LastSeq: 1, Records: []byte("a record")}})
	for _, err := range errs {
		require.NoError(t, err)
	}
	after := gather()
	require.InDelta(t, 1, after["paceboard_store_commits_total"].GetCounter().GetValue(), 0)
	require.InDelta(t, 8, after["paceboard_store_record_bytes_total"].GetCounter().GetValue(), 0)
	require.Positive(t, after["paceboard_store_last_commit_seconds"].GetGauge().GetValue())
	require.Zero(t, after["paceboard_store_commit_waiting_seconds"].GetGauge().GetValue())
	h := after["paceboard_store_fsync_seconds"].GetHistogram()
	require.Greater(t, h.GetSampleCount(), before["paceboard_store_fsync_seconds"].GetHistogram().GetSampleCount())
	require.Equal(t, h.GetSampleCount(), h.Bucket[len(h.Bucket)-1].GetCumulativeCount(), "no fsync of memory takes ten seconds")
}
