package link_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/cluster/internal/link"
	"github.com/paceboard/paceboard/internal/worker"
)

// cutter stands between two nodes and cuts their connections.
type cutter struct {
	l       net.Listener
	to      string
	running sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

func newCutter(t *testing.T, to string) *cutter {
	t.Helper()
	c := &cutter{l: listen(t), to: to}
	c.running.Go(func() {
		for {
			from, err := c.l.Accept()
			if err != nil {
				return
			}
			to, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", c.to)
			if err != nil {
				_ = from.Close()
				continue
			}
			c.mu.Lock()
			c.conns = append(c.conns, from, to)
			c.mu.Unlock()
			for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
				c.running.Go(func() {
					_, _ = io.Copy(way[0], way[1])
					_ = way[0].Close()
				})
			}
		}
	})
	t.Cleanup(func() {
		_ = c.l.Close()
		c.cut()
		c.running.Wait()
	})
	return c
}

func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}

// TestCuts holds L1 and L4 while connections are cut under load: nothing is handed over twice, what was not sent never
// arrives, and what was answered was handed over.
func TestCuts(t *testing.T) {
	var mu sync.Mutex
	arrived := map[uint64]int{}
	b := serve(t, link.Options{}, handler(func(_ string, requests []link.Request) {
		mu.Lock()
		defer mu.Unlock()
		for _, r := range requests {
			arrived[binary.LittleEndian.Uint64(r.Body)]++
			r.Respond(r.Body)
		}
	}))
	c := newCutter(t, b.Address)
	d := dialer(t, link.Options{Backoff: worker.Backoff{First: time.Millisecond, Max: 5 * time.Millisecond}})
	b.Address = c.l.Addr().String()

	const askers, each = 32, 400
	outcomes := make([][each]error, askers)
	var wg sync.WaitGroup
	for n := range askers {
		wg.Go(func() {
			for i := range each {
				body := make([]byte, 8+rand.IntN(3000))
				binary.LittleEndian.PutUint64(body, uint64(n*each+i))
				answer, err := d.Ask(b, link.Message{Body: body}, soon())
				if err == nil && len(answer) != len(body) {
					t.Error("not its own answer")
				}
				outcomes[n][i] = err
				if errors.Is(err, link.ErrNotSent) {
					worker.Pause(t.Context(), time.Millisecond)
				}
			}
		})
	}
	cuts := worker.Every(t.Context(), worker.Interval{Then: 10 * time.Millisecond, Jitter: 1}, func(context.Context) { c.cut() })
	wg.Wait()
	cuts.Stop()
	d.Close()
	counts := map[string]int{}
	mu.Lock()
	defer mu.Unlock()
	for n := range outcomes {
		for i, err := range outcomes[n] {
			times := arrived[uint64(n*each+i)]
			require.LessOrEqual(t, times, 1)
			switch {
			case err == nil:
				counts["answered"]++
				require.Equal(t, 1, times)
			case errors.Is(err, link.ErrNotSent):
				counts["not sent"]++
				require.Zero(t, times)
			case errors.Is(err, link.ErrLost):
				counts["lost"]++
			default:
				t.Fatal(err)
			}
		}
	}
	t.Log(counts)
	require.Len(t, counts, 3, "each outcome was seen")
}
