package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
)

// day is how busy each hour is, times the mean: few at night, a bump when people
// go to work, most in the evening.
func day() [24]float64 {
	h := [24]float64{
		6: 0.7, 7: 1.2, 8: 1.3, 9: 1.0, 10: 0.8, 11: 0.8, 12: 1.1, 13: 1.0, 14: 0.9, 15: 0.9,
		16: 1.1, 17: 1.6, 18: 2.2, 19: 2.5, 20: 2.4, 21: 2.0, 22: 1.3, 23: 0.6, 0: 0.2, 1: 0.1, 2: 0.08, 3: 0.08, 4: 0.1, 5: 0.3,
	}
	sum := 0.0
	for _, share := range h {
		sum += share
	}
	for i := range h {
		h[i] *= 24 / sum
	}
	return h
}

// onTheHour is how much busier the first minutes of an hour are than the hour:
// that is when phones wake their apps.
const onTheHour = 4.0

// peak is the busiest minute of the day, times the mean.
func peak() float64 {
	h := day()
	return slices.Max(h[:]) * onTheHour
}

// crowds are the sizes of boards: a Pareto distribution from 8 to the largest, as
// groups of friends and companies are many, and national challenges few.
type crowds struct {
	size []int     // largest first
	upTo []float64 // of the participants, the share in this board and those before it
}

const (
	smallest = 8
	skew     = 1.1 // a board of 10 times the size is 10^1.1 = 13 times as rare
)

func newCrowds(rng *rand.Rand, boards, largest int) *crowds {
	c := &crowds{size: make([]int, boards), upTo: make([]float64, boards)}
	for i := range c.size {
		c.size[i] = min(largest, int(smallest*math.Pow(1-rng.Float64(), -1/skew)))
	}
	slices.SortFunc(c.size, func(a, b int) int { return b - a })
	sum := 0.0
	for i, n := range c.size {
		sum += float64(n)
		c.upTo[i] = sum
	}
	for i := range c.upTo {
		c.upTo[i] /= sum
	}
	return c
}

// pick is the board of somebody who syncs.
func (c *crowds) pick(rng *rand.Rand) int {
	return min(sort.SearchFloat64s(c.upTo, rng.Float64()), len(c.size)-1)
}
