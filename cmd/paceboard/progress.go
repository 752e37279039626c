package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"
)

// progress shows how far long work is: a bar on a terminal, a line every few
// seconds elsewhere. Safe for concurrent use.
type progress struct {
	bar *progressbar.ProgressBar

	mu         sync.Mutex
	w          io.Writer
	what, unit string
	total      int
	done       int
	began      time.Time
	said       time.Time
}

// isTerminal reports whether w is a terminal that people watch.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// newProgress begins with nothing done; a total below 0 is not known.
func newProgress(w io.Writer, what string, total int, unit string) *progress {
	now := time.Now()
	p := &progress{w: w, what: what, unit: unit, total: total, began: now, said: now}
	if isTerminal(w) {
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what), progressbar.OptionShowCount(),
			progressbar.OptionShowIts(), progressbar.OptionSetItsString(unit), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionFullWidth(), progressbar.OptionUseANSICodes(true))
	}
	return p
}

// linesEvery is how often a line is written where no bar can be.
const linesEvery = 3 * time.Second

func (p *progress) add() { p.addN(1) }

func (p *progress) addN(n int) {
	if p.bar != nil {
		_ = p.bar.Add(n) // a terminal that went away is no reason to stop
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	if now := time.Now(); now.Sub(p.said) >= linesEvery {
		p.said = now
		of := fmt.Sprintf(" of %d", p.total)
		if p.total < 0 {
			of = "" // nobody knows
		}
		fmt.Fprintf(p.w, "%-9s %d%s %s, %.0f/s\n", p.what, p.done, of, p.unit, float64(p.done)/now.Sub(p.began).Seconds())
	}
}

func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
		fmt.Fprintln(p.w)
	}
}
