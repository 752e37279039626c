package main

import "time"

// database is one PostgreSQL of a cell: it executes commits side by side, writes
// its log by one flush after another, each for all who wait, and then waits for
// its standby.
type database struct {
	engine   *engine
	cores    processors
	flushing bool
	waiting  []func()
	backAt   time.Duration // lost until then
	flushes  int
}

// commit plans f for when a transaction with so much work is durable.
func (d *database) commit(work time.Duration, f func()) {
	d.whenUp(func() {
		d.cores.do(work, func() {
			d.waiting = append(d.waiting, f)
			d.flush()
		})
	})
}

// whenUp plans f for now, or for when the standby has taken over.
func (d *database) whenUp(f func()) {
	if d.backAt <= d.engine.now {
		f()
		return
	}
	// Those who wait try again by themselves, not all in the same moment.
	d.engine.after(d.backAt-d.engine.now+d.engine.between(0, ms(500)), func() { d.whenUp(f) })
}

func (d *database) flush() {
	if d.flushing || len(d.waiting) == 0 {
		return
	}
	together := d.waiting
	d.flushing, d.waiting = true, nil
	d.flushes++
	d.engine.after(d.engine.lognormal(ms(flushMedian), flushSpread), func() {
		for _, f := range together {
			d.engine.after(d.engine.lognormal(ms(standbyDelay), 0.2), f)
		}
		d.flushing = false
		d.flush()
	})
}
