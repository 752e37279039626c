package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
	"github.com/paceboard/paceboard/persistence/testservers"
)

// bench is one run of the harness.
type bench struct {
	dir      string // of programs, data and requests; removed at the end
	log      *os.File
	chosen   []measurement
	rounds   int
	each     time.Duration // of a measurement in a round
	timed    time.Duration // of an open loop
	board    int           // participants of the large one
	atMost   int           // connections of a measurement
	progress *progress
	report   *report

	wrk      *wrk
	loads    *loads
	files    map[string]*prepared
	number   int64 // for the next gaps
	servers  map[string]*server
	clusters map[string]*cluster
	postgres *testservers.Server // nil before it is needed
	ends     []func()
}

// prepared is a load and where wrk finds it.
type prepared struct {
	*load
	file string
}

// atEnd notes what is to be done at the end, in reverse order.
func (b *bench) atEnd(f func()) { b.ends = append(b.ends, f) }

func (b *bench) close() {
	for _, end := range slices.Backward(b.ends) {
		end()
	}
}

// run measures everything that was chosen.
func (b *bench) run(ctx context.Context) error {
	b.progress.say("building the server and what it is measured against")
	if err := measure.Build(ctx, b.dir, "./cmd/paceboard", "./benchmarks/subjects"); err != nil {
		return err
	}
	if err := b.startAll(ctx); err != nil {
		return err
	}
	for _, m := range b.chosen {
		b.report.Results = append(b.report.Results, &result{
			Key: m.key(), Name: m.name, Connections: b.connections(&m), Syncs: m.syncs, Against: m.against,
		})
	}
	b.progress.begin(b.rounds*len(b.chosen) + b.timedRounds()*len(b.timedKeys()))
	for n := range b.rounds {
		if err := b.round(ctx, n); err != nil {
			return err
		}
	}
	return b.runTimed(ctx)
}

// round measures everything once.
func (b *bench) round(ctx context.Context, n int) error {
	fsync, err := timeFsync(b.dir, 200*time.Millisecond)
	if err != nil {
		return err
	}
	b.report.Fsync = append(b.report.Fsync, fsync)
	for i := range b.chosen {
		m := &b.chosen[i]
		b.progress.step("round %d of %d: %s, %d connections", n+1, b.rounds, m.name, m.connections)
		r, err := b.measure(ctx, m)
		if err != nil {
			return fmt.Errorf("%s, %d connections: %w", m.name, m.connections, err)
		}
		b.report.Results[i].Rounds = append(b.report.Results[i].Rounds, r)
		if err := b.settle(ctx); err != nil {
			return err
		}
	}
	return nil
}

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
		address: b.servers[m.subject].Address, connections: b.connections(m), load: p.load, number: b.number,
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

// settle waits until the compactions, vacuums and collections that a measurement
// caused are done, since they must not count for the next; but not forever.
func (b *bench) settle(ctx context.Context) error {
	const quiet = 0.1 // of a core
	window := b.each / 15
	for end := time.Now().Add(2 * b.each); ; {
		before := measure.Machine().Busy
		if err := measure.Pause(ctx, window); err != nil {
			return err
		}
		if busy := measure.Machine().Busy - before; busy.Seconds() <= quiet*window.Seconds() || time.Now().After(end) {
			return nil
		}
	}
}

// measure finds the maximum of one measurement, once.
func (b *bench) measure(ctx context.Context, m *measurement) (round, error) {
	if m.subject == inserts {
		return b.measureInserts(ctx, m)
	}
	if err := b.hasNumbers(); err != nil {
		return round{}, err
	}
	if m.at != "" {
		return b.measureCluster(ctx, m)
	}
	s := b.servers[m.subject]
	l, failed := b.prepare(ctx, m.load)
	journal, noJournal := s.committed(ctx)
	first, noFirst := s.mallocs(ctx)
	before, noCount := s.mallocs(ctx)
	if err := errors.Join(failed, noJournal, noFirst, noCount); err != nil {
		return round{}, err
	}
	others := b.beside(ctx, m.beside)
	used, machine, began := s.Usage(), measure.Machine(), time.Now()
	w, err := b.wrk.run(ctx, s.Address, b.connections(m), l.file, b.number, b.each)
	usedUp, machineUp, took := s.Usage(), measure.Machine(), time.Since(began)
	if err := errors.Join(err, <-others); err != nil {
		return round{}, err
	}
	after, noCount := s.mallocs(ctx)
	journalAfter, noJournal := s.committed(ctx)
	if err := errors.Join(noCount, noJournal); err != nil {
		return round{}, err
	}
	b.sent(w.requests, l.load)
	requests := float64(w.requests)
	return round{
		Rate:    requests / w.took.Seconds(),
		Server:  microseconds(usedUp.CPU-used.CPU) / requests,
		Machine: microseconds(machineUp.Busy-machine.Busy) / requests,
		Stolen:  (machineUp.Stolen - machine.Stolen).Seconds() / took.Seconds() / float64(b.report.Where.Cores),
		Allocs:  max(0, float64(after-before-(before-first))/requests), // asking allocates, too
		RSS:     usedUp.RSS, P50: milliseconds(w.p50), P99: milliseconds(w.p99),
		Commits: journalAfter.since(&journal),
	}, nil
}

// hasNumbers makes sure that there are numbers left for a measurement.
func (b *bench) hasNumbers() error {
	const room = 10_000_000 // more than any run uses up
	if b.number > gapEnd-room {
		return errors.New("the run is too long: there are no numbers left that say something new")
	}
	return nil
}

// connections is how many a measurement has in this run.
func (b *bench) connections(m *measurement) int { return min(m.connections, b.atMost) }

// measureInserts is pgbench's turn, which knows whole seconds alone. On a busy
// machine they may not be enough for all to connect, so then it gets more.
func (b *bench) measureInserts(ctx context.Context, m *measurement) (r round, err error) {
	shortest := max(time.Second, b.each.Round(time.Second))
	for d := shortest; d <= 16*shortest; d *= 2 {
		machine := measure.Machine()
		if r.Rate, err = testservers.RunPgbench(ctx, b.postgres.URL(), insertScript, b.connections(m), d); err == nil {
			r.Machine = microseconds(measure.Machine().Busy-machine.Busy) / (r.Rate * d.Seconds())
			break
		}
	}
	return r, err
}

// beside sends syncs at a rate to our server while something is measured; its
// error comes when the last is answered.
func (b *bench) beside(ctx context.Context, rate float64) <-chan error {
	done := make(chan error, 1)
	if rate == 0 {
		done <- nil
		return done
	}
	l := b.loads.single()
	o := openLoop{address: b.servers[ours].Address, connections: 16, load: l, number: b.number, schedule: newSchedule(time.Now(), rate, b.each)}
	b.sent(o.schedule.count, l)
	go func() { done <- o.run(ctx) }() // ends with its schedule
	return done
}

// prepare makes a load and its file, once; what asks for changes since a version
// is made each time, since the version changes.
func (b *bench) prepare(ctx context.Context, name string) (*prepared, error) {
	if p := b.files[name]; p != nil && name != "unchanged" {
		return p, nil
	}
	var l *load
	switch name {
	case "single":
		l = b.loads.single()
	case "spread":
		l = b.loads.spread()
	case "batches":
		l = b.loads.batches()
	case "top":
		l = b.loads.top()
	case "unchanged":
		tag, err := b.etag(ctx)
		if err != nil {
			return nil, err
		}
		l = b.loads.top("If-None-Match: " + tag)
	case "rank":
		l = b.loads.around(b.board, 0)
	case "around":
		l = b.loads.around(b.board, 5)
	case "neighbours":
		l = b.loads.neighbours()
	case "deep":
		l = b.loads.deep(b.board)
	default:
		return nil, fmt.Errorf("there is no load %q", name)
	}
	p := &prepared{l, filepath.Join(b.dir, name+".requests")}
	b.files[name] = p
	return p, l.writeFile(p.file)
}

// etag is the version of the board as it is, and that it is answered with 304.
func (b *bench) etag(ctx context.Context) (string, error) {
	url := "http://" + b.servers[ours].Address + "/api/v1/leaderboard/" + one + "?limit=100"
	tag := ""
	for _, want := range []int{http.StatusOK, http.StatusNotModified} {
		answer, err := measure.Ask(ctx, http.MethodGet, url, "", "Authorization", "Bearer "+b.loads.tokens[0], "If-None-Match", tag)
		if err != nil {
			return "", err
		}
		if answer.Status != want {
			return "", fmt.Errorf("a board of version %s: %s", tag, http.StatusText(answer.Status))
		}
		tag = answer.Header.Get("ETag")
	}
	return tag, nil
}

// sent moves the number on past what so many requests of a load have used up.
func (b *bench) sent(requests int64, l *load) {
	if l.dynamic {
		const underWay = 1_024 // that wrk does not count; a load has no fewer than 10
		b.number += ((requests+underWay)/int64(len(l.requests)) + 1) * gapStep
	}
}

// numbered fills a text's gaps.
func (b *bench) numbered(text string) string {
	b.number += gapStep
	return strings.ReplaceAll(text, gap, strconv.FormatInt(b.number, 10))
}

// leaveOut takes the measurements of a subject, and those compared with them,
// out of the run.
func (b *bench) leaveOut(subject string, why error) {
	b.progress.say("NOT MEASURED: %s: %v", subject, why)
	b.report.NotMeasured = append(b.report.NotMeasured, subject)
	b.chosen = slices.DeleteFunc(b.chosen, func(m measurement) bool {
		return m.subject == subject || subject == onPG && m.subject == inserts
	})
}

// timeFsync is the mean time in milliseconds that it takes to append 4 KiB to a
// file and make them durable, over a while.
func timeFsync(dir string, d time.Duration) (float64, error) {
	file, err := os.CreateTemp(dir, "fsync-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = errors.Join(file.Close(), os.Remove(file.Name())) }()
	block := bytes.Repeat([]byte{0xA5}, 4<<10)
	began, n := time.Now(), 0
	for time.Since(began) < d {
		if _, err := file.Write(block); err != nil {
			return 0, err
		}
		if err := file.Sync(); err != nil {
			return 0, err
		}
		n++
	}
	return milliseconds(time.Since(began)) / float64(n), nil
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
