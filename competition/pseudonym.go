package competition

import (
	"encoding/hex"
	"strings"
)

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
