package clock

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Health is nil while the machine's clock is in use and settled; otherwise it says what is
// wrong, and what to do.
func (c *Clock) Health() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch s := c.state.Load(); {
	case s.held && s.contradicted:
		return fmt.Errorf("this machine's clock jumped and is %s ahead of the time in use, with which the database agrees: set it right, and run NTP", round(s.by))
	case s.held:
		return fmt.Errorf("this machine's clock jumped and is %s ahead of the time in use: no competition changes its status until it was stable for %s or the database agrees with it; run NTP", round(s.by), c.options.Stable)
	case !c.settled.Load():
		return fmt.Errorf("the database's clock is %s ahead of this machine's, so no competition changes its status yet: run NTP on both", round(c.lead))
	}
	return nil
}

// Register registers the clock's metrics.
func (c *Clock) Register(registry prometheus.Registerer) {
	gauge := func(name, help string, value func() float64) {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "paceboard", Subsystem: "clock", Name: name, Help: help}, value))
	}
	registry.MustRegister(c.forward, c.back)
	gauge("jump_seconds", "How far this machine's clock is ahead of the time in use since it jumped; 0 while it is in use.", func() float64 {
		if s := c.state.Load(); s.held {
			return s.by.Seconds()
		}
		return 0
	})
	gauge("settled", "1 while the time is certain; while it is 0, no competition changes its status.", func() float64 {
		if c.Settled() {
			return 1
		}
		return 0
	})
}
