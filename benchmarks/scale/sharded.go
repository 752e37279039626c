package main

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// shardedSettings describe a board that several actors keep, and what happens to
// the messages between them.
type shardedSettings struct {
	Seed              uint64
	Shards, Databases int
	Members           int
	Scores            int // how many different scores a report can lead to: few make many ties
	Rate              float64
	Length            time.Duration
	Lost, Repeated    float64 // share of the messages between actors
	Slow              float64 // share of the messages that take up to a thousand times as long
	Stalled           float64 // share of the commits that hang for up to three leases; half of them at a shard that crashes meanwhile
	ShardCrashes      int
	RankingCrashes    int
	Compare           bool // every version with the single board, not only the last
	Mistake           mistake
}

// mistake is what a schedule does wrong on purpose, to see that it is found.
type mistake int

const (
	none mistake = iota
	orderOfArrival
	earlierTicketsIgnored
	ticketForEachRequest
	lostTicketNotVoided
	voidedWithoutFence
	ticketOfOldEpoch
	answeredAtCommit
	batchInOnePlace
	repeatedBatchApplied
	lateRequestGranted
)

// sharded is one board as register shards and a ranking actor. A shard keeps the
// days of its members, merges, scores and journals; the ranking actor keeps the
// order. Rules:
//
//	S1  a member belongs to one shard, which has one batch under way
//	S2  before a batch is committed it gets a ticket, the next number, and is
//	    committed with it; asking again for the same batch gives the same ticket, and
//	    asking late for an earlier one gives none
//	S3  the ranking actor applies batches in the order of tickets, each once;
//	    what a sync reached is (ticket, place in the batch), so ties are decided as
//	    by one journal
//	S4  a sync is acknowledged when its batch has been applied
//	S5  a shard that starts again claims its journal, so that an older commit on its
//	    way is refused, and then says of each ticket that it was given whether it is
//	    in the journal: if not, the ticket is void. Until then it gets no other
//	S6  a ranking actor that starts again has a higher epoch, which is the upper part
//	    of its tickets. It asks every shard for its members' entries; a shard first
//	    settles what it is committing, and takes no ticket of an older epoch any more
type sharded struct {
	shardedSettings
	*engine
	shards  []*shard
	ranking *rankingActor
	dbs     []*database
	found   shardedResult
}

// shardedResult is what a schedule found.
type shardedResult struct {
	Offered, Acknowledged int
	NotVisible            int // acknowledged, and not on the board
	Batches, Void         int
	RankingUse            float64
	ShardUse              float64
	versions              []version
	latencies, waits      *hdrhistogram.Histogram // of syncs; of batches for earlier tickets
}

// report is a sync on its way.
type report struct {
	arrived time.Duration
	member  uint32
	days    competition.Register
	done    bool
}

const firstDay calendar.Day = 20_780

func newSharded(s shardedSettings) *sharded {
	b := &sharded{shardedSettings: s, engine: newEngine(s.Seed)}
	b.found.latencies, b.found.waits = hdrhistogram.New(1, 600e6, 3), hdrhistogram.New(1, 600e6, 3)
	for range s.Databases {
		b.dbs = append(b.dbs, &database{engine: b.engine, cores: newProcessors(b.engine, 4)})
	}
	b.ranking = &rankingActor{board: b, cpu: newProcessors(b.engine, 1)}
	for i := range s.Shards {
		b.shards = append(b.shards, &shard{board: b, index: i, db: b.dbs[i%s.Databases], cpu: newProcessors(b.engine, 1), epoch: 1})
	}
	for _, shard := range b.shards {
		shard.reset()
	}
	b.ranking.begin()
	return b
}

// schedule runs a sharded board until everything offered was acknowledged, or
// nothing more will be.
func schedule(s shardedSettings) *sharded {
	b := newSharded(s)
	end := s.Length + 60*time.Second
	b.arrivals()
	for range s.ShardCrashes {
		shard := b.shards[b.rng.IntN(s.Shards)]
		b.after(b.between(0, s.Length), func() { shard.crash() })
	}
	for range s.RankingCrashes {
		b.after(b.between(0, s.Length), func() { b.ranking.crash() })
	}
	b.after(s.Length, func() {
		b.found.RankingUse = b.ranking.cpu.use(s.Length)
		for _, shard := range b.shards {
			b.found.ShardUse = max(b.found.ShardUse, shard.cpu.use(s.Length))
		}
	})
	b.run(end)
	return b
}

func (b *sharded) arrivals() {
	b.after(b.exponential(time.Duration(float64(time.Second)/b.Rate)), func() {
		if b.now > b.Length {
			return
		}
		r := &report{arrived: b.now, member: uint32(b.rng.IntN(b.Members)), days: competition.Register{
			Day:        firstDay + calendar.Day(b.rng.IntN(3)),
			RecordedAt: int64(b.now) + int64(b.rng.IntN(int(50*time.Millisecond))) + 1, // reports overtake each other
			Metrics:    competition.Metrics{Steps: int64(b.rng.IntN(b.Scores))},
		}}
		b.found.Offered++
		b.submit(r)
		b.arrivals()
	})
}

// submit is a client, who asks again until it is answered; and at times again
// although it was.
func (b *sharded) submit(r *report) {
	shard := b.shards[int(r.member)%b.Shards]
	b.after(ms(networkDelay), func() { shard.receive(r) })
	b.after(b.between(time.Second, 2*time.Second), func() {
		if !r.done || b.rng.Float64() < b.Repeated {
			b.submit(r)
		}
	})
}

// tell is a message from one actor to another: it may be lost, repeated, or
// overtaken by later ones.
func (b *sharded) tell(f func()) {
	for range 2 {
		delay := b.exponential(ms(networkDelay))
		if b.rng.Float64() < b.Slow {
			delay *= time.Duration(1 + b.rng.IntN(1000))
		}
		if b.rng.Float64() >= b.Lost {
			b.after(delay, f)
		}
		if b.rng.Float64() >= b.Repeated {
			return
		}
	}
}

// until sends something again and again, until it is settled.
func (b *sharded) until(settled func() bool, send func()) {
	if settled() {
		return
	}
	send()
	b.after(20*time.Millisecond, func() { b.until(settled, send) })
}
