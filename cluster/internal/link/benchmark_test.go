package link_test

import (
	"crypto/x509"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/cluster/internal/link"
)

// BenchmarkAsk measures requests of 120 bytes and answers of 40 with so many in flight; an operation is 100 by each
// asker. Both sides are in this process: the CPU and the allocations of an ask are those of both. It says, too, how
// many requests share a frame.
func BenchmarkAsk(b *testing.B) {
	for _, inFlight := range []int{1, 8, 64, 256} {
		b.Run(fmt.Sprint("inflight=", inFlight), func(b *testing.B) { benchmarkAsk(b, inFlight, link.Options{}, link.Options{}) })
	}
	b.Run("inflight=64,tls", func(b *testing.B) {
		ca := newAuthority(b)
		ours := func() link.Options {
			return link.Options{Credentials: read(b, nodeFiles(b, b.TempDir(), ca, x509.Certificate{}, ca))}
		}
		benchmarkAsk(b, 64, ours(), ours())
	})
}

func benchmarkAsk(b *testing.B, inFlight int, asker, answerer link.Options) {
	b.Helper()
	answer, body := make([]byte, 40), make([]byte, 120)
	node := serve(b, answerer, handler(func(_ string, requests []link.Request) {
		for i := range requests {
			requests[i].Respond(answer)
		}
	}))
	d := dialer(b, asker)
	asks := func(n int) {
		for range n {
			if _, err := d.Ask(node, link.Message{Body: body}, time.Now().Add(10*time.Second)); err != nil {
				b.Error(err)
				return
			}
		}
	}
	asks(100)
	begin := make(chan struct{})
	var askers, round sync.WaitGroup
	for range inFlight {
		askers.Go(func() {
			for range begin {
				asks(100)
				round.Done()
			}
		})
	}
	before, sent, n := usage(b), d.Peers()[0].Sent, 0
	for b.Loop() {
		round.Add(inFlight)
		for range inFlight {
			begin <- struct{}{}
		}
		round.Wait()
		n += 100 * inFlight
	}
	after, now := usage(b), d.Peers()[0].Sent
	close(begin)
	askers.Wait()
	b.ReportMetric(float64(b.Elapsed())/float64(n), "ns/ask")
	b.ReportMetric(float64(after.cpu-before.cpu)/float64(n), "cpu-ns/ask")
	b.ReportMetric(float64(after.allocations-before.allocations)/float64(n), "allocs/ask")
	b.ReportMetric(float64(now.Messages-sent.Messages)/float64(now.Frames-sent.Frames), "messages/frame")
}

type used struct {
	cpu         time.Duration
	allocations uint64
}

// usage is what this process has used so far.
func usage(b *testing.B) used {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return used{time.Duration(u.Utime.Nano() + u.Stime.Nano()), m.Mallocs}
}
