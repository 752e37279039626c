package main

import (
	"fmt"
	"io"
	"time"
)

// Unit costs in processor time of one core, in µs. What they rest on is said in
// [unitCosts].
const (
	syncCost      = 33.0 // a sync at a node, other than its commit
	edgeCost      = 28.0 // a sync that is forwarded, at the node that the client talks to
	ownerCost     = 20.0 // the same, at the node that owns the board
	frameCost     = 11.7 // a frame to a subscriber
	commitCost    = 350.0
	boardCost     = 18.0 // a board that has a batch in a commit
	eventCost     = 7.0  // an event in a commit
	recoveryCost  = 1000.0
	rowCost       = 4.0 // a participant whose row a recovery reads
	registerCost  = 6.1 // rules, days and score of a sync, without HTTP
	rankingCost   = 3.4 // move and rank among 10,000,000
	flushMedian   = 0.4 // ms
	flushSpread   = 0.6 // sigma of its logarithm
	networkDelay  = 0.1 // ms, one way within a zone
	standbyDelay  = 1.0 // ms, to the synchronous standby in another zone and back
	lease         = 2.0 // s
	walBytes      = 400.0
	storedBytes   = 230.0
	memberMemory  = 1024.0 // bytes of a participant with 30 days
	boardMemory   = 22 << 10
	socketMemory  = 37 << 10
	promotionTime = 15.0 // s from the loss of a primary until its standby takes commits
)

// ms and us are durations of so many milliseconds and microseconds.
func ms(v float64) time.Duration { return time.Duration(v * float64(time.Millisecond)) }
func us(v float64) time.Duration { return time.Duration(v * float64(time.Microsecond)) }

// unitCost is one figure that everything else is computed from.
type unitCost struct {
	What     string  `json:"what"`
	Value    float64 `json:"value"`
	Unit     string  `json:"unit"`
	Measured bool    `json:"measured"` // by the benchmarks named in From, and otherwise assumed
	From     string  `json:"from"`
}

// unitCosts says where each figure comes from.
func unitCosts() []unitCost {
	const bench, append64 = "make bench, results/2026-11-26.json", "BenchmarkAppend, persistence/postgres"
	return []unitCost{
		{"a sync at its node, among 100 boards", syncCost, "µs", true, bench + ": c/sync/64, and what b/many takes more than b/one"},
		{"a forwarded sync, at the edge", edgeCost, "µs", false, "1.45 times a local one altogether, the goal; results/2026-11-27-j.json has 1.41"},
		{"the same, at the owner", ownerCost, "µs", false, "0.6 of a local one, the goal; the same has 0.48"},
		{"a frame to a subscriber, at the server", frameCost, "µs", true, "make bench-live, results/live.txt: 1.20 cores for 102,273 frames/s"},
		{"a commit, at the database", commitCost, "µs", true, append64 + ": events=1"},
		{"  and each board in it", boardCost, "µs", true, append64 + ": competitions=64 and 512, less the events"},
		{"  and each event", eventCost, "µs", true, append64 + ": events=64 and 512"},
		{"write-ahead log of an event", walBytes, "bytes", true, append64 + ": 283 to 524, by the boards in a commit"},
		{"table and indexes of an event", storedBytes, "bytes", true, append64 + ": 208 to 255"},
		{"a flush of the log, median", flushMedian, "ms", false, "0.16 to 0.27 on the disk of make bench; shared disks are slower"},
		{"to the synchronous standby and back", standbyDelay, "ms", false, "another zone of one region"},
		{"between two nodes, one way", networkDelay, "ms", false, "one zone"},
		{"rules, days and score of a sync", registerCost, "µs", true, "make bench-growth, 1,000,000 participants"},
		{"move and rank among 10,000,000", rankingCost, "µs", true, "BenchmarkMoveIncrement, ranking: 3.4; 6.9 for moves to anywhere"},
		{"taking over a board", recoveryCost, "µs", false, "claim and four short reads, at the database"},
		{"  and each participant of it", rowCost, "µs", true, "docs/capacity.md: 1,000,000 in 4 s"},
		{"a participant with 30 days", memberMemory, "bytes", true, bench + ": 0.99 GiB for 1,000,000"},
		{"a board with 10 members", boardMemory, "bytes", true, "make bench-growth"},
		{"a live connection", socketMemory, "bytes", true, "make bench-live"},
		{"from a lost primary to a standby that takes commits", promotionTime, "s", false, "what tools for this promise"},
	}
}

func printCosts(w io.Writer) {
	fmt.Fprintln(w, "Unit costs (one core of the machine that was measured)")
	for _, c := range unitCosts() {
		how := "assumed"
		if c.Measured {
			how = "measured"
		}
		fmt.Fprintf(w, "  %-52s %9.4g %-5s  %-8s  %s\n", c.What, c.Value, c.Unit, how, c.From)
	}
}
