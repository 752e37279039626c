package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

//go:embed wrk.lua
var wrkScript []byte

// wrk runs the load generator of that name: one thread, which takes little
// enough of a core to reach a server's maximum.
type wrk struct {
	program, script string
}

func findWrk(dir string) (*wrk, error) {
	program, err := exec.LookPath("wrk")
	if err != nil {
		return nil, errors.New("wrk is missing, which sends the requests; please run: sudo apt-get install wrk")
	}
	w := &wrk{program: program, script: filepath.Join(dir, "wrk.lua")}
	return w, os.WriteFile(w.script, wrkScript, 0o600)
}

// wrkResult is what wrk says of a run.
type wrkResult struct {
	requests int64
	took     time.Duration
	p50, p99 time.Duration // as wrk sees it, which waits for answers before it sends more
}

const longest = 60 // seconds that wrk is told; it knows whole ones only, so it is stopped

// run sends a load's file for so long, or for twice as long and so on if nothing was
// answered meanwhile: a moment is too short where a disk stands still. Any answer that
// is not good is an error: a figure with refusals in it is none.
func (w *wrk) run(ctx context.Context, address string, connections int, file string, number int64, d time.Duration) (r wrkResult, err error) {
	for {
		r, err = w.runFor(ctx, address, connections, file, number, d)
		if d *= 2; !errors.Is(err, errNoAnswer) || d > longest*time.Second {
			return r, err
		}
	}
}

func (w *wrk) runFor(ctx context.Context, address string, connections int, file string, number int64, d time.Duration) (wrkResult, error) {
	cmd := exec.CommandContext(ctx, w.program, "-t1", "-c", strconv.Itoa(connections), "-d", fmt.Sprintf("%ds", longest), "--timeout", "8s",
		"-s", w.script, "http://"+address, "--", file, strconv.FormatInt(number, 10), strconv.Itoa(gapStep))
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return wrkResult{}, fmt.Errorf("start wrk: %w", err)
	}
	waited := measure.Pause(ctx, d)
	_ = cmd.Process.Signal(os.Interrupt) // it ends the run and prints, as if the time were over
	if err := errors.Join(waited, cmd.Wait()); err != nil {
		return wrkResult{}, fmt.Errorf("wrk: %w\n%s", err, out.String())
	}
	return parseWrk(out.String())
}

var errNoAnswer = errors.New("wrk got no answer")

// parseWrk reads the line that wrk.lua prints at the end.
func parseWrk(out string) (r wrkResult, err error) {
	_, line, found := strings.Cut(out, "done ")
	if !found {
		return r, fmt.Errorf("wrk did not come to its end: %s", out)
	}
	values := map[string]int64{}
	for field := range strings.FieldsSeq(line) {
		name, text, _ := strings.Cut(field, "=")
		if values[name], err = strconv.ParseInt(text, 10, 64); err != nil {
			return r, fmt.Errorf("wrk said %q: %w", field, err)
		}
	}
	for _, kind := range []string{"connect", "read", "write", "status", "timeout"} {
		if n := values[kind]; n > 0 {
			err = errors.Join(err, fmt.Errorf("%d of %d requests failed (%s)", n, values["requests"], kind))
		}
	}
	r = wrkResult{
		requests: values["requests"], took: time.Duration(values["us"]) * time.Microsecond,
		p50: time.Duration(values["p50"]) * time.Microsecond, p99: time.Duration(values["p99"]) * time.Microsecond,
	}
	if err == nil && (r.requests == 0 || r.took <= 0) {
		err = fmt.Errorf("%w: %s", errNoAnswer, out)
	}
	return r, err
}
