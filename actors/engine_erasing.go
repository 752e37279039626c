package actors

import (
	"maps"
	"slices"
	"sync"
)

// erasing keeps what erasures that were cut short have erased, by user: they have
// deleted the ties of the competitions that they got to, and the next call asks these
// again. So it has the same answer, and makes up for a snapshot that could not be
// stored, and for an answer that was lost. None of it is stored, since that would name
// the person. Safe for concurrent use.
type erasing struct {
	mu    sync.Mutex
	users map[string]*begun
}

// begun is an erasure under way.
type begun struct {
	competitions map[string]bool
	transactions int
}

// maxErasing is how many users are remembered; beyond that, some are not.
const maxErasing = 10_000

// begin notes what an erasure is about, and returns that together with what earlier
// ones that were cut short were about: competitions, in the order of ids, and how many
// transactions.
func (e *erasing) begin(userID string, ties []string, transactions int) (competitions []string, all int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	b := e.users[userID]
	if b == nil {
		b = &begun{competitions: map[string]bool{}}
		for other := range e.users {
			if len(e.users) < maxErasing {
				break
			}
			delete(e.users, other)
		}
		e.users[userID] = b
	}
	for _, id := range ties {
		b.competitions[id] = true
	}
	b.transactions = max(b.transactions, transactions)
	return slices.Sorted(maps.Keys(b.competitions)), b.transactions
}

// end forgets a user who is erased.
func (e *erasing) end(userID string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.users, userID)
}
