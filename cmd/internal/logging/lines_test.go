package logging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"strings"
	"sync"
	"testing"

	fiberlog "github.com/gofiber/fiber/v2/log"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc/grpclog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// gate is a writer that takes nothing until it is open.
type gate struct {
	open    chan struct{}
	asked   chan struct{} // capacity 1: somebody waits
	written bytes.Buffer
}

func newGate() *gate { return &gate{open: make(chan struct{}), asked: make(chan struct{}, 1)} }

func (g *gate) Write(b []byte) (int, error) {
	select {
	case g.asked <- struct{}{}:
	default:
	}
	<-g.open
	return g.written.Write(b)
}

func TestLinesAreWrittenWholeAndAllOfThem(t *testing.T) {
	var written bytes.Buffer
	l := NewLines(&written)
	var writers sync.WaitGroup
	const many, each = 4, 500
	for w := range many {
		writers.Go(func() {
			for i := range each {
				fmt.Fprintf(l, "%d %d\n", w, i)
			}
		})
	}
	writers.Wait()
	require.NoError(t, l.Close(t.Context()))
	require.Zero(t, l.Lost())
	next := map[string]int{}
	for line := range strings.Lines(written.String()) {
		w, i, _ := strings.Cut(strings.TrimSpace(line), " ")
		require.Equal(t, fmt.Sprint(next[w]), i, "in the order of each writer")
		next[w]++
	}
	require.Len(t, next, many)
	for w, n := range next {
		require.Equal(t, each, n, w)
	}
}

// TestNobodyWaitsForAWriterThatHangs: what there is no room for is lost and counted, and
// the end does not wait for it either.
func TestNobodyWaitsForAWriterThatHangs(t *testing.T) {
	g := newGate()
	l := NewLines(g)
	line := []byte(strings.Repeat("x", 1<<10-1) + "\n")
	_, err := l.Write(line)
	require.NoError(t, err)
	<-g.asked
	const held = maxHeld >> 10
	for range held + 5 {
		_, err := l.Write(line)
		require.NoError(t, err)
	}
	require.EqualValues(t, 5, l.Lost())
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, l.Close(ended), context.Canceled)

	close(g.open)
	require.NoError(t, l.Close(t.Context()))
	require.Equal(t, 1+held, strings.Count(g.written.String(), "\n"), "what was held is written")
}

// TestALineDoesNotWaitForOthers: one alone is written, too.
func TestALineDoesNotWaitForOthers(t *testing.T) {
	r, w := io.Pipe()
	l := NewLines(w)
	_, _ = l.Write([]byte("alone\n"))
	b := make([]byte, 16)
	n, err := r.Read(b)
	require.NoError(t, err)
	require.Equal(t, "alone\n", string(b[:n]))
	require.NoError(t, l.Close(t.Context()))
}

func TestWhatLibrariesPrintIsLogged(t *testing.T) {
	before, flags, writer := slog.Default(), log.Flags(), log.Writer()
	defer func() {
		slog.SetDefault(before)
		log.SetFlags(flags)
		log.SetOutput(writer)
	}()
	var written bytes.Buffer
	logger := New(&written, true, slog.LevelDebug)
	Redirect(logger)
	log.Print("by the standard library")
	grpclog.Error("by gRPC")
	grpclog.Warningf("by gRPC, %d", 2)
	fiberlog.Warn("by Fiber")
	redisLog{logger}.Printf(t.Context(), "by Redis: %v", errors.New("why"))
	for line := range strings.Lines(written.String()) {
		require.Regexp(t, `^{"time":.*,"level":"(INFO|DEBUG)","msg":".*by .*}\n$`, line)
	}
	require.Equal(t, 5, strings.Count(written.String(), "\n"), written.String())
}
