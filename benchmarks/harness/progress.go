package main

import (
	"fmt"
	"io"
	"time"
)

// progress says how far a run is: on a terminal a line that changes, elsewhere
// a line every few seconds.
type progress struct {
	to       io.Writer
	terminal bool
	began    time.Time
	steps    int
	done     int
	stepping time.Time // since when
	said     time.Time // the last line
	open     bool      // a line that changes is on the screen
}

const sayEvery = 10 * time.Second

// say is a line that stays.
func (p *progress) say(format string, args ...any) {
	p.clear()
	fmt.Fprintf(p.to, "%5.1f s  %s\n", time.Since(p.began).Seconds(), fmt.Sprintf(format, args...))
	p.said = time.Now()
}

// begin says how many steps there will be.
func (p *progress) begin(steps int) { p.steps, p.stepping = steps, time.Now() }

// step begins the next of them.
func (p *progress) step(format string, args ...any) {
	left := ""
	if p.done > 0 {
		each := time.Since(p.stepping) / time.Duration(p.done)
		left = fmt.Sprintf(", %s left", (each * time.Duration(p.steps-p.done)).Round(time.Second))
	}
	p.done++
	text := fmt.Sprintf("%3d %%%s  %s", 100*(p.done-1)/max(p.steps, 1), left, fmt.Sprintf(format, args...))
	switch {
	case p.terminal:
		p.clear()
		fmt.Fprintf(p.to, "%5.1f s  %s", time.Since(p.began).Seconds(), text)
		p.open = true
	case time.Since(p.said) >= sayEvery || p.done == 1:
		p.say("%s", text)
	}
}

// clear takes the line that changes away.
func (p *progress) clear() {
	if p.open {
		fmt.Fprint(p.to, "\r\x1b[K")
		p.open = false
	}
}
