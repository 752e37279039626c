package postgres

import (
	"encoding/binary"
	"fmt"

	"github.com/paceboard/paceboard/competition"
)

// verdict is what became of one batch of an append that the server carried out, as
// append.sql and append_events.sql answer.
type verdict struct {
	place int32
	why   reason
	owner string // of the competition, if the batch was not stored and somebody owns it
}

// reason is why a batch was left out.
type reason int32

const (
	none     reason = iota // it was stored
	busy                   // somebody has the competition's row locked
	notOwner               // another node, or a later claim of this one, may write it
	conflict               // it does not continue the journal
)

// parseVerdict reads a row of the answer, in PostgreSQL's binary form.
func parseVerdict(row [][]byte) verdict {
	return verdict{int32(binary.BigEndian.Uint32(row[0])), reason(binary.BigEndian.Uint32(row[1])), string(row[2])}
}

// stored reports whether the batch was stored.
func (v verdict) stored() bool { return v.why == none }

// err is what the caller of a node is told; nil for a batch that was stored.
func (v verdict) err(node string) error {
	switch v.why {
	case none:
		return nil
	case busy:
		return competition.ErrRowLocked
	case notOwner:
		return elsewhere(v.owner, node)
	case conflict:
		return competition.ErrConflict
	default:
		panic(fmt.Sprintf("postgres: reason %d", v.why))
	}
}

// elsewhere says that an owner is not this node under the claim that it takes for its
// last one.
func elsewhere(owner, node string) *competition.ElsewhereError {
	if owner == node { // by a later claim
		owner = ""
	}
	return &competition.ElsewhereError{Node: owner}
}
