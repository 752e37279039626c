package main

import (
	"fmt"
	"math"
)

// goal is something that a run must show.
type goal struct {
	text    string
	format  string // of a figure, with its unit
	bound   float64
	atMost  bool
	measure func(r *report) float64 // not a number when the run has nothing on it
}

// goals are those of the design, in its order.
var goals = []goal{
	{text: "durable sync, 256 connections, of the front-end limit", format: "%.2f", bound: 0.65, measure: ratio("b/one/256")},
	{text: "durable sync, 1,024 connections, of the front-end limit", format: "%.2f", bound: 0.72, measure: ratio("b/one/1024")},
	{text: "its machine CPU a request, 256, times the limit's", format: "%.2f", bound: 1.6, atMost: true, measure: cpuRatio("b/one/256")},
	{text: "its machine CPU a request, 1,024, times the limit's", format: "%.2f", bound: 1.6, atMost: true, measure: cpuRatio("b/one/1024")},
	{text: "its allocations a request, 256 connections", format: "%.2f", bound: 2, atMost: true, measure: allocations("b/one/256")},
	{text: "100 competitions, 256 connections, of 1 competition", format: "%.2f", bound: 0.90, measure: between("b/many/256", "b/one/256")},
	{text: "sync on 1 connection, times fsync and empty request", format: "%.2f", bound: 1.5, atMost: true, measure: alone},
	{text: "sync on PostgreSQL, 256, of the front-end limit", format: "%.2f", bound: 0.35, measure: ratio("c/sync/256")},
	{text: "batches of 100, syncs in the time of one request of the limit", format: "%.1f", bound: 6, measure: batched},
	{text: "batches of 100, durable syncs", format: "%.0f/s", bound: 300_000, measure: on("d/embedded/64", func(o *result) float64 { return o.Rate.Median * batchSize })},
	{text: "top-100 read, of a constant of the same bytes", format: "%.2f", bound: 0.95, measure: ratio("e/top/256")},
	{text: "top-100 read, 64 connections, of plain Fiber", format: "%.2f", bound: 0.95, measure: ratio("e/top/64")},
	{text: "top-100 read while 1,000 syncs/s change the board", format: "%.2f", bound: 0.90, measure: ratio("e/changing/256")},
	{text: "rank-of among 1,000,000, of the front-end limit", format: "%.2f", bound: 0.60, measure: ratio("f/rank/256")},
	{text: "around-me among 1,000,000, of the front-end limit", format: "%.2f", bound: 0.60, measure: ratio("f/around/256")},
	{text: "times Redis with appendfsync always", format: "%.1f", bound: 3, measure: between("b/one/256", "h/always/256")},
	{text: "times Redis with appendfsync everysec", format: "%.1f", bound: 1.3, measure: between("b/one/256", "h/everysec/256")},
	{text: "sync p99 at half the maximum rate, open loop", format: "%.1f ms", bound: 10, atMost: true, measure: p99("b/one/256")},
	{text: "forwarded sync, 64 connections: the nodes' CPU, of a local one's", format: "%.2f", bound: 1.45, atMost: true, measure: figureBetween("j/forwarded/64", "j/local/64", ofNodes)},
	{text: "its owner's CPU, of a local one's", format: "%.2f", bound: 0.6, atMost: true, measure: figureBetween("j/forwarded/64", "j/local/64", ofOwner)},
	{text: "a sync's CPU, of nodes and PostgreSQL, at 2 nodes, of 1", format: "%.2f", bound: 1.2, atMost: true, measure: figureBetween("j/nodes/256", "j/nodes/128", ofAll)},
	{text: "the same, at 4 nodes", format: "%.2f", bound: 1.5, atMost: true, measure: figureBetween("j/nodes/512", "j/nodes/128", ofAll)},
	{text: "top-100 read at another node: the nodes' CPU, of a local one's", format: "%.2f", bound: 1.5, atMost: true, measure: figureBetween("j/top/64", "j/top-local/64", ofNodes)},
	{text: "around-me at another node: the same", format: "%.2f", bound: 2, atMost: true, measure: figureBetween("j/around/64", "j/around-local/64", ofNodes)},
	{text: "1,000,000 participants of 30 days, resident", format: "%.2f GiB", bound: 1, atMost: true, measure: resident},
}

// judge holds a run against the goals on which it has something to say.
func judge(r *report) []verdict {
	var verdicts []verdict
	for _, g := range goals {
		value := g.measure(r)
		if math.IsNaN(value) {
			continue
		}
		sign, met := "≥ ", value >= g.bound
		if g.atMost {
			sign, met = "≤ ", value <= g.bound
		}
		verdicts = append(verdicts, verdict{Goal: g.text, Bound: sign + fmt.Sprintf(g.format, g.bound), Found: fmt.Sprintf(g.format, value), Value: value, Met: met})
	}
	return verdicts
}

// on is a figure of the result with a key.
func on(key string, figure func(o *result) float64) func(*report) float64 {
	return func(r *report) float64 {
		if o := r.of(key); o != nil {
			return figure(o)
		}
		return math.NaN()
	}
}

// orNone is a spread's median, or that there is none.
func (s *spread) orNone() float64 {
	if s == nil {
		return math.NaN()
	}
	return s.Median
}

func ratio(key string) func(*report) float64 {
	return on(key, func(o *result) float64 { return o.Ratio.orNone() })
}

func cpuRatio(key string) func(*report) float64 {
	return on(key, func(o *result) float64 { return o.CPURatio.orNone() })
}

func allocations(key string) func(*report) float64 {
	return on(key, func(o *result) float64 { return o.middle(func(v round) float64 { return v.Allocs }) })
}

// between is the rate of one by that of another, round by round.
func between(key, by string) func(*report) float64 {
	return figureBetween(key, by, func(v round) float64 { return v.Rate })
}

// figureBetween is a figure of one by that of another, round by round.
func figureBetween(key, by string, figure func(round) float64) func(*report) float64 {
	return func(r *report) float64 {
		o, other := r.of(key), r.of(by)
		if o == nil || other == nil {
			return math.NaN()
		}
		return ratioOf(o, other, figure).orNone()
	}
}

// The CPU time of a request, of a cluster.
func ofNodes(v round) float64 { return v.Server }
func ofOwner(v round) float64 { return v.Owner }
func ofAll(v round) float64   { return v.Server + v.Database }

// alone is how long a sync takes where nobody else does anything, by what it
// cannot do without: one fsync and one request.
func alone(r *report) float64 {
	o, limit := r.of("b/one/1"), r.of(limitAt(1))
	if o == nil || limit == nil || len(r.Fsync) == 0 {
		return math.NaN()
	}
	var times []float64
	for i := range min(len(o.Rounds), len(limit.Rounds), len(r.Fsync)) {
		times = append(times, (1/o.Rounds[i].Rate)/(r.Fsync[i]/1_000+1/limit.Rounds[i].Rate))
	}
	return median(times)
}

func batched(r *report) float64 { return ratio("d/embedded/64")(r) * batchSize }

func p99(key string) func(*report) float64 {
	return func(r *report) float64 {
		if l := r.latencyOf(key); l != nil {
			return l.P99
		}
		return math.NaN()
	}
}

// resident is the memory of the large board, of a run that made it large.
func resident(r *report) float64 {
	if r.Participants != participants {
		return math.NaN()
	}
	return on("f/around/256", func(o *result) float64 { return o.middle(func(v round) float64 { return float64(v.RSS) }) / (1 << 30) })(r)
}
