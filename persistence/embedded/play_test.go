package embedded

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/porttest"
)

// play is some games that are stored together, as the journal writer does it,
// and an account of what was acknowledged.
type play struct {
	rng   *rand.Rand
	store *Store
	games []*porttest.Game

	// say, if set, is told of every entry in the ledger.
	say func(batch *competition.Batch, acknowledged bool)

	mu     sync.Mutex
	ledger map[string]*account
}

// account is what a competition's journal must hold, and what it may hold more.
type account struct {
	acknowledged []byte
	attempted    []byte // after it, whole or not at all
}

func newPlay(seed uint64, games int) *play {
	p := &play{rng: rand.New(rand.NewPCG(seed, 99)), ledger: map[string]*account{}}
	for i := range games {
		id := fmt.Sprintf("game-%d", i)
		p.games = append(p.games, porttest.NewGame(nil, id))
		p.ledger[id] = &account{}
	}
	return p
}

// on goes on with a store just opened.
func (p *play) on(s *Store) {
	p.store = s
	for _, g := range p.games {
		g.Store = s
	}
}

// round decides something in some of the games and appends it. After an error
// that leaves the outcome open it finds out what happened.
func (p *play) round(ctx context.Context) error {
	var games []*porttest.Game
	var batches []*competition.Batch
	for _, g := range p.games {
		if !g.C.Exists() {
			if err := g.Create("creator"); err != nil {
				return err
			}
		} else {
			g.Play(p.rng, p.rng.IntN(6))
		}
		if batch := g.Take(); !batch.Empty() {
			games, batches = append(games, g), append(batches, batch)
			p.note(batch, false)
		}
	}
	errs := p.store.Append(ctx, batches)
	for i, g := range games {
		if errs != nil && errs[i] != nil {
			if err := p.catchUp(ctx, g, batches[i], errs[i]); err != nil {
				return err
			}
			continue
		}
		if err := g.Confirm(batches[i]); err != nil {
			return err
		}
		p.note(batches[i], true)
	}
	return nil
}

// catchUp finds out what became of a batch.
func (p *play) catchUp(ctx context.Context, g *porttest.Game, batch *competition.Batch, cause error) error {
	if err := g.C.CatchUp(ctx, p.store); err != nil {
		return errors.Join(cause, err)
	}
	if g.C.Seq() == batch.LastSeq {
		p.note(batch, true)
	}
	return nil
}

// save takes a snapshot of one of the games.
func (p *play) save(ctx context.Context) error {
	g := p.games[p.rng.IntN(len(p.games))]
	if g.C.Changed() == 0 {
		return nil
	}
	err := g.Save(ctx)
	if errors.Is(err, competition.ErrConflict) { // Nothing but rows changed, by no event since the last.
		return nil
	}
	return err
}

// note enters a batch that is about to be appended, or that is acknowledged.
func (p *play) note(batch *competition.Batch, acknowledged bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.say != nil {
		p.say(batch, acknowledged)
	}
	a := p.ledger[batch.CompetitionID]
	if acknowledged {
		a.acknowledged, a.attempted = append(a.acknowledged, batch.Records...), nil
		return
	}
	a.attempted = append([]byte(nil), batch.Records...)
}

// accounts is a copy of the ledger.
func (p *play) accounts() map[string]account {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make(map[string]account, len(p.ledger))
	for id, a := range p.ledger {
		all[id] = account{acknowledged: slices.Clip(a.acknowledged), attempted: a.attempted}
	}
	return all
}

// check holds the journals of a store against accounts, and recovers every
// competition.
func check(ctx context.Context, s *Store, accounts map[string]account) error {
	for id, a := range accounts {
		var stored []byte
		if err := s.Read(ctx, id, 0, func(records []byte) error {
			stored = append(stored, records...)
			return nil
		}); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		switch string(stored) {
		case string(a.acknowledged), string(a.acknowledged) + string(a.attempted):
		default:
			return fmt.Errorf("%s: %d bytes of journal, %d were acknowledged and %d more attempted", id, len(stored), len(a.acknowledged), len(a.attempted))
		}
		c, err := competition.Recover(ctx, id, s, porttest.Keys(id), nil)
		if err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		if err := checkCatalog(ctx, s, c); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
	}
	return nil
}

// checkCatalog holds the rows for lists against the competition.
func checkCatalog(ctx context.Context, s *Store, c *competition.Competition) error {
	found, err := s.Find(ctx, c.ID())
	switch {
	case !c.Exists() && errors.Is(err, competition.ErrUnknownCompetition):
		return nil
	case err != nil:
		return err
	case found.Participants != c.Summary().Participants || found.Status != c.Summary().Status:
		return fmt.Errorf("the summary %+v is not that of the competition", found)
	}
	entries, _ := c.Participants(0, 1000, "")
	for _, e := range entries {
		memberships, err := s.MembershipsOf(ctx, e.UserID, "", 1000)
		if err != nil {
			return err
		}
		here := false
		for _, m := range memberships {
			here = here || m.CompetitionID == c.ID() && m.Present
		}
		if !here {
			return fmt.Errorf("user %s is on the board without a membership", e.UserID)
		}
	}
	return nil
}
