package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

// committed is what a server's journal has done so far, as its metrics tell it.
type committed struct {
	commits, events, seconds float64
	atMost                   map[float64]float64 // commits that took no longer than so many seconds
}

// committed asks for the metrics; a subject that keeps no journal has none.
func (s *server) committed(ctx context.Context) (committed, error) {
	if !s.journal {
		return committed{}, nil
	}
	families, err := s.metrics(ctx)
	if err != nil {
		return committed{}, err
	}
	sizes, times := histogram(families["paceboard_commit_events"]), histogram(families["paceboard_commit_seconds"])
	c := committed{commits: float64(times.GetSampleCount()), events: sizes.GetSampleSum(), seconds: times.GetSampleSum(), atMost: map[float64]float64{}}
	for _, bucket := range times.GetBucket() {
		c.atMost[bucket.GetUpperBound()] = float64(bucket.GetCumulativeCount())
	}
	return c, nil
}

// metrics asks for those of a real server, by name.
func (s *server) metrics(ctx context.Context) (map[string]*dto.MetricFamily, error) {
	token, err := measure.Token("boss", true) // "operator" is reserved
	if err != nil {
		return nil, err
	}
	answer, err := measure.Ask(ctx, http.MethodGet, "http://"+s.Address+"/metrics", "", "Authorization", "Bearer "+token)
	if err != nil {
		return nil, err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(answer.Body))
	if err != nil {
		return nil, fmt.Errorf("read the metrics: %w", err)
	}
	return families, nil
}

func histogram(family *dto.MetricFamily) *dto.Histogram {
	if len(family.GetMetric()) == 0 {
		return nil
	}
	return family.GetMetric()[0].GetHistogram()
}

// commits are the journal's during a round.
type commits struct {
	Events float64 `json:"events"`     // in each, on average
	Mean   float64 `json:"mean_ms"`    // that the store took
	P50    float64 `json:"p50_max_ms"` // no more than that, for half of them: a bucket's bound
	P99    float64 `json:"p99_max_ms"` // the same for 99 of 100
}

// since is what happened after an earlier look; nil if nothing did.
func (c *committed) since(before *committed) *commits {
	n := c.commits - before.commits
	if n <= 0 {
		return nil
	}
	within := func(share float64) float64 {
		for _, bound := range slices.Sorted(maps.Keys(c.atMost)) {
			if c.atMost[bound]-before.atMost[bound] >= share*n && !math.IsInf(bound, 1) {
				return bound * 1000
			}
		}
		return 0 // beyond the largest bound
	}
	return &commits{Events: (c.events - before.events) / n, Mean: (c.seconds - before.seconds) / n * 1000, P50: within(.5), P99: within(.99)}
}
