package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/paceboard/paceboard/actors"
	"github.com/paceboard/paceboard/cmd/internal/erasures"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/config"
	"github.com/paceboard/paceboard/internal/worker"
)

// pruneEvery is how often old entries go from the file of erasures.
const pruneEvery = 24 * time.Hour

// openErasures opens the file of erasures, if the settings name one, and begins to remove
// old entries. Both results are nil without one.
func openErasures(settings *config.Settings, now func() time.Time, logger *slog.Logger) (*erasures.File, *worker.Loop, error) {
	if settings.ErasuresFile == "" {
		return nil, nil, nil
	}
	if settings.DatabaseURL == "" {
		if err := outside(settings.DataDir, settings.ErasuresFile); err != nil {
			return nil, nil, fmt.Errorf("ERASURES_FILE: %w", err)
		}
	}
	file, err := erasures.Open(settings.ErasuresFile, []byte(settings.ErasuresKey.Reveal()))
	if err != nil {
		return nil, nil, fmt.Errorf("%w; see ERASURES_FILE", err)
	}
	pruning := worker.Every(context.Background(), worker.Interval{First: time.Minute, Then: pruneEvery}, func(context.Context) {
		switch removed, err := file.Prune(now().Add(-erasures.Kept)); {
		case err != nil:
			logger.Warn("old entries of ERASURES_FILE could not be removed; they stay until tomorrow", "error", err)
		case removed > 0:
			logger.Info("old entries of ERASURES_FILE were removed", "entries", removed)
		}
	})
	return file, pruning, nil
}

// erasuresTool erases again who was erased before the store was restored.
func erasuresTool(ctx context.Context, p *program, args []string) (err error) {
	cmd := config.Command{
		Name: "erasures",
		Summary: "After a restore, erase again whom ERASURES_FILE, or other files like it, says to have been erased since (apply): " +
			"in each competition, those who had enrolled before they were erased. Who enrolled again after that stays. Stop all servers first. It can be repeated.",
		Arguments: "apply [FILE…]",
		Example:   "DATA_DIR=./restored ERASURES_FILE=/mnt/erasures paceboard erasures apply",
		Required:  []string{"ERASURES_KEY"},
		Optional:  append([]string{"ERASURES_FILE"}, storeSettingNames...),
	}
	settings, words, err := cmd.Load(args, p.environ, p.envFile)
	if err != nil {
		return err
	}
	if len(words) == 0 || words[0] != "apply" {
		return misused("say apply, not %q", strings.Join(words, " "))
	}
	files := words[1:]
	if len(files) == 0 && settings.ErasuresFile != "" {
		files = []string{settings.ErasuresFile}
	}
	if len(files) == 0 {
		return misused("set ERASURES_FILE, or name the files")
	}
	a := erasing{p: p, key: []byte(settings.ErasuresKey.Reveal()), entries: map[string]map[[32]byte]calendar.Millis{}}
	for _, file := range files {
		if err := a.read(file); err != nil {
			return err
		}
	}
	logger := newLogger(p.err, settings, settings.LogLevel)
	store, err := openStore(ctx, settings, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	engine, err := actors.New(actors.Options{Store: store, Logger: logger})
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = errors.Join(err, engine.Close(closing))
	}()
	return a.apply(ctx, engine)
}

// erasing is an application of files of erasures.
type erasing struct {
	p       *program
	key     []byte
	entries map[string]map[[32]byte]calendar.Millis // by competition and HMAC, the latest
}

// read takes the entries of a file.
func (a *erasing) read(file string) error {
	all, err := erasures.Read(file)
	if err != nil {
		return err
	}
	for i := range all {
		e := &all[i]
		if a.entries[e.CompetitionID] == nil {
			a.entries[e.CompetitionID] = map[[32]byte]calendar.Millis{}
		}
		of := a.entries[e.CompetitionID]
		of[e.MAC] = max(of[e.MAC], calendar.MillisOf(e.At))
	}
	return nil
}

// apply goes through the competitions that the entries name.
func (a *erasing) apply(ctx context.Context, engine *actors.Engine) error {
	users, erased, left := map[string]bool{}, 0, 0
	for _, id := range slices.Sorted(maps.Keys(a.entries)) {
		again, err := engine.EraseAgain(ctx, id, func(userID string) (calendar.Millis, bool) {
			at, was := a.entries[id][erasures.MAC(a.key, id, userID)]
			return at, was
		})
		for _, userID := range again.Erased {
			users[userID] = true
		}
		erased += len(again.Erased)
		if err != nil {
			return fmt.Errorf("competition %q: %w; repeat the command", id, err)
		}
		for what, who := range map[string][]string{
			"their prize is still to be paid: confirm or fail it, and repeat the command":                                              again.Pending,
			"the journal does not say any more whether they enrolled before: erase them by DELETE /api/v1/users/:user_id, or leave it": again.Unknown,
		} {
			if len(who) > 0 {
				left += len(who)
				fmt.Fprintf(a.p.err, "not erased in %q: %s (%s)\n", id, strings.Join(who, ", "), what)
			}
		}
	}
	kept, err := engine.FinishErasures(ctx, slices.Sorted(maps.Keys(users)))
	if err != nil {
		return fmt.Errorf("%w; repeat the command", err)
	}
	for _, userID := range kept {
		fmt.Fprintf(a.p.err, "%s takes part in competitions after the erasure: their statistics and entries of the audit log stay\n", userID)
	}
	fmt.Fprintf(a.p.out, "erased again %d participants, %d people\n", erased, len(users))
	if left > 0 {
		return fmt.Errorf("%d participants are left", left)
	}
	return nil
}
