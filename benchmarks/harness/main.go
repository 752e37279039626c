package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

// options are what the command line says.
type options struct {
	only    string
	quick   bool
	rounds  int
	each    time.Duration
	results string
}

func main() {
	o := options{}
	flag.StringVar(&o.only, "only", "", "`PARTS` by commas, as in b,h; all when empty")
	flag.BoolVar(&o.quick, "quick", false, "everything once, for a moment; no results are written")
	flag.IntVar(&o.rounds, "rounds", 5, "`NUMBER` of rounds")
	flag.DurationVar(&o.each, "each", 1500*time.Millisecond, "`TIME` of a measurement in a round, up to 30s")
	flag.StringVar(&o.results, "results", "benchmarks/results", "`FOLDER` for what was found")
	flag.Parse()
	if o.rounds < 1 || o.each < 50*time.Millisecond || o.each > 30*time.Second {
		fmt.Fprintln(os.Stderr, "harness: -rounds from 1, -each from 50ms to 30s")
		os.Exit(2)
	}
	os.Exit(measure.Main("harness", 15*time.Minute, func(ctx context.Context) error { return run(ctx, o) }))
}

// run prepares, measures and reports.
func run(ctx context.Context, o options) (err error) {
	b := &bench{
		rounds: o.rounds, each: o.each, timed: 2 * o.each, board: participants, atMost: math.MaxInt,
		files: map[string]*prepared{}, servers: map[string]*server{}, clusters: map[string]*cluster{}, number: gapStart,
		progress: &progress{to: os.Stderr, terminal: isatty.IsTerminal(os.Stderr.Fd()), began: time.Now()},
	}
	defer b.close()
	if o.quick {
		b.rounds, b.each, b.timed, b.board, b.atMost = 1, 200*time.Millisecond, 200*time.Millisecond, 20_000, 16
	}
	if b.chosen, err = choose(measurements(), o.only); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "paceboard-bench-"); err != nil {
		return err
	}
	b.atEnd(func() { _ = os.RemoveAll(b.dir) })
	if b.log, err = os.Create(filepath.Join(b.dir, "log")); err != nil {
		return err
	}
	b.atEnd(func() { _ = b.log.Close() })
	if b.wrk, err = findWrk(b.dir); err != nil {
		return err
	}
	if b.loads, err = newLoads(); err != nil {
		return err
	}
	b.report = &report{
		Date: time.Now().UTC().Format(time.DateOnly), Where: measure.Here(ctx), Only: o.only, Quick: o.quick,
		Seconds: b.each.Seconds(), Participants: b.board,
	}
	if len(b.chosen) > 0 { // g alone measures nothing here
		if err := b.run(ctx); ctx.Err() != nil {
			return fmt.Errorf("stopped before its end: %w", context.Cause(ctx))
		} else if err != nil {
			return fmt.Errorf("%w%s", err, b.lastWords())
		}
	}
	b.progress.clear()
	b.report.conclude()
	b.report.Goals = judge(b.report)
	return b.publish(o)
}

// publish prints the tables and writes the files. A quick run writes them into
// its own folder, which goes away.
func (b *bench) publish(o options) error {
	const live = "part g, live boards: make bench-live"
	if len(b.chosen) == 0 {
		fmt.Fprintln(os.Stdout, live)
		return nil
	}
	b.report.writeTables(os.Stdout)
	dir := o.results
	if o.quick {
		dir = b.dir
	}
	path, err := b.report.save(dir)
	if err != nil {
		return err
	}
	plots, err := b.report.plots(dir)
	if err != nil {
		return err
	}
	if o.quick {
		fmt.Fprintf(os.Stdout, "\neverything works (%.0f s); these figures mean nothing: run `make bench`\n", time.Since(b.progress.began).Seconds())
		return nil
	}
	fmt.Fprintf(os.Stdout, "\n%.0f s; written: %s\n", time.Since(b.progress.began).Seconds(), strings.Join(append([]string{path}, plots...), " "))
	fmt.Fprintln(os.Stdout, live)
	return nil
}

// lastWords returns the end of the servers' log, to explain a failure.
func (b *bench) lastWords() string {
	const most = 2_000
	text, err := os.ReadFile(b.log.Name())
	if err != nil || len(text) == 0 {
		return ""
	}
	return "\nthe servers' log ends with:\n" + string(text[max(0, len(text)-most):])
}
