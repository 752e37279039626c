package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/config"
	"github.com/paceboard/paceboard/internal/worker"
)

// mirror looks after the boards in Redis without a running server, or beside one
// on PostgreSQL.
func mirror(ctx context.Context, p *program, args []string) (err error) {
	cmd := config.Command{
		Name: "mirror",
		Summary: "Compare every board in Redis with the store, member by member (verify; the exit code is 1 if any differs), " +
			"or rewrite all of them (rebuild). With the embedded store, stop the server first.",
		Arguments: "verify|rebuild",
		Example:   "REDIS_URL=redis://localhost:6379/0 paceboard mirror verify",
		Required:  []string{"REDIS_URL"},
		Optional:  []string{"DATA_DIR", "DATABASE_URL", "LOG_LEVEL", "LOG_FORMAT"},
	}
	settings, words, err := cmd.Load(args, p.environ, p.envFile)
	if err != nil {
		return err
	}
	what := strings.Join(words, " ")
	if what != "verify" && what != "rebuild" {
		return misused("say verify or rebuild, not %q", what)
	}
	to, err := openMirror(settings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if _, err := to.Look(ctx, []string{"any"}); err != nil {
		return fmt.Errorf("%w; is Redis running at REDIS_URL?", err)
	}
	store, err := openExisting(ctx, p, settings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	boards, err := allBoards(ctx, store)
	if err != nil {
		return err
	}
	t := &mirrorTool{program: p, store: store, to: to}
	if what == "rebuild" {
		return t.rebuild(ctx, boards)
	}
	return t.verify(ctx, boards)
}

func allBoards(ctx context.Context, store competition.Store) (boards []competition.Summary, err error) {
	err = store.List(ctx, "", func(s competition.Summary) bool {
		boards = append(boards, s)
		return true
	})
	return boards, err
}

// mirrorTool is one run of the command.
type mirrorTool struct {
	*program
	store competition.Store
	to    competition.Mirror
}

// looks is how often a board is looked at again that a running server is
// changing.
const looks = 5

// each does something with every board, and shows how far it is.
func (t *mirrorTool) each(what string, boards []competition.Summary, do func(id string, members func(int)) error) error {
	total := 0
	for i := range boards {
		total += boards[i].Participants
	}
	bar := newProgress(t.err, what, total, "members")
	defer bar.finish()
	damaged := 0
	for i := range boards {
		counted := 0
		count := func(n int) { // each member once, however often a board is looked at
			n = min(n, boards[i].Participants-counted)
			counted += n
			bar.addN(n)
		}
		switch err := do(boards[i].Definition.ID, count); {
		case errors.Is(err, competition.ErrCorrupt):
			damaged++
			fmt.Fprintln(t.out, err)
		case err != nil:
			return fmt.Errorf("competition %q: %w", boards[i].Definition.ID, err)
		}
	}
	if damaged > 0 {
		return fmt.Errorf("%d competitions are damaged; their boards were left alone", damaged)
	}
	return nil
}

func (t *mirrorTool) recover(ctx context.Context, id string) (*competition.Competition, error) {
	return competition.Recover(ctx, id, t.store, nil, nil)
}

// rebuild rewrites every board, whatever is there. A server that runs beside
// it notices, and goes on from what it finds or writes the board once more.
func (t *mirrorTool) rebuild(ctx context.Context, boards []competition.Summary) error {
	began, members := time.Now(), 0
	err := t.each("rebuilding", boards, func(id string, count func(int)) error {
		for range looks {
			core, err := t.recover(ctx, id)
			if err != nil {
				return err
			}
			if err := core.Redraw(ctx, t.to, rand.Text(), competition.MirrorShow{Force: true}, count); err != nil {
				return err
			}
			// What was stored meanwhile may have been mirrored before this was.
			mark, err := competition.StoredMark(ctx, id, t.store)
			if err != nil || mark == core.Mark() {
				members += core.OnBoard()
				return err
			}
		}
		fmt.Fprintf(t.out, "%q changes all the time; the server that changes it keeps its mirror\n", id)
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%d boards with %d members rewritten in %.1f s\n", len(boards), members, time.Since(began).Seconds())
	return nil
}

// errDiffers is what verify ends with.
var errDiffers = errors.New("the mirror differs from the store; paceboard mirror rebuild mends that")

// difference is one member that is not as it should be.
type difference struct {
	user  string
	board string // what the board says
	redis string
}

func (t *mirrorTool) verify(ctx context.Context, boards []competition.Summary) error {
	began, members, wrong := time.Now(), 0, 0
	err := t.each("verifying", boards, func(id string, count func(int)) error {
		var all []difference
		for try := range looks {
			core, err := t.recover(ctx, id)
			if err != nil {
				return err
			}
			if all, err = t.compare(ctx, core, count); err != nil {
				return err
			}
			if len(all) == 0 {
				members += core.OnBoard()
				return nil
			}
			// A server may be changing it; one that does is soon done with it.
			if mark, err := competition.StoredMark(ctx, id, t.store); err != nil || mark == core.Mark() && try > 0 {
				t.report(id, all)
				wrong++
				return err
			}
			if !worker.Pause(ctx, 200*time.Millisecond) {
				return ctx.Err()
			}
		}
		t.report(id, all)
		wrong++
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%d boards with %d members compared in %.1f s, %d differ\n", len(boards), members, time.Since(began).Seconds(), wrong)
	if wrong > 0 {
		return errDiffers
	}
	return nil
}

// compare is how a sorted set differs from a board.
func (t *mirrorTool) compare(ctx context.Context, core *competition.Competition, count func(int)) (all []difference, err error) {
	board := make(map[string]int64, core.OnBoard())
	var entries []competition.MirrorEntry
	for after, more := uint32(0), true; more; {
		entries, after, more = core.MirrorScan(entries[:0], after, competition.MirrorChunk)
		for _, e := range entries {
			board[e.UserID] = e.Score
		}
	}
	seen := make(map[string]struct{}, len(board))
	err = t.to.Members(ctx, core.ID(), func(user string, score float64) error {
		if _, again := seen[user]; again {
			return nil
		}
		seen[user] = struct{}{}
		count(1)
		switch want, there := board[user]; {
		case !there:
			all = append(all, difference{user, "not on it", fmt.Sprintf("%.0f", score)})
		case float64(want) != score:
			all = append(all, difference{user, strconv.FormatInt(want, 10), fmt.Sprintf("%.0f", score)})
		}
		return nil
	})
	for user, score := range board {
		if _, there := seen[user]; !there {
			all = append(all, difference{user, strconv.FormatInt(score, 10), "not in it"})
		}
	}
	slices.SortFunc(all, func(a, b difference) int { return cmp.Compare(a.user, b.user) })
	return all, err
}

// report prints differences, not all if they are many.
func (t *mirrorTool) report(id string, all []difference) {
	const most = 20
	fmt.Fprintf(t.out, "%q: %d members differ\n", id, len(all))
	for _, d := range all[:min(len(all), most)] {
		fmt.Fprintf(t.out, "  %q: board %s, Redis %s\n", d.user, d.board, d.redis)
	}
	if len(all) > most {
		fmt.Fprintf(t.out, "  and %d more\n", len(all)-most)
	}
}
