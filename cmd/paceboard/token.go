package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/config"
)

// claims is what a token says, as Supabase writes it.
type claims struct {
	jwt.RegisteredClaims
	Role         string         `json:"role,omitempty"`
	AppMetadata  map[string]any `json:"app_metadata,omitempty"`
	UserMetadata map[string]any `json:"user_metadata,omitempty"`
}

// mint signs a token of a user, which names no issuer if that is empty; operator
// gives it that role.
func mint(secret []byte, issuer, userID, name string, operator bool, valid time.Duration) (string, error) {
	now := time.Now()
	c := claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    issuer,
			Subject:   userID,
			Audience:  jwt.ClaimStrings{"authenticated"},
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(now.Add(valid)),
		},
		Role: "authenticated",
	}
	if operator {
		c.AppMetadata = map[string]any{"role": "operator"}
	}
	if name != "" {
		c.UserMetadata = map[string]any{"full_name": name}
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(secret)
	if err != nil {
		return "", fmt.Errorf("sign the token: %w", err)
	}
	return signed, nil
}

// token prints a token that the configured secret signs.
func token(_ context.Context, p *program, args []string) error {
	var user, name string
	var operator bool
	var valid time.Duration
	cmd := config.Command{
		Name:     "token",
		Summary:  "Mint a token for trying things out, signed with SUPABASE_JWT_SECRET.",
		Example:  "paceboard token --user ann --name Ann --valid 24h",
		Required: []string{"SUPABASE_JWT_SECRET"},
		Optional: []string{"SUPABASE_URL", "SUPABASE_JWT_ISSUER"},
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&user, "user", "me", "`ID` of the user, the token's sub")
			f.StringVar(&name, "name", "", "`NAME` shown on boards")
			f.BoolVar(&operator, "operator", false, "make the user an operator")
			f.DurationVar(&valid, "valid", time.Hour, "how long the token is good for")
		},
	}
	settings, _, err := cmd.Load(args, p.environ, p.envFile)
	if err != nil {
		return err
	}
	if detail := competition.NewUserIDProblem(user); detail != "" {
		return fmt.Errorf("--user %q: %s; a server refuses such tokens", user, detail)
	}
	if valid <= 0 {
		return fmt.Errorf("--valid %v: must be more than 0", valid)
	}
	signed, err := mint([]byte(settings.SupabaseJWTSecret.Reveal()), settings.TokenIssuer(), user, name, operator, valid)
	if err != nil {
		return err
	}
	fmt.Fprintln(p.out, signed)
	return nil
}
