package histogram

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
)

var desc = prometheus.NewDesc("x_seconds", "X.", nil, nil)

// TestItCountsAsTheLibraryDoes: what a histogram of client_golang with the same buckets
// says of the same values.
func TestItCountsAsTheLibraryDoes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	h := New(desc, Seconds)
	var bounds []float64
	for exponent := Seconds.Lowest; exponent <= Seconds.Highest; exponent++ {
		bounds = append(bounds, math.Exp2(float64(exponent)))
	}
	library := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "x_seconds", Help: "X.", Buckets: bounds, NativeHistogramBucketFactor: 1.1, NativeHistogramZeroThreshold: math.Exp2(float64(Seconds.Lowest - finer)),
	})
	values := append([]float64{0, 1e-9, 1, 2, .25, 1.0000001, 31.9}, bounds...)
	for range 10_000 {
		values = append(values, math.Exp2(random.Float64()*24-19)) // up to 32
	}
	for _, v := range values {
		h.Observe(v)
		library.Observe(v)
	}
	var got, want dto.Metric
	require.NoError(t, h.Write(&got))
	require.NoError(t, library.Write(&want))
	require.Equal(t, want.Histogram.Bucket, got.Histogram.Bucket)
	require.Equal(t, want.Histogram.GetSampleCount(), got.Histogram.GetSampleCount())
	require.InEpsilon(t, want.Histogram.GetSampleSum(), got.Histogram.GetSampleSum(), 1e-9)
	require.Equal(t, want.Histogram.GetZeroCount(), got.Histogram.GetZeroCount())
	require.Equal(t, buckets(want.Histogram), buckets(got.Histogram))
}

// buckets are the native buckets that are not empty, by their keys.
func buckets(h *dto.Histogram) map[int]int64 {
	found := map[int]int64{}
	key, n, next := 0, int64(0), 0
	for _, span := range h.PositiveSpan {
		key += int(span.GetOffset())
		for range span.GetLength() {
			if n += h.PositiveDelta[next]; n != 0 {
				found[key] = n
			}
			key++
			next++
		}
	}
	return found
}

func TestAValueBeyondTheRangeIsCounted(t *testing.T) {
	h := New(desc, Bytes)
	h.Observe(math.Exp2(40))
	var got dto.Metric
	require.NoError(t, h.Write(&got))
	require.EqualValues(t, 1, got.Histogram.GetSampleCount())
	require.InEpsilon(t, math.Exp2(40), got.Histogram.GetSampleSum(), 1e-9)
}

// TestObservationsCostNoAllocation, and none is lost.
func TestObservationsCostNoAllocation(t *testing.T) {
	h := New(desc, Seconds, Label("a", "b"))
	require.Zero(t, testing.AllocsPerRun(100, func() { h.Observe(.0123) }))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 1000 {
				h.Observe(.5)
			}
		})
	}
	all.Wait()
	var got dto.Metric
	require.NoError(t, h.Write(&got))
	require.EqualValues(t, 4101, got.Histogram.GetSampleCount())
	require.InEpsilon(t, 4000*.5+101*.0123, got.Histogram.GetSampleSum(), 1e-9)
	require.Equal(t, "b", got.Label[0].GetValue())
}

func BenchmarkObserve(b *testing.B) {
	h := New(desc, Seconds)
	for b.Loop() {
		h.Observe(.0123)
	}
}
