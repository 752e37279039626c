package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/config"
	"github.com/paceboard/paceboard/internal/token"
)

// mintToken prints a token that the configured secret signs.
func mintToken(_ context.Context, p *program, args []string) error {
	var user token.User
	cmd := config.Command{
		Name:     "token",
		Summary:  "Make a token for trying things out, signed with SUPABASE_JWT_SECRET.",
		Example:  "paceboard token --user ann --name Ann --valid 24h",
		Required: []string{"SUPABASE_JWT_SECRET"},
		Optional: []string{"SUPABASE_URL", "SUPABASE_JWT_ISSUER"},
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&user.ID, "user", "me", "`ID` of the user, the token's sub")
			f.StringVar(&user.Name, "name", "", "`NAME` shown on boards")
			f.BoolVar(&user.Operator, "operator", false, "make the user an operator")
			f.DurationVar(&user.Valid, "valid", time.Hour, "how long the token is valid")
		},
	}
	settings, _, err := cmd.Load(args, p.environ, p.envFile)
	if err != nil {
		return err
	}
	if detail := competition.NewUserIDProblem(user.ID); detail != "" {
		return fmt.Errorf("--user %q: %s; a server refuses such tokens", user.ID, detail)
	}
	if user.Valid <= 0 {
		return fmt.Errorf("--valid %v: must be more than 0", user.Valid)
	}
	user.Issuer = settings.TokenIssuer()
	signed, err := user.Sign([]byte(settings.SupabaseJWTSecret.Reveal()))
	if err != nil {
		return err
	}
	fmt.Fprintln(p.out, signed)
	return nil
}
