package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

// round is one run of a measurement.
type round struct {
	Rate    float64 `json:"requests_per_second"`
	Server  float64 `json:"server_cpu_us,omitempty"`  // a request; the process that is measured, without its database
	Machine float64 `json:"machine_cpu_us"`           // a request; all that is not idle, the load generator too
	Stolen  float64 `json:"stolen_share"`             // of the machine's time: noise
	Allocs  float64 `json:"allocations,omitempty"`    // a request
	RSS     int64   `json:"resident_bytes,omitempty"` // of the process that is measured
	P50     float64 `json:"closed_loop_p50_ms"`       // at the maximum: queues, mostly
	P99     float64 `json:"closed_loop_p99_ms"`       // the same

	// Of a cluster, where Server and Allocs are all nodes'.
	Owner    float64 `json:"owner_cpu_us,omitempty"`    // of the node that owns the competition
	Database float64 `json:"database_cpu_us,omitempty"` // of PostgreSQL

	Commits *commits `json:"commits,omitempty"` // of its journal
}

// result is what the rounds of a measurement gave.
type result struct {
	Key         string  `json:"key"`
	Name        string  `json:"name"`
	Connections int     `json:"connections"`
	Syncs       int     `json:"syncs_per_request,omitempty"`
	Against     string  `json:"against,omitempty"`
	Rate        spread  `json:"rate"`                // requests a second
	Ratio       *spread `json:"ratio,omitempty"`     // to Against, round by round
	CPURatio    *spread `json:"cpu_ratio,omitempty"` // of the machine's CPU time a request
	Rounds      []round `json:"rounds"`
}

// latency is what an open loop at a fixed rate gave.
type latency struct {
	Key    string    `json:"key"`
	Name   string    `json:"name"`
	Rate   float64   `json:"offered_per_second"` // half of the maximum
	Held   float64   `json:"held_per_second"`
	P50    float64   `json:"p50_ms"`
	P99    float64   `json:"p99_ms"`
	P999   float64   `json:"p999_ms"`
	Max    float64   `json:"max_ms"`
	Rounds []float64 `json:"rounds_p99_ms"`

	histogram *hdrhistogram.Histogram
}

// report is everything that a run found.
type report struct {
	Date         string        `json:"date"`
	Where        measure.Where `json:"machine"`
	Only         string        `json:"only,omitempty"`
	Quick        bool          `json:"quick,omitempty"` // the figures mean nothing
	Seconds      float64       `json:"seconds_per_round"`
	Participants int           `json:"participants_of_the_large_board"`
	Fsync        []float64     `json:"fsync_ms"` // of 4 KiB, mean of each round
	Results      []*result     `json:"results"`
	Latencies    []latency     `json:"latencies"`
	Goals        []verdict     `json:"goals"`
	NotMeasured  []string      `json:"not_measured,omitempty"`
}

// of is a result by its key, or nil.
func (r *report) of(key string) *result {
	for _, o := range r.Results {
		if o.Key == key {
			return o
		}
	}
	return nil
}

// latencyOf is a latency by its key, or nil.
func (r *report) latencyOf(key string) *latency {
	for i := range r.Latencies {
		if r.Latencies[i].Key == key {
			return &r.Latencies[i]
		}
	}
	return nil
}

// conclude works out what follows from the rounds.
func (r *report) conclude() {
	for _, o := range r.Results {
		o.Rate = spreadOf(o.each(func(v round) float64 { return v.Rate }))
		limit := r.of(o.Against)
		if limit == nil {
			continue
		}
		o.Ratio = ratioOf(o, limit, func(v round) float64 { return v.Rate })
		o.CPURatio = ratioOf(o, limit, func(v round) float64 { return v.Machine })
	}
}

// verdict is a goal and what became of it.
type verdict struct {
	Goal  string  `json:"goal"`
	Bound string  `json:"bound"`
	Found string  `json:"found"`
	Value float64 `json:"value"`
	Met   bool    `json:"met"`
}

func (v *verdict) String() string { return fmt.Sprintf("%s: %s", v.Bound, measure.Met(v.Met)) }

// middle is the median of a figure of all rounds.
func (o *result) middle(figure func(round) float64) float64 { return median(o.each(figure)) }

// each is one figure of all rounds.
func (o *result) each(figure func(round) float64) []float64 {
	values := make([]float64, len(o.Rounds))
	for i := range o.Rounds {
		values[i] = figure(o.Rounds[i])
	}
	return values
}

// ratioOf divides a figure by that of another, round by round, since a machine
// changes its speed from one to the next; nil where there is nothing to divide.
func ratioOf(o, by *result, figure func(round) float64) *spread {
	var ratios []float64
	for i := range min(len(o.Rounds), len(by.Rounds)) {
		if divisor := figure(by.Rounds[i]); divisor > 0 {
			ratios = append(ratios, figure(o.Rounds[i])/divisor)
		}
	}
	if len(ratios) == 0 {
		return nil
	}
	s := spreadOf(ratios)
	return &s
}

// spread is the median of some values, and the lowest and highest.
type spread struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// spreadOf sorts nothing of the caller's; no values give zeros.
func spreadOf(values []float64) spread {
	if len(values) == 0 {
		return spread{}
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (sorted[middle-1] + sorted[middle]) / 2
	}
	return spread{Median: median, Low: sorted[0], High: sorted[len(sorted)-1]}
}

func median(values []float64) float64 { return spreadOf(values).Median }

// stem is how a run's files are called: a part of everything has a name of its
// own, so that it does not take the place of the whole.
func (r *report) stem() string {
	name := r.Date
	if r.Only != "" {
		name += "-" + strings.ReplaceAll(r.Only, ",", "")
	}
	return name
}

// save writes the JSON.
func (r *report) save(dir string) (path string, err error) {
	path = filepath.Join(dir, r.stem()+".json")
	return path, measure.SaveJSON(path, r)
}
