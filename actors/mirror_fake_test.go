package actors

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/paceboard/paceboard/competition"
)

var errAway = errors.New("the mirror is away")

// memoryMirror is a competition.Mirror in memory that can be made to fail and to
// forget. The real one is tested beside Redis.
type memoryMirror struct {
	mu       sync.Mutex
	state    mirrorState
	acked    int64
	beats    int64
	messages []competition.MirrorEntry
	statuses []competition.Status // as subscribers were told
	shows    int
	writes   int
	largest  int // entries in one write

	// fault, if set, may refuse a call, before or after it is carried out.
	fault func(ctx context.Context, call string) (carriedOut bool, err error)
	// refuse, if set, may refuse a single write, as Redis may.
	refuse func(w *competition.MirrorWrite) error
}

// mirrorState is what the mirror would keep on disk.
type mirrorState struct {
	boards, drafts map[string]mirroredBoard
	pulse          int64
}

type mirroredBoard struct {
	mark    string
	members map[string]int64
}

func newMemoryMirror() *memoryMirror {
	m := &memoryMirror{}
	m.state.boards, m.state.drafts = map[string]mirroredBoard{}, map[string]mirroredBoard{}
	return m
}

func (m *memoryMirror) set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

// flush forgets everything.
func (m *memoryMirror) flush() { m.restore(newMemoryMirror().state) }

// save is the state as of now, for restore.
func (m *memoryMirror) save() mirrorState {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := mirrorState{boards: map[string]mirroredBoard{}, drafts: map[string]mirroredBoard{}, pulse: m.state.pulse}
	for id, b := range m.state.boards {
		s.boards[id] = mirroredBoard{b.mark, maps.Clone(b.members)}
	}
	for id, b := range m.state.drafts {
		s.drafts[id] = mirroredBoard{b.mark, maps.Clone(b.members)}
	}
	return s
}

func (m *memoryMirror) restore(s mirrorState) { m.set(func() { m.state = s }) }

func (m *memoryMirror) members(id string) map[string]int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	members := map[string]int64{}
	maps.Copy(members, m.state.boards[id].members)
	return members
}

func (m *memoryMirror) call(ctx context.Context, name string, carryOut func()) error {
	m.mu.Lock()
	fault := m.fault
	m.mu.Unlock()
	carriedOut, err := true, error(nil)
	if fault != nil {
		carriedOut, err = fault(ctx, name)
	}
	if carriedOut {
		m.set(carryOut)
	}
	return err
}

func (m *memoryMirror) Look(ctx context.Context, ids []string) (found []competition.Mirrored, err error) {
	err = m.call(ctx, "Look", func() {
		for _, id := range ids {
			mark := m.state.boards[id].mark
			found = append(found, competition.Mirrored{Mark: mark, Stored: mark})
		}
	})
	return found, err
}

func (m *memoryMirror) Write(ctx context.Context, writes []competition.MirrorWrite) (w competition.Written, err error) {
	m.mu.Lock()
	acked := m.acked
	m.beats++
	beat, was := m.beats, int64(0)
	m.mu.Unlock()
	err = m.call(ctx, "Write", func() {
		was = m.state.pulse
		if w.Lost = was < acked; !w.Lost {
			m.state.pulse = max(was, beat)
		}
		for i := range writes {
			w.Errs = append(w.Errs, m.write(&writes[i]))
		}
	})
	if err == nil {
		m.set(func() {
			switch {
			case !w.Lost:
				m.acked = max(m.acked, beat)
			case m.acked == acked:
				m.acked = was
			}
		})
	}
	return w, err
}

func (m *memoryMirror) write(w *competition.MirrorWrite) error {
	if m.refuse != nil {
		if err := m.refuse(w); err != nil {
			return err
		}
	}
	if len(w.Entries) > competition.MirrorChunk {
		return fmt.Errorf("%d entries", len(w.Entries))
	}
	m.writes++
	m.largest = max(m.largest, len(w.Entries))
	set, key := m.state.boards, w.CompetitionID
	if w.Draft != "" {
		set, key = m.state.drafts, w.CompetitionID+"/"+w.Draft
	}
	b := set[key]
	switch {
	case w.Show != nil && m.state.boards[w.CompetitionID].mark == w.Show.Mark:
		return nil
	case b.mark == w.After:
	case b.mark != w.Before:
		return competition.ErrMirrorDiffers
	default:
		if b.members == nil {
			b.members = map[string]int64{}
		}
		for _, e := range w.Entries {
			_, was := b.members[e.UserID]
			if delete(b.members, e.UserID); e.Present {
				b.members[e.UserID] = e.Score
			}
			if w.Draft == "" && (e.Present || was) {
				m.messages = append(m.messages, e)
			}
		}
		if w.Status != 0 {
			m.statuses = append(m.statuses, w.Status)
		}
		b.mark = w.After
		set[key] = b
	}
	if w.Show == nil {
		return nil
	}
	if m.state.boards[w.CompetitionID].mark != w.Show.Over {
		return competition.ErrMirrorDiffers
	}
	m.shows++
	m.state.boards[w.CompetitionID] = mirroredBoard{w.Show.Mark, b.members}
	delete(m.state.drafts, key)
	return nil
}

func (m *memoryMirror) Members(ctx context.Context, id string, visit func(string, float64) error) error {
	members := m.members(id)
	for _, user := range slices.Sorted(maps.Keys(members)) {
		if err := visit(user, float64(members[user])); err != nil {
			return err
		}
	}
	return ctx.Err()
}
