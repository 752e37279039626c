package competition

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paceboard/paceboard/competition/calendar"
)

// HistoryLength is how many boards before the latest an Update can start from.
const HistoryLength = 32

// Update is what the subscribers of a board share: the top as it is now, and as
// it was at some versions before. It never changes, except for the encodings that
// its readers leave in it. Safe for concurrent use.
type Update struct {
	*Published
	Messages Encodings    // for subscribers
	Changed  time.Time    // when the first of its changes was made, for metrics; zero if that is not known
	history  []*Published // newest first
}

// NextUpdate returns the update that follows previous, which is nil at first. Of another
// epoch it remembers nothing, so that subscribers get the whole board.
func NextUpdate(previous *Update, top *Published) *Update {
	u := &Update{Published: top}
	if previous != nil && previous.Epoch == top.Epoch {
		u.history = append(u.history, previous.Published)
		u.history = append(u.history, previous.history[:min(len(previous.history), HistoryLength-1)]...)
	}
	return u
}

// Delta is the difference between two versions of the top of a board. Applied
// to the board of PreviousVersion, cut to the same limit, it gives that of
// Version: take away Removed, put in Changes, sort by rank.
type Delta struct {
	Version, PreviousVersion uint64
	UpdatedAt                calendar.Millis
	Total                    int
	Changes                  []Entry  // changed or moved within the limit, by rank
	Removed                  []string // user ids that left it
}

// Since returns the delta from a version that a subscriber has; ok is false when
// that version is not remembered, and the subscriber needs the whole board.
func (u *Update) Since(version uint64, limit int) (d Delta, ok bool) {
	i := slices.IndexFunc(u.history, func(p *Published) bool { return p.Version == version })
	if i < 0 {
		return Delta{}, false
	}
	return deltaOf(&u.history[i].Board, &u.Board, limit), true
}

// StatusAt returns the status that the board had at a version; ok is false when that
// version is not remembered.
func (u *Update) StatusAt(version uint64) (s Status, ok bool) {
	if version == u.Version {
		return u.Status, true
	}
	for _, p := range u.history {
		if p.Version == version {
			return p.Status, true
		}
	}
	return 0, false
}

func deltaOf(from, to *Board, limit int) Delta {
	before := from.Entries[:min(limit, len(from.Entries))]
	after := to.Entries[:min(limit, len(to.Entries))]
	d := Delta{Version: to.Version, PreviousVersion: from.Version, UpdatedAt: to.UpdatedAt, Total: to.Total}
	were := make(map[string]*Entry, len(before))
	for i := range before {
		were[before[i].UserID] = &before[i]
	}
	for i := range after {
		if was := were[after[i].UserID]; was == nil || *was != after[i] {
			d.Changes = append(d.Changes, after[i])
		}
		delete(were, after[i].UserID)
	}
	for i := range before {
		if _, left := were[before[i].UserID]; left {
			d.Removed = append(d.Removed, before[i].UserID)
		}
	}
	return d
}

// Standing is a user's own entry as subscribers see it; Entry counts only if
// OnBoard.
type Standing struct {
	Entry   Entry
	OnBoard bool
}

// Subscription is one subscriber's place at a board: a slot that always holds
// the latest, never a queue. The actor fills it and wakes the reader, who takes
// what is there when it has time. Safe for concurrent use.
type Subscription struct {
	CompetitionID string
	UserID        string // whose standing is wanted

	wake     chan<- struct{} // capacity 1, may be shared by subscriptions
	latest   atomic.Pointer[Update]
	standing atomic.Pointer[Standing]
}

// revoked is the last update of somebody who may not read the board any more.
var revoked = &Update{Published: &Published{}}

// NewSubscription returns a subscription that is woken through a channel of
// capacity 1.
func NewSubscription(competitionID, userID string, wake chan<- struct{}) *Subscription {
	return &Subscription{CompetitionID: competitionID, UserID: userID, wake: wake}
}

// Latest returns the newest update; it is nil before the first.
func (s *Subscription) Latest() *Update { return s.latest.Load() }

// Standing returns the newest standing of the user; it is nil for one who was never
// seen on the board.
func (s *Subscription) Standing() *Standing { return s.standing.Load() }

// Put fills the slot and wakes the reader; it never blocks.
func (s *Subscription) Put(u *Update) {
	s.Offer(u)
	s.Wake()
}

// Offer fills the slot; who wakes the reader comes later.
func (s *Subscription) Offer(u *Update) { s.latest.Store(u) }

// Wake wakes the reader; it never blocks.
func (s *Subscription) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Revoke ends the subscription of somebody who may not read the board any more,
// and wakes the reader.
func (s *Subscription) Revoke() { s.Put(revoked) }

// Revoked reports whether the subscription was ended.
func (s *Subscription) Revoked() bool { return s.Latest() == revoked }

// ended is the last update of a subscription whose board cannot be shown here any more.
var ended = &Update{Published: &Published{}}

// End ends the subscription without saying anything of the board, and wakes the reader:
// its client may come back.
func (s *Subscription) End() { s.Put(ended) }

// Ended reports whether the subscription was ended by End.
func (s *Subscription) Ended() bool { return s.Latest() == ended }

// PutStanding notes the user's standing, if it changed; Put shows it.
func (s *Subscription) PutStanding(entry Entry, onBoard bool) {
	last := s.standing.Load()
	if last == nil && !onBoard || last != nil && last.OnBoard == onBoard && last.Entry == entry {
		return
	}
	s.standing.Store(&Standing{Entry: entry, OnBoard: onBoard})
}

// Encodings keeps what readers made of something that never changes, so that each
// is made once for all of them. It has maxEncodings at most: board links come and go, each
// with its own, while a quiet board stays. The zero value is empty. Safe for concurrent use.
type Encodings struct {
	mu   sync.Mutex // held while one is made
	made atomic.Pointer[madeEncoding]
}

// madeEncoding is one of a list, the latest first.
type madeEncoding struct {
	kept  any // a *keptEncoding of some types
	next  *madeEncoding
	count int // of the list from here on
}

// maxEncodings is more than the users, and 20 links, of a board ask for.
const maxEncodings = 128

type keptEncoding[K comparable, V any] struct {
	key   K
	value V
}

// Encoded returns what makeIt returned for the key, the first time anybody asked.
// Keys of different types are different, so a type of key stands for one use. A
// value that is there is found without a lock or an allocation. When there are as many as
// there may be, all are dropped, and made again when somebody asks. Cost: linear in the
// values.
func Encoded[K comparable, V any](e *Encodings, key K, makeIt func() V) V {
	if kept := findEncoding[K, V](e, key); kept != nil {
		return kept.value
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	kept := findEncoding[K, V](e, key)
	if kept == nil {
		kept = &keptEncoding[K, V]{key, makeIt()}
		made := &madeEncoding{kept: kept, count: 1}
		if before := e.made.Load(); before != nil && before.count < maxEncodings {
			made.next, made.count = before, before.count+1
		}
		e.made.Store(made)
	}
	return kept.value
}

func findEncoding[K comparable, V any](e *Encodings, key K) *keptEncoding[K, V] {
	for made := e.made.Load(); made != nil; made = made.next {
		if kept, ok := made.kept.(*keptEncoding[K, V]); ok && kept.key == key {
			return kept
		}
	}
	return nil
}
