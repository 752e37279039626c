package main

import (
	"fmt"
	"io"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

// studyReport is all that a run finds.
type studyReport struct {
	Seed      uint64     `json:"seed"`
	Costs     []unitCost `json:"unit_costs"`
	Plans     []plan     `json:"plans"`
	Most      []plan     `json:"of_1000_nodes"`
	Hours     []hour     `json:"hours"`
	Faults    []fault    `json:"faults"`
	Sharded   []oneBoard `json:"sharded"`
	OverHours hour       `json:"day"`
}

// hour is the first minutes of one, in a cell.
type hour struct {
	Hour        int     `json:"hour"`
	Rate        float64 `json:"syncs_per_second"`
	P50         float64 `json:"p50_ms"`
	P99         float64 `json:"p99_ms"`
	P999        float64 `json:"p999_ms"`
	NodeUse     float64 `json:"node_use"`
	DatabaseUse float64 `json:"database_use"`
	InCommit    float64 `json:"events_per_commit"`
	RoundP99    float64 `json:"fan_out_p99_ms"`
}

// fault is what a cell did with something going wrong.
type fault struct {
	What        string  `json:"what"`
	Rate        float64 `json:"syncs_per_second"`
	P50         float64 `json:"p50_ms"`
	P99         float64 `json:"p99_ms"`
	Longest     float64 `json:"longest_ms"`
	Refused     float64 `json:"refused_share"`           // attempts, of the syncs offered
	Elsewhere   float64 `json:"refused_elsewhere_share"` // of them, for boards in other databases than the first
	Again       float64 `json:"again_s"`                 // from the fault until as many are acknowledged as are offered
	NodeUse     float64 `json:"node_use"`
	DatabaseUse float64 `json:"database_use"`
	RoundP50    float64 `json:"fan_out_p50_ms"`
	RoundP99    float64 `json:"fan_out_p99_ms"`
	Loaded      int     `json:"boards_loaded"`
	Timeline    []int   `json:"acknowledged_per_tenth"`
}

// oneBoard is a board of 10,000,000 at a rate.
type oneBoard struct {
	What       string  `json:"what"`
	Rate       float64 `json:"syncs_per_second"`
	P50        float64 `json:"p50_ms"`
	P99        float64 `json:"p99_ms"`
	Longest    float64 `json:"longest_ms"`
	WaitP99    float64 `json:"wait_for_earlier_tickets_p99_ms"`
	InBatch    float64 `json:"events_per_batch"`
	RankingUse float64 `json:"ranking_use"`
	ShardUse   float64 `json:"shard_use"`
}

// busyCell is a cell of the plan for 10^8 users with phones.
func busyCell(seed uint64, quick bool) (s settings, perUsers plan) {
	perUsers = planFor(1e8, profiles()[0])
	s = settings{
		Seed: seed, Nodes: nodesOfCell, Cores: nodeCores, Databases: perUsers.Databases / perUsers.Cells, DatabaseCores: databaseCores,
		Boards: 100_000, Largest: 1_000_000, Rate: perUsers.Peak / float64(perUsers.Cells),
		Warm: 100 * time.Millisecond, Length: 400 * time.Millisecond,
	}
	if quick {
		s.Nodes, s.Databases, s.Boards, s.Rate = 4, 1, 2_000, s.Rate/40
	}
	s.Watching = 0.01
	return s, perUsers
}

func study(seed uint64, quick bool) *studyReport {
	r := &studyReport{Seed: seed, Costs: unitCosts()}
	for _, p := range profiles() {
		for _, users := range []float64{1e6, 1e7, 1e8} {
			r.Plans = append(r.Plans, planFor(users, p))
		}
		r.Most = append(r.Most, planFor(most(1000, p), p))
	}
	cell, _ := busyCell(seed, quick)
	r.hours(cell)
	r.faults(cell, quick)
	r.sharded(seed, quick)
	return r
}

// hours takes a cell through the first minutes of each hour of a day.
func (r *studyReport) hours(cell settings) {
	all := hdrhistogram.New(1, 600e6, 3)
	shape := day()
	for h, share := range shape {
		s := cell
		s.Rate *= share * onTheHour / peak()
		found := simulate(s)
		all.Merge(found.latencies)
		r.Hours = append(r.Hours, hour{
			Hour: h, Rate: s.Rate, P50: measure.Milliseconds(found.latencies, 50), P99: measure.Milliseconds(found.latencies, 99),
			P999: measure.Milliseconds(found.latencies, 99.9), NodeUse: found.NodeUse, DatabaseUse: found.DatabaseUse,
			InCommit: float64(found.Events) / float64(found.Commits), RoundP99: measure.Milliseconds(found.rounds, 99),
		})
	}
	r.OverHours = hour{P50: measure.Milliseconds(all, 50), P99: measure.Milliseconds(all, 99), P999: measure.Milliseconds(all, 99.9)}
}

// faults are what goes wrong in the busiest hour, less its burst on the hour.
func (r *studyReport) faults(cell settings, quick bool) {
	calm := cell
	calm.Rate /= onTheHour
	calm.Warm, calm.PatientFor = time.Second, 5*time.Second
	last := func(d time.Duration) settings {
		s := calm
		s.Length = d
		return s
	}
	r.fault("nothing", last(2*time.Second), 0)
	s := last(4 * time.Second)
	s.Kill = 2 * time.Second
	r.fault("a node is killed", s, s.Kill)
	s = last(6 * time.Second)
	s.Cold = true
	r.fault("a whole cell starts with nothing in memory", s, 0)
	s = last(2 * time.Second)
	s.HotShare = 0.5
	r.fault("half of all syncs go to one board", s, 0)
	s.HotShare, s.HotSubscribers = 0.01, 1_000_000
	r.fault("1,000,000 subscribers of one board", s, 0)
	s = last(24 * time.Second)
	if quick {
		s = last(time.Second)
	}
	s.LoseDB = 2 * time.Second
	r.fault("one of the databases fails over in 15 s", s, s.LoseDB)
}

func (r *studyReport) fault(what string, s settings, at time.Duration) {
	found := simulate(s)
	f := fault{
		What: what, Rate: s.Rate, P50: measure.Milliseconds(found.latencies, 50), P99: measure.Milliseconds(found.latencies, 99),
		Longest: float64(found.latencies.Max()) / 1000, Refused: float64(found.Refused) / float64(found.Offered), Elsewhere: float64(found.RefusedElsewhere) / float64(max(1, found.Refused)),
		NodeUse: found.NodeUse, DatabaseUse: found.DatabaseUse, Loaded: found.Loaded, Timeline: found.timeline,
		RoundP50: measure.Milliseconds(found.rounds, 50), RoundP99: measure.Milliseconds(found.rounds, 99),
	}
	first := int(at / ms(100))
	down, due := -1, 0.9*s.Rate/10
	for i := first; i < len(found.timeline)-1; i++ {
		if float64(found.timeline[i]) < due {
			down = i
		}
	}
	if down >= 0 {
		f.Again = float64(down+1-first) / 10
	}
	r.Faults = append(r.Faults, f)
}

// sharded is one board of 10,000,000 as 16 shards on 8 databases, each syncing 50
// times a day.
func (r *studyReport) sharded(seed uint64, quick bool) {
	s := shardedSettings{Seed: seed, Shards: 16, Databases: 8, Members: 10_000_000, Scores: 1_000_000, Length: 2 * time.Second}
	if quick {
		s.Shards, s.Databases, s.Members, s.Length = 4, 2, 100_000, 300*time.Millisecond
	}
	mean := float64(s.Members) * 50 / 86400
	for _, one := range []struct {
		what    string
		rate    float64
		crashes int
	}{{"on average", mean, 0}, {"at the peak", mean * peak(), 0}, {"at three times the peak", 3 * mean * peak(), 0}, {"at the peak, a shard is lost", mean * peak(), 1}} {
		s.Rate, s.ShardCrashes = one.rate, one.crashes
		b := schedule(s)
		r.Sharded = append(r.Sharded, oneBoard{
			What: one.what, Rate: s.Rate, P50: measure.Milliseconds(b.found.latencies, 50), P99: measure.Milliseconds(b.found.latencies, 99),
			Longest: float64(b.found.latencies.Max()) / 1000, WaitP99: measure.Milliseconds(b.found.waits, 99),
			InBatch: float64(b.found.Acknowledged) / float64(b.found.Batches), RankingUse: b.found.RankingUse, ShardUse: b.found.ShardUse,
		})
	}
}

func (r *studyReport) print(w io.Writer) {
	printCosts(w)
	fmt.Fprintln(w)
	printPlans(w, append(r.Plans, r.Most...))
	fmt.Fprintln(w, "\nA cell of the plan for 100 M users with phones, in the first minutes of each hour")
	fmt.Fprintln(w, "  hour  syncs/s    p50    p99  p99.9 ms   nodes databases busy  events/commit  fan-out p99 ms")
	for _, h := range r.Hours {
		fmt.Fprintf(w, "  %4d %8.0f %6.1f %6.1f %6.1f %8.0f %% %6.0f %% %15.1f %12.0f\n", h.Hour, h.Rate, h.P50, h.P99, h.P999, 100*h.NodeUse, 100*h.DatabaseUse, h.InCommit, h.RoundP99)
	}
	fmt.Fprintf(w, "  all           %6.1f %6.1f %6.1f\n", r.OverHours.P50, r.OverHours.P99, r.OverHours.P999)
	fmt.Fprintln(w, "\nThe same cell in the busiest hour, after its first minutes")
	for _, f := range r.Faults {
		fmt.Fprintf(w, "  %-44s %7.0f syncs/s  p50 %6.1f  p99 %8.1f  longest %8.1f ms  refused %5.1f %% (%.0f %% of it elsewhere)  whole again after %4.1f s  nodes %2.0f %%, databases %2.0f %% busy  fan-out p50 %5.0f p99 %5.0f ms  loaded %d\n",
			f.What, f.Rate, f.P50, f.P99, f.Longest, 100*f.Refused, 100*f.Elsewhere, f.Again, 100*f.NodeUse, 100*f.DatabaseUse, f.RoundP50, f.RoundP99, f.Loaded)
	}
	fmt.Fprintln(w, "\nOne board of 10 M as register shards and a ranking actor")
	for _, b := range r.Sharded {
		fmt.Fprintf(w, "  %-30s %7.0f syncs/s  p50 %5.1f  p99 %7.1f  longest %7.1f ms  wait for earlier tickets p99 %7.1f ms  %5.1f a batch  ranking actor %2.0f %%, busiest shard %2.0f %% of a core\n",
			b.What, b.Rate, b.P50, b.P99, b.Longest, b.WaitP99, b.InBatch, 100*b.RankingUse, 100*b.ShardUse)
	}
}
