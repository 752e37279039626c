package rig

import (
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Secret signs the tokens of measurements; the servers that trust it live as
// long as the measurement.
const Secret = "a secret of the load harness, 32 bytes"

// Token is good for longer than any measurement.
func Token(user string, operator bool) (string, error) {
	claims := jwt.MapClaims{"sub": user, "aud": "authenticated", "role": "authenticated", "exp": time.Now().Add(time.Hour).Unix()}
	if operator {
		claims["app_metadata"] = map[string]any{"role": "operator"}
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(Secret))
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return token, nil
}

// UserID is the nth user's id, as long as Supabase's.
func UserID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }
