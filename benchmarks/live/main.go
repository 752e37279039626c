package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

// options are what the command line says.
type options struct {
	subscribers, stalled, rate, window int
	warmUp, measure                    time.Duration
	pprof, svg, json                   string
}

func main() {
	o := options{}
	flag.IntVar(&o.subscribers, "subscribers", 10_000, "`NUMBER` of WebSocket subscribers, up to 15,000")
	flag.IntVar(&o.stalled, "stalled", 1_000, "`NUMBER` of them that stop reading in the second part; 0 leaves it out")
	flag.IntVar(&o.rate, "rate", 2_000, "syncs a second")
	flag.IntVar(&o.window, "window", 10, "places that each subscriber watches: 10, 25, 50 or 100")
	flag.DurationVar(&o.warmUp, "warm-up", 3*time.Second, "before the first part")
	flag.DurationVar(&o.measure, "measure", 20*time.Second, "how long each of the two parts takes")
	flag.StringVar(&o.pprof, "pprof", "", "`HOST:PORT` for the server's profiler")
	flag.StringVar(&o.svg, "svg", "benchmarks/results/live-latency.svg", "`FILE` for the plot")
	flag.StringVar(&o.json, "json", "", "`FILE` for the figures of the first part")
	flag.Parse()
	os.Exit(measure.Main("live", 4*time.Minute, func(ctx context.Context) error { return run(ctx, o) })) // the build included
}

// run is the whole measurement.
func run(ctx context.Context, o options) (err error) {
	if o.subscribers < 1 || o.subscribers > 15_000 || o.stalled < 0 || o.stalled >= o.subscribers {
		return fmt.Errorf("-subscribers %d -stalled %d: must be 1 to 15,000, and fewer stalled ones", o.subscribers, o.stalled)
	}
	measure.Say("building and starting the server")
	s, err := startServer(ctx, o.pprof)
	if err != nil {
		return err
	}
	defer s.stop()
	p, err := newPoster(ctx, s, o.rate)
	if err != nil {
		return err
	}
	empty := s.usage()

	m := &meter{acknowledged: p.acknowledged}
	subscribers, err := connectAll(ctx, s, m, o)
	if err != nil {
		return err
	}
	defer closeAll(subscribers)
	reading, stopReading := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- readAll(reading, subscribers) }()
	defer func() {
		stopReading()
		err = errors.Join(err, <-ended)
	}()
	connected := s.usage()
	r := report{options: o, machine: measure.Here(ctx).String(), bytesEach: (connected.RSS - empty.RSS) / int64(o.subscribers)}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	posting := make(chan error, 1)
	go func() { // ends with ctx
		err := p.run(ctx)
		posting <- err
		cancel(err)
	}()
	if err := measure.Pause(ctx, o.warmUp); err != nil {
		return err
	}
	measure.Say("measuring: all read")
	if r.reading, err = collect(ctx, s, p, m, o.measure); err != nil {
		return err
	}
	if o.json != "" {
		if err := r.save(o.json); err != nil {
			return err
		}
	}
	if o.stalled == 0 {
		cancel(nil)
		return <-posting
	}
	for i := range o.stalled { // spread over those on the board and the others
		subscribers[i*o.subscribers/o.stalled].stalled.Store(true)
	}
	measure.Say("measuring: %d of %d have stopped reading", o.stalled, o.subscribers)
	if r.stalled, err = collect(ctx, s, p, m, o.measure); err != nil {
		return err
	}
	cancel(nil)
	if err := <-posting; err != nil {
		return err
	}
	for _, subscriber := range subscribers {
		if subscriber.failed.Load() {
			r.lost++
		}
	}
	r.print(os.Stdout)
	if err := r.plot(o.svg); err != nil {
		return err
	}
	measure.Say("the plot is in %s", o.svg)
	return nil
}
