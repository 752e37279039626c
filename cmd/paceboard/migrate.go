package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/paceboard/paceboard/config"
	"github.com/paceboard/paceboard/persistence/postgres"
)

// migrate looks after PostgreSQL's schema.
func migrate(ctx context.Context, p *program, args []string) error {
	cmd := config.Command{
		Name:      "migrate",
		Summary:   "Bring PostgreSQL's schema up to date (up), show its steps (status), or take the last one back (down).",
		Arguments: "up|status|down",
		Example:   "DATABASE_URL=postgres://… paceboard migrate up",
		Required:  []string{"DATABASE_URL"},
	}
	settings, words, err := cmd.Load(args, p.environ, p.envFile)
	if err != nil {
		return err
	}
	url := settings.DatabaseURL.Reveal()
	switch strings.Join(words, " ") {
	case "up":
		applied, err := postgres.Migrate(ctx, url)
		p.steps(applied)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.out, "%d steps taken; the schema is up to date\n", len(applied))
	case "status":
		all, err := postgres.Status(ctx, url)
		if err != nil {
			return err
		}
		p.steps(all)
	case "down":
		undone, err := postgres.Down(ctx, url)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.out, "taken back: %s\n", undone.Name)
	default:
		return fmt.Errorf("say one of up, status, down, not %q", strings.Join(words, " "))
	}
	return nil
}

// steps lists migrations.
func (p *program) steps(migrations []postgres.Migration) {
	for _, m := range migrations {
		when := "not yet"
		if !m.AppliedAt.IsZero() {
			when = m.AppliedAt.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(p.out, "%-20s  %s\n", when, m.Name)
	}
}
