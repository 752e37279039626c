package cluster

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// ttl is the TTL of the tests of the machine: a beat is due every 2 units, a lease lasts
// for 9, a burial takes 10.
const ttl time.Duration = 10

func live(id string, beat uint64) competition.Node {
	return competition.Node{ID: id, Beat: beat, State: competition.NodeLive}
}

// poll is a beat that is answered at once, or after a time.
func poll(t *testing.T, m *member, now, took time.Duration, nodes ...competition.Node) effects {
	t.Helper()
	beat := m.tick(now).beat
	require.NotZero(t, beat, "no beat is due")
	return m.answer(beatAnswer{beat: beat, sent: now, arrived: now + took, nodes: nodes})
}

func TestBeats(t *testing.T) {
	m := newMember("a", ttl, 5)
	require.Zero(t, m.tick(4), "none before the beginning")
	require.Equal(t, effects{beat: 1}, m.tick(5))
	require.Zero(t, m.tick(50), "one at a time")
	m.failed(1)
	require.Equal(t, effects{beat: 2}, m.tick(50), "every fifth of the TTL, and at once if the last one took longer")
	m.failed(2)
	require.Zero(t, m.tick(51), "a failed one is not repeated earlier")
	at, ok := m.wake()
	require.True(t, ok)
	require.EqualValues(t, 52, at)
	require.Equal(t, effects{beat: 3}, m.tick(52))
	m.failed(2)
	require.Zero(t, m.tick(60), "an earlier one's failure does not end the wait")
}

func TestLeaseCountsFromTheSending(t *testing.T) {
	m := newMember("a", ttl, 0)
	require.EqualValues(t, 9, poll(t, m, 0, 0, live("a", 1)).lease)
	require.EqualValues(t, 13, poll(t, m, 4, 5, live("a", 2)).lease, "however late the answer")
	require.EqualValues(t, 3, m.tick(9).beat)
	m.failed(3)
	require.EqualValues(t, 4, m.tick(11).beat)
	e := m.answer(beatAnswer{beat: 4, sent: 11, arrived: 12, nodes: []competition.Node{live("a", 4)}})
	require.EqualValues(t, 20, e.lease)
	e = m.answer(beatAnswer{beat: 3, sent: 9, arrived: 13, nodes: []competition.Node{live("a", 3), live("b", 7)}})
	require.Zero(t, e, "an answer that was overtaken neither shortens it nor shows anything")
	require.EqualValues(t, 20, m.lease)
	require.Len(t, m.nodes, 1)
}

func TestEnds(t *testing.T) {
	dead := live("a", 1)
	dead.State = competition.NodeDead
	for _, test := range []struct {
		name  string
		shown []competition.Node
		want  error
	}{
		{"missing", []competition.Node{live("b", 1)}, ErrBuried},
		{"dead", []competition.Node{dead}, ErrBuried},
		{"a beat higher than the number sent", []competition.Node{live("a", 2)}, ErrSameID},
		{"a lower beat is one that was lost", []competition.Node{live("a", 0)}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newMember("a", ttl, 0)
			e := poll(t, m, 0, 0, test.shown...)
			require.ErrorIs(t, e.exit, test.want)
			if test.want == nil {
				require.EqualValues(t, 9, m.lease)
				return
			}
			require.Zero(t, m.lease)
			require.Zero(t, m.tick(100))
			require.Zero(t, m.answer(beatAnswer{beat: 1, sent: 100, nodes: []competition.Node{live("a", 1)}}), "it is final")
		})
	}
}

func TestBurial(t *testing.T) {
	// step is one poll: at which time, how long it took, and the beat of b that it shows.
	type step struct {
		at, took time.Duration
		beat     uint64
		bury     bool
	}
	for _, test := range []struct {
		name  string
		steps []step
	}{
		{"after a TTL, and again until it is done", []step{{at: 0, beat: 7}, {at: 2, beat: 7}, {at: 4, beat: 7}, {at: 8, beat: 7}, {at: 10, beat: 7, bury: true}, {at: 12, beat: 7, bury: true}, {at: 14, beat: 8}}},
		{"never while it beats", []step{{at: 0, beat: 1}, {at: 5, beat: 2}, {at: 10, beat: 3}, {at: 15, beat: 4}, {at: 20, beat: 5}}},
		{"from the arrival of the first answer", []step{{at: 0, took: 5, beat: 7}, {at: 5, beat: 7}, {at: 8, beat: 7}, {at: 10, beat: 7}, {at: 14, beat: 7}, {at: 16, beat: 7, bury: true}}},
		{"a lower beat starts anew", []step{{at: 0, beat: 7}, {at: 4, beat: 7}, {at: 8, beat: 6}, {at: 10, beat: 6}, {at: 12, beat: 6}, {at: 16, beat: 6}, {at: 18, beat: 6, bury: true}}},
		{"after at least four polls", []step{{at: 0, beat: 7}, {at: 5, beat: 7}, {at: 10, beat: 7}, {at: 12, beat: 7, bury: true}}},
		{"a gap of three beats is none", []step{{at: 0, beat: 7}, {at: 2, beat: 7}, {at: 4, beat: 7}, {at: 10, beat: 7, bury: true}}},
		{"after a longer gap it starts anew", []step{{at: 0, beat: 7}, {at: 2, beat: 7}, {at: 9, beat: 7}, {at: 11, beat: 7}, {at: 13, beat: 7}, {at: 17, beat: 7}, {at: 19, beat: 7, bury: true}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newMember("a", ttl, 0)
			for i, s := range test.steps {
				e := poll(t, m, s.at, s.took, live("a", uint64(i+1)), live("b", s.beat))
				want := []suspect(nil)
				if s.bury {
					want = []suspect{{id: "b", beat: s.beat}}
				}
				require.Equal(t, want, e.bury, "at %d", s.at)
			}
		})
	}
	t.Run("the poll that is due for it does not wait for the turn of a beat", func(t *testing.T) {
		m := newMember("a", ttl, 0)
		for i, at := range []time.Duration{1, 3, 5} { // b was first seen at 1
			require.Empty(t, poll(t, m, at, 0, live("a", uint64(i+1)), live("b", 7)).bury)
		}
		require.Empty(t, poll(t, m, 10, 0, live("a", 4), live("b", 7)).bury)
		at, ok := m.wake()
		require.True(t, ok)
		require.EqualValues(t, 11, at)
		require.Len(t, poll(t, m, 11, 0, live("a", 5), live("b", 7)).bury, 1)
		at, _ = m.wake()
		require.EqualValues(t, 13, at, "and then beats come as usual")
	})
	t.Run("a node is waited for as long as it says", func(t *testing.T) {
		m := newMember("a", ttl, 0)
		patient, hasty := live("b", 7), live("c", 7)
		patient.TTL, hasty.TTL = 3*ttl, ttl/2
		var buried []string
		for at := time.Duration(0); at <= 30; at += 2 {
			for _, s := range poll(t, m, at, 0, live("a", 1), patient, hasty).bury {
				buried = append(buried, fmt.Sprint(s.id, " at ", int(at)))
				if s.id == "c" {
					m.dead("c")
				}
			}
		}
		require.Equal(t, []string{"c at 6", "b at 30"}, buried, "four polls, and three times the TTL of a")
	})
	t.Run("a leaving node is buried, too", func(t *testing.T) {
		m, leaving := newMember("a", ttl, 0), live("b", 7)
		leaving.State = competition.NodeLeaving
		for at := time.Duration(0); at < 10; at += 2 {
			require.Empty(t, poll(t, m, at, 0, live("a", 1), leaving).bury)
		}
		require.Len(t, poll(t, m, 10, 0, live("a", 1), leaving).bury, 1)
	})
}

func TestViewOfTheNodes(t *testing.T) {
	m := newMember("a", ttl, 0)
	require.True(t, poll(t, m, 0, 0, live("a", 1), live("b", 1), live("c", 1)).changed)
	require.False(t, poll(t, m, 2, 0, live("a", 2), live("b", 2), live("c", 2)).changed, "beats are no change")
	before := m.nodes
	e := m.dead("b")
	require.Equal(t, effects{gone: []string{"b"}, changed: true}, e)
	require.Equal(t, []competition.Node{live("a", 2), live("b", 2), live("c", 2)}, before, "what others read is not written")
	require.Zero(t, m.dead("b"))
	e = poll(t, m, 4, 0, live("a", 3), live("b", 2), live("c", 3))
	require.Equal(t, effects{lease: 13}, e, "an answer from before the burial does not bring it back")
	require.Equal(t, []competition.Node{live("a", 3), live("c", 3)}, m.nodes)
	leaving := live("c", 4)
	leaving.State = competition.NodeLeaving
	require.True(t, poll(t, m, 6, 0, live("a", 4), leaving).changed)
	require.Empty(t, m.buried, "shown no more, it is forgotten")
	e = poll(t, m, 8, 0, live("a", 5), live("d", 0))
	require.Equal(t, []string{"c"}, e.gone)
	require.True(t, e.changed)
}
