package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

func main() {
	most := flag.Int("most", 1_000_000, "`NUMBER` beyond which no size is measured")
	results := flag.String("results", "benchmarks/results", "`FOLDER` for growth.json and growth.svg")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	err := run(ctx, *most, *results)
	cancel()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "growth:", err)
		os.Exit(1)
	}
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
	dir, err := measure.TempDir("growth")
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
			said("%d %s", n, s.name)
			figures, err := s.at(ctx, n)
			if err != nil {
				return fmt.Errorf("%d %s: %w", n, s.name, err)
			}
			for i, c := range s.curves {
				c.Points = append(c.Points, point{N: n, Value: figures[i]})
			}
		}
		for _, c := range s.curves {
			c.fit()
			r.Curves = append(r.Curves, c)
		}
	}
	r.print(os.Stdout)
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := r.plot(filepath.Join(results, "growth.svg")); err != nil {
		return err
	}
	path := filepath.Join(results, "growth.json")
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil { //nolint:gosec // results for everybody
		return err
	}
	said("written: %s and growth.svg", path)
	return nil
}

var began = time.Now()

// said is a line of progress.
func said(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%6.1f s  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
}
