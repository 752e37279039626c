package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

func main() {
	most := flag.Int("most", 1_000_000, "`NUMBER` beyond which no size is measured")
	results := flag.String("results", "benchmarks/results", "`FOLDER` for growth.json and growth.svg")
	flag.Parse()
	os.Exit(measure.Main("growth", 15*time.Minute, func(ctx context.Context) error { return run(ctx, *most, *results) }))
}

// study is one thing that grows, and what is measured at each size.
type study struct {
	name   string // of what is counted
	sizes  []int
	curves []*curve // as many as measure returns figures
	at     func(ctx context.Context, n int) ([]float64, error)
}

// report is what a run writes.
type report struct {
	Machine measure.Where `json:"machine"`
	Curves  []*curve      `json:"curves"`
}

// run measures every study, prints the curves and writes them.
func run(ctx context.Context, most int, results string) (err error) {
	dir, err := os.MkdirTemp("", "paceboard-growth-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r := &report{Machine: measure.Here(ctx)}
	for _, s := range []study{participants(), competitions(dir), subscribers(dir), journal(dir)} {
		for _, n := range s.sizes {
			if n > most {
				break
			}
			measure.Say("%d %s", n, s.name)
			figures, err := s.at(ctx, n)
			if err != nil {
				return fmt.Errorf("%d %s: %w", n, s.name, err)
			}
			for i, c := range s.curves {
				c.Points = append(c.Points, point{N: n, Value: figures[i]})
			}
		}
		for _, c := range s.curves {
			if len(c.Points) == 0 {
				continue // -most is below its sizes
			}
			c.fit()
			r.Curves = append(r.Curves, c)
		}
	}
	r.print(os.Stdout)
	if err := r.plot(filepath.Join(results, "growth.svg")); err != nil {
		return err
	}
	path := filepath.Join(results, "growth.json")
	measure.Say("writing %s and growth.svg", path)
	return measure.SaveJSON(path, r)
}
