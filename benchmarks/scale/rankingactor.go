package main

import (
	"slices"
	"time"

	"github.com/paceboard/paceboard/ranking"
)

// ticket is the place of a batch in the order of all: an epoch, and a number in it.
type ticket uint64

const (
	numberBits = 40
	placeBits  = 12
	places     = 1 << placeBits // reports in a batch, at most
)

func (t ticket) epoch() uint64 { return uint64(t) >> numberBits }

// reached is the place in the order of the report at a place in the batch.
func (t ticket) reached(place int) uint64 {
	return uint64(t)<<placeBits | uint64(place)
}

// rankingActor gives out tickets, and keeps the order of all members.
type rankingActor struct {
	board *sharded
	cpu   processors
	epoch uint64 // durable: that of its claim

	// In memory, and lost in a crash.
	ready    bool
	ranked   *ranking.Board
	entries  map[uint32]ranking.Entry
	given    ticket // the last
	applied  ticket // the last
	granted  []grant
	pending  map[ticket]arrived
	arrivals uint64
}

// request is a shard's, for the ticket of a batch.
type request struct {
	epoch  uint64 // of the ranking actor, as far as the shard knows
	claim  int    // of the shard: its life
	number uint64 // of the batch
}

// grant is what a shard was last given.
type grant struct {
	request
	ticket ticket
}

// arrived is a batch that waits for those with earlier tickets.
type arrived struct {
	changes []ranking.Entry
	at      time.Duration
	used    bool // its work was done
	applied func()
}

// version is the board after a ticket, by a hash of its order.
type version struct {
	ticket ticket
	hash   uint64
}

// begin is a new life under a higher epoch, with what the shards have.
func (r *rankingActor) begin() {
	r.epoch++
	epoch := r.epoch
	r.ready = false
	r.entries = map[uint32]ranking.Entry{}
	r.pending, r.granted = map[ticket]arrived{}, make([]grant, r.board.Shards)
	r.given = ticket(epoch << numberBits)
	r.applied = r.given
	var all []ranking.Entry
	answered := make([]bool, r.board.Shards)
	for i, s := range r.board.shards {
		take := func(entries []ranking.Entry) {
			if answered[i] || r.epoch != epoch {
				return
			}
			answered[i] = true
			all = append(all, entries...)
			if !slices.Contains(answered, false) {
				r.build(all)
			}
		}
		r.board.until(func() bool { return answered[i] || r.epoch != epoch }, func() {
			r.board.tell(func() {
				s.snapshot(epoch, func(entries []ranking.Entry) { r.board.tell(func() { take(entries) }) })
			})
		})
	}
}

func (r *rankingActor) build(entries []ranking.Entry) {
	for _, e := range entries {
		r.entries[e.Member] = e
	}
	r.ranked = ranking.Build(entries, nil)
	r.ready = true
	r.remember()
}

// crash loses the memory; another node takes over after the lease.
func (r *rankingActor) crash() {
	r.ready = false
	r.epoch++ // nobody hears the old one any more
	epoch := r.epoch
	r.board.after(ms(lease*1100), func() {
		if r.epoch == epoch {
			r.begin()
		}
	})
}

// grant gives a shard the next ticket for a batch, or the one that it has for it.
// What comes late, under another epoch or for an earlier batch, gets none: its
// ticket would never come back, and all others would wait for it (S2).
func (r *rankingActor) grant(s *shard, wanted request) (ticket, bool) {
	g := &r.granted[s.index]
	late := wanted.epoch != r.epoch || wanted.claim < g.claim || wanted.claim == g.claim && wanted.number < g.number
	if !r.ready || late && r.board.Mistake != lateRequestGranted {
		return 0, false
	}
	if g.request == wanted && r.board.Mistake != ticketForEachRequest {
		return g.ticket, true
	}
	if len(r.owedBefore(s, wanted.claim)) > 0 {
		return 0, false // the shard first says what became of that (S5)
	}
	r.given++
	*g = grant{wanted, r.given}
	return r.given, true
}

// owedBefore are the tickets that a shard was given in an earlier life, and that
// have not come back.
func (r *rankingActor) owedBefore(s *shard, claim int) (owed []ticket) {
	if g := r.granted[s.index]; g.ticket != 0 && g.claim < claim && !r.past(g.ticket) {
		owed = append(owed, g.ticket)
	}
	return owed
}

// past reports whether a ticket was applied, or is of an epoch before.
func (r *rankingActor) past(t ticket) bool {
	return r.ready && t <= r.applied
}

// receive takes a batch, and applies what is now in turn (S3).
func (r *rankingActor) receive(t ticket, changes []ranking.Entry, applied func()) {
	if !r.ready {
		return
	}
	if r.past(t) {
		applied()
	}
	if r.board.Mistake == repeatedBatchApplied && t <= r.applied {
		r.change(changes)
	}
	if _, again := r.pending[t]; t <= r.applied || again || t.epoch() > r.epoch {
		return
	}
	r.pending[t] = arrived{changes: changes, at: r.board.now, applied: applied}
	if m := r.board.Mistake; m == orderOfArrival || m == earlierTicketsIgnored {
		r.change(changes)
		r.remember()
		r.pending[t] = arrived{at: r.board.now, applied: applied}
	}
	epoch := r.epoch
	r.cpu.do(us(rankingCost*float64(len(changes))), func() {
		if r.epoch == epoch && r.ready {
			p := r.pending[t]
			p.used = true
			r.pending[t] = p
			r.turn()
		}
	})
}

func (r *rankingActor) turn() {
	for {
		next, ok := r.pending[r.applied+1]
		if !ok || !next.used {
			return
		}
		r.applied++
		delete(r.pending, r.applied)
		_ = r.board.found.waits.RecordValue(max(1, (r.board.now - next.at).Microseconds())) // within its range
		r.change(next.changes)
		r.remember()
		next.applied()
	}
}

func (r *rankingActor) change(changes []ranking.Entry) {
	for _, e := range changes {
		if r.board.Mistake == orderOfArrival {
			r.arrivals++
			e.Reached = r.given.reached(0) + r.arrivals
		}
		if old, ok := r.entries[e.Member]; ok {
			r.ranked.Move(old, e)
		} else {
			r.ranked.Insert(e)
		}
		r.entries[e.Member] = e
	}
}

// shows reports whether readers see this entry, or what came after it.
func (r *rankingActor) shows(e ranking.Entry) bool {
	return !r.ready || r.entries[e.Member].Reached >= e.Reached // without a ranking actor, reads wait
}

func (r *rankingActor) remember() {
	if r.board.Compare {
		r.board.found.versions = append(r.board.found.versions, version{r.applied, hashOf(r.ranked)})
	}
}
