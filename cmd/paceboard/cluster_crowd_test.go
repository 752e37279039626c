package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"
)

// clusterCrowd is people whose phones, and others' browsers, use any node. Their scores only
// grow, so an answer is too old if a score is less than what was acknowledged before it
// was asked for.
type clusterCrowd struct {
	c            *nodes
	competitions []string
	users        []string
	acked        [][]atomic.Int64 // by competition and user
	sent         []atomic.Int64   // when a user's present sync was sent first, in ns since 1970
	operator     string
	tokens       []string
	stop         chan struct{}
	running      sync.WaitGroup

	mu       sync.Mutex
	waits    []wait
	stale    []string
	refusals []string
	reads    int
}

// wait is how long a sync took that was sent to nodes that nobody disturbed.
type wait struct {
	since time.Time
	took  time.Duration
}

func newClusterCrowd(c *nodes, competitions, users int) *clusterCrowd {
	o := &clusterCrowd{c: c, operator: operatorToken(c.t), stop: make(chan struct{}), acked: make([][]atomic.Int64, competitions)}
	for i := range competitions {
		o.competitions = append(o.competitions, fmt.Sprintf("board-%d", i))
		c.next().createSpring(o.competitions[i])
		o.acked[i] = make([]atomic.Int64, users)
	}
	for i := range users {
		o.users = append(o.users, fmt.Sprintf("user-%02d", i))
		o.tokens = append(o.tokens, tokenOf(c.t, o.users[i], false))
	}
	o.sent = make([]atomic.Int64, users)
	return o
}

// run begins the load: a phone for each user, and some readers.
func (o *clusterCrowd) run(readers int, pace time.Duration) {
	for u := range o.users {
		o.running.Go(func() { o.write(u, pace) })
	}
	for r := range readers {
		o.running.Go(func() { o.read(r, pace) })
	}
}

// end ends the load; every sync that was sent has been acknowledged then.
func (o *clusterCrowd) end() {
	close(o.stop)
	o.running.Wait()
}

func (o *clusterCrowd) over() bool {
	select {
	case <-o.stop:
		return true
	default:
		return false
	}
}

// ask sends a request to the node at a place. calm is whether nobody disturbed it
// meanwhile.
func (o *clusterCrowd) ask(client *http.Client, place int, method, path, token, body string, header http.Header) (status int, answer []byte, etag string, calm bool, err error) {
	p := o.c.at[place]
	before := p.troubled.Load()
	request, err := http.NewRequestWithContext(context.Background(), method, p.node.Load().url+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, "", false, err
	}
	request.Header = header
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := client.Do(request)
	if err == nil {
		status, etag = response.StatusCode, response.Header.Get("ETag")
		answer, err = io.ReadAll(response.Body)
		err = errors.Join(err, response.Body.Close())
	}
	return status, answer, etag, before%2 == 0 && p.troubled.Load() == before, err
}

// write sends a user's syncs, each until it is acknowledged, to one node after another.
func (o *clusterCrowd) write(u int, pace time.Duration) {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	date := time.Now().UTC().Format(time.DateOnly)
	for n := 0; !o.over(); n++ {
		board := (u + n) % len(o.competitions)
		steps := o.acked[board][u].Load() + 1
		o.sent[u].Store(time.Now().UnixNano())
		body := fmt.Sprintf(`{"competition_id":%q,"date":%q,"steps":%d}`, o.competitions[board], date, steps)
		for try := 0; ; try++ {
			place := (u + n + try) % len(o.c.at)
			began := time.Now()
			status, answer, _, calm, err := o.ask(client, place, http.MethodPost, "/api/v1/fitness/sync", o.tokens[u], body, http.Header{})
			if err == nil && status == http.StatusOK {
				o.acked[board][u].Store(steps)
				o.note(began, calm)
				break
			}
			if calm {
				o.refuse("sync of %s at place %d: %d %s %v", o.competitions[board], place, status, answer, err)
			}
			<-time.After(10 * time.Millisecond)
		}
		<-time.After(pace)
	}
}

func (o *clusterCrowd) note(began time.Time, calm bool) {
	if !calm {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waits = append(o.waits, wait{began, time.Since(began)})
}

func (o *clusterCrowd) refuse(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refusals = append(o.refusals, time.Now().Format("05.000 ")+fmt.Sprintf(format, args...))
}

// calm waits until no sync is under way that was sent before now.
func (o *clusterCrowd) calm() {
	o.c.t.Helper()
	now := time.Now().UnixNano()
	require.Eventually(o.c.t, func() bool {
		for u := range o.sent {
			if o.sent[u].Load() < now {
				return false
			}
		}
		return true
	}, 20*time.Second, 10*time.Millisecond, "syncs are not acknowledged")
}

// pause is the longest wait of a sync after a fault, and how long after it the wait began.
type pause struct{ took, after time.Duration }

// String shows both.
func (p pause) String() string { return fmt.Sprintf("%v after %v", p.took, p.after) }

// longest is the longest that a sync waited between two times. Waits that began before,
// or ended after, count with what lies between: the rest belongs to another fault.
func (o *clusterCrowd) longest(from, to time.Time) (longest pause) {
	for _, w := range o.waits {
		since, until := w.since, w.since.Add(w.took)
		if since.Before(from) {
			since = from
		}
		if until.After(to) {
			until = to
		}
		if took := until.Sub(since).Round(time.Millisecond); took > longest.took {
			longest = pause{took, since.Sub(from).Round(time.Millisecond)}
		}
	}
	return longest
}

// read reads boards, whole, around somebody, or if they have changed, and compares them
// with what had been acknowledged before each request.
func (o *clusterCrowd) read(r int, pace time.Duration) {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	type held struct {
		etag string
		body []byte
	}
	holds := map[string]held{}
	for n := r; !o.over(); n++ {
		board, place := n%len(o.competitions), (n/len(o.competitions)+r)%len(o.c.at)
		path := "/api/v1/leaderboard/" + o.competitions[board]
		header := http.Header{}
		switch n % 3 {
		case 0:
			path += "?around=" + o.users[n%len(o.users)] + "&radius=500"
		case 1:
			path += "?limit=100"
			header.Set("If-None-Match", holds[path].etag)
		default:
			path += "?limit=1000"
		}
		before := make([]int64, len(o.users))
		for u := range before {
			before[u] = o.acked[board][u].Load()
		}
		status, answer, etag, calm, err := o.ask(client, place, http.MethodGet, path, o.operator, "", header)
		enrolled := before[n%len(o.users)] > 0 // else nobody is there to look around
		switch {
		case err == nil && status == http.StatusOK:
			if etag != "" {
				holds[path] = held{etag, answer}
			}
			o.compare(place, path, before, answer)
		case err == nil && status == http.StatusNotModified:
			o.compare(place, path+" (304)", before, holds[path].body)
		case err == nil && status == http.StatusNotFound && n%3 == 0 && !enrolled:
		case calm:
			o.refuse("read of %s at place %d: %d %s %v", path, place, status, answer, err)
		case err == nil && status == http.StatusNotFound:
			o.compare(place, path+" (404)", before, nil)
		}
		<-time.After(pace)
	}
}

// compare notes the scores of an answer that are older than those that had been
// acknowledged.
func (o *clusterCrowd) compare(place int, path string, before []int64, answer []byte) {
	var b board
	if answer != nil {
		if err := json.Unmarshal(answer, &b); err != nil {
			o.refuse("read of %s: %v in %s", path, err, answer)
			return
		}
	}
	scores := make(map[string]int64, len(b.Data.Entries))
	for _, e := range b.Data.Entries {
		scores[e.UserID] = e.Score
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.reads++
	for u, least := range before {
		if scores[o.users[u]] < least {
			o.stale = append(o.stale, fmt.Sprintf("%s %s at place %d: %s has %d, but %d was acknowledged before",
				time.Now().Format("05.000"), path, place, o.users[u], scores[o.users[u]], least))
		}
	}
}

// settle checks that every node shows exactly what was acknowledged, and that no answer
// was too old or refused by a node that nobody had disturbed.
func (o *clusterCrowd) settle() (syncs int64) {
	t := o.c.t
	t.Helper()
	for _, p := range o.c.at {
		for i, id := range o.competitions {
			b := p.node.Load().readBoard(id, 1000)
			got := map[string]int64{}
			for _, e := range b.Data.Entries {
				got[e.UserID] = e.Score
			}
			for u, user := range o.users {
				if want := o.acked[i][u].Load(); got[user] != want {
					t.Errorf("%s of %s is %d in the end, and %d was acknowledged", user, id, got[user], want)
				}
			}
		}
	}
	for i := range o.acked {
		for u := range o.users {
			syncs += o.acked[i][u].Load()
		}
	}
	few := func(list []string) string { return strings.Join(list[:min(len(list), 10)], "\n") }
	if len(o.stale) > 0 {
		t.Errorf("%d of %d reads were too old:\n%s", len(o.stale), o.reads, few(o.stale))
	}
	if len(o.refusals) > 0 {
		t.Errorf("%d requests were refused by nodes that nobody had disturbed:\n%s", len(o.refusals), few(o.refusals))
	}
	if t.Failed() {
		t.Logf("what the nodes warned of:\n%s", o.c.warnings())
	}
	return syncs
}

// checked is how many reads have been checked.
func (o *clusterCrowd) checked() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.reads
}

// tooOld is how many answers were too old so far.
func (o *clusterCrowd) tooOld() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.stale)
}

// acknowledged is the sum of the steps that were acknowledged, by board.
func (o *clusterCrowd) acknowledged() (sums []int64) {
	for i := range o.acked {
		var sum int64
		for u := range o.users {
			sum += o.acked[i][u].Load()
		}
		sums = append(sums, sum)
	}
	return sums
}
