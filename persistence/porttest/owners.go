package porttest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

var ownerRules = []rule{
	{"a competition has one owner, who alone appends, however nodes claim, release and are buried", func(t *testing.T, h *harness) {
		nodes := h.Nodes(t, 3)
		for seed := range uint64(sample(30, 100)) {
			require.NoError(t, PlayOwners(t.Context(), seed, nodes))
			for i, n := range nodes {
				if n == nil { // it was buried
					nodes[i] = h.Nodes(t, 1)[0]
				}
			}
		}
	}},

	{"a competition that another node owns is refused, with its name", func(t *testing.T, h *harness) {
		nodes := h.Nodes(t, 2)
		g := must(Begin(t.Context(), nodes[0], "board"))(t)
		_, err := Resume(t.Context(), nodes[1], "board")
		var elsewhere *competition.ElsewhereError
		require.ErrorAs(t, err, &elsewhere)
		require.Equal(t, nodes[0].Node(), elsewhere.Node)
		require.NoError(t, nodes[0].Owns(t.Context(), "board", g.Epoch))
		require.ErrorAs(t, nodes[1].Owns(t.Context(), "board", g.Epoch), &elsewhere)

		require.NoError(t, nodes[1].Release(t.Context(), "board", g.Epoch), "what is not its own is left alone")
		require.NoError(t, nodes[0].Owns(t.Context(), "board", g.Epoch))
		require.NoError(t, nodes[0].Release(t.Context(), "board", g.Epoch))
		require.NoError(t, nodes[0].Release(t.Context(), "board", g.Epoch), "again")
		require.ErrorIs(t, nodes[0].Owns(t.Context(), "board", g.Epoch), competition.ErrNotOwner)
		next := must(Resume(t.Context(), nodes[1], "board"))(t)
		require.Greater(t, next.Epoch, g.Epoch)
	}},

	{"whoever is not the owner appends, erases and saves nothing", func(t *testing.T, h *harness) {
		nodes := h.Nodes(t, 2)
		old := must(Begin(t.Context(), nodes[0], "board"))(t)
		require.NoError(t, old.Sync("anna", 0, 100))
		require.NoError(t, old.Commit(t.Context()))
		require.NoError(t, nodes[0].Release(t.Context(), "board", old.Epoch))
		owner := must(Resume(t.Context(), nodes[1], "board"))(t)
		owner.Now = Start + 60_000 // or its reports would be old ones
		for what, decide := range map[string]func() error{
			"an event":     func() error { return old.Sync("anna", 0, 200) },
			"an enrolment": func() error { return old.Join("bert", "Bert") },
			"an erasure":   func() error { return old.Erase(gone(1, "anna")) },
		} {
			require.NoError(t, decide(), what)
			err := old.Commit(t.Context())
			var elsewhere *competition.ElsewhereError
			require.ErrorAs(t, err, &elsewhere, what)
			require.Equal(t, nodes[1].Node(), elsewhere.Node, what)
		}
		require.ErrorIs(t, old.Save(t.Context()), competition.ErrNotOwner)
		require.NoError(t, owner.Save(t.Context()))
		require.Len(t, must(nodes[1].MembershipsOf(t.Context(), "anna", "", 10))(t), 1)
		RequireRecovers(t, nodes[1], owner)

		again := must(Resume(t.Context(), nodes[1], "board"))(t) // the same node under a new claim
		require.NoError(t, owner.Sync("anna", 0, 300))
		require.ErrorIs(t, owner.Commit(t.Context()), competition.ErrNotOwner)
		again.Now = Start + 120_000
		require.NoError(t, again.Sync("anna", 0, 400))
		require.NoError(t, again.Commit(t.Context()))
	}},

	{"of two nodes that create a competition one does", func(t *testing.T, h *harness) {
		nodes := h.Nodes(t, 2)
		games := []*Game{NewGame(nodes[0], "board"), NewGame(nodes[1], "board")}
		for _, g := range games {
			require.NoError(t, g.Claim(t.Context()), "there is nothing to own yet")
			require.NoError(t, g.Create("creator"))
		}
		require.NoError(t, games[0].Commit(t.Context()))
		require.ErrorIs(t, games[1].Commit(t.Context()), competition.ErrNotOwner)
		require.NoError(t, games[0].Sync("anna", 0, 100))
		require.NoError(t, games[0].Commit(t.Context()))
	}},

	{"dead is final, leaving is for the living, and beats only grow", func(t *testing.T, h *harness) {
		ctx := t.Context()
		nodes := h.Nodes(t, 2)
		a, b := nodes[0].Node(), nodes[1].Node()
		state := func(id string) (n competition.Node) {
			alive, _, err := nodes[1].Beat(ctx, b)
			require.NoError(t, err)
			for _, each := range alive {
				if each.ID == id {
					n = each
				}
			}
			return n
		}
		for beat := range uint64(3) {
			require.Equal(t, beat, state(a).Beat)
			alive, now, err := nodes[0].Beat(ctx, a)
			require.NoError(t, err)
			require.Len(t, alive, 2)
			require.InDelta(t, time.Now().UnixMilli(), int64(now), 60_000)
		}
		require.Error(t, nodes[0].Register(ctx, competition.Node{ID: a}), "it is there")
		other := competition.Node{ID: "other-" + a, Address: "other:1", Level: competition.FormatLevel, TTL: 1500 * time.Millisecond, State: competition.NodeLive}
		require.NoError(t, nodes[0].Register(ctx, other))
		require.Equal(t, other, state(other.ID), "the others are shown all of it")
		require.NoError(t, nodes[0].Retire(ctx, other.ID))
		require.Equal(t, competition.NodeLive, state(a).State)
		require.NoError(t, nodes[0].Leave(ctx, a))
		require.Equal(t, competition.NodeLeaving, state(a).State)
		require.True(t, must(nodes[0].Lives(ctx, a))(t), "it serves still")
		require.False(t, must(nodes[0].Lives(ctx, "nobody"))(t))
		g := NewGame(nodes[0], "board")
		require.ErrorIs(t, g.Claim(ctx), competition.ErrUnavailable, "a leaving node claims nothing")

		buried, err := nodes[1].Bury(ctx, a, 2)
		require.NoError(t, err)
		require.False(t, buried, "it has beaten since")
		buried, err = nodes[1].Bury(ctx, a, 3)
		require.NoError(t, err)
		require.True(t, buried)
		require.Zero(t, state(a))
		for range 2 { // the sessions that the burial ended may be found out by the first call
			_ = nodes[0].Leave(ctx, a)
		}
		alive, _, err := nodes[0].Beat(ctx, a)
		require.NoError(t, err)
		require.Len(t, alive, 1, "a dead one's beats do nothing")
		require.False(t, must(nodes[0].Lives(ctx, a))(t))
		buried, err = nodes[1].Bury(ctx, a, 3)
		require.NoError(t, err)
		require.False(t, buried, "once is enough")
		require.NoError(t, nodes[1].Retire(ctx, b))
		alive, _, err = nodes[1].Beat(ctx, b)
		require.NoError(t, err)
		require.Empty(t, alive)
	}},
}

// PlayOwners lets nodes claim, append to, release and bury each other for one
// competition, all at once. Some go on as if they had not been told that they are no
// longer the owner. It returns what was violated. Nodes that were buried are nil then.
func PlayOwners(ctx context.Context, seed uint64, nodes []NodeStore) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	s := &ownerSchedule{id: fmt.Sprintf("owned-%d", seed), seed: seed, released: map[uint64]bool{}}
	first, err := Begin(ctx, nodes[0], s.id)
	if err != nil {
		return err
	}
	s.highest = first.Epoch
	buried := -1
	if seed%3 == 0 {
		buried = 1 + int(seed/3)%(len(nodes)-1)
	}
	var running sync.WaitGroup
	errs := make([]error, len(nodes))
	for i, n := range nodes {
		running.Go(func() {
			p := ownerPlayer{schedule: s, store: n, number: i, rng: rand.New(rand.NewPCG(seed, uint64(i)))}
			if i == 0 {
				p.game = first
				if buried > 0 {
					p.bury = nodes[buried].Node()
				}
			}
			errs[i] = p.play(ctx)
		})
	}
	running.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("schedule %d: %w", seed, err)
	}
	if buried > 0 {
		nodes[buried] = nil
	}
	if err := s.verify(ctx, nodes[0]); err != nil {
		return fmt.Errorf("schedule %d: %w", seed, err)
	}
	return nil
}

// ownerSchedule is what all players know together.
type ownerSchedule struct {
	id   string
	seed uint64

	mu       sync.Mutex
	highest  uint64 // epoch that a claim has returned
	released map[uint64]bool
	acked    []int64 // the steps of acknowledged syncs; no two have as many
	ticks    calendar.Millis
}

// lost reports whether whoever claimed with an epoch has released, or somebody has
// claimed since.
func (s *ownerSchedule) lost(epoch uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return epoch < s.highest || s.released[epoch]
}

// tick is a time that nobody had before.
func (s *ownerSchedule) tick() calendar.Millis {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ticks++
	return s.ticks
}

// verify looks whether all is there that was acknowledged.
func (s *ownerSchedule) verify(ctx context.Context, store competition.Store) error {
	there := map[int64]bool{}
	chain := competition.NewChain(s.id)
	err := store.Read(ctx, s.id, 0, func(records []byte) error {
		for len(records) > 0 {
			event, rest, err := chain.Next(records)
			if err != nil {
				return err
			}
			if event.Detail == nil {
				there[event.Sync.Register.Metrics.Steps] = true
			}
			records = rest
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, steps := range s.acked {
		if !there[steps] {
			return fmt.Errorf("the sync of %d steps was acknowledged and is gone", steps)
		}
	}
	return nil
}

// ownerPlayer is a node of a schedule.
type ownerPlayer struct {
	schedule *ownerSchedule
	store    NodeStore
	number   int
	rng      *rand.Rand
	game     *Game  // nil while it does not take itself for the owner
	bury     string // a node that it buries; empty for none
	steps    int64
}

func (p *ownerPlayer) play(ctx context.Context) error {
	for range 14 {
		var err error
		switch what := p.rng.IntN(8); {
		case what < 2 || p.game == nil:
			err = p.claim(ctx)
		case what == 2:
			err = p.release(ctx)
		case what == 3 && p.bury != "":
			if _, err = p.store.Bury(ctx, p.bury, 0); err == nil {
				p.bury = ""
			}
		default:
			err = p.append(ctx)
		}
		if err != nil && !errors.Is(err, competition.ErrUnavailable) {
			return err
		}
	}
	if p.bury != "" {
		_, err := p.store.Bury(ctx, p.bury, 0)
		return err
	}
	return nil
}

func (p *ownerPlayer) claim(ctx context.Context) error {
	s := p.schedule
	s.mu.Lock()
	before := s.highest
	s.mu.Unlock()
	g := NewGame(p.store, s.id)
	if err := g.Claim(ctx); err != nil {
		if errors.Is(err, competition.ErrNotOwner) {
			err = nil // another one has it
		}
		return err
	}
	s.mu.Lock()
	s.highest = max(s.highest, g.Epoch)
	s.mu.Unlock()
	if g.Epoch <= before {
		return fmt.Errorf("a claim gave epoch %d after one had given %d", g.Epoch, before)
	}
	p.game = nil
	if err := g.recover(ctx); err != nil {
		if p.store.Owns(ctx, s.id, g.Epoch) != nil {
			err = nil // somebody buried this node, and went on: what it read does not fit
		}
		return err
	}
	p.game = g
	return nil
}

func (p *ownerPlayer) release(ctx context.Context) error {
	g := p.game
	if p.rng.IntN(2) == 0 {
		p.game = nil // or it goes on as if it had not
	}
	if err := p.store.Release(ctx, p.schedule.id, g.Epoch); err != nil {
		return err
	}
	p.schedule.mu.Lock()
	p.schedule.released[g.Epoch] = true
	p.schedule.mu.Unlock()
	return nil
}

// append reports more steps than anybody did before, or enrols somebody with them.
func (p *ownerPlayer) append(ctx context.Context) error {
	s, g := p.schedule, p.game
	p.steps++
	steps := int64(p.number*1000) + p.steps
	user := fmt.Sprintf("user-%d-%d", p.number, steps) // of two statements, that for enrolments
	if known := g.Users; p.rng.IntN(2) == 0 && len(known) > 0 {
		user = known[len(known)-1]
	}
	g.Now = Start + 1000*s.tick()
	if err := g.Sync(user, 0, steps); err != nil {
		return err
	}
	lost := s.lost(g.Epoch)
	switch err := g.Commit(ctx); {
	case err == nil && lost:
		return fmt.Errorf("an append under epoch %d succeeded after another claim, or its release", g.Epoch)
	case err == nil:
		s.mu.Lock()
		s.acked = append(s.acked, steps)
		s.mu.Unlock()
		return nil
	case errors.Is(err, competition.ErrNotOwner):
		if p.rng.IntN(2) == 0 {
			p.game = nil
		}
		return nil
	default:
		p.game = nil
		return err
	}
}
