package competition

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/paceboard/paceboard/competition/wire"
)

// Key is the random key of one identity row.
type Key [32]byte

// mac returns the HMAC-SHA-256 (RFC 2104) of the parts, one after the other.
func (k *Key) mac(parts ...string) [32]byte {
	mac := hmac.New(sha256.New, k[:])
	for _, part := range parts {
		mac.Write([]byte(part))
	}
	return [32]byte(mac.Sum(nil))
}

// Commitment binds an event to an identity row without telling who it is:
// the HMAC of user id and name under the row's key. Once the row
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

// Commitment returns what events say of the identity.
func (i *Identity) Commitment() Commitment {
	return i.Key.mac(i.UserID, "\x00", i.UserName)
}

// CommittedIdentity is the part of an event that writes an identity row: its
// record holds the number and the commitment to the row.
type CommittedIdentity struct {
	Number   uint32
	Identity Commitment
	Who      Identity // the identity row; not part of the record
}

// commitTo returns what an event says of an identity row.
func commitTo(who Identity) CommittedIdentity {
	return CommittedIdentity{Number: who.Number, Identity: who.Commitment(), Who: who}
}

func (i *CommittedIdentity) append(dst []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(i.Number)), i.Identity[:]...)
}

func (i *CommittedIdentity) read(r *wire.Reader) { i.Number, i.Identity = r.Number(), r.Hash() }

func (i *CommittedIdentity) identity() (number uint32, said *Commitment, who *Identity) {
	return i.Number, &i.Identity, &i.Who
}

// pseudonymPrefix begins every pseudonym; 16 bytes in hexadecimal follow.
const pseudonymPrefix = "erased-"

// NewPseudonym returns what stands where an erased person's id stood, made of 16
// random bytes.
func NewPseudonym(random [16]byte) string { return pseudonymPrefix + hex.EncodeToString(random[:]) }

// IsPseudonym reports whether a user id is that of somebody erased. No such user
// can take part in anything.
func IsPseudonym(userID string) bool {
	digits, ok := strings.CutPrefix(userID, pseudonymPrefix)
	return ok && len(digits) == 32 && strings.Trim(digits, "0123456789abcdef") == ""
}

// ConcealedUser recognises a user and does not name them: it is what a store may note
// about somebody who was erased. Whoever has it can try user ids, so it must not stay.
type ConcealedUser struct {
	Key Key      // random, and of this value alone
	MAC [32]byte // HMAC-SHA-256 of the user id under the key
}

// ConcealUser returns the value that recognises a user under a random key.
func ConcealUser(key Key, userID string) ConcealedUser {
	return ConcealedUser{Key: key, MAC: key.mac(userID)}
}

// Is reports whether the value is about a user.
func (c *ConcealedUser) Is(userID string) bool { return c.Key.mac(userID) == c.MAC }
