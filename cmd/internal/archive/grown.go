package archive

import (
	"maps"
	"slices"
	"sync"

	"github.com/paceboard/paceboard/competition"
)

// maxRows is how many identity rows are remembered, some MiB.
const maxRows = 1 << 15

// Grown remembers which journals have grown, for a Shipper, and the identity rows that
// their events wrote: one that is replaced before it is archived is in the store no more.
// If there are very many, or the process dies, such rows are lost, and the archive cannot
// give back the states between. Safe for concurrent use.
type Grown struct {
	mu   sync.Mutex
	ids  map[string]struct{}             // at most as many as there are competitions
	rows map[string]map[uint32][]written // by competition and number
	n    int                             // of rows
}

type written struct {
	seq uint64
	row competition.Identity
}

// NewGrown returns one that remembers nothing.
func NewGrown() *Grown {
	return &Grown{ids: map[string]struct{}{}, rows: map[string]map[uint32][]written{}}
}

// Note is told of each batch before it is committed.
func (g *Grown) Note(b *competition.Batch) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ids[b.CompetitionID] = struct{}{}
	if len(b.Identities)+len(b.Erasures) == 0 {
		return
	}
	b.NamedRows(func(seq uint64, row competition.Identity) {
		if g.n >= maxRows {
			return
		}
		if g.rows[b.CompetitionID] == nil {
			g.rows[b.CompetitionID] = map[uint32][]written{}
		}
		of := g.rows[b.CompetitionID]
		of[row.Number] = append(of[row.Number], written{seq, row})
		g.n++
	})
	for _, e := range b.Erasures {
		g.forget(b.CompetitionID, func(w written) bool { return w.row.UserID == e.UserID })
	}
}

// forget forgets some rows of a competition.
func (g *Grown) forget(id string, which func(written) bool) {
	for number, rows := range g.rows[id] {
		kept := slices.DeleteFunc(rows, which)
		g.n -= len(rows) - len(kept)
		if g.rows[id][number] = kept; len(kept) == 0 {
			delete(g.rows[id], number)
		}
	}
	if len(g.rows[id]) == 0 {
		delete(g.rows, id)
	}
}

// take adds the journals that have grown to others, and forgets them.
func (g *Grown) take(to map[string]struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	maps.Copy(to, g.ids)
	clear(g.ids)
}

// row returns the row that an event wrote, if it is remembered.
func (g *Grown) row(id string, named competition.NamedRow) (competition.Identity, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, w := range g.rows[id][named.Number] {
		if w.row.Commitment() == named.Said {
			return w.row, true
		}
	}
	return competition.Identity{}, false
}

// archived forgets the rows that journals wrote as far as they are in the archive.
func (g *Grown) archived(ends []competition.Chain) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, end := range ends {
		g.forget(end.CompetitionID, func(w written) bool { return w.seq <= end.Seq })
	}
}
