package actors

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

// maxTops is how many boards of other nodes are held; each is some tens of kilobytes.
const maxTops = 256

// tops holds the published tops of boards that other nodes own. What is held is only
// shown after its owner has confirmed it: each reader waits for a fetch that began after
// the reader came, and those who come while one is under way share the next. The owner
// answers "the same" or with the new page. Safe for concurrent use.
type tops struct {
	env      topsEnv
	boards   *otter.Cache[string, *heldTop]
	fetching sync.WaitGroup
}

// topsEnv is what tops need.
type topsEnv struct {
	// exchange carries a request to a node and its answer back, and returns by the deadline:
	// readers wait as long as it takes.
	exchange func(node, id string, command any, deadline time.Time) (answer any, err error)
	saw      func(*competition.Board) // is told of each new page
}

// heldTop is what is held of one board, and who waits for it.
type heldTop struct {
	mu       sync.Mutex
	held     topReply  // Top is nil before the first
	underway bool      // somebody carries fetches out
	next     *topFetch // has not begun, so that readers may still join it
}

// topFetch is a fetch that readers wait for.
type topFetch struct {
	deadline time.Time // of the reader who came first: nobody waits longer
	readers  int
	done     chan struct{}
	reply    topReply // with a Top, or PerCaller
	err      error
}

// Where so many readers shared a fetch, the next one begins a little later: they come back
// together, and a fetch for half of them costs as much as one for all.
const (
	manyReaders = 4
	manyPause   = time.Millisecond
)

func newTops(env topsEnv) *tops {
	return &tops{env: env, boards: otter.Must(&otter.Options[string, *heldTop]{MaximumSize: maxTops})}
}

// top returns the published top of a board that a node owns, for a caller.
func (t *tops) top(node, id string, caller competition.Caller, deadline time.Time) (*competition.Published, error) {
	board, _ := t.boards.ComputeIfAbsent(id, func() (*heldTop, bool) { return &heldTop{}, false })
	fetch, begin := board.join(deadline)
	if begin {
		t.run(board, node, id)
	}
	<-fetch.done
	switch {
	case fetch.err != nil:
		return nil, fetch.err
	case fetch.reply.PerCaller:
		return exchanged[*competition.Published](t.env.exchange(node, id, &getTop{Caller: caller}, deadline))
	}
	return fetch.reply.Top, nil
}

// close waits for the fetches that readers have begun.
func (t *tops) close() { t.fetching.Wait() }

// join returns the fetch that a reader who comes now waits for; begin says that the
// reader is to carry it out.
func (b *heldTop) join(deadline time.Time) (fetch *topFetch, begin bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = &topFetch{deadline: deadline, done: make(chan struct{})}
	}
	b.next.readers++
	begin = !b.underway
	b.underway = true
	return b.next, begin
}

// run carries the next fetch out, and then, in a goroutine that ends by the deadline of
// one, those that readers wait for meanwhile.
func (t *tops) run(b *heldTop, node, id string) {
	many, more := t.fetchNext(b, node, id)
	if !more {
		return
	}
	t.fetching.Go(func() {
		for more {
			if many {
				worker.Pause(context.Background(), manyPause)
			}
			many, more = t.fetchNext(b, node, id)
		}
	})
}

// fetchNext carries out the fetch that readers wait for, if they do. It reports whether
// those were many, and whether to look for another one, as one does after many.
func (t *tops) fetchNext(b *heldTop, node, id string) (many, more bool) {
	runtime.Gosched() // Readers that are about to join do it now: fewer fetches.
	b.mu.Lock()
	fetch := b.next
	b.next = nil
	b.underway = fetch != nil
	b.mu.Unlock()
	if fetch == nil {
		return false, false
	}
	t.fetch(b, node, id, fetch)
	b.mu.Lock()
	defer b.mu.Unlock()
	many = fetch.readers >= manyReaders
	b.underway = many || b.next != nil
	return many, b.underway
}

func (t *tops) fetch(b *heldTop, node, id string, fetch *topFetch) {
	defer close(fetch.done)
	b.mu.Lock()
	held := b.held
	b.mu.Unlock()
	query := &getTopSince{Shared: true}
	if held.Top != nil {
		query.Version, query.Hash = held.Top.Version, held.Hash
	}
	if fetch.reply, fetch.err = exchanged[topReply](t.env.exchange(node, id, query, fetch.deadline)); fetch.err != nil {
		return
	}
	switch {
	case fetch.reply.Same:
		fetch.reply = held
	case fetch.reply.Top != nil:
		b.mu.Lock()
		b.held = fetch.reply
		b.mu.Unlock()
		t.env.saw(&fetch.reply.Top.Board)
	}
}
