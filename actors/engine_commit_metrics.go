package actors

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// commitMetrics are what the writer counts: how large commits get, and how long the
// store takes for one, tell an operator whether it is the disk or the load.
type commitMetrics struct {
	events, competitions, took prometheus.Histogram
}

func newCommitMetrics(registry prometheus.Registerer) commitMetrics {
	powers := prometheus.ExponentialBuckets(1, 2, 14)
	c := commitMetrics{
		events: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "paceboard_commit_events", Help: "Events in a commit of the journal.", Buckets: powers,
		}),
		competitions: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "paceboard_commit_competitions", Help: "Competitions in a commit of the journal.", Buckets: powers,
		}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "paceboard_commit_seconds", Help: "Time that the store took for a commit of the journal, failures included.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0015, .0025, .005, .0075, .01, .025, .05, .1, .25, 1, 5},
		}),
	}
	registry.MustRegister(c.events, c.competitions, c.took)
	return c
}

func (c *commitMetrics) observe(events, competitions int, took time.Duration) {
	c.events.Observe(float64(events))
	c.competitions.Observe(float64(competitions))
	c.took.Observe(took.Seconds())
}
