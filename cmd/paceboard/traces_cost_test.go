package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/internal/race"
)

// TestCostOfTraces compares the processor time that a server takes for a sync, with 1 % of
// the requests traced and without traces. Servers take turns, and a third one, without traces
// as well, shows the noise. It runs with SOAK alone.
func TestCostOfTraces(t *testing.T) {
	if soak(t) == 0 {
		t.Skip("it is part of make soak")
	}
	race.Skip(t)
	const (
		rate, users, rounds = 5_000, 64, 9
		window              = 4 * time.Second
		goal                = 1.02
	)
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer sink.Close()
	var servers []*instance
	var crowds [][]*crowdClient
	for _, args := range [][]string{nil, nil, {"OTEL_EXPORTER_OTLP_ENDPOINT=" + sink.URL, "OTEL_TRACES_SAMPLER_ARG=0.01"}} {
		s := startServer(t, t.TempDir(), append(args, "--rate-limit-user", "0")...)
		s.createSpring("spring")
		crowd := newCrowd(t, s, users, users)
		for _, c := range crowd {
			require.NoError(t, c.conn.SetDeadline(time.Now().Add(10*time.Minute)))
		}
		offer(t, crowd, rate, window) // to warm up
		servers, crowds = append(servers, s), append(crowds, crowd)
	}
	var noise, cost, off []float64
	for round := range rounds {
		took := make([]float64, len(servers)) // processor time for 100,000 syncs
		for i := range servers {
			turn := (i + round) % len(servers)
			before := servers[turn].processorTime()
			syncs := offer(t, crowds[turn], rate, window).admitted
			took[turn] = (servers[turn].processorTime() - before).Seconds() * 100_000 / float64(syncs)
		}
		noise, cost, off = append(noise, took[1]/took[0]), append(cost, 2*took[2]/(took[0]+took[1])), append(off, took[0])
	}
	for _, of := range [][]float64{noise, cost, off} {
		slices.Sort(of)
	}
	t.Logf("%.2f s of a processor for 100,000 syncs without traces; with 1 %%: %.3f times as much %.3f; without, again: %.3f %.3f",
		off[rounds/2], cost[rounds/2], cost, noise[rounds/2], noise)
	require.LessOrEqual(t, cost[rounds/2], goal)
}
