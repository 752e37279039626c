package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

// schedule says when each request of an open loop is due: the kth so many
// intervals after the start, whatever became of those before it.
type schedule struct {
	start time.Time
	rate  float64 // a second
	count int64
}

func newSchedule(start time.Time, rate float64, d time.Duration) schedule {
	return schedule{start: start, rate: rate, count: int64(rate * d.Seconds())}
}

func (s schedule) due(k int64) time.Time {
	return s.start.Add(time.Duration(float64(k) / s.rate * float64(time.Second)))
}

// openLoop sends a load at a rate over some connections, and records how long
// each answer took from the moment at which its request was due. Connections
// take the next request as soon as they are free: while all wait for the server,
// requests become late, and the histogram has that in it.
type openLoop struct {
	address     string
	connections int
	load        *load
	number      int64 // in the first cycle's gaps
	schedule    schedule

	next    atomic.Int64
	latency *hdrhistogram.Histogram // microseconds, 1 to a minute, 3 digits
}

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, 60_000_000, 3) }

// run sends everything and returns when the last answer is there. The first
// answer that is not good ends it.
func (o *openLoop) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	o.latency = newHistogram()
	var mu sync.Mutex // of the sums
	var clients sync.WaitGroup
	for range o.connections {
		clients.Go(func() {
			latency := newHistogram()
			if err := o.client(ctx, latency); err != nil {
				cancel(err)
			}
			mu.Lock()
			defer mu.Unlock()
			o.latency.Merge(latency)
		})
	}
	clients.Wait()
	return context.Cause(ctx)
}

// client is one connection.
func (o *openLoop) client(ctx context.Context, latency *hdrhistogram.Histogram) error {
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", o.address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	in := bufio.NewReaderSize(conn, 32<<10)
	var out []byte
	for {
		k := o.next.Add(1) - 1
		if k >= o.schedule.count {
			return nil
		}
		due := o.schedule.due(k)
		if early := time.Until(due); early > 0 {
			if err := measure.Pause(ctx, early); err != nil {
				return err
			}
		}
		cycle, i := k/int64(len(o.load.requests)), k%int64(len(o.load.requests))
		out = o.load.requests[i].append(out[:0], o.number+cycle*gapStep)
		if _, err := conn.Write(out); err != nil {
			return err
		}
		if err := readAnswer(in); err != nil {
			return err
		}
		_ = latency.RecordValue(max(1, time.Since(due).Microseconds())) // what is over a minute has failed by then
	}
}

// readAnswer reads one answer and throws it away; a status from 400 on is an
// error.
func readAnswer(in *bufio.Reader) error {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if len(line) < len("HTTP/1.1 200") || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return fmt.Errorf("this is no answer: %q", line)
	}
	status := string(line[9:12])
	length := 0
	for {
		if line, err = in.ReadSlice('\n'); err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		name, value, ok := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(":"))
		if !ok {
			break
		}
		if bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return errors.New("the answer's Content-Length is no number")
			}
		}
	}
	if status >= "400" {
		body, _ := io.ReadAll(io.LimitReader(in, int64(min(length, 300)))) // for the message
		return fmt.Errorf("answered %s: %s", status, body)
	}
	if _, err := in.Discard(length); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}
