package main

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

// plots draws what the run has figures for, and returns the files' names.
func (r *report) plots(dir string) (paths []string, err error) {
	for _, plot := range []struct {
		name string
		draw func(path string) error
		has  bool
	}{
		{"ratios", r.plotRatios, slices.ContainsFunc(r.Results, func(o *result) bool { return r.charted(o) })},
		{"latency", r.plotLatency, len(r.Latencies) > 0},
	} {
		if !plot.has {
			continue
		}
		path := filepath.Join(dir, r.stem()+"-"+plot.name+".svg")
		if err := plot.draw(path); err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// charted results have a bar: those with a ratio, except batches, whose
// requests cannot be compared with single ones.
func (*report) charted(o *result) bool { return o.Ratio != nil && o.Syncs <= 1 }

// barGoals are the goals that are a ratio of one bar.
var barGoals = map[string]float64{
	"b/one/256": 0.65, "b/one/1024": 0.72, "c/sync/256": 0.35, "e/top/64": 0.95, "e/top/256": 0.95, "e/changing/256": 0.90, "f/rank/256": 0.60, "f/around/256": 0.60,
}

// plotRatios draws a bar for each ratio, its spread, and its goal.
func (r *report) plotRatios(path string) error {
	const (
		left, right = 286, 690
		top, row    = 56, 28
		width       = 880
	)
	var bars []*result
	highest := 1.0
	for _, o := range r.Results {
		if r.charted(o) {
			bars = append(bars, o)
			highest = max(highest, o.Ratio.High)
		}
	}
	slices.SortStableFunc(bars, func(a, b *result) int { return strings.Compare(a.Key[:1], b.Key[:1]) })
	bottom := top + row*len(bars)
	xOf := func(v float64) float64 { return left + (right-left)*v/highest }
	p := measure.NewPlot(width, bottom+76, 16, "Of the front end's limit, at the same connections in the same round")
	step := measure.NiceStep(highest / 6)
	for v := 0.0; v <= highest+1e-9; v += step {
		p.Path("grid", fmt.Sprintf("M%.1f %dV%d", xOf(v), top-6, bottom))
		p.Text(xOf(v), float64(bottom+18), "", "middle", "%.3g", v)
	}
	for i, o := range bars {
		y := float64(top + row*i)
		class := "bar"
		if strings.HasPrefix(o.Key, "h/") || strings.HasPrefix(o.Key, "c/insert") {
			class = "bar other" // not ours
		}
		p.Text(left-10, y+15, "ink", "end", "%s, %d", o.Name, o.Connections)
		p.Path(class, fmt.Sprintf("M%d %.1fH%.1fV%.1fH%dZ", left, y+3, xOf(o.Ratio.Median), y+row-7, left))
		p.Path("spread", fmt.Sprintf("M%.1f %.1fH%.1f", xOf(o.Ratio.Low), y+row/2-2, xOf(o.Ratio.High)))
		label := fmt.Sprintf("%.2f", o.Ratio.Median)
		if bound, ok := barGoals[o.Key]; ok {
			p.Path("goal", fmt.Sprintf("M%.1f %.1fV%.1f", xOf(bound), y, y+row-4))
			label += fmt.Sprintf("  goal ≥ %.2f: %s", bound, measure.Met(o.Ratio.Median >= bound))
		}
		p.Text(max(xOf(o.Ratio.High), xOf(barGoals[o.Key]))+8, y+15, "", "", "%s", label)
	}
	return p.Save(path, 16, fmt.Sprintf("name, connections; bar: median of %d rounds, line: lowest to highest; grey is not ours; top-100 reads: of a constant of the same bytes, at 64 connections by plain Fiber",
		len(bars[0].Rounds)), r.Where.String())
}

// plotLatency draws latency by percentile, on a log scale both ways: every
// further nine takes as much room.
func (r *report) plotLatency(path string) error {
	const (
		width, height = 860, 440
		left, right   = 64, 620
		top, bottom   = 56, 350
		goalMs        = 10
	)
	xOf := func(percentile float64) float64 {
		return left + (right-left)*min(-math.Log10(1-percentile/100), 3)/3
	}
	low, high := math.Inf(1), float64(goalMs)
	for _, l := range r.Latencies {
		low, high = min(low, max(l.P50/2, 0.01)), max(high, measure.Milliseconds(l.histogram, 99.9))
	}
	lowest, highest := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	yOf := func(v float64) float64 {
		return bottom - (bottom-top)*(max(math.Log10(max(v, 1e-6)), lowest)-lowest)/(highest-lowest)
	}
	p := measure.NewPlot(width, height, left, "Latency at half of each one's maximum, open loop, milliseconds (log scale)")
	for power := lowest; power <= highest; power++ {
		v := math.Pow(10, power)
		p.Path("grid", fmt.Sprintf("M%d %.1fH%d", left, yOf(v), right))
		p.Text(left-8, yOf(v)+4, "", "end", "%g", v)
	}
	for _, percentile := range []float64{0, 50, 90, 99, 99.9} {
		p.Path("grid", fmt.Sprintf("M%.1f %dV%d", xOf(percentile), top, bottom))
		p.Text(xOf(percentile), bottom+18, "", "middle", "%g %%", percentile)
	}
	p.Text((left+right)/2, bottom+38, "", "middle", "share of answers at most as late (log scale: each step a tenth of the rest)")
	p.Path("goal", fmt.Sprintf("M%d %.1fH%d", left, yOf(goalMs), right))
	p.Text(left+4, yOf(goalMs)-6, "goal", "", "goal: sync p99 ≤ %d ms", goalMs)
	labels := slices.Clone(r.Latencies)
	slices.SortFunc(labels, func(a, b latency) int { return int(math.Copysign(1, b.P999-a.P999)) })
	y := math.Inf(-1)
	for _, l := range labels {
		class, line := "two", ""
		switch l.Key[0] {
		case 'b':
			class = "one"
		case 'h': // not ours
			class = "three"
		}
		if l.Key == "h/everysec/256" || l.Key == "f/around/256" {
			line = " dashed" // beside another of the same colour
		}
		p.Path(class+line, measure.Percentiles(l.histogram, 3, 120, xOf, yOf))
		y = max(y+32, yOf(l.P999)) // apart, in their order
		p.Text(right+10, y, class, "", "%s", l.Name)
		p.Text(right+10, y+15, class, "", "%s/s, p99 %.2g ms", thousands(l.Rate), l.P99)
	}
	return p.Save(path, left, "256 connections, from the moment a request was due to its answer", r.Where.String())
}
