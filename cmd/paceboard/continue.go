package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/config"
	"github.com/paceboard/paceboard/persistence/embedded"
)

// continueTool has each board go on under a new epoch, because the store came back as it
// was earlier, and nobody could see that.
func continueTool(ctx context.Context, p *program, args []string) (err error) {
	cmd := config.Command{
		Name: "continue",
		Summary: "Have each board go on under a new epoch, after PostgreSQL, or a copy of DATA_DIR, was restored to an earlier state by other means than `paceboard restore`: " +
			"clients that have a version of what was lost then get the whole board. Stop all servers first. " +
			"It can be repeated; once more than needed costs each client one reading of the board.",
		Example:  "DATABASE_URL=postgres://… paceboard continue",
		Optional: storeSettingNames,
	}
	settings, _, err := cmd.Load(args, p.environ, p.envFile)
	if err != nil {
		return err
	}
	s, err := openStore(ctx, settings, newLogger(p.err, settings, settings.LogLevel))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if s, ok := s.(*embedded.Store); ok {
		ends, err := s.NoteRestored(ctx)
		if err == nil {
			fmt.Fprintf(p.out, "continued %d boards: each gets its new epoch when it is used for the first time\n", len(ends))
		}
		return err
	}
	c := continuing{store: s}
	if err := c.run(ctx, p); err != nil {
		return fmt.Errorf("%w; repeat the command", err)
	}
	fmt.Fprintf(p.out, "continued %d boards\n", c.done)
	if c.damaged > 0 {
		return fmt.Errorf("%d competitions are damaged, and were left as they are", c.damaged)
	}
	return nil
}

// continuing appends the event of a new epoch to each journal of a store.
type continuing struct {
	store         store
	done, damaged int
}

func (c *continuing) run(ctx context.Context, p *program) error {
	if levels, ok := c.store.(competition.Levels); ok {
		if err := levels.RaiseLevel(ctx); err != nil {
			return err
		}
	}
	var ids []string
	if err := c.store.List(ctx, "", func(s competition.Summary) bool {
		ids = append(ids, s.Definition.ID)
		return true
	}); err != nil {
		return err
	}
	bar := newProgress(p.err, "continue", len(ids), "boards")
	defer bar.finish()
	for _, id := range ids {
		switch err := c.one(ctx, id); {
		case errors.Is(err, competition.ErrCorrupt):
			c.damaged++
			fmt.Fprintf(p.err, "damaged   %q: %v\n", id, err)
		case err != nil:
			return fmt.Errorf("competition %q: %w", id, err)
		default:
			c.done++
		}
		bar.addN(1)
	}
	return nil
}

// one has one board go on.
func (c *continuing) one(ctx context.Context, id string) error {
	epoch, err := c.store.Claim(ctx, id)
	if err != nil {
		return err
	}
	core, err := competition.Recover(ctx, id, c.store, newKey, nil)
	if err != nil || !core.Exists() {
		return err
	}
	if _, err := core.Continue(calendar.MillisOf(time.Now()), competition.NewBoardEpoch(newKey()), 0); err != nil {
		return err
	}
	b := core.Take(competition.Batch{})
	b.Epoch = epoch
	if errs := c.store.Append(ctx, []*competition.Batch{&b}); errs != nil {
		return errs[0]
	}
	return c.store.Release(ctx, id, epoch)
}

func newKey() (key competition.Key) {
	rand.Read(key[:]) // never fails, see crypto/rand
	return key
}
