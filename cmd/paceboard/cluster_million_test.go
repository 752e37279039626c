package main

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/persistence/postgres"
)

// TestClusterRecoversALargeBoard kills the node that owns a board of 1,000,000, and
// measures how soon a sync to it is acknowledged by another node, which has to recover it.
func TestClusterRecoversALargeBoard(t *testing.T) {
	if os.Getenv("SOAK") == "" {
		t.Skip("it is part of make soak")
	}
	const participants, rounds = 1_000_000, 3
	const goal = 6 * time.Second
	where := newDatabase(t)
	store, err := postgres.Open(t.Context(), postgres.Options{URL: where, Migrate: true})
	require.NoError(t, err)
	fillBoard(t, store, "big", participants)
	require.NoError(t, store.Close())

	c := startNodes(t, []string{where, where, where}, "--rate-limit-user", "0", "--request-timeout", "30s")
	token, date := tokenOf(t, "user-0000001", false), time.Now().UTC().Format(time.DateOnly)
	sync := func(s *instance, steps int) {
		t.Helper()
		status, answer := s.call(http.MethodPost, "/api/v1/fitness/sync", token, fmt.Sprintf(`{"competition_id":"big","date":%q,"steps":%d}`, date, steps))
		require.Equal(t, http.StatusOK, status, string(answer))
	}
	conn, err := pgx.Connect(t.Context(), where)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	sync(c.next(), 1)
	var took []time.Duration
	for round := range rounds {
		var node string
		require.NoError(t, conn.QueryRow(t.Context(), `SELECT owner FROM paceboard.heads WHERE competition_id = 'big'`).Scan(&node))
		owner := slices.IndexFunc(c.at, func(p *nodePlace) bool { return p.node.Load().nodeID() == node })
		other := c.at[(owner+1)%len(c.at)].node.Load()
		require.GreaterOrEqual(t, owner, 0, node)
		c.disturb(owner, func(s *instance) int {
			s.kill()
			began := time.Now()
			sync(other, 2+round)
			took = append(took, time.Since(began).Round(time.Millisecond))
			return -1
		})
	}
	t.Logf("acknowledged again after %v", took)
	for i, p := range c.at {
		require.Equal(t, participants, p.node.Load().readBoard("big", 1).Data.Total, "node %d", i)
	}
	slices.Sort(took)
	require.LessOrEqual(t, took[len(took)/2], goal)
	for _, p := range c.at {
		p.node.Load().stop()
	}
}
