package http

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

// scrapeAge is how old metrics may be: gathering them costs more than most requests.
const scrapeAge = time.Second

// scrape is the last metrics in Prometheus' text format.
type scrape struct {
	mu   sync.Mutex
	at   time.Time
	text []byte // never changed
}

// gather returns the metrics, and gathers them at most once in scrapeAge.
func (s *scrape) gather(registry *prometheus.Registry, now time.Time) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if age := now.Sub(s.at); s.text != nil && age >= 0 && age < scrapeAge {
		return s.text, nil
	}
	families, err := registry.Gather()
	if err != nil {
		return nil, fmt.Errorf("gather the metrics: %w", err)
	}
	var text bytes.Buffer
	encoder := expfmt.NewEncoder(&text, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			return nil, fmt.Errorf("write the metrics: %w", err)
		}
	}
	s.at, s.text = now, text.Bytes()
	return s.text, nil
}
