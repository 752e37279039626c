package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

// Small plots, side by side, in pixels.
const (
	columns               = 3
	cellWidth, cellHeight = 320, 250
	frameLeft, frameRight = 56, 300
	frameTop, frameBottom = 48, 190
	margin                = 56
)

// plot draws every curve, both axes by powers of ten, with its fit dashed.
func (r *report) plot(path string) error {
	rows := (len(r.Curves) + columns - 1) / columns
	p := measure.NewPlot(columns*cellWidth, margin+rows*cellHeight+36, 24, "How cost grows with size (both axes are logarithmic)")
	for i, c := range r.Curves {
		c.draw(p, float64(i%columns*cellWidth), float64(margin+i/columns*cellHeight))
	}
	return p.Save(path, 24, "points: measured; dashed: the power law nearest to them; "+r.Machine.String())
}

// draw draws one curve into the cell whose corner is at x and y.
func (c *curve) draw(p *measure.Plot, x, y float64) {
	lowest, highest := math.Inf(1), math.Inf(-1)
	for _, point := range c.Points {
		lowest, highest = min(lowest, point.Value), max(highest, point.Value)
	}
	firstX, lastX := decades(float64(c.Points[0].N), float64(c.Points[len(c.Points)-1].N))
	firstY, lastY := decades(max(lowest, 1e-9), max(highest, 1e-9))
	xOf := func(n float64) float64 {
		return x + frameLeft + (frameRight-frameLeft)*(math.Log10(n)-firstX)/(lastX-firstX)
	}
	yOf := func(v float64) float64 {
		return y + frameBottom - (frameBottom-frameTop)*(math.Log10(max(v, 1e-9))-firstY)/(lastY-firstY)
	}
	p.Text(x+frameLeft-32, y+16, "ink", "", "%s, %s", c.What, c.Unit)
	p.Text(x+frameLeft-32, y+32, "one", "", "%s", c.growth())
	for power := firstX; power <= lastX; power++ {
		at := xOf(math.Pow(10, power))
		p.Path("grid", fmt.Sprintf("M%.1f %.1fV%.1f", at, y+frameTop, y+frameBottom))
		p.Text(at, y+frameBottom+18, "", "middle", "%s", short(math.Pow(10, power)))
	}
	for power := firstY; power <= lastY; power++ {
		at := yOf(math.Pow(10, power))
		p.Path("grid", fmt.Sprintf("M%.1f %.1fH%.1f", x+frameLeft, at, x+frameRight))
		p.Text(x+frameLeft-6, at+4, "", "end", "%s", short(math.Pow(10, power)))
	}
	p.Text(x+(frameLeft+frameRight)/2, y+frameBottom+36, "", "middle", "%s", c.Of)

	var line strings.Builder
	for i, point := range c.Points {
		verb := 'L'
		if i == 0 {
			verb = 'M'
		}
		fmt.Fprintf(&line, "%c%.1f %.1f", verb, xOf(float64(point.N)), yOf(point.Value))
	}
	first, last := float64(c.Points[0].N), float64(c.Points[len(c.Points)-1].N)
	p.Path("three dashed", fmt.Sprintf("M%.1f %.1fL%.1f %.1f", xOf(first), yOf(c.at(first)), xOf(last), yOf(c.at(last))))
	p.Path("one", line.String())
	for _, point := range c.Points {
		fmt.Fprintf(p, `<circle class="bar" cx="%.1f" cy="%.1f" r="3.5"/>`+"\n", xOf(float64(point.N)), yOf(point.Value))
	}
}

// decades are the powers of ten around values, at least one apart.
func decades(lowest, highest float64) (first, last float64) {
	first, last = math.Floor(math.Log10(lowest)), math.Ceil(math.Log10(highest))
	return first, max(last, first+1)
}

// short writes a power of ten as people say it.
func short(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%gM", v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%gk", v/1e3)
	default:
		return fmt.Sprintf("%g", v)
	}
}
