package main

import (
	"log/slog"
	"maps"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/config"
	"github.com/paceboard/paceboard/internal/tracing"
)

// tracesWithin is how long a server that stops tries to send its last traces.
const tracesWithin = time.Second

// startTracer starts what sends traces to the collector that the settings name; nil if
// they name none.
func startTracer(settings *config.Settings, node *clusterPart, logger *slog.Logger) *tracing.Tracer {
	if settings.OTELExporterOTLPEndpoint == "" {
		return nil
	}
	resource := map[string]string{"service.version": Version}
	if node != nil {
		resource["service.instance.id"] = node.self.ID
	}
	maps.Copy(resource, config.Pairs(settings.OTELResourceAttributes))
	resource["service.name"] = settings.OTELServiceName // which wins, as OpenTelemetry has it
	return tracing.New(tracing.Options{
		Endpoint: settings.OTELExporterOTLPEndpoint + "/v1/traces", Headers: config.Pairs(settings.OTELExporterOTLPHeaders.Reveal()), Resource: resource,
		Share: settings.OTELTracesSamplerArg, Logger: logger,
	})
}

// measureTraces registers how many spans were sent, and how many were not.
func measureTraces(registry prometheus.Registerer, tracer *tracing.Tracer) {
	count := func(outcome string, of func() uint64) {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "paceboard_trace_spans_total", ConstLabels: prometheus.Labels{"outcome": outcome},
			Help: "Steps of traced requests, by what became of them: sent to the collector, failed because it did not take them, or lost because too many waited for it.",
		}, func() float64 { return float64(of()) }))
	}
	count("sent", func() uint64 { sent, _, _ := tracer.Counts(); return sent })
	count("failed", func() uint64 { _, failed, _ := tracer.Counts(); return failed })
	count("lost", func() uint64 { _, _, lost := tracer.Counts(); return lost })
}
