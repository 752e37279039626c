package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestOverload offers five times what the server is set to sustain, open loop:
// those who are admitted are as many as before and hardly wait longer, the others
// are told when to come again, memory stays, and two seconds later nobody is
// refused any more. It is a measurement that others on the machine disturb, so it
// may be made three times.
func TestOverload(t *testing.T) {
	if raceEnabled {
		t.Skip("it is a measurement: `make test` runs it a second time, without the race detector")
	}
	const (
		users, connections = 32, 256
		each               = 100 // syncs a second of a user: RATE_LIMIT_USER
		sustained          = users * each
	)
	s := startServer(t, t.TempDir(), "--rate-limit-user", strconv.Itoa(each))
	s.createSpring("spring")
	crowd := make([]*crowdClient, connections)
	for i := range crowd {
		crowd[i] = newCrowdClient(t, s, fmt.Sprintf("user-%02d", i%users), fmt.Sprintf("device-%d", i/users)) // whose reports are all new
	}
	offer(t, crowd, 5*sustained, 12*time.Second) // uses up the units that users have at the start
	for try := 1; ; try++ {
		calm := offer(t, crowd, sustained/2, 3*time.Second)
		require.Zero(t, calm.refused, "half of what is sustained is admitted")
		before := s.resident()
		flood := offer(t, crowd, 5*sustained, 20*time.Second)
		grown := s.resident() - before
		after := offer(t, crowd, sustained/2, 4*time.Second)
		unloaded := max(calm.p99(), after.p99Late())
		t.Logf("p99 %v calm, %v in the flood (%d admitted, %d refused), %v two seconds after it; %d MiB more",
			calm.p99(), flood.p99(), len(flood.latencies), flood.refused, after.p99Late(), grown>>20)

		require.Positive(t, flood.refused)
		require.Zero(t, flood.unexplained, "every refusal says when to come again")
		require.InEpsilon(t, 20*sustained+3*sustained/2, len(flood.latencies), 0.15, "as many are admitted as the limits let")
		require.Less(t, grown, int64(128<<20))
		require.Zero(t, after.refusedLate, "two seconds later nobody is refused")
		if flood.p99() <= 3*unloaded {
			return
		}
		require.Less(t, try, 3, "who is admitted waits three times as long as without the flood at most")
	}
}

// offered is what became of a load.
type offered struct {
	latencies   []time.Duration // of admitted syncs, since they were due
	late        []time.Duration // of them, those due two seconds after the start or later
	refused     int
	refusedLate int
	unexplained int // refusals without Retry-After
}

func (o *offered) p99() time.Duration     { return percentile99(o.latencies) }
func (o *offered) p99Late() time.Duration { return percentile99(o.late) }

func percentile99(of []time.Duration) time.Duration {
	slices.Sort(of)
	return of[len(of)*99/100]
}

// offer sends syncs at a rate, whatever becomes of those before; each connection
// has its share of the schedule.
func offer(t *testing.T, crowd []*crowdClient, rate int, d time.Duration) *offered {
	t.Helper()
	var mu sync.Mutex
	var all offered
	var failed error
	var wg sync.WaitGroup
	start := time.Now().Add(10 * time.Millisecond)
	total := int(int64(rate) * int64(d) / int64(time.Second))
	for i, c := range crowd {
		wg.Go(func() {
			var own offered
			var err error
			for n := i; n < total && err == nil; n += len(crowd) {
				due := start.Add(time.Duration(int64(n) * int64(time.Second) / int64(rate)))
				<-time.After(time.Until(due))
				err = own.note(c, due, due.Sub(start) >= 2*time.Second)
			}
			mu.Lock()
			defer mu.Unlock()
			all.latencies, all.late = append(all.latencies, own.latencies...), append(all.late, own.late...)
			all.refused, all.refusedLate, all.unexplained = all.refused+own.refused, all.refusedLate+own.refusedLate, all.unexplained+own.unexplained
			if err != nil {
				failed = err
			}
		})
	}
	wg.Wait()
	require.NoError(t, failed)
	return &all
}

// note sends one sync and notes what becomes of it.
func (o *offered) note(c *crowdClient, due time.Time, late bool) error {
	answer, err := c.ask()
	switch {
	case err != nil:
		return err
	case bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")):
		took := time.Since(due)
		o.latencies = append(o.latencies, took)
		if late {
			o.late = append(o.late, took)
		}
		return nil
	case bytes.HasPrefix(answer, []byte("HTTP/1.1 429 ")), bytes.HasPrefix(answer, []byte("HTTP/1.1 503 ")):
		o.refused++
		if late {
			o.refusedLate++
		}
		if !bytes.Contains(answer, []byte("\r\nRetry-After: ")) {
			o.unexplained++
		}
		return nil
	default:
		return fmt.Errorf("answered %s", answer)
	}
}

// resident is the server's memory in bytes.
func (s *instance) resident() int64 {
	s.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	require.NoError(s.t, err)
	_, rest, found := strings.Cut(string(status), "VmRSS:")
	require.True(s.t, found)
	kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	require.NoError(s.t, err)
	return kib << 10
}
