package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

func main() {
	seed := flag.Uint64("seed", 1, "`NUMBER` that everything random follows from")
	quick := flag.Bool("quick", false, "smaller, to see that it works; writes nothing")
	schedules := flag.Int("schedules", 100, "`NUMBER` of random schedules of a sharded board")
	results := flag.String("results", "benchmarks/results", "`FOLDER` for scale.json and scale.svg")
	flag.Parse()
	os.Exit(measure.Main("scale", 10*time.Minute, func(context.Context) error { return run(*seed, *quick, *schedules, *results) }))
}

func run(seed uint64, quick bool, schedules int, results string) error {
	if quick {
		schedules = min(schedules, 5)
	}
	r := study(seed, quick)
	r.print(os.Stdout)
	voids, err := exact(seed, schedules)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stdout, "The sharded board was the single board in every version, in %d random schedules with losses, repeats and crashes (%d void tickets)\n", schedules, voids)
	if quick {
		return nil
	}
	if err := r.plot(filepath.Join(results, "scale.svg")); err != nil {
		return err
	}
	return measure.SaveJSON(filepath.Join(results, "scale.json"), r)
}

// exact compares sharded boards with single ones.
func exact(seed uint64, schedules int) (voids int, err error) {
	for i := range schedules {
		s := troubled(seed + uint64(i))
		b := schedule(s)
		if err := b.verify(); err != nil {
			return voids, fmt.Errorf("the schedule of seed %d: %w", s.Seed, err)
		}
		voids += b.found.Void
	}
	return voids, nil
}

// troubled is a small board to which everything happens.
func troubled(seed uint64) shardedSettings {
	return shardedSettings{
		Seed: seed, Shards: 4, Databases: 2, Members: 30, Scores: 6, Rate: 200, Length: 8 * time.Second,
		Lost: 0.05, Repeated: 0.2, Slow: 0.2, Stalled: 0.02, ShardCrashes: 2, RankingCrashes: 2, Compare: true,
	}
}
