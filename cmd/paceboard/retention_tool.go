package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/paceboard/paceboard/config"
)

// retentionTool shows what a server with these settings would remove now.
func retentionTool(ctx context.Context, p *program, args []string) (err error) {
	cmd := config.Command{
		Name: "retention",
		Summary: "Show how many events a server with this JOURNAL_RETENTION would remove now, and remove nothing. On PostgreSQL it may run beside servers; " +
			"with the embedded store, stop the server first.",
		Example:  "DATA_DIR=./data paceboard retention --journal-retention 90d",
		Required: []string{"JOURNAL_RETENTION"},
		Optional: storeSettingNames,
	}
	settings, _, err := cmd.Load(args, p.environ, p.envFile)
	if err != nil {
		return err
	}
	if settings.JournalRetention == 0 {
		return misused("JOURNAL_RETENTION is 0, so everything is kept; give the time to try, such as --journal-retention 90d")
	}
	from, err := openExisting(ctx, p, settings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "COMPETITION\tEVENTS")
	competitions, events := 0, uint64(0)
	olderThan := time.Now().Add(-settings.JournalRetention)
	err = from.Retainable(ctx, olderThan, func(id string, n uint64) error {
		competitions, events = competitions+1, events+n
		fmt.Fprintf(table, "%s\t%d\n", id, n)
		return nil
	})
	if err := errors.Join(err, table.Flush()); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "would remove %d events of %d competitions, all from before %s\n", events, competitions, olderThan.UTC().Format(time.RFC3339))
	return nil
}
