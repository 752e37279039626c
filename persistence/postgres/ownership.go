package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
)

// What decides about the competition's row stands in the WHERE of the row's own UPDATE:
// a statement that waited for the row reads that row again, and nothing else. What it
// asks of other tables must be final, because it may be told what was true when it
// began; so a node's competitions are taken because it is dead, never because it is not
// among the living.
const (
	claimSQL = `
UPDATE paceboard.heads SET owner = $2, epoch = epoch + 1
WHERE competition_id = $1
  AND EXISTS (SELECT FROM paceboard.nodes WHERE node_id = $2 AND state = 'live')
  AND (owner IS NULL OR owner = $2
       OR EXISTS (SELECT FROM paceboard.nodes n WHERE n.node_id = heads.owner AND n.state = 'dead'))
RETURNING epoch`

	claimableSQL = `
SELECT me.state, h.competition_id IS NOT NULL, coalesce(h.owner, ''), coalesce(o.state, '')
FROM (SELECT $2::text AS node_id) m
LEFT JOIN paceboard.nodes me USING (node_id)
LEFT JOIN paceboard.heads h ON h.competition_id = $1
LEFT JOIN paceboard.nodes o ON o.node_id = h.owner`

	ownerSQL = `SELECT coalesce(owner, ''), epoch FROM paceboard.heads WHERE competition_id = $1`

	releaseSQL = `UPDATE paceboard.heads SET owner = NULL WHERE competition_id = $1 AND owner = $2 AND epoch = $3`
)

// firstEpoch is of the claim of a competition that has no row to count claims in.
const firstEpoch = 1

// Claim takes a competition if nobody owns it, or if its owner is dead; see
// competition.Ownership. Cost: a commit, or a read if there is no such competition.
func (s *Store) Claim(ctx context.Context, competitionID string) (epoch uint64, err error) {
	end, err := s.beginClaim(ctx)
	if err != nil {
		return 0, s.ownershipError("claim competition "+competitionID, err)
	}
	defer end()
	const tries = 3 // what it found may have changed before it asks why
	for range tries {
		err = s.durably(ctx, func(conn *pgx.Conn) error {
			return conn.QueryRow(ctx, claimSQL, competitionID, s.node).Scan(&epoch)
		})
		if err == nil {
			return epoch, nil
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			s.endDeadOwner(ctx, competitionID, err)
			break
		}
		if epoch, err = s.unclaimed(ctx, competitionID); !errors.Is(err, errAgain) {
			break
		}
	}
	return epoch, s.ownershipError("claim competition "+competitionID, err)
}

// endDeadOwner ends the sessions of a competition's owner if a claim has waited for its row
// in vain and the owner is dead: the node that buried it may have died before it could.
func (s *Store) endDeadOwner(ctx context.Context, competitionID string, err error) {
	if refusal := refused(err); refusal == nil || refusal.Code != lockNotAvailable {
		return
	}
	if at, err := s.claimable(ctx, competitionID); err == nil && at.ownerDead() {
		s.endSessions(ctx, at.owner)
	}
}

// claimable is what a claim of this node finds.
type claimable struct {
	me         *string // this node's state; nil if it is not registered
	exists     bool    // the competition has a journal
	owner      string  // empty if there is none
	ownerState string
}

func (c *claimable) ownerDead() bool { return c.ownerState == competition.NodeDead.String() }

func (s *Store) claimable(ctx context.Context, competitionID string) (c claimable, err error) {
	err = s.claims.QueryRow(ctx, claimableSQL, competitionID, s.node).Scan(&c.me, &c.exists, &c.owner, &c.ownerState)
	return c, err
}

// beginClaim waits until few enough claims and releases are under way: each may wait for
// a row that somebody has locked, and beats must not.
func (s *Store) beginClaim(ctx context.Context) (end func(), err error) {
	if s.claiming == nil {
		return nil, errReadOnly
	}
	if err := s.refusal(); err != nil {
		return nil, err
	}
	select {
	case s.claiming <- struct{}{}:
		return func() { <-s.claiming }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// errAgain is returned for a claim that was refused for a reason that is no longer there.
var errAgain = errors.New("the competition's owner is changing")

// unclaimed finds out why a claim changed nothing; a competition that is not there has
// an epoch all the same.
func (s *Store) unclaimed(ctx context.Context, competitionID string) (epoch uint64, err error) {
	at, err := s.claimable(ctx, competitionID)
	switch {
	case err != nil:
		return 0, err
	case at.exists && at.owner != "" && at.owner != s.node && !at.ownerDead():
		return 0, elsewhere(at.owner, s.node)
	case at.me == nil:
		return 0, fmt.Errorf("node %q is not registered", s.node)
	case *at.me != competition.NodeLive.String():
		return 0, fmt.Errorf("node %q claims nothing any more, it is %s", s.node, *at.me)
	case at.exists:
		return 0, errAgain
	default:
		return firstEpoch, nil
	}
}

// Owns asks who may write a competition; see competition.Ownership.
func (s *Store) Owns(ctx context.Context, competitionID string, epoch uint64) error {
	var owner string
	var claimed uint64
	err := s.read.QueryRow(ctx, ownerSQL, competitionID).Scan(&owner, &claimed)
	switch {
	case errors.Is(err, pgx.ErrNoRows): // nobody has begun its journal
		return nil
	case err == nil && (owner != s.node || claimed != epoch):
		err = elsewhere(owner, s.node)
	}
	return s.ownershipError("ask who owns competition "+competitionID, err)
}

// Release gives a competition up once no append of it can be stored any more; see
// competition.Ownership.
func (s *Store) Release(ctx context.Context, competitionID string, epoch uint64) error {
	if err := s.doubts.resolve(ctx); err != nil {
		return err
	}
	end, err := s.beginClaim(ctx)
	if err != nil {
		return s.ownershipError("release competition "+competitionID, err)
	}
	defer end()
	return s.ownershipError("release competition "+competitionID, s.durably(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, releaseSQL, competitionID, s.node, int64(epoch))
		return err
	}))
}

// ownershipError makes an error competition.ErrUnavailable, unless it names another owner;
// nil stays nil.
func (s *Store) ownershipError(what string, err error) error {
	if errors.Is(err, competition.ErrNotOwner) {
		return fmt.Errorf("%s: %w", what, err)
	}
	if refusal := refused(err); refusal != nil && refusal.Code == lockNotAvailable {
		return fmt.Errorf("%s: %w", what, competition.ErrRowLocked)
	}
	return unavailable(what, err)
}
