package main

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSpreadIsMedianLowestAndHighest(t *testing.T) {
	for name, c := range map[string]struct {
		values []float64
		want   spread
	}{
		"nothing is zero":                     {nil, spread{}},
		"one is all three":                    {[]float64{7}, spread{7, 7, 7}},
		"odd: the one in the middle":          {[]float64{9, 1, 4}, spread{4, 1, 9}},
		"even: the mean of the middle two":    {[]float64{8, 2, 4, 100}, spread{6, 2, 100}},
		"an outlier does not move the median": {[]float64{5, 5, 5, 5, 0.01}, spread{5, 0.01, 5}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, spreadOf(c.values)) })
	}
	values := []float64{3, 1, 2}
	spreadOf(values)
	require.Equal(t, []float64{3, 1, 2}, values, "the caller's order stays")
}

// rated is a result whose rounds had these rates.
func rated(key, against string, rates ...float64) *result {
	o := &result{Key: key, Against: against}
	for _, rate := range rates {
		o.Rounds = append(o.Rounds, round{Rate: rate, Machine: 1e6 / rate, Server: 3e5 / rate, Owner: 1e5 / rate, Database: 2e5 / rate})
	}
	return o
}

func TestRatiosAreTakenRoundByRound(t *testing.T) {
	// The machine was half as fast in the second round: the ratios are 0.5, 0.6
	// and 0.7, while the medians' ratio would be 60/100.
	r := &report{Results: []*result{
		rated(limitAt(256), "", 100, 50, 200),
		rated("b/one/256", limitAt(256), 50, 30, 140),
		rated("b/many/256", limitAt(256), 45, 15, 140),
	}}
	r.conclude()
	r.Goals = judge(r)
	sync := r.of("b/one/256")
	require.InDelta(t, 50, sync.Rate.Median, 1e-9)
	require.InDelta(t, 0.6, sync.Ratio.Median, 1e-9)
	require.InDelta(t, 0.5, sync.Ratio.Low, 1e-9)
	require.InDelta(t, 0.7, sync.Ratio.High, 1e-9)
	require.InDelta(t, 1/0.6, sync.CPURatio.Median, 1e-9)
	require.Nil(t, r.of(limitAt(256)).Ratio, "the limit has none")

	found := map[string]verdict{}
	for _, v := range r.Goals {
		found[v.Goal] = v
	}
	v := found["durable sync, 256 connections, of the front-end limit"]
	require.False(t, v.Met)
	require.Equal(t, "≥ 0.65: MISSED", v.String())
	require.Equal(t, "0.60", v.Found)
	v = found["100 competitions, 256 connections, of 1 competition"] // 0.9, 0.5, 1
	require.True(t, v.Met)
	require.NotContains(t, found, "times Redis with appendfsync always", "what was not measured is not judged")
}

func TestAClustersGoalsAreProcessorTime(t *testing.T) {
	// In the second round the machine was half as fast.
	r := &report{Results: []*result{
		{Key: "j/local/64", Rounds: []round{{Server: 20, Owner: 19}, {Server: 40, Owner: 38}}},
		{Key: "j/forwarded/64", Rounds: []round{{Server: 28, Owner: 9.5}, {Server: 60, Owner: 19}}},
		{Key: "j/nodes/128", Rounds: []round{{Server: 30, Database: 20}}},
		{Key: "j/nodes/512", Rounds: []round{{Server: 60, Database: 20}}},
	}}
	r.conclude()
	r.Goals = judge(r)
	found := map[string]verdict{}
	for _, v := range r.Goals {
		found[v.Goal] = v
	}
	require.Len(t, found, 3)
	require.InDelta(t, 1.45, found["forwarded sync, 64 connections: the nodes' CPU, of a local one's"].Value, 1e-9) // 1.4 and 1.5
	require.InDelta(t, 0.5, found["its owner's CPU, of a local one's"].Value, 1e-9)
	require.False(t, found["the same, at 4 nodes"].Met) // 80 of 50
}

func TestSharesOfALoadAreDisjointAndWhole(t *testing.T) {
	b := &bench{dir: t.TempDir(), files: map[string]*prepared{}}
	var err error
	b.loads, err = newLoads()
	require.NoError(t, err)
	whole, err := b.shares(t.Context(), "spread", 1)
	require.NoError(t, err)
	shares, err := b.shares(t.Context(), "spread", 4)
	require.NoError(t, err)
	var together []string
	for _, s := range shares {
		require.Len(t, s.requests, users/4)
		require.True(t, s.dynamic)
		for _, r := range s.requests {
			together = append(together, string(r.append(nil, 1)))
		}
	}
	var want []string
	for _, r := range whole[0].requests {
		want = append(want, string(r.append(nil, 1)))
	}
	require.ElementsMatch(t, want, together)
	again, err := b.shares(t.Context(), "spread", 4)
	require.NoError(t, err)
	require.Equal(t, shares, again)
}

func TestAlone(t *testing.T) {
	// A sync takes 3 ms; an fsync 1.5 ms and an empty request 0.5 ms.
	r := &report{Results: []*result{rated(limitAt(1), "", 2_000), rated("b/one/1", limitAt(1), 1_000.0/3)}, Fsync: []float64{1.5}}
	require.InDelta(t, 1.5, alone(r), 1e-9)
	require.True(t, math.IsNaN(alone(&report{Results: r.Results})), "without an fsync there is nothing to say")
}

func TestChooseTakesWhatAPartIsComparedWith(t *testing.T) {
	keys := func(only string) (keys []string) {
		chosen, err := choose(measurements(), only)
		require.NoError(t, err)
		for _, m := range chosen {
			keys = append(keys, m.key())
		}
		return keys
	}
	require.Equal(t, []string{"a/post/256", "b/one/256", "h/always/256", "h/everysec/256"}, keys("h"))
	require.Equal(t, []string{"a/post/1", "a/post/64", "a/post/256", "a/post/1024"}, keys("a"))
	require.Equal(t, []string{"a/post/256", "f/rank/256", "f/around/256", "f/deep/256"}, keys(" f"))
	require.Len(t, keys("j"), 9)
	require.Empty(t, keys("g"), "it has a program of its own")
	require.Len(t, keys(""), len(measurements()))
	for _, bad := range []string{"z", "b,", "bh"} {
		_, err := choose(measurements(), bad)
		require.Error(t, err, bad)
	}
}

func TestKeysAreUniqueAndGoalsSpeakOfThem(t *testing.T) {
	known := map[string]bool{}
	for _, m := range measurements() {
		require.False(t, known[m.key()], m.key())
		known[m.key()] = true
	}
	for _, m := range measurements() {
		for _, other := range []string{m.against, m.also} {
			require.True(t, other == "" || known[other], other)
		}
	}
	for _, key := range timed {
		require.True(t, known[key], key)
	}
	// A run that measured everything has something to say on every goal.
	r := &report{Participants: participants, Fsync: []float64{1}}
	for _, m := range measurements() {
		r.Results = append(r.Results, rated(m.key(), m.against, 1))
	}
	for _, key := range timed {
		r.Latencies = append(r.Latencies, latency{Key: key})
	}
	r.conclude()
	r.Goals = judge(r)
	require.Len(t, r.Goals, len(goals))
}

func TestParseWrk(t *testing.T) {
	const good = "Running 1m test @ http://127.0.0.1:8081\n  1 threads and 64 connections\nRequests/sec: 1\ndone requests=3000 us=1500000 bytes=9 connect=0 read=0 write=0 status=0 timeout=0 p50=700 p99=2500\n"
	r, err := parseWrk(good)
	require.NoError(t, err)
	require.Equal(t, wrkResult{requests: 3000, took: 1500 * time.Millisecond, p50: 700 * time.Microsecond, p99: 2500 * time.Microsecond}, r)

	for name, out := range map[string]string{
		"it did not come to its end": "unable to connect to 127.0.0.1:1 Connection refused\n",
		"refused requests":           "done requests=10 us=1 connect=0 read=0 write=0 status=3 timeout=0 p50=1 p99=1",
		"lost connections":           "done requests=10 us=1 connect=0 read=1 write=0 status=0 timeout=0 p50=1 p99=1",
		"no answer at all":           "done requests=0 us=1500000 connect=0 read=0 write=0 status=0 timeout=0 p50=0 p99=0",
		"something else":             "done requests=many",
	} {
		_, err := parseWrk(out)
		require.Error(t, err, name)
	}
}

func TestThousands(t *testing.T) {
	for v, text := range map[float64]string{0: "0", 999: "999", 1000: "1,000", 1234567.6: "1,234,568"} {
		require.Equal(t, text, thousands(v))
	}
}
