package main

import (
	"fmt"
	"io"
	"strconv"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

// The goals that a run is held against.
const (
	goalP99       = 250      // ms, while all read
	goalBytesEach = 40 << 10 // a subscriber
	goalStallP99  = 2        // times the p99 while all read
)

// report is what a run found.
type report struct {
	options          options
	machine          string
	bytesEach        int64 // resident, of the server, a subscriber
	lost             int   // readers whose connection ended
	reading, stalled result
}

// save writes what the first part gave, for programs.
func (r *report) save(path string) error {
	return measure.SaveJSON(path, map[string]any{
		"subscribers": r.options.subscribers, "syncs_per_second": r.reading.syncs, "frames_per_second": r.reading.frames,
		"server_cores": r.reading.cpu, "p50_ms": measure.Milliseconds(r.reading.latency, 50), "p99_ms": measure.Milliseconds(r.reading.latency, 99),
	})
}

// print writes the figures beside their goals.
func (r *report) print(w io.Writer) {
	o := &r.options
	p99, stalled := measure.Milliseconds(r.reading.latency, 99), measure.Milliseconds(r.stalled.latency, 99)
	fmt.Fprintf(w, "\n%d subscribers of the top %d, %d syncs/s; %s\n\n", o.subscribers, o.window, o.rate, r.machine)
	line := func(name, all, some, goal string) { fmt.Fprintf(w, "%-34s %14s %14s   %s\n", name, all, some, goal) }
	row := func(name, format string, all, some float64, goal string) {
		line(name, fmt.Sprintf(format, all), fmt.Sprintf(format, some), goal)
	}
	const mib = 1 << 20
	line("", "all read", fmt.Sprintf("%d stalled", o.stalled), "goal")
	row("acknowledged to received, p50", "%.1f ms", measure.Milliseconds(r.reading.latency, 50), measure.Milliseconds(r.stalled.latency, 50), "")
	row("acknowledged to received, p99", "%.1f ms", p99, stalled, fmt.Sprintf("≤ %d ms: %s", goalP99, measure.Met(p99 <= goalP99)))
	row("  times that of all reading", "%.2f", 1, stalled/p99, fmt.Sprintf("≤ %d: %s", goalStallP99, measure.Met(stalled <= goalStallP99*p99)))
	row("acknowledged to received, p99.9", "%.1f ms", measure.Milliseconds(r.reading.latency, 99.9), measure.Milliseconds(r.stalled.latency, 99.9), "")
	row("latencies recorded", "%.0f", float64(r.reading.latency.TotalCount()), float64(r.stalled.latency.TotalCount()), "")
	row("syncs acknowledged a second", "%.0f", r.reading.syncs, r.stalled.syncs, fmt.Sprintf("%d offered", o.rate))
	row("frames received a second", "%.0f", r.reading.frames, r.stalled.frames, "")
	row("CPU of the server, cores", "%.2f", r.reading.cpu, r.stalled.cpu, "")
	row("memory of the server, at most", "%.0f MiB", float64(r.reading.most.RSS)/mib, float64(r.stalled.most.RSS)/mib, "")
	row("TCP buffers of the kernel, at most", "%.0f MiB", float64(r.reading.most.kernel)/mib, float64(r.stalled.most.kernel)/mib, "")
	each := float64(r.reading.most.RSS) / float64(o.subscribers)
	line("memory a subscriber, connected", fmt.Sprintf("%.1f KiB", float64(r.bytesEach)/1024), "", fmt.Sprintf("≤ %d KiB: %s", goalBytesEach>>10, measure.Met(r.bytesEach <= goalBytesEach)))
	line("memory a subscriber, all included", fmt.Sprintf("%.1f KiB", each/1024), "", "")
	line("readers that lost their connection", strconv.Itoa(r.lost), "", "0: "+measure.Met(r.lost == 0))
}
