package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"
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

// describeMachine says where and with what a run took place.
func describeMachine(ctx context.Context) string {
	model := "unknown CPU"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(info), "model name\t: "); ok {
			model, _, _ = strings.Cut(rest, "\n")
		}
	}
	load := "unknown"
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ = strings.Cut(string(text), " ")
	}
	commit := "unknown"
	if out, err := exec.CommandContext(ctx, "git", "rev-parse", "--short", "HEAD").Output(); err == nil {
		commit = strings.TrimSpace(string(out))
	}
	return fmt.Sprintf("%s, %d cores for server and clients, load %s at the start, %s, commit %s", model, runtime.NumCPU(), load, runtime.Version(), commit)
}

func ms(h *hdrhistogram.Histogram, percentile float64) float64 {
	return float64(h.ValueAtPercentile(percentile)) / 1000
}

// print writes the figures beside their goals.
func (r *report) print(w io.Writer) {
	o := &r.options
	p99, stalled := ms(r.reading.latency, 99), ms(r.stalled.latency, 99)
	fmt.Fprintf(w, "\n%d subscribers of the top %d, %d syncs/s; %s\n\n", o.subscribers, o.window, o.rate, r.machine)
	line := func(name, all, some, goal string) { fmt.Fprintf(w, "%-34s %14s %14s   %s\n", name, all, some, goal) }
	row := func(name, format string, all, some float64, goal string) {
		line(name, fmt.Sprintf(format, all), fmt.Sprintf(format, some), goal)
	}
	const mib = 1 << 20
	line("", "all read", fmt.Sprintf("%d stalled", o.stalled), "goal")
	row("acknowledged to received, p50", "%.1f ms", ms(r.reading.latency, 50), ms(r.stalled.latency, 50), "")
	row("acknowledged to received, p99", "%.1f ms", p99, stalled, fmt.Sprintf("≤ %d ms: %s", goalP99, met(p99 <= goalP99)))
	row("  times that of all reading", "%.2f", 1, stalled/p99, fmt.Sprintf("≤ %d: %s", goalStallP99, met(stalled <= goalStallP99*p99)))
	row("acknowledged to received, p99.9", "%.1f ms", ms(r.reading.latency, 99.9), ms(r.stalled.latency, 99.9), "")
	row("latencies recorded", "%.0f", float64(r.reading.latency.TotalCount()), float64(r.stalled.latency.TotalCount()), "")
	row("syncs acknowledged a second", "%.0f", r.reading.syncs, r.stalled.syncs, fmt.Sprintf("%d offered", o.rate))
	row("frames received a second", "%.0f", r.reading.frames, r.stalled.frames, "")
	row("CPU of the server, cores", "%.2f", r.reading.cpu, r.stalled.cpu, "")
	row("memory of the server, at most", "%.0f MiB", float64(r.reading.most.rss)/mib, float64(r.stalled.most.rss)/mib, "")
	row("TCP buffers of the kernel, at most", "%.0f MiB", float64(r.reading.most.kernel)/mib, float64(r.stalled.most.kernel)/mib, "")
	each := float64(r.reading.most.rss) / float64(o.subscribers)
	line("memory a subscriber, connected", fmt.Sprintf("%.1f KiB", float64(r.bytesEach)/1024), "", fmt.Sprintf("≤ %d KiB: %s", goalBytesEach>>10, met(r.bytesEach <= goalBytesEach)))
	line("memory a subscriber, all included", fmt.Sprintf("%.1f KiB", each/1024), "", "")
	line("readers that lost their connection", strconv.Itoa(r.lost), "", "0: "+met(r.lost == 0))
}

func met(yes bool) string {
	if yes {
		return "met"
	}
	return "MISSED"
}
