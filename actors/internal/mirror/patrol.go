package mirror

import (
	"context"
	"hash/maphash"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

// patrol compares all boards with the mirror in turn, because one that was evicted or
// deleted there is found out by the next write alone, and there may be none. What
// differs it leaves to the sweep and to the rounds.
type patrol struct {
	options *Options
	target  *target
	list    *sweepList
	queue   *queue

	pages int // of the last turn
	seed  maphash.Seed
	same  map[uint64]uint64 // by hash of id, that of a mark that the mirror and the store had; only of boards not in memory
}

// defaultTurn leaves some of the five minutes within which docs/operations.md says
// that a board is right again to drawing it.
const defaultTurn = 4 * time.Minute

func newPatrol(o *Options, t *target, l *sweepList, q *queue) *patrol {
	return &patrol{options: o, target: t, list: l, queue: q, seed: maphash.MakeSeed(), same: map[uint64]uint64{}}
}

func (p *patrol) run(ctx context.Context) {
	select {
	case <-p.options.Recovered:
	case <-ctx.Done():
		return
	}
	for ctx.Err() == nil {
		p.turn(ctx)
	}
}

// turn compares all boards once, at a pace by which it takes the time of a turn, if
// there are as many as before.
func (p *patrol) turn(ctx context.Context) {
	turn := p.options.Turn
	if turn <= 0 {
		turn = defaultTurn
	}
	pause := turn / time.Duration(p.pages+1)
	if p.pages == 0 { // nothing is known of how many there are
		pause = turn / 100
	}
	pages, after := 0, ""
	for worker.Pause(ctx, pause) {
		var page []string
		within, cancel := context.WithTimeout(ctx, p.options.Timeout)
		err := p.options.Store.List(within, after, func(s competition.Summary) bool {
			page = append(page, s.Definition.ID)
			return len(page) < sweepPage
		})
		cancel()
		switch {
		case err != nil: // again after a pause
			continue
		case len(page) == 0:
			p.pages = max(pages, 1)
			return
		}
		pages++
		p.compare(ctx, page)
		after = page[len(page)-1]
	}
}

// compare has those boards written that the mirror shows otherwise. What cannot be
// read now is compared in the next turn.
func (p *patrol) compare(ctx context.Context, ids []string) {
	var away []string
	for _, id := range ids {
		if p.options.Ours != nil && !p.options.Ours(id) {
			continue
		}
		if a, pid := p.options.Find(id); a != nil {
			p.queue.verify(a, pid)
			continue
		}
		away = append(away, id)
	}
	if len(away) == 0 {
		return
	}
	found, err := p.target.Look(ctx, away)
	if err != nil {
		return
	}
	for i, id := range away {
		key, mark := maphash.String(p.seed, id), maphash.String(p.seed, found[i].Mark)
		if found[i].Err == nil && found[i].Mark != "" && p.same[key] == mark {
			continue // a board not in memory does not change
		}
		within, cancel := context.WithTimeout(ctx, p.options.Timeout)
		stored, err := competition.StoredMark(within, id, p.options.Store)
		cancel()
		switch {
		case err != nil: // damaged, or not to be read now
		case found[i].Err == nil && stored == found[i].Mark:
			p.same[key] = mark
		default:
			p.list.add(id)
		}
	}
}
