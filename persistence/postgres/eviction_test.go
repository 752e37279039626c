package postgres

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

// TestNobodyTakesFromAnEvictedNodeBeforeItsLeaseEnds: a node that beats all the time is
// evicted, and another one that tries all the time gets its competition when no beat of
// the first can have succeeded for a TTL.
func TestNobodyTakesFromAnEvictedNodeBeforeItsLeaseEnds(t *testing.T) {
	t.Parallel()
	const ttl = 500 * time.Millisecond
	databaseURL := newDatabase(t)
	node := func(id string) *Store {
		node := competition.Node{ID: id, Address: id + ":1", Level: competition.FormatLevel, TTL: ttl}
		s, err := Open(t.Context(), Options{URL: databaseURL, Cluster: &ClusterOptions{Node: node}})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		require.NoError(t, s.Register(t.Context(), node))
		return s
	}
	first, second := node("first"), node("second")
	begin(t, first, "board")

	lastBeat := make(chan time.Time, 1)
	beats := worker.Start(t.Context(), func(ctx context.Context) {
		var last time.Time
		for ctx.Err() == nil {
			sent := time.Now()
			alive, _, err := first.Beat(ctx, "first")
			if err == nil && (len(alive) == 0 || alive[0].ID != "first") {
				break
			}
			if err == nil {
				last = sent
			}
			worker.Pause(ctx, 10*time.Millisecond)
		}
		lastBeat <- last
	})
	defer beats.Stop()
	taken := make(chan time.Time, 1)
	claims := worker.Start(t.Context(), func(ctx context.Context) {
		for ctx.Err() == nil {
			if _, err := second.Claim(ctx, "board"); err == nil {
				break
			}
		}
		taken <- time.Now()
	})
	defer claims.Stop()

	worker.Pause(t.Context(), 50*time.Millisecond)
	evicted, err := Evict(t.Context(), databaseURL, "first", false)
	require.ErrorIs(t, err, ErrBeats)
	require.False(t, evicted)
	require.Empty(t, auditLog(t, second), "who was refused did nothing")
	began := time.Now()
	evicted, err = Evict(t.Context(), databaseURL, "first", true)
	require.NoError(t, err)
	require.True(t, evicted)
	requireNoted(t, second, "first", began)
	evicted, err = Evict(t.Context(), databaseURL, "first", true)
	require.NoError(t, err)
	require.False(t, evicted)
	requireNoted(t, second, "first", began)
	last := <-lastBeat
	require.False(t, last.IsZero())
	require.GreaterOrEqual(t, (<-taken).Sub(last), ttl)
}

func auditLog(t *testing.T, s *Store) []competition.AuditEntry {
	t.Helper()
	entries, err := s.AuditLog(t.Context(), 0, 10)
	require.NoError(t, err)
	return entries
}

// requireNoted wants the audit log to have one entry, which says that a node was evicted
// since a time.
func requireNoted(t *testing.T, s *Store, node string, since time.Time) {
	t.Helper()
	entries := auditLog(t, s)
	require.Len(t, entries, 1)
	e := entries[0]
	require.Equal(t, competition.Subject{Kind: competition.RoleSubject, ID: "command_line"}, e.Actor)
	require.Equal(t, "evictNode", e.Action)
	require.Equal(t, []competition.AuditTarget{{Place: "node_id", Subject: competition.Subject{Kind: competition.NodeSubject, ID: node}}}, e.Targets)
	require.Equal(t, "nodes/evict/"+node, e.Path())
	require.Equal(t, 200, e.Status)
	require.WithinRange(t, e.At.Time(), since.Truncate(time.Millisecond), time.Now())
	audited, err := competition.AuditTheLog(t.Context(), s, func(int) {})
	require.NoError(t, err)
	require.Empty(t, audited.Findings)
}
