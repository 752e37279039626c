// Package histogram counts durations and sizes without an allocation, for Prometheus:
// in classic buckets, and in native ones for a scraper that takes them. (The client
// library's native histograms allocate for most observations.) Reading starts at
// [Histogram].
//
// It knows nothing of requests.
package histogram

import (
	"math"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"
)

const (
	schema      = 3           // of native histograms: the buckets grow by 2^(1/8), some 9 %
	ofADoubling = 1 << schema // buckets
)

// fractions are the bounds of the buckets between two powers of two.
var fractions = func() (f [ofADoubling]float64) {
	for i := range f {
		f[i] = math.Exp2(float64(i)/ofADoubling - 1)
	}
	return f
}()

// Range says what a histogram tells apart. Classic bounds are powers of two, so that they
// are bounds of native buckets, too, and one counter serves both.
type Range struct {
	Lowest, Highest int // exponents of two: what is at most 2^Lowest is one bucket, what exceeds 2^Highest counts as 2^Highest
	Step            int // how many exponents lie between two classic bounds
}

// The ranges in use.
var (
	Seconds = Range{Lowest: -11, Highest: 5, Step: 1} // from half a millisecond to half a minute
	Bytes   = Range{Lowest: 6, Highest: 26, Step: 2}  // from 64 B to 64 MiB
)

// Histogram is one histogram. Observations are safe for concurrent use and cost some 20 ns.
type Histogram struct {
	desc   *prometheus.Desc
	labels []*dto.LabelPair
	of     Range
	low    int             // key of counts[1]
	counts []atomic.Uint64 // [0] has what is at most 2^Lowest
	sum    atomic.Uint64   // a float64's bits
}

// finer is how many exponents below the lowest classic bound native buckets are told apart.
const finer = 6

// New makes an empty histogram of a description, whose labels it has.
func New(desc *prometheus.Desc, of Range, labels ...*dto.LabelPair) *Histogram {
	low := (of.Lowest-finer)*ofADoubling + 1
	return &Histogram{desc: desc, labels: labels, of: of, low: low, counts: make([]atomic.Uint64, of.Highest*ofADoubling-low+2)}
}

// Label returns a label for New.
func Label(name, value string) *dto.LabelPair {
	return &dto.LabelPair{Name: new(name), Value: new(value)}
}

// Observe counts a value, which is not less than 0.
func (h *Histogram) Observe(value float64) {
	h.counts[min(max(keyOf(value)-h.low+1, 0), len(h.counts)-1)].Add(1)
	for {
		before := h.sum.Load()
		if h.sum.CompareAndSwap(before, math.Float64bits(math.Float64frombits(before)+value)) {
			return
		}
	}
}

// keyOf is the number of a value's native bucket, whose upper bound is 2^(key/8).
func keyOf(value float64) int {
	if value <= 0 {
		return math.MinInt32
	}
	fraction, exponent := math.Frexp(value)
	i := 0
	for i < ofADoubling && fractions[i] < fraction {
		i++
	}
	return i + (exponent-1)*ofADoubling
}

// Desc implements prometheus.Metric.
func (h *Histogram) Desc() *prometheus.Desc { return h.desc }

// Write implements prometheus.Metric.
func (h *Histogram) Write(to *dto.Metric) error {
	counts := make([]uint64, len(h.counts))
	for i := range counts {
		counts[i] = h.counts[i].Load()
	}
	out := &dto.Histogram{
		Schema: proto.Int32(schema), ZeroThreshold: new(math.Exp2(float64(h.of.Lowest - finer))), ZeroCount: new(counts[0]),
		SampleSum: new(math.Float64frombits(h.sum.Load())),
	}
	h.writeClassic(out, counts)
	writeNative(out, h.low, counts[1:])
	to.Label, to.Histogram = h.labels, out
	return nil
}

func (h *Histogram) writeClassic(out *dto.Histogram, counts []uint64) {
	below, next := uint64(0), 0
	for exponent := h.of.Lowest; exponent <= h.of.Highest; exponent += h.of.Step {
		for ; next <= exponent*ofADoubling-h.low+1; next++ {
			below += counts[next]
		}
		out.Bucket = append(out.Bucket, &dto.Bucket{UpperBound: new(math.Exp2(float64(exponent))), CumulativeCount: new(below)})
	}
	for ; next < len(counts); next++ {
		below += counts[next]
	}
	out.SampleCount = new(below)
}

// writeNative writes the buckets that are not empty, as spans of neighbours and what
// each count differs from the one before.
func writeNative(out *dto.Histogram, low int, counts []uint64) {
	end, before := 0, int64(0) // the key after the last span
	for i, n := range counts {
		if n == 0 {
			continue
		}
		key := low + i
		if len(out.PositiveSpan) == 0 || key != end {
			out.PositiveSpan = append(out.PositiveSpan, &dto.BucketSpan{Offset: new(int32(key - end)), Length: new(uint32)})
		}
		*out.PositiveSpan[len(out.PositiveSpan)-1].Length++
		out.PositiveDelta = append(out.PositiveDelta, int64(n)-before)
		end, before = key+1, int64(n)
	}
	if len(out.PositiveSpan) == 0 { // what says that it is a native one, although it is empty
		out.PositiveSpan = []*dto.BucketSpan{{Offset: new(int32), Length: new(uint32)}}
	}
}
