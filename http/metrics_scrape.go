package http

import (
	"bytes"
	"fmt"
	nethttp "net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// scrapeAge is how old metrics may be: gathering them costs more than most requests.
const scrapeAge = time.Second

// The formats of metrics. The binary one has native histograms.
var (
	textFormat   = expfmt.NewFormat(expfmt.TypeTextPlain)
	binaryFormat = expfmt.NewFormat(expfmt.TypeProtoDelim)
)

// formatFor returns the format that a scraper prefers, by its Accept.
func formatFor(accept string) expfmt.Format {
	if expfmt.NegotiateAccept(nethttp.Header{"Accept": {accept}}, textFormat, binaryFormat).FormatType() == expfmt.TypeProtoDelim {
		return binaryFormat
	}
	return textFormat
}

// scrape is the last metrics.
type scrape struct {
	mu       sync.Mutex
	at       time.Time
	families []*dto.MetricFamily
	written  map[expfmt.Format][]byte // never changed
}

// gather returns the metrics in a format, and gathers them at most once in scrapeAge.
func (s *scrape) gather(registry *prometheus.Registry, now time.Time, format expfmt.Format) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if age := now.Sub(s.at); s.written == nil || age < 0 || age >= scrapeAge {
		families, err := registry.Gather()
		if err != nil {
			return nil, fmt.Errorf("gather the metrics: %w", err)
		}
		s.at, s.families, s.written = now, families, map[expfmt.Format][]byte{}
	}
	if written, ok := s.written[format]; ok {
		return written, nil
	}
	var out bytes.Buffer
	encoder := expfmt.NewEncoder(&out, format)
	for _, family := range s.families {
		if err := encoder.Encode(family); err != nil {
			return nil, fmt.Errorf("write the metrics: %w", err)
		}
	}
	s.written[format] = out.Bytes()
	return out.Bytes(), nil
}
