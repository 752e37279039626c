package main

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/paceboard/paceboard/persistence/embedded"
)

// newRegistry makes the registry of the process's metrics, with those of the process
// itself.
func newRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "paceboard_build_info", Help: "1, with what this program is as labels.",
		ConstLabels: prometheus.Labels{"version": Version, "commit": commit(), "goversion": runtime.Version()},
	})
	build.Set(1)
	registry.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}

// measureStore registers the figures that a store has besides its health.
func measureStore(registry prometheus.Registerer, s store) {
	switch store := s.(type) {
	case *embedded.Store:
		registry.MustRegister(store.Collector())
	case interface{ ClockOffset() time.Duration }:
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "paceboard_clock_offset_seconds", Help: "How far the database's clock is ahead of this machine's, when it was last asked.",
		}, func() float64 { return store.ClockOffset().Seconds() }))
	}
}
