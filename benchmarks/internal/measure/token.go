package measure

import (
	"fmt"

	"github.com/paceboard/paceboard/internal/token"
)

// Secret signs the tokens of measurements; the servers that trust it live as
// long as the measurement.
const Secret = "a secret of the load harness, 32 bytes"

// Token is good for longer than any measurement.
func Token(user string, operator bool) (string, error) {
	return token.User{ID: user, Operator: operator}.Sign([]byte(Secret))
}

// UserID is the nth user's id, as long as Supabase's.
func UserID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }
