package postgres

import (
	"context"
	"crypto/rand"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
)

// An erasure makes the stored snapshot stale: its rows have what the person did, until
// the next one replaces them. A row of the erasing transaction says so. The engine waits
// for that snapshot; if the process ends before, the row tells the next one. A node of an
// older version neither writes these rows nor deletes them, so a row counts only if
// its seq is above that of the snapshot.
const (
	noteStaleSQL = `INSERT INTO paceboard.stale_snapshots (competition_id, seq, key, mac) VALUES ($1, $2, $3, $4)`

	staleSQL = `
SELECT e.competition_id, e.key, e.mac
FROM paceboard.stale_snapshots e
JOIN paceboard.snapshots s ON s.competition_id = e.competition_id AND s.seq < e.seq
ORDER BY e.competition_id`
)

// noteStale notes an erasure that no snapshot has followed yet.
func noteStale(ctx context.Context, tx pgx.Tx, e *erasure) error {
	var key competition.Key
	rand.Read(key[:]) // never fails, see crypto/rand
	who := competition.ConcealUser(key, e.UserID)
	_, err := tx.Exec(ctx, noteStaleSQL, e.competitionID, e.lastSeq, who.Key[:], who.MAC[:])
	return err
}

// StaleSnapshots returns the competitions whose snapshot is from before the user's
// erasure; see competition.ErasureStore.
func (s *Store) StaleSnapshots(ctx context.Context, userID string) (ids []string, err error) {
	rows, _ := s.read.Query(ctx, staleSQL) // ForEachRow returns its error
	var id string
	var key, mac []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &key, &mac}, func() error {
		who := competition.ConcealedUser{Key: competition.Key(key), MAC: [32]byte(mac)}
		if who.Is(userID) && (len(ids) == 0 || ids[len(ids)-1] != id) {
			ids = append(ids, id)
		}
		return nil
	})
	return ids, unavailable("look for stale snapshots", err)
}
