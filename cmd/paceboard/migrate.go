package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/paceboard/paceboard/config"
	"github.com/paceboard/paceboard/persistence/postgres"
)

// migrate looks after PostgreSQL's schema.
func migrate(ctx context.Context, p *program, args []string) error {
	var yes bool
	cmd := config.Command{
		Name: "migrate",
		Summary: "Bring PostgreSQL's schema up to date (up), show its steps (status), or revert the last one (down), " +
			"which loses the data that only this step can store.",
		Arguments: "up|status|down",
		Example:   "DATABASE_URL=postgres://… paceboard migrate up",
		Required:  []string{"DATABASE_URL"},
		Flags: func(f *flag.FlagSet) {
			f.BoolVar(&yes, "yes", false, "revert without asking")
		},
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
		return p.takeBack(ctx, url, yes)
	default:
		return misused("say one of up, status, down, not %q", strings.Join(words, " "))
	}
	return nil
}

// takeBack takes the newest step back, once whoever is at the keyboard has read
// what is lost and typed yes.
func (p *program) takeBack(ctx context.Context, url string, yes bool) error {
	all, err := postgres.Status(ctx, url)
	if err != nil {
		return err
	}
	var last postgres.Migration
	for _, m := range all {
		if !m.AppliedAt.IsZero() {
			last = m
		}
	}
	if last.Version == 0 {
		fmt.Fprintln(p.out, "there is no step to take back")
		return nil
	}
	fmt.Fprintf(p.out, "Taking back %s loses %s\n", last.Name, last.Loses)
	if !yes {
		fmt.Fprint(p.out, "Stop the servers and make a backup first. Type yes to go on: ")
		answer, err := bufio.NewReader(p.in).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read the answer: %w", err)
		}
		fmt.Fprintln(p.out)
		if strings.TrimSpace(answer) != "yes" {
			return errors.New("nothing was changed; type yes, or pass --yes in a script")
		}
	}
	if err := postgres.Down(ctx, url, last); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "taken back: %s\n", last.Name)
	return nil
}

func (p *program) steps(migrations []postgres.Migration) {
	for _, m := range migrations {
		when := "not yet"
		if !m.AppliedAt.IsZero() {
			when = m.AppliedAt.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(p.out, "%-20s  %s\n", when, m.Name)
	}
}
