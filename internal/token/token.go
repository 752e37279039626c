// Package token mints access tokens as Supabase Auth does, for tools, tests and
// measurements. Servers verify tokens elsewhere; nothing here is trusted.
package token

import (
	"fmt"
	"maps"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// User is the bearer of a token.
type User struct {
	ID, Name string // an empty Name is omitted
	Issuer   string // omitted if empty
	Operator bool
	Valid    time.Duration // from now on; 0 means an hour
}

// Sign mints a token of the user.
func (u User) Sign(secret []byte) (string, error) {
	now := time.Now()
	if u.Valid == 0 {
		u.Valid = time.Hour
	}
	claims := jwt.MapClaims{
		"sub": u.ID, "aud": "authenticated", "role": "authenticated", "iat": now.Unix(), "exp": now.Add(u.Valid).Unix(),
	}
	if u.Issuer != "" {
		claims["iss"] = u.Issuer
	}
	if u.Operator {
		claims["app_metadata"] = map[string]any{"role": "operator"}
	}
	if u.Name != "" {
		claims["user_metadata"] = map[string]any{"full_name": u.Name}
	}
	return Sign(secret, claims, nil)
}

// Sign mints a token of any claims, with some of them changed: nil takes one out.
// A key that is []byte signs by HS256.
func Sign(key any, claims, changes jwt.MapClaims) (string, error) {
	claims = maps.Clone(claims)
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	var method jwt.SigningMethod = jwt.SigningMethodHS256
	if key == jwt.UnsafeAllowNoneSignatureType {
		method = jwt.SigningMethodNone
	}
	signed, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return signed, nil
}
