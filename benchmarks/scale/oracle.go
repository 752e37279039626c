package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/ranking"
)

// hashOf depends on who stands where with which score, and on nothing else.
func hashOf(b *ranking.Board) uint64 {
	h := uint64(14695981039346656037) // FNV-1a, over words
	for _, e := range b.Page(nil, 0, b.Len()) {
		h = (h ^ uint64(e.Member)) * 1099511628211
		h = (h ^ uint64(e.Score)) * 1099511628211
	}
	return h
}

// single is one actor with one journal: what a sharded board must not be told
// apart from.
type single struct {
	days    map[uint32]competition.Days
	entries map[uint32]ranking.Entry
	ranked  *ranking.Board
	seq     uint64
}

func newSingle() *single {
	return &single{map[uint32]competition.Days{}, map[uint32]ranking.Entry{}, ranking.New(nil), 0}
}

func (o *single) sync(r *report) {
	o.seq++
	days, _ := o.days[r.member].Merge(r.days)
	o.days[r.member] = days
	old, ok := o.entries[r.member]
	e := ranking.Entry{Score: days.Total().Steps, Reached: o.seq, Member: r.member}
	switch {
	case ok && old.Score == e.Score:
		return
	case ok:
		o.ranked.Move(old, e)
	default:
		o.ranked.Insert(e)
	}
	o.entries[r.member] = e
}

// verify compares a schedule with a single board that gets the same syncs one
// after another, in the order of the tickets.
func (b *sharded) verify() error {
	var all []journaled
	for _, s := range b.shards {
		all = append(all, s.journal...)
	}
	slices.SortFunc(all, func(a, b journaled) int { return cmp.Compare(a.ticket, b.ticket) })
	for i := range all[min(1, len(all)):] {
		if all[i].ticket == all[i+1].ticket {
			return fmt.Errorf("ticket %x is in two journals", all[i].ticket)
		}
	}
	var problems []error
	if b.found.Acknowledged != b.found.Offered {
		problems = append(problems, fmt.Errorf("%d of %d syncs were never acknowledged", b.found.Offered-b.found.Acknowledged, b.found.Offered))
	}
	if b.found.NotVisible > 0 {
		problems = append(problems, fmt.Errorf("%d acknowledged syncs were not on the board", b.found.NotVisible))
	}
	one, next := newSingle(), 0
	upTo := func(t ticket) {
		for ; next < len(all) && all[next].ticket <= t; next++ {
			for _, r := range all[next].reports {
				one.sync(r)
			}
		}
	}
	wrong := 0
	for _, v := range b.found.versions {
		upTo(v.ticket)
		if hashOf(one.ranked) != v.hash {
			wrong++
		}
	}
	if wrong > 0 {
		problems = append(problems, fmt.Errorf("%d of %d versions are not the single board's", wrong, len(b.found.versions)))
	}
	upTo(^ticket(0))
	if b.ranking.ready && hashOf(one.ranked) != hashOf(b.ranking.ranked) {
		problems = append(problems, errors.New("the last version is not the single board's"))
	}
	if !b.ranking.ready {
		problems = append(problems, errors.New("the ranking actor is not ready"))
	}
	return errors.Join(problems...)
}
