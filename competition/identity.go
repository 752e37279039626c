package competition

import (
	"crypto/hmac"
	"crypto/sha256"
)

// Key is the random key of one identity row.
type Key [32]byte

// Commitment binds an event to an identity row without telling who it is:
// HMAC-SHA-256 (RFC 2104) of user id and name under the row's key. Once the row
// is deleted nobody can tell whose it was, and the journal still verifies.
type Commitment [32]byte

// Identity is who a participant number stands for. It lies beside the journal,
// written in the same commit as the event that names it, and is all that an
// erasure has to delete. Number 0 is the competition's creator.
type Identity struct {
	Number   uint32
	Key      Key
	UserID   string
	UserName string // may be empty
}

// Commitment is what events say of the identity.
func (i *Identity) Commitment() Commitment {
	mac := hmac.New(sha256.New, i.Key[:])
	mac.Write([]byte(i.UserID))
	mac.Write([]byte{0})
	mac.Write([]byte(i.UserName))
	return Commitment(mac.Sum(nil))
}
