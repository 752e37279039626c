package main

import (
	"fmt"
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

// The plot's frame, in pixels.
const (
	plotWidth, plotHeight = 760, 420
	left, right           = 64, 600
	top, bottom           = 56, 340
)

// percentiles are those with a mark on the axis, each a tenth of the rest.
var percentiles = []float64{0, 90, 99, 99.9, 99.99}

// xOf returns the x of a percentile: every further nine takes as much room.
func xOf(percentile float64) float64 {
	nines := -math.Log10(1 - percentile/100)
	return left + (right-left)*min(nines, 4)/4
}

// plot draws the latencies of both parts by percentile, for light and dark.
func (r *report) plot(path string) error {
	highest := max(measure.Milliseconds(r.reading.latency, 99.99), measure.Milliseconds(r.stalled.latency, 99.99), goalP99) * 1.08
	step := measure.NiceStep(highest / 5)
	yOf := func(v float64) float64 { return bottom - (bottom-top)*v/highest }

	p := measure.NewPlot(plotWidth, plotHeight, left, "From a sync's acknowledgement to its frame, milliseconds")
	for v := 0.0; v <= highest; v += step {
		p.Path("grid", fmt.Sprintf("M%d %.1fH%d", left, yOf(v), right))
		p.Text(left-10, yOf(v)+4, "", "end", "%.0f", v)
	}
	for _, percentile := range percentiles {
		x := xOf(percentile)
		p.Path("grid", fmt.Sprintf("M%.1f %dV%d", x, top, bottom))
		p.Text(x, bottom+20, "", "middle", "%g %%", percentile)
	}
	p.Text((left+right)/2, bottom+40, "", "middle", "share of frames at most as late (log scale: each step a tenth of the rest)")
	beside := -6.0 // the goal's name, on the side of the line where the curves do not end
	if measure.Milliseconds(r.reading.latency, 99.99) > goalP99 {
		beside = 16
	}
	p.Path("goal", fmt.Sprintf("M%d %.1fH%d", left, yOf(goalP99), right))
	p.Text(right-4, yOf(goalP99)+beside, "goal", "end", "goal: p99 ≤ %d ms", goalP99)

	oneLabel, twoLabel := yOf(measure.Milliseconds(r.reading.latency, 99.99)), yOf(measure.Milliseconds(r.stalled.latency, 99.99))
	if math.Abs(oneLabel-twoLabel) < 34 { // apart, in their order
		middle, sign := (oneLabel+twoLabel)/2, 1.0
		if oneLabel < twoLabel {
			sign = -1
		}
		oneLabel, twoLabel = middle+17*sign, middle-17*sign
	}
	label := func(class string, y float64, name string, h *hdrhistogram.Histogram) {
		p.Text(right+10, y, class, "", "%s", name)
		p.Text(right+10, y+16, class, "", "p99 %.0f ms", measure.Milliseconds(h, 99))
	}
	p.Path("two", measure.Percentiles(r.stalled.latency, 4, 160, xOf, yOf))
	p.Path("one", measure.Percentiles(r.reading.latency, 4, 160, xOf, yOf))
	label("two", twoLabel, fmt.Sprintf("%d stopped reading", r.options.stalled), r.stalled.latency)
	label("one", oneLabel, "all read", r.reading.latency)
	return p.Save(path, left, fmt.Sprintf("%d subscribers of the top %d, %d syncs/s", r.options.subscribers, r.options.window, r.options.rate), r.machine)
}
