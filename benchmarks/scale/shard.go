package main

import (
	"maps"
	"slices"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/ranking"
)

// shard is the actor of some members' days, with a journal of its own.
type shard struct {
	board *sharded
	index int
	db    *database
	cpu   processors

	journal []journaled // durable
	claims  int         // durable; a commit of an older claim is refused

	// In memory, and lost in a crash.
	down      bool
	claim     int
	epoch     uint64 // of the ranking actor whose tickets it takes
	days      map[uint32]competition.Days
	entries   map[uint32]ranking.Entry
	changes   map[ticket][]ranking.Entry // of tickets that the ranking actor may ask for
	gathering []*report
	batch     *shardBatch
	number    uint64              // of batches
	settled   []func(*shardBatch) // wait for the end of a commit
}

// journaled is a batch that was committed.
type journaled struct {
	ticket  ticket
	reports []*report
}

type shardBatch struct {
	number     uint64
	reports    []*report
	ticket     ticket
	committing bool
	committed  bool
	applied    bool
}

// reset begins a life of the shard with what is in its journal.
func (s *shard) reset() {
	s.claims++
	s.down, s.claim = false, s.claims
	s.days, s.entries = map[uint32]competition.Days{}, map[uint32]ranking.Entry{}
	s.changes, s.gathering, s.batch, s.settled = map[ticket][]ranking.Entry{}, nil, nil, nil
	for _, j := range s.journal {
		s.apply(j)
	}
}

// crash loses the memory. Others take the shard over after the lease.
func (s *shard) crash() {
	if s.down {
		return
	}
	s.down = true
	s.board.after(ms(lease*1100), func() {
		s.reset()
		s.hello()
	})
}

// hello tells the ranking actor what became of the tickets that it gave the shard
// (S5), until it knows.
func (s *shard) hello() {
	claim, done := s.claim, false
	r := s.board.ranking
	answer := func(epoch uint64, owed []ticket) {
		if s.down || s.claim != claim || done {
			return
		}
		done = true
		s.epoch = max(s.epoch, epoch)
		for _, t := range owed {
			changes, inJournal := s.changes[t]
			if !inJournal && s.board.Mistake == lostTicketNotVoided {
				continue
			}
			if !inJournal {
				s.board.found.Void++
			}
			s.board.until(func() bool { return r.past(t) || s.down }, func() {
				s.board.tell(func() { r.receive(t, changes, func() {}) })
			})
		}
		s.begin()
	}
	s.board.until(func() bool { return done || s.down || s.claim != claim }, func() {
		s.board.tell(func() {
			if r.ready {
				epoch, owed := r.epoch, r.owedBefore(s, claim)
				s.board.tell(func() { answer(epoch, owed) })
			}
		})
	})
}

func (s *shard) receive(r *report) {
	if s.down {
		return // the client asks again
	}
	s.cpu.do(us(registerCost), func() {
		if s.down {
			return
		}
		s.gathering = append(s.gathering, r)
		s.begin()
	})
}

// begin makes a batch of what has gathered, and asks for its ticket.
func (s *shard) begin() {
	if s.batch != nil || len(s.gathering) == 0 {
		return
	}
	s.number++
	count := min(len(s.gathering), places)
	batch := &shardBatch{number: s.number, reports: s.gathering[:count]}
	s.batch, s.gathering = batch, s.gathering[count:]
	s.board.found.Batches++
	r := s.board.ranking
	s.board.until(func() bool { return batch.ticket != 0 || s.batch != batch || s.down }, func() {
		wanted := request{s.epoch, s.claim, batch.number}
		s.board.tell(func() {
			if t, ok := r.grant(s, wanted); ok {
				s.board.tell(func() { s.granted(batch, t) })
			}
		})
	})
}

// granted commits the batch with its ticket (S2), unless that is of an older epoch
// (S6).
func (s *shard) granted(batch *shardBatch, t ticket) {
	if s.down || s.batch != batch || batch.ticket != 0 {
		return
	}
	if t.epoch() != s.epoch && s.board.Mistake != ticketOfOldEpoch {
		return
	}
	batch.ticket, batch.committing = t, true
	claim := s.claim
	work := us(commitCost + boardCost + eventCost*float64(len(batch.reports)))
	var stall time.Duration
	if s.board.rng.Float64() < s.board.Stalled {
		stall = s.board.between(0, ms(lease*3000))
		if s.board.rng.Float64() < 0.5 {
			s.crash() // with a commit on its way
		}
	}
	s.db.commit(work, func() { s.board.after(stall, func() { s.durable(batch, t, claim) }) })
}

func (s *shard) durable(batch *shardBatch, t ticket, claim int) {
	if s.claims != claim && s.board.Mistake != voidedWithoutFence {
		return // refused: somebody else has claimed the journal
	}
	j := journaled{t, batch.reports}
	s.journal = append(s.journal, j)
	if s.down || s.claim != claim {
		return // durable, and nobody knows
	}
	s.committed(batch, j)
}

func (s *shard) committed(batch *shardBatch, j journaled) {
	batch.committing, batch.committed = false, true
	changes := s.apply(j)
	if s.board.Mistake == answeredAtCommit {
		s.answer(batch)
	}
	for _, f := range s.settled {
		f(batch)
	}
	s.settled = nil
	r := s.board.ranking
	s.board.until(func() bool { return batch.applied || s.down || s.batch != batch }, func() {
		s.board.tell(func() {
			r.receive(j.ticket, changes, func() { s.board.tell(func() { s.wasApplied(batch) }) })
		})
	})
}

// apply merges a batch and returns the new entries of those whose score changed.
func (s *shard) apply(j journaled) (changes []ranking.Entry) {
	for i, r := range j.reports {
		days, _ := s.days[r.member].Merge(r.days)
		s.days[r.member] = days
		score := days.Total().Steps
		if old, ok := s.entries[r.member]; ok && old.Score == score {
			continue
		}
		place := i
		if s.board.Mistake == batchInOnePlace {
			place = 0
		}
		e := ranking.Entry{Score: score, Reached: j.ticket.reached(place), Member: r.member}
		s.entries[r.member] = e
		changes = append(changes, e)
	}
	s.changes[j.ticket] = changes
	return changes
}

// wasApplied answers the clients (S4) and goes on.
func (s *shard) wasApplied(batch *shardBatch) {
	if s.down || s.batch != batch {
		return
	}
	batch.applied, s.batch = true, nil
	if s.board.Mistake != answeredAtCommit {
		s.answer(batch)
	}
	s.begin()
}

func (s *shard) answer(batch *shardBatch) {
	b := s.board
	for _, r := range batch.reports {
		if r.done {
			continue
		}
		r.done = true
		b.found.Acknowledged++
		if !b.ranking.shows(s.entries[r.member]) {
			b.found.NotVisible++
		}
		_ = b.found.latencies.RecordValue(max(1, (b.now - r.arrived).Microseconds())) // within its range, ten minutes
	}
}

// snapshot answers a ranking actor that starts again (S6), once nothing is being
// committed; from then on, only its tickets are taken.
func (s *shard) snapshot(epoch uint64, answer func(entries []ranking.Entry)) {
	if s.down || epoch < s.epoch {
		return
	}
	s.epoch = epoch
	send := func(*shardBatch) {
		entries := make([]ranking.Entry, 0, len(s.entries))
		for _, m := range slices.Sorted(maps.Keys(s.entries)) { // so that a seed says all
			entries = append(entries, s.entries[m])
		}
		answer(entries)
	}
	if s.batch != nil && s.batch.committing && s.board.Mistake != ticketOfOldEpoch {
		s.settled = append(s.settled, send)
		return
	}
	send(s.batch)
}
