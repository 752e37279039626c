package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

// meter gathers what subscribers see, for the part that is being measured.
type meter struct {
	acknowledged []atomic.Int64
	current      atomic.Pointer[part]
}

// part is one measurement: shards, so that readers seldom meet.
type part struct {
	begun  int64 // nanoseconds since measure.Began
	shards [32]shard
}

type shard struct {
	mu      sync.Mutex
	latency *hdrhistogram.Histogram // µs
	frames  int64
}

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, 60_000_000, 2) }

// took records that a frame brought batches from first to last to a subscriber.
func (m *meter) took(number, first, last int, now int64) {
	p := m.current.Load()
	if p == nil {
		return
	}
	sh := &p.shards[number%len(p.shards)]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.frames++
	for batch := first; batch <= min(last, len(m.acknowledged)-1); batch++ {
		at := m.acknowledged[batch].Load()
		if at == 0 {
			at = now // the frame was faster than the acknowledgement
		}
		if at >= p.begun {
			_ = sh.latency.RecordValue(max(1, (now-at)/1_000))
		}
	}
}

// frame counts a frame without a board.
func (m *meter) frame(number int) {
	if p := m.current.Load(); p != nil {
		sh := &p.shards[number%len(p.shards)]
		sh.mu.Lock()
		sh.frames++
		sh.mu.Unlock()
	}
}

// result is what one part gave.
type result struct {
	latency       *hdrhistogram.Histogram
	frames, syncs float64 // a second
	cpu           float64 // cores of the server
	before, most  usage   // of memory
}

// collect records for a while, and looks at the server every second.
func collect(ctx context.Context, s *server, p *poster, m *meter, d time.Duration) (r result, err error) {
	fresh := &part{begun: int64(time.Since(measure.Began))}
	for i := range fresh.shards {
		fresh.shards[i].latency = newHistogram()
	}
	before, synced := s.usage(), p.synced.Load()
	r.before, r.most = before, before
	m.current.Store(fresh)
	start := time.Now()
	for time.Since(start) < d {
		if err := measure.Pause(ctx, time.Second); err != nil {
			return r, err
		}
		now := s.usage()
		r.most.RSS, r.most.kernel = max(r.most.RSS, now.RSS), max(r.most.kernel, now.kernel)
	}
	m.current.Store(nil)
	took := time.Since(start).Seconds()
	r.cpu = (s.usage().CPU - before.CPU).Seconds() / took
	r.syncs = float64(p.synced.Load()-synced) / took
	r.latency = newHistogram()
	for i := range fresh.shards {
		sh := &fresh.shards[i]
		sh.mu.Lock()
		r.latency.Merge(sh.latency)
		r.frames += float64(sh.frames) / took
		sh.mu.Unlock()
	}
	return r, nil
}
