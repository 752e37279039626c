package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// writeTables writes the figures, then the goals.
func (r *report) writeTables(w io.Writer) {
	fmt.Fprintf(w, "\n%s\n", r.Where)
	if r.Quick {
		fmt.Fprintln(w, "QUICK: one round of moments; the figures mean nothing")
	}
	if len(r.Results) > 0 {
		fmt.Fprintf(w, "median of %d rounds of %.2g s (lowest to highest); ratios are to the measurement under \"of\", round by round; µs are CPU time a request\n\n",
			len(r.Results[0].Rounds), r.Seconds)
		fmt.Fprintf(w, "%-30s %5s %10s %19s  %-24s %8s %8s %6s %7s\n", "", "conns", "req/s", "", "ratio of", "server", "machine", "allocs", "memory")
	}
	for _, o := range r.Results {
		r.writeResult(w, o)
	}
	if len(r.Fsync) > 0 {
		s := spreadOf(r.Fsync)
		fmt.Fprintf(w, "\nfsync of 4 KiB: %.2f ms (%.2f to %.2f)\n", s.Median, s.Low, s.High)
	}
	if len(r.Latencies) > 0 {
		fmt.Fprintf(w, "\nlatency at half the maximum, open loop\n%-30s %10s %10s %9s %9s %9s %9s\n", "", "offered/s", "held/s", "p50", "p99", "p99.9", "max")
	}
	for _, l := range r.Latencies {
		fmt.Fprintf(w, "%-30s %10s %10s %6.2f ms %6.2f ms %6.2f ms %6.0f ms\n", l.Name, thousands(l.Rate), thousands(l.Held), l.P50, l.P99, l.P999, l.Max)
	}
	if len(r.Goals) > 0 && !r.Quick {
		fmt.Fprintf(w, "\n%-64s %10s   goal\n", "goals", "found")
	}
	for i := range r.Goals {
		if r.Quick {
			break // a moment's figure is held against nothing
		}
		fmt.Fprintf(w, "%-64s %10s   %s\n", r.Goals[i].Goal, r.Goals[i].Found, r.Goals[i].String())
	}
	for _, name := range r.NotMeasured {
		fmt.Fprintf(w, "\nNOT MEASURED: %s\n", name)
	}
}

func (r *report) writeResult(w io.Writer, o *result) {
	of := ""
	if limit := r.of(o.Against); limit != nil && o.Ratio != nil {
		of = fmt.Sprintf("%.2f (%.2f–%.2f) %s", o.Ratio.Median, o.Ratio.Low, o.Ratio.High, o.Against)
	}
	server, memory, allocs := "", "", ""
	if rss := o.middle(func(v round) float64 { return float64(v.RSS) }); rss > 0 {
		server = fmt.Sprintf("%.1f µs", o.middle(func(v round) float64 { return v.Server }))
		memory = fmt.Sprintf("%.0f MiB", rss/(1<<20))
		allocs = fmt.Sprintf("%.1f", o.middle(func(v round) float64 { return v.Allocs }))
	}
	fmt.Fprintf(w, "%-30s %5d %10s %19s  %-24s %8s %8s %6s %7s\n", o.Key[:1]+" "+o.Name, o.Connections, thousands(o.Rate.Median),
		"("+thousands(o.Rate.Low)+"–"+thousands(o.Rate.High)+")", of, server, fmt.Sprintf("%.1f µs", o.middle(func(v round) float64 { return v.Machine })), allocs, memory)
	o.writeCommits(w)
	if database := o.middle(func(v round) float64 { return v.Database }); database > 0 {
		fmt.Fprintf(w, "%-30s %5s %10.1f µs of PostgreSQL; the owner has %.1f µs of the nodes'\n", "", "", database, o.middle(func(v round) float64 { return v.Owner }))
	}
	if o.Syncs > 1 {
		fmt.Fprintf(w, "%-30s %5s %10s syncs/s\n", "", "", thousands(o.Rate.Median*float64(o.Syncs)))
	}
}

// writeCommits writes what the journal did, where there is one.
func (o *result) writeCommits(w io.Writer) {
	if slices.ContainsFunc(o.Rounds, func(v round) bool { return v.Commits == nil }) {
		return
	}
	middle := func(figure func(*commits) float64) float64 {
		return o.middle(func(v round) float64 { return figure(v.Commits) })
	}
	fmt.Fprintf(w, "%-30s %5s %10.1f events a commit, which takes %.2f ms, half of them up to %g, 99 %% up to %g ms\n", "", "",
		middle(func(c *commits) float64 { return c.Events }), middle(func(c *commits) float64 { return c.Mean }),
		middle(func(c *commits) float64 { return c.P50 }), middle(func(c *commits) float64 { return c.P99 }))
}

// thousands writes a rounded number with separators.
func thousands(v float64) string {
	digits := fmt.Sprintf("%.0f", v)
	var b strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return b.String()
}
