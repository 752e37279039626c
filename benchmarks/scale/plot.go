package main

import (
	"fmt"
	"strings"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

// Panels, side by side, in pixels.
const (
	panelWidth, panelHeight = 340, 260
	panelLeft, panelRight   = 52, 320
	panelTop, panelBottom   = 52, 200
	panelsTop               = 44
)

// panel is a frame with both axes from zero.
type panel struct {
	*measure.Plot
	x, y       float64
	mostX      float64
	mostY      float64
	stepX      float64
	unit, axis string
}

// series is a line with its name beside its point at.
type series struct {
	name   string
	class  string
	points []float64 // at 0, 1, 2 … times every
	every  float64
	at     int
	above  float64 // how far the name stands from the line, in pixels
}

// plot draws the day, two faults, and the wait for a lost shard.
func (r *studyReport) plot(path string) error {
	p := measure.NewPlot(3*panelWidth, panelsTop+panelHeight+44, 24, "A cell of 16 nodes and 4 databases, simulated: 33 M users with phones")
	var p50, p99, rate, nodes, databases []float64
	for _, h := range r.Hours {
		p50, p99 = append(p50, h.P50), append(p99, h.P99)
		rate = append(rate, h.Rate/1000)
		nodes, databases = append(nodes, 100*h.NodeUse), append(databases, 100*h.DatabaseUse)
	}
	panel{p, 0, panelsTop, 23, 10, 6, "acknowledged after, ms", "first minutes of the hour"}.draw(
		series{"p99", "two", p99, 1, 10, -8}, series{"p50", "one", p50, 1, 10, 18})
	panel{p, panelWidth, panelsTop, 23, 60, 6, "processors busy, % of", "first minutes of the hour"}.draw(
		series{"databases", "two", databases, 1, 12, -10}, series{"nodes", "one", nodes, 1, 12, 22})
	var lines []series
	most := 0.0
	for i, what := range []string{"a node is killed", "one of the databases fails over in 15 s"} {
		for _, f := range r.Faults {
			if f.What != what {
				continue
			}
			var points []float64
			for _, n := range f.Timeline[:len(f.Timeline)-1] {
				points = append(points, float64(n)/100)
				most = max(most, float64(n)/100)
			}
			lines = append(lines, series{[]string{"node killed", "database lost"}[i], []string{"one", "two"}[i], points, 0.1, []int{10, 100}[i], []float64{-14, -12}[i]})
		}
	}
	panel{p, 2 * panelWidth, panelsTop, 25, most * 1.05, 5, "acknowledged a second, thousands", "seconds; the fault is at 2"}.draw(lines...)
	return p.Save(path, 24, fmt.Sprintf("simulated by go run ./benchmarks/scale, seed %d, from the unit costs in docs/scale.md; rates up to %.0f,000 syncs/s", r.Seed, maxOf(rate)))
}

func (p panel) draw(lines ...series) {
	xOf := func(v float64) float64 { return p.x + panelLeft + (panelRight-panelLeft)*v/p.mostX }
	yOf := func(v float64) float64 { return p.y + panelBottom - (panelBottom-panelTop)*v/p.mostY }
	p.Text(p.x+24, p.y+20, "ink", "", "%s", p.unit)
	step := measure.NiceStep(p.mostY / 4)
	for v := 0.0; v <= p.mostY; v += step {
		p.Path("grid", fmt.Sprintf("M%.1f %.1fH%.1f", p.x+panelLeft, yOf(v), p.x+panelRight))
		p.Text(p.x+panelLeft-6, yOf(v)+4, "", "end", "%g", v)
	}
	for v := 0.0; v <= p.mostX; v += p.stepX {
		p.Text(xOf(v), p.y+panelBottom+18, "", "middle", "%g", v)
	}
	p.Text(p.x+(panelLeft+panelRight)/2, p.y+panelBottom+36, "", "middle", "%s", p.axis)
	for _, s := range lines {
		var path strings.Builder
		for i, v := range s.points {
			verb := 'L'
			if i == 0 {
				verb = 'M'
			}
			fmt.Fprintf(&path, "%c%.1f %.1f", verb, xOf(float64(i)*s.every), yOf(v))
		}
		p.Path(s.class, path.String())
		if s.at < len(s.points) {
			p.Text(xOf(float64(s.at)*s.every), yOf(s.points[s.at])+s.above, s.class, "start", "%s", s.name)
		}
	}
}

func maxOf(values []float64) (most float64) {
	for _, v := range values {
		most = max(most, v)
	}
	return most
}
