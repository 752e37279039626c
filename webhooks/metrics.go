package webhooks

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/competition"
)

// metrics is what machines see of the deliveries.
type metrics struct {
	attempts  *prometheus.CounterVec
	disabled  prometheus.Counter
	delay     prometheus.Histogram
	endpoints *prometheus.GaugeVec
	failing   prometheus.Gauge
	oldest    prometheus.Gauge
	underway  prometheus.Gauge
}

func newMetrics(registry prometheus.Registerer) metrics {
	m := metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "paceboard_webhook_attempts_total", Help: "Attempts at sending an event to a webhook, by what became of them.",
		}, []string{"outcome"}),
		disabled: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "paceboard_webhook_disabled_total", Help: "Webhooks that were disabled because they failed for three days, answered 410, or may not be sent the events any more.",
		}),
		delay: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "paceboard_webhook_delay_seconds", Help: "From an event to the moment at which a webhook had taken it.",
			Buckets: []float64{.1, .3, 1, 3, 10, 60, 600, 3600, 6 * 3600, 24 * 3600},
		}),
		endpoints: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "paceboard_webhooks", Help: "Webhooks by state; 0 where another node sends to them.",
		}, []string{"state"}),
		failing: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "paceboard_webhook_failing_cursors", Help: "Pairs of a webhook that is not disabled and a competition at whose next event the last attempt failed.",
		}),
		oldest: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "paceboard_webhook_failing_seconds", Help: "For how long the webhook that has failed longest, and is not disabled, has failed; 0 if none does.",
		}),
		underway: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "paceboard_webhook_attempts_underway", Help: "Events that are being sent to webhooks.",
		}),
	}
	registry.MustRegister(m.attempts, m.disabled, m.delay, m.endpoints, m.failing, m.oldest, m.underway)
	for _, outcome := range []string{"delivered", "failed"} {
		m.attempts.WithLabelValues(outcome)
	}
	m.showEndpoints(0, 0)
	return m
}

func (m *metrics) showEndpoints(active, disabled int) {
	m.endpoints.WithLabelValues("active").Set(float64(active))
	m.endpoints.WithLabelValues("disabled").Set(float64(disabled))
}

func (m *metrics) showFailures(f competition.WebhookFailures, now time.Time) {
	m.failing.Set(float64(f.Cursors))
	if f.Since == 0 {
		m.oldest.Set(0)
		return
	}
	m.oldest.Set(max(now.Sub(f.Since.Time()), 0).Seconds())
}
