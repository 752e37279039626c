package measure

import (
	"fmt"
	"math"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Milliseconds is a percentile of latencies that are recorded in microseconds.
func Milliseconds(h *hdrhistogram.Histogram, percentile float64) float64 {
	return float64(h.ValueAtPercentile(percentile)) / 1000
}

// Percentiles is the path of a histogram's percentiles, in so many steps up to
// the one with so many nines: 3 is 99.9.
func Percentiles(h *hdrhistogram.Histogram, nines float64, steps int, xOf, yOf func(float64) float64) string {
	var b strings.Builder
	for i := range steps + 1 {
		percentile := 100 * (1 - math.Pow(10, -nines*float64(i)/float64(steps)))
		verb := 'L'
		if i == 0 {
			verb = 'M'
		}
		fmt.Fprintf(&b, "%c%.1f %.1f", verb, xOf(percentile), yOf(Milliseconds(h, percentile)))
	}
	return b.String()
}
