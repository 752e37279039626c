package payouts

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/competition/ledger"
)

// metrics is what machines see of the worker.
type metrics struct {
	attempts *prometheus.CounterVec
	pending  *prometheus.GaugeVec
	oldest   prometheus.Gauge
}

func newMetrics(registry prometheus.Registerer) metrics {
	m := metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "paceboard_payout_attempts_total", Help: "Attempts at handing a prize over to the payment provider, by what became of them.",
		}, []string{"outcome"}),
		pending: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "paceboard_payouts_pending", Help: "Pending prizes by how far handing them over is; dead ones wait for an operator.",
		}, []string{"status"}),
		oldest: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "paceboard_payouts_oldest_seconds", Help: "How long the prize that waits longest to be handed over has waited; 0 if none does, or another node hands them over.",
		}),
	}
	registry.MustRegister(m.attempts, m.pending, m.oldest)
	for _, outcome := range []string{"delivered", "failed", "dead"} {
		m.attempts.WithLabelValues(outcome)
	}
	m.show(tally{}, 0)
	return m
}

// tally counts pending prizes by status.
type tally [ledger.HandoverDead + 1]int

func (t *tally) add(s ledger.HandoverStatus) {
	if int(s) < len(t) {
		t[s]++
	}
}

func (m *metrics) show(t tally, oldest time.Duration) {
	m.oldest.Set(max(oldest, 0).Seconds())
	for s, n := range t {
		m.pending.WithLabelValues(ledger.HandoverStatus(s).String()).Set(float64(n))
	}
}
