package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
	"golang.org/x/sync/errgroup"

	"github.com/paceboard/paceboard/internal/race"
)

// TestOverload offers five times what the server is set to sustain, open loop:
// those who are admitted are as many as before and hardly wait longer, the others
// are told when to come again, memory stays, and two seconds later nobody is
// refused any more. The load and the server share the processors, so they wait
// longer whatever the server does: the control is a server at half its rate while
// an inert one takes the rest of the load. Near the limit of a machine everybody
// waits longer, too, so the load is a share of what the machine serves. It is a
// measurement that others on the machine disturb, so it may be made three times.
func TestOverload(t *testing.T) {
	race.Skip(t)
	waited := overload(t)
	for try := 1; waited > 3 && try < 3; try++ {
		waited = overload(t)
	}
	require.LessOrEqual(t, waited, 3.0, "who is admitted waits three times as long as beside an inert server at most")
}

// overload floods a server, and returns how many times as long those who are
// admitted wait as beside an inert server. What is compared is a typical second,
// since once in 20 seconds or so the store brings its memory to disk, and whoever
// comes in that tenth of a second waits for it, flood or not. Flood and control take
// turns, so that others on the machine disturb both: each part of the flood is
// compared with the controls right before and after it, and the median is taken.
func overload(t *testing.T) (waited float64) {
	t.Helper()
	const (
		connections, mostUsers = 256, 32
		each                   = 100   // syncs a second of a user: RATE_LIMIT_USER
		share                  = 5     // the flood is this part of what the machine serves
		burst                  = 4_000 // units that users have at the start
		parts                  = 5
		floodPart, controlPart = 4 * time.Second, 2 * time.Second
	)
	others := newCrowd(t, &instance{t: t, url: "http://" + serveInert(t)}, mostUsers, connections)
	serves := saturate(t, others, 2*time.Second)
	users := max(1, min(mostUsers, serves/share/(5*each)))
	sustained := users * each
	flooded := 5 * sustained

	s := startServer(t, t.TempDir(), "--rate-limit-user", strconv.Itoa(each))
	defer s.kill()
	s.createSpring("spring")
	crowd := newCrowd(t, s, users, connections/mostUsers*users)
	others = others[:len(crowd)]
	before := s.resident()
	offer(t, crowd, flooded, burst*time.Second/(4*each)*6/5) // uses up the units, and a fifth more
	control := func() *offered {
		var besides sync.WaitGroup
		besides.Go(func() { offer(t, others, flooded-sustained/2, controlPart) })
		defer besides.Wait()
		return offer(t, crowd, sustained/2, controlPart)
	}
	controls, floods := []*offered{control()}, []*offered{}
	for range parts {
		floods = append(floods, offer(t, crowd, flooded, floodPart))
		controls = append(controls, control())
	}
	offer(t, crowd, flooded, floodPart)
	grown := s.resident() - before
	after := offer(t, crowd, sustained/2, 4*time.Second)

	flood, beside := &offered{}, &offered{}
	var ratios []float64
	for i, part := range floods {
		around := &offered{}
		around.append(controls[i])
		around.append(controls[i+1])
		ratios = append(ratios, float64(part.p99())/float64(around.p99()))
		flood.append(part)
		beside.append(around)
	}
	slices.Sort(ratios)
	t.Logf("the machine serves %d a second; p99 %v beside an inert server, %v in a flood of %d (%d admitted, %d refused): %.2f times as long; %v after it; %d MiB more",
		serves, beside.p99(), flood.p99(), flooded, flood.admitted, flood.refused, ratios, after.p99(), grown>>20)

	require.Zero(t, beside.refused, "half of what is sustained is admitted")
	require.Positive(t, flood.refused)
	require.Zero(t, flood.unexplained, "every refusal says when to come again")
	limit := parts * (floodPart.Seconds() + controlPart.Seconds()/2) // half of the limit is saved up in a control
	require.InEpsilon(t, limit*float64(sustained), flood.admitted, 0.15, "as many are admitted as the limits let")
	require.Less(t, grown, int64(128<<20))
	require.Zero(t, after.refusedLate, "two seconds later nobody is refused")
	return ratios[len(ratios)/2]
}

// newCrowd connects a number of users' devices, whose reports are all new.
func newCrowd(t *testing.T, s *instance, users, connections int) []*crowdClient {
	t.Helper()
	crowd := make([]*crowdClient, connections)
	for i := range crowd {
		crowd[i] = newCrowdClient(t, s, fmt.Sprintf("user-%02d", i%users), fmt.Sprintf("device-%d", i/users))
	}
	return crowd
}

// saturate returns how many syncs a second are answered, whatever the answer, when
// each client sends the next as soon as it has one.
func saturate(t *testing.T, crowd []*crowdClient, d time.Duration) (perSecond int) {
	t.Helper()
	var answered atomic.Int64
	var all errgroup.Group
	end := time.Now().Add(d)
	for _, c := range crowd {
		all.Go(func() error {
			for time.Now().Before(end) {
				if _, err := c.ask(); err != nil {
					return err
				}
				answered.Add(1)
			}
			return nil
		})
	}
	require.NoError(t, all.Wait())
	return int(answered.Load() * int64(time.Second) / int64(d))
}

// serveInert refuses all requests, at the address that it returns, and does
// nothing else.
func serveInert(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		ctx.SetStatusCode(fasthttp.StatusTooManyRequests)
		ctx.Response.Header.Set("Retry-After", "1")
	}}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		require.NoError(t, listener.Close())
		require.NoError(t, <-served)
	})
	return listener.Addr().String()
}

// offered is what became of a load.
type offered struct {
	seconds     [][]time.Duration // how long admitted syncs took, since they were due, by the second in which that was
	admitted    int
	refused     int
	refusedLate int // of them, those due two seconds after the start or later
	unexplained int // refusals without Retry-After
}

// p99 is the 99th percentile of a typical second: the median of those of all.
func (o *offered) p99() time.Duration {
	var all []time.Duration
	for _, second := range o.seconds {
		if len(second) > 0 {
			slices.Sort(second)
			all = append(all, second[len(second)*99/100])
		}
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// add joins what became of another part of the load.
func (o *offered) add(part *offered) {
	for i, second := range part.seconds {
		o.seconds[i] = append(o.seconds[i], second...)
	}
	o.admitted += part.admitted
	o.refused += part.refused
	o.refusedLate += part.refusedLate
	o.unexplained += part.unexplained
}

// append adds a load whose seconds are others.
func (o *offered) append(part *offered) {
	seconds := o.seconds
	o.seconds = make([][]time.Duration, len(part.seconds))
	o.add(part)
	o.seconds = slices.Concat(seconds, o.seconds)
}

// offer sends syncs at a rate, whatever becomes of those before; each connection
// has its share of the schedule.
func offer(t *testing.T, crowd []*crowdClient, rate int, d time.Duration) *offered {
	t.Helper()
	var mu sync.Mutex
	all := offered{seconds: make([][]time.Duration, d/time.Second)}
	var failed error
	var wg sync.WaitGroup
	start := time.Now().Add(10 * time.Millisecond)
	total := int(int64(rate) * int64(d) / int64(time.Second))
	for i, c := range crowd {
		wg.Go(func() {
			own := offered{seconds: make([][]time.Duration, d/time.Second)}
			var err error
			for n := i; n < total && err == nil; n += len(crowd) {
				due := start.Add(time.Duration(int64(n) * int64(time.Second) / int64(rate)))
				<-time.After(time.Until(due))
				err = own.note(c, due, int(due.Sub(start)/time.Second))
			}
			mu.Lock()
			defer mu.Unlock()
			all.add(&own)
			if err != nil {
				failed = err
			}
		})
	}
	wg.Wait()
	require.NoError(t, failed)
	return &all
}

// note sends one sync and notes what becomes of it, which was due in a second of
// the load.
func (o *offered) note(c *crowdClient, due time.Time, second int) error {
	answer, err := c.ask()
	switch {
	case err != nil:
		return err
	case bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")):
		o.seconds[second] = append(o.seconds[second], time.Since(due))
		o.admitted++
		return nil
	case bytes.HasPrefix(answer, []byte("HTTP/1.1 429 ")), bytes.HasPrefix(answer, []byte("HTTP/1.1 503 ")):
		o.refused++
		if second >= 2 {
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
