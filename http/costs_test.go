package http

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// TestARequestCostsWhatItComesTo: in units, and all of it before anything is done.
func TestARequestCostsWhatItComesTo(t *testing.T) {
	day := `{"steps":1,"date":"2026-05-01"}`
	const named = `{"competition_id":"spring","steps":1,"date":"2026-05-01"}`
	batch := func(n int) string { return `{"syncs":[` + strings.Repeat(named+",", n-1) + named + `]}` }
	guests := func(n int) string {
		var ids []string
		for i := range n {
			ids = append(ids, strconv.Itoa(i))
		}
		return `{"user_ids":["` + strings.Join(ids, `","`) + `"]}`
	}
	const sync, list = "/api/v1/fitness/sync", "/api/v1/competitions"
	for name, c := range map[string]struct {
		method, path, body string
		writes, units      int
		called             string
	}{
		"a sync":                          {"POST", sync, `{"competition_id":"spring","steps":1,"date":"2026-05-01"}`, 0, 1, "SubmitSync"},
		"an unnamed one to 19":            {"POST", sync, day, 19, 1, "SubmitEverywhere"},
		"an unnamed one to 200":           {"POST", sync, day, 200, 11, "SubmitEverywhere"},
		"a year of days to 200":           {"POST", sync + "/batch", batch(365), 73_000, 1 + 3650 + 1, "SubmitBatch"},
		"a large body":                    {"POST", sync + "/batch", batch(1000), 1000, 1 + 50 + 3, "SubmitBatch"},
		"a list":                          {"GET", list, "", 0, 1, "Competitions"},
		"a list of 1,000":                 {"GET", list + "?limit=1000", "", 0, 6, "Competitions"},
		"a thousand around somebody":      {"GET", readTop + "?around=u2&radius=500", "", 0, 6, "Around"},
		"the batch of the report":         {"POST", sync + "/batch", batch(1000), 1_200_000, 0, ""},
		"an unnamed one to 100,000, even": {"POST", sync, day, 100_000, 0, ""},
		"what never fits beside the rest": {"POST", sync, day, maxWrites, 0, ""},
		"the most that fits":              {"POST", sync, day, maxWrites - writesOfUnit, 4000, "SubmitEverywhere"},
		"inviting one":                    {"POST", list + "/spring/invitations", guests(1), 0, 1, "Invite"},
		"inviting 1,000":                  {"POST", list + "/spring/invitations", guests(1000), 0, 1 + 50, "Invite"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, func(o *Options) { o.RateLimits.User = 100 })
			b.engine.writes = c.writes
			r := b.do(t, c.method, c.path, c.body, bearer(authtest.User(t, "u1")))
			if c.called == "" {
				require.Equal(t, 422, r.status)
				require.Contains(t, r.body, `"code":"too_much_at_once"`)
				require.Empty(t, r.get("Retry-After"), "no waiting helps")
				require.Empty(t, b.engine.calls)
				return
			}
			require.Equal(t, 200, r.status, r.body)
			require.Equal(t, strconv.Itoa(4000-c.units), r.get("RateLimit-Remaining"))
			require.Equal(t, "100", r.get("RateLimit-Limit"))
		})
	}
}

// TestWhoHasTooLittleHearsWhenItIsEnough: and keeps what there is.
func TestWhoHasTooLittleHearsWhenItIsEnough(t *testing.T) {
	b := newBench(t, func(o *Options) { o.RateLimits.User = 100 })
	post := func(writes int) response {
		b.engine.writes = writes
		return b.do(t, "POST", "/api/v1/fitness/sync", `{"steps":1,"date":"2026-05-01"}`, bearer(authtest.User(t, "u1")))
	}
	require.Equal(t, 200, post(70_000).status)
	r := post(30_000)
	require.Equal(t, 429, r.status)
	require.Equal(t, "11", r.get("Retry-After"), "1,500 wanted, 498 left, 100 a second")
	require.Equal(t, "498", r.get("RateLimit-Remaining"))
	require.Equal(t, 200, post(9_000).status)
}

// TestLookingIsPaid: a tie costs as much as a report to its competition, once, and
// also where what it comes to is refused.
func TestLookingIsPaid(t *testing.T) {
	for name, c := range map[string]struct{ writes, ties, units int }{
		"a day to all of 200":          {200, 200, 1 + 10},
		"a day to 20 of 200":           {20, 200, 1 + 10},
		"a year to 200":                {73_000, 200, 1 + 3650},
		"what 1,200 ties are too many": {1_200_000, 1_200, 1 + 60},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, func(o *Options) { o.RateLimits.User = 100 })
			b.engine.writes, b.engine.read = c.writes, c.ties
			r := b.do(t, "POST", "/api/v1/fitness/sync", `{"steps":1,"date":"2026-05-01"}`, bearer(authtest.User(t, "u1")))
			require.Equal(t, c.writes > maxWrites, r.status == 422, r.body)
			require.Equal(t, strconv.Itoa(4000-c.units), r.get("RateLimit-Remaining"))
		})
	}
}

// TestRetryAfterHolds: whoever waits as long as they are told gets through, also
// where the request costs nearly all that there may be.
func TestRetryAfterHolds(t *testing.T) {
	b := newBench(t, func(o *Options) { o.RateLimits.User = 100 })
	for _, writes := range []int{20_000, maxWrites - writesOfUnit, 100} {
		b.engine.writes = writes
		for tries := 0; ; tries++ {
			r := b.do(t, "POST", "/api/v1/fitness/sync", `{"steps":1,"date":"2026-05-01"}`, bearer(authtest.User(t, "u1")))
			if r.status == 200 {
				break
			}
			require.Equal(t, 429, r.status, r.body)
			require.Less(t, tries, 1, "once is enough")
			seconds, err := strconv.Atoi(r.get("Retry-After"))
			require.NoError(t, err)
			b.now = b.now.Add(time.Duration(seconds) * time.Second)
		}
	}
}

// TestNoOneRequestGoesTooFar: operators have no rate, and the same bound.
func TestNoOneRequestGoesTooFar(t *testing.T) {
	b := newBench(t, func(o *Options) { o.RateLimits.User = 100 })
	operator := authtest.Mint(t, secret, map[string]any{"app_metadata": map[string]any{"role": "operator"}})
	for writes, want := range map[int]int{maxWrites: 200, maxWrites + 1: 422} {
		b.engine.writes = writes
		r := b.do(t, "POST", "/api/v1/fitness/sync", `{"user_id":"u1","steps":1,"date":"2026-05-01"}`, bearer(operator))
		require.Equal(t, want, r.status, r.body)
	}
}

// TestUnknownNamesOfABatchAreNotKept: a megabyte of them costs what reading it does.
func TestUnknownNamesOfABatchAreNotKept(t *testing.T) {
	var body strings.Builder
	body.WriteString(`{"syncs":[{"competition_id":"spring","steps":1,"date":"2026-05-01"},3]`)
	for i := range 80_000 {
		body.WriteString(`,"` + strconv.Itoa(i) + `":1`)
	}
	body.WriteString("}")
	b := newBench(t, func(o *Options) { o.RateLimits.User = 100 })
	r := b.do(t, "POST", "/api/v1/fitness/sync/batch", body.String(), bearer(authtest.User(t, "u1")))
	require.Equal(t, 200, r.status, r.body)
	require.Equal(t, strconv.Itoa(4000-1-body.Len()/(16<<10)), r.get("RateLimit-Remaining"))
}
