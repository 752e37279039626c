package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The plot's frame, in pixels.
const (
	plotWidth, plotHeight = 760, 420
	left, right           = 64, 600
	top, bottom           = 56, 340
)

// percentiles are those with a mark on the axis, each a tenth of the rest.
var percentiles = []float64{0, 90, 99, 99.9, 99.99}

// xOf is where a percentile stands: every further nine takes as much room.
func xOf(percentile float64) float64 {
	nines := -math.Log10(1 - percentile/100)
	return left + (right-left)*min(nines, 4)/4
}

// plot draws the latencies of both parts by percentile, for light and dark.
func (r *report) plot(path string) error {
	highest := max(ms(r.reading.latency, 99.99), ms(r.stalled.latency, 99.99), goalP99) * 1.08
	step := niceStep(highest / 5)
	yOf := func(v float64) float64 { return bottom - (bottom-top)*v/highest }

	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="Latency of live frames by percentile">
<style>
svg { --bg: #f7f8f5; --ink: #16201b; --muted: #55625b; --line: #dfe4df; --one: #0b7a4b; --two: #b3401f; --goal: #8a5a00; font: 13px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { svg { --bg: #0f1512; --ink: #e9f0ec; --muted: #9fb0a7; --line: #2a352f; --one: #4fd69b; --two: #ff9270; --goal: #f0b84f; } }
text { fill: var(--muted); } .title { fill: var(--ink); font-size: 16px; font-weight: 650; }
.grid { stroke: var(--line); } .goal { stroke: var(--goal); stroke-dasharray: 6 4; } text.goal { fill: var(--goal); stroke: none; }
.one, .two { fill: none; stroke: var(--one); stroke-width: 2.5; } .two { stroke: var(--two); } text.one { fill: var(--one); stroke: none; } text.two { fill: var(--two); stroke: none; }
</style>
<rect width="%d" height="%d" fill="var(--bg)"/>
<text class="title" x="%d" y="28">From a sync's acknowledgement to its frame, milliseconds</text>
`, plotWidth, plotHeight, plotWidth, plotHeight, left)
	for v := 0.0; v <= highest; v += step {
		fmt.Fprintf(&b, `<path class="grid" d="M%d %.1fH%d"/><text x="%d" y="%.1f" text-anchor="end">%.0f</text>`+"\n", left, yOf(v), right, left-10, yOf(v)+4, v)
	}
	for _, p := range percentiles {
		fmt.Fprintf(&b, `<path class="grid" d="M%.1f %dV%d"/><text x="%.1f" y="%d" text-anchor="middle">%g %%</text>`+"\n", xOf(p), top, bottom, xOf(p), bottom+20, p)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">share of frames at most as late (log scale: each step a tenth of the rest)</text>`+"\n", (left+right)/2, bottom+40)
	beside := -6.0 // the goal's name, on the side of the line where the curves do not end
	if ms(r.reading.latency, 99.99) > goalP99 {
		beside = 16
	}
	fmt.Fprintf(&b, `<path class="goal" d="M%d %.1fH%d"/><text class="goal" x="%d" y="%.1f" text-anchor="end">goal: p99 ≤ %d ms</text>`+"\n",
		left, yOf(goalP99), right, right-4, yOf(goalP99)+beside, goalP99)

	one, two := curve(r.reading.latency, yOf), curve(r.stalled.latency, yOf)
	oneLabel, twoLabel := yOf(ms(r.reading.latency, 99.99)), yOf(ms(r.stalled.latency, 99.99))
	if math.Abs(oneLabel-twoLabel) < 34 { // apart, in their order
		middle, sign := (oneLabel+twoLabel)/2, 1.0
		if oneLabel < twoLabel {
			sign = -1
		}
		oneLabel, twoLabel = middle+17*sign, middle-17*sign
	}
	label := func(class string, y float64, name string, h *hdrhistogram.Histogram) {
		fmt.Fprintf(&b, `<text class="%s" x="%d" y="%.1f">%s<tspan x="%d" dy="16">p99 %.0f ms</tspan></text>`+"\n", class, right+10, y, name, right+10, ms(h, 99))
	}
	fmt.Fprintf(&b, `<path class="two" d="%s"/><path class="one" d="%s"/>`+"\n", two, one)
	label("two", twoLabel, fmt.Sprintf("%d stopped reading", r.options.stalled), r.stalled.latency)
	label("one", oneLabel, "all read", r.reading.latency)
	fmt.Fprintf(&b, `<text x="%d" y="%d" font-size="11">%d subscribers of the top %d, %d syncs/s</text><text x="%d" y="%d" font-size="11">%s</text>`+"\n</svg>\n",
		left, plotHeight-24, r.options.subscribers, r.options.window, r.options.rate, left, plotHeight-8, r.machine)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // a result for everybody
		return err
	}
	return os.WriteFile(path, []byte(b.String()), 0o644) //nolint:gosec // the same
}

// curve is the path of a histogram's percentiles.
func curve(h *hdrhistogram.Histogram, yOf func(float64) float64) string {
	var b strings.Builder
	const points = 160
	for i := range points + 1 {
		percentile := 100 * (1 - math.Pow(10, -4*float64(i)/points))
		verb := 'L'
		if i == 0 {
			verb = 'M'
		}
		fmt.Fprintf(&b, "%c%.1f %.1f", verb, xOf(percentile), yOf(ms(h, percentile)))
	}
	return b.String()
}

// niceStep rounds a step up to 1, 2 or 5 times a power of ten.
func niceStep(step float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, factor := range []float64{1, 2, 5} {
		if step <= factor*power {
			return factor * power
		}
	}
	return 10 * power
}
