package cluster

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// table is a table of nodes in memory, as competition.Nodes describes it.
type table struct {
	mu    sync.Mutex
	nodes map[string]competition.Node
	now   func() calendar.Millis
}

var errTaken = errors.New("the id is taken")

func (s *table) Register(_ context.Context, n competition.Node) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.nodes[n.ID]; ok {
		return errTaken
	}
	s.nodes[n.ID] = n
	return nil
}

func (s *table) Beat(_ context.Context, id string) (alive []competition.Node, now calendar.Millis, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, ok := s.nodes[id]; ok && n.State != competition.NodeDead {
		n.Beat++
		s.nodes[id] = n
	}
	for _, n := range s.nodes {
		if n.State != competition.NodeDead {
			alive = append(alive, n)
		}
	}
	slices.SortFunc(alive, func(a, b competition.Node) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return alive, s.now(), nil
}

func (s *table) Leave(_ context.Context, id string) error {
	s.set(id, competition.NodeLeaving, func(n competition.Node) bool { return n.State == competition.NodeLive })
	return nil
}

func (s *table) Bury(_ context.Context, id string, seen uint64) (buried bool, err error) {
	return s.set(id, competition.NodeDead, func(n competition.Node) bool { return n.State != competition.NodeDead && n.Beat == seen }), nil
}

func (s *table) Lives(_ context.Context, id string) (bool, error) {
	return s.state(id) != competition.NodeDead, nil
}

func (s *table) Retire(_ context.Context, id string) error {
	s.set(id, competition.NodeDead, func(competition.Node) bool { return true })
	return nil
}

func (s *table) set(id string, state competition.NodeState, where func(competition.Node) bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := s.nodes[id]
	if !ok || !where(n) {
		return false
	}
	n.State = state
	s.nodes[id] = n
	return true
}

func (s *table) state(id string) competition.NodeState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.nodes[id].State
}
