package main

import (
	"math"
	"math/rand/v2"
	"time"
)

// engine is simulated time: functions that are due, in the order of their time,
// and of their planning where that is equal.
type engine struct {
	now     time.Duration
	due     dueList
	planned uint64
	rng     *rand.Rand
}

func newEngine(seed uint64) *engine {
	return &engine{rng: rand.New(rand.NewPCG(seed, 0x5ca1e))}
}

// after plans f.
func (e *engine) after(d time.Duration, f func()) {
	e.planned++
	e.due.push(due{at: e.now + d, order: e.planned, f: f})
}

// run lets time pass until the end, or until nothing is planned.
func (e *engine) run(end time.Duration) {
	for len(e.due) > 0 && e.due[0].at <= end {
		next := e.due.pop()
		e.now = next.at
		next.f()
	}
	e.now = max(e.now, end)
}

// exponential is a time between arrivals.
func (e *engine) exponential(mean time.Duration) time.Duration {
	return time.Duration(e.rng.ExpFloat64() * float64(mean))
}

// lognormal is a time with a long tail.
func (e *engine) lognormal(median time.Duration, sigma float64) time.Duration {
	return time.Duration(float64(median) * math.Exp(sigma*e.rng.NormFloat64()))
}

// between is a time that lies evenly between two.
func (e *engine) between(low, high time.Duration) time.Duration {
	return low + time.Duration(e.rng.Float64()*float64(high-low))
}

type due struct {
	at    time.Duration
	order uint64
	f     func()
}

func (d due) before(o due) bool { return d.at < o.at || d.at == o.at && d.order < o.order }

// dueList is a binary heap: no entry is due before its parent, which stands at half
// its index.
type dueList []due

func (l *dueList) push(d due) {
	*l = append(*l, d)
	h := *l
	i := len(h) - 1
	for i > 0 && d.before(h[(i-1)/2]) {
		h[i] = h[(i-1)/2]
		i = (i - 1) / 2
	}
	h[i] = d
}

func (l *dueList) pop() due {
	h := *l
	first, last := h[0], h[len(h)-1]
	h[len(h)-1] = due{}
	h = h[:len(h)-1]
	*l = h
	i := 0
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if child+1 < len(h) && h[child+1].before(h[child]) {
			child++
		}
		if !h[child].before(last) {
			break
		}
		h[i] = h[child]
		i = child
	}
	if len(h) > 0 {
		h[i] = last
	}
	return first
}

// processors are the cores of one machine: work waits in one queue, in the order
// of its arrival.
type processors struct {
	engine *engine
	free   []time.Duration // when each core is
	busy   time.Duration   // work done or begun
}

func newProcessors(e *engine, cores int) processors {
	return processors{engine: e, free: make([]time.Duration, cores)}
}

// do plans f for when the work is done.
func (p *processors) do(work time.Duration, f func()) {
	core := 0
	for i, free := range p.free {
		if free < p.free[core] {
			core = i
		}
	}
	end := max(p.engine.now, p.free[core]) + work
	p.free[core] = end
	p.busy += work
	p.engine.after(end-p.engine.now, f)
}

// use is the share of the cores' time that was busy in a period.
func (p *processors) use(period time.Duration) float64 {
	return float64(p.busy) / float64(period) / float64(len(p.free))
}
