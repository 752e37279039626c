package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
)

// curve is a cost by size.
type curve struct {
	Of     string  `json:"of"`   // what is counted along the x axis
	What   string  `json:"what"` // the cost
	Unit   string  `json:"unit"`
	Points []point `json:"points"`

	// The power law that lies nearest, by least squares of the logarithms.
	Factor   float64 `json:"factor"`
	Exponent float64 `json:"exponent"`
}

type point struct {
	N     int     `json:"n"`
	Value float64 `json:"value"`
}

// fit works out the power law; one point has none and gets its own height.
func (c *curve) fit() {
	var sumX, sumY, sumXX, sumXY float64
	n := float64(len(c.Points))
	for _, p := range c.Points {
		x, y := math.Log(float64(p.N)), math.Log(max(p.Value, 1e-9))
		sumX, sumY, sumXX, sumXY = sumX+x, sumY+y, sumXX+x*x, sumXY+x*y
	}
	if n == 0 {
		return
	}
	if spread := n*sumXX - sumX*sumX; spread > 0 {
		c.Exponent = (n*sumXY - sumX*sumY) / spread
	}
	c.Factor = math.Exp((sumY - c.Exponent*sumX) / n)
}

// at is what the power law says of a size.
func (c *curve) at(n float64) float64 { return c.Factor * math.Pow(n, c.Exponent) }

// growth says the exponent; what is below 0.05 either way is no growth.
func (c *curve) growth() string {
	if math.Abs(c.Exponent) < 0.05 {
		return "does not grow"
	}
	return fmt.Sprintf("grows as n^%.2f", c.Exponent)
}

// print writes the curves as a table.
func (r *report) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s\n", r.Machine)
	for _, c := range r.Curves {
		fmt.Fprintf(w, "\n%s, %s, by %s: %s\n", c.What, c.Unit, c.Of, c.growth())
		for _, p := range c.Points {
			fmt.Fprintf(w, "%12d %12s\n", p.N, figure(p.Value))
		}
	}
}

// figure writes three digits that count.
func figure(v float64) string {
	digits := 2
	if v != 0 {
		digits = max(0, 2-int(math.Floor(math.Log10(math.Abs(v)))))
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}
