package embedded

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
)

// An erasure makes the stored snapshot stale: its rows have what the person did, until
// the next one replaces them. A row of the erasing commit says so. The engine waits for
// that snapshot; if the process ends before, the row tells the next one. An older version
// of the program neither writes these rows nor deletes them, so a row counts only if
// its seq is above that of the snapshot.

// appendStaleKey appends the key of the n-th erasure of a batch.
func appendStaleKey(dst []byte, id string, lastSeq uint64, n int) []byte {
	dst = binary.BigEndian.AppendUint64(append(appendKey(dst, staleKeys, id), separator), lastSeq)
	return binary.BigEndian.AppendUint32(dst, uint32(n))
}

// staleIn returns what the key of a stale snapshot's row says; ok is false for a key that
// is none.
func staleIn(key []byte) (id string, seq uint64, ok bool) {
	id, rest, _ := strings.Cut(name(key), string(rune(separator)))
	if len(rest) != seqSize+numberSize {
		return "", 0, false
	}
	return id, binary.BigEndian.Uint64([]byte(rest)), true
}

// noteStale puts the row of a batch's n-th erasure, that of a user, into the commit.
func (c *commit) noteStale(id string, lastSeq uint64, n int, userID string) error {
	var key competition.Key
	rand.Read(key[:]) // never fails, see crypto/rand
	who := competition.ConcealUser(key, userID)
	c.key = appendStaleKey(c.key[:0], id, lastSeq, n)
	c.value = append(append(append(c.value[:0], rowVersion), who.Key[:]...), who.MAC[:]...)
	c.value = seal(c.key, c.value)
	return c.set(c.value)
}

func parseConcealed(key, value []byte) (competition.ConcealedUser, error) {
	r := fieldsOf(key, value)
	who := competition.ConcealedUser{Key: r.Hash(), MAC: r.Hash()}
	return who, r.End()
}

// replaceStale adds to a snapshot that those of before are not stale any more. The mark has
// the next scrub remove what recognised the people, and, as that waits for the disk, makes
// the snapshot durable that the person who asked for the erasure is told of.
func (s *Store) replaceStale(ctx context.Context, batch *pebble.Batch, id string, seq uint64) error {
	lower, _ := under(staleKeys, id)
	marked := false
	err := each(ctx, s.db, lower, appendStaleKey(nil, id, seq+1, 0), func(key, _ []byte) error {
		if !marked {
			marked = true
			if err := setMark(batch, staleMark); err != nil {
				return err
			}
		}
		return batch.Delete(key, nil)
	})
	return eachError(err, id, seq)
}
