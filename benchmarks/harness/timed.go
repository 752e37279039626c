package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

// timedRounds is how often each open loop runs; they alternate, too.
func (b *bench) timedRounds() int { return min(b.rounds, 3) }

// timedKeys are those of the chosen measurements whose latency is wanted.
func (b *bench) timedKeys() []string {
	return slices.DeleteFunc(slices.Clone(timed), func(key string) bool {
		return !slices.ContainsFunc(b.chosen, func(m measurement) bool { return m.key() == key })
	})
}

// runTimed measures latency at half of the maximum that the rounds found.
func (b *bench) runTimed(ctx context.Context) error {
	b.report.conclude()
	for n := range b.timedRounds() {
		for _, key := range b.timedKeys() {
			i := slices.IndexFunc(b.chosen, func(m measurement) bool { return m.key() == key })
			b.progress.step("latency at half the maximum, %d of %d: %s", n+1, b.timedRounds(), b.chosen[i].name)
			if err := b.time(ctx, &b.chosen[i], b.report.Results[i].Rate.Median/2); err != nil {
				return fmt.Errorf("%s, open loop: %w", b.chosen[i].name, err)
			}
			if err := b.settle(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// time runs one open loop and adds what it found to the report.
func (b *bench) time(ctx context.Context, m *measurement, rate float64) error {
	p, err := b.prepare(ctx, m.load)
	if err != nil {
		return err
	}
	const opening = 100 * time.Millisecond // for all the connections
	o := openLoop{
		address: b.servers[m.subject].Address, connections: m.connections, load: p.load, number: b.number,
		schedule: newSchedule(time.Now().Add(opening), rate, b.timed),
	}
	if err := o.run(ctx); err != nil {
		return err
	}
	took := time.Since(o.schedule.start)
	b.sent(o.schedule.count, p.load)
	l := b.report.latencyOf(m.key())
	if l == nil {
		b.report.Latencies = append(b.report.Latencies, latency{Key: m.key(), Name: m.name, Rate: rate, histogram: newHistogram()})
		l = b.report.latencyOf(m.key())
	}
	l.histogram.Merge(o.latency)
	l.Rounds = append(l.Rounds, measure.Milliseconds(o.latency, 99))
	l.Held = float64(o.schedule.count) / took.Seconds()
	l.P50, l.P99, l.P999, l.Max = measure.Milliseconds(l.histogram, 50), measure.Milliseconds(l.histogram, 99), measure.Milliseconds(l.histogram, 99.9), measure.Milliseconds(l.histogram, 100)
	return nil
}
