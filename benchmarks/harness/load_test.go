package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRequestsAreWholeWithAnyNumber(t *testing.T) {
	l, err := newLoads()
	require.NoError(t, err)
	for name, made := range map[string]*load{"single": l.single(), "spread": l.spread(), "batches": l.batches(), "top": l.top("If-None-Match: \"1-100\""), "around": l.around(5_000, 5), "deep": l.deep(5_000)} {
		for _, number := range []int64{gapStart, gapEnd} {
			request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(made.requests[0].append(nil, number))))
			require.NoError(t, err, name)
			body, err := io.ReadAll(request.Body)
			require.NoError(t, err, name)
			require.Len(t, body, int(request.ContentLength), name)
			require.Equal(t, made.dynamic, bytes.Contains(body, fmt.Appendf(nil, `"steps":%d}`, number)), name)
			require.NotContains(t, string(body), gap, name)
		}
	}
	require.Len(t, l.single().requests, users)
	require.Len(t, l.batches().requests, users/batchSize)
	require.Len(t, l.batches().requests[0], batchSize+1, "each of a batch has a gap")
}

// The file is what wrk.lua reads: lengths in a line, then as many bytes.
func TestLoadFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "requests")
	l := &load{requests: []request{{"GET /\n"}, {"ab", "cde", ""}}}
	require.NoError(t, l.writeFile(file))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "6\nGET /\n2 3 0\nabcde", string(text))
}

func TestScheduleDoesNotWait(t *testing.T) {
	start := time.Unix(1_000, 0)
	s := newSchedule(start, 2_000, 1500*time.Millisecond)
	require.EqualValues(t, 3_000, s.count)
	require.Equal(t, start, s.due(0))
	require.Equal(t, start.Add(500*time.Microsecond), s.due(1))
	require.Equal(t, start.Add(time.Second), s.due(2_000))
	require.WithinDuration(t, start.Add(100*time.Second/3), newSchedule(start, 3, time.Hour).due(100), time.Microsecond, "no drift")
}

// A server that stands still for a while must show in the latency of all that
// was due meanwhile, not of one request for each connection.
func TestOpenLoopOmitsNothing(t *testing.T) {
	const rate, connections, stall = 1_000, 2, 200 * time.Millisecond
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var served atomic.Int64
	stalled := make(chan struct{})
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch n := served.Add(1); {
		case n == 50:
			time.AfterFunc(stall, func() { close(stalled) })
			fallthrough
		case n > 50:
			<-stalled
		}
		_, _ = io.WriteString(w, "{}")
	})}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	defer func() {
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-ended, http.ErrServerClosed)
	}()
	o := openLoop{
		address: listener.Addr().String(), connections: connections, load: &load{requests: []request{newRequest("GET", "/", "token", "")}},
		schedule: newSchedule(time.Now(), rate, 400*time.Millisecond),
	}
	require.NoError(t, o.run(t.Context()))
	require.EqualValues(t, 400, o.latency.TotalCount())
	require.EqualValues(t, 400, served.Load())
	// 200 were due while nothing was answered; they waited 100 ms on average.
	late := 0
	for _, bar := range o.latency.Distribution() {
		if bar.From >= (stall / 4).Microseconds() {
			late += int(bar.Count)
		}
	}
	require.Greater(t, late, 100)
}

func TestOpenLoopEndsWithARefusal(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "too much", http.StatusServiceUnavailable)
	})}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	o := openLoop{
		address: listener.Addr().String(), connections: 4, load: &load{requests: []request{newRequest("GET", "/", "token", "")}},
		schedule: newSchedule(time.Now(), 10, time.Hour),
	}
	require.ErrorContains(t, o.run(t.Context()), "answered 503: too much")
	require.NoError(t, server.Close())
	require.ErrorIs(t, <-ended, http.ErrServerClosed)
}

func TestReadAnswer(t *testing.T) {
	in := bufio.NewReader(strings.NewReader("HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"))
	require.NoError(t, readAnswer(in), "a 304 has no body")
	require.NoError(t, readAnswer(in))
	require.ErrorContains(t, readAnswer(in), "answered 404: gone")
	require.ErrorIs(t, readAnswer(in), io.EOF)
	require.ErrorContains(t, readAnswer(bufio.NewReader(strings.NewReader("SSH-2.0\r\n"))), "no answer")
}

func TestNumbersGrowPastWhatWasSent(t *testing.T) {
	b := &bench{number: gapStart}
	l := &load{dynamic: true, requests: make([]request, 10)}
	b.sent(95, l) // in the tenth cycle, and up to 1,024 more were sent without an answer
	require.Greater(t, b.number, int64(gapStart+(95+1_024)/10*gapStep))
	before := b.number
	require.Equal(t, "x"+strconv.FormatInt(before+gapStep, 10), b.numbered("x"+gap))
	b.sent(1_000, &load{requests: make([]request, 10)})
	require.Equal(t, before+gapStep, b.number, "without gaps nothing is used up")
}

func TestPauseEndsWithTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		require.NoError(t, measure.Pause(t.Context(), time.Minute))
		require.Equal(t, time.Minute, time.Since(began))
	})
}

// A disk that stood still for longer than a quick round once failed CI.
func TestARoundLastsUntilSomethingIsAnswered(t *testing.T) {
	w, err := findWrk(t.TempDir())
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "one.requests")
	require.NoError(t, (&load{requests: []request{{"GET / HTTP/1.1\r\nHost: slow\r\n\r\n"}}}).writeFile(file))
	answers := time.Now().Add(300 * time.Millisecond)
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_ = measure.Pause(r.Context(), time.Until(answers)) // a disk that stands still
	}))
	defer slow.Close()

	r, err := w.run(t.Context(), slow.Listener.Addr().String(), 1, file, 1, 50*time.Millisecond)
	require.NoError(t, err)
	require.Positive(t, r.requests)
}
