package redis

import (
	"context"
	_ "embed" // the scripts
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// The scripts go along with each call instead of being loaded: they are short,
// and a Redis that restarted knows none.
var (
	//go:embed pulse.lua
	pulseScript string
	//go:embed look.lua
	lookScript string
	//go:embed write.lua
	writeScript string
	//go:embed show.lua
	showScript string
)

// draftSeconds is how long a draft lives after its last write.
const draftSeconds = 3600

// Look implements competition.Mirror.
func (m *Mirror) Look(ctx context.Context, competitionIDs []string) ([]competition.Mirrored, error) {
	if len(competitionIDs) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	pipe := m.client.Pipeline()
	looks := make([]*goredis.Cmd, len(competitionIDs))
	for i, id := range competitionIDs {
		looks[i] = pipe.Eval(ctx, lookScript, []string{m.board(id), m.mark(id)})
	}
	if _, err := pipe.Exec(ctx); m.broken(err) {
		return nil, fmt.Errorf("look at the mirror: %w", err)
	}
	all, away := make([]competition.Mirrored, len(looks)), 0
	for i, id := range competitionIDs {
		look := looks[i]
		answer, err := look.Slice()
		if err != nil && !m.broken(err) {
			all[i].Err = fmt.Errorf("look at the mirror of %q: %w", id, err)
			if !isReply(err) {
				away++
			}
			continue
		}
		if err != nil || len(answer) != 2 {
			return nil, fmt.Errorf("look at the mirror: an answer of %d parts: %w", len(answer), err)
		}
		all[i].Stored, _ = answer[0].(string)
		if answer[1] == int64(1) {
			all[i].Mark = all[i].Stored[:strings.LastIndexByte(all[i].Stored, ':')]
		}
	}
	if away == len(all) {
		return nil, all[0].Err
	}
	return all, nil
}

// Write implements competition.Mirror.
func (m *Mirror) Write(ctx context.Context, writes []competition.MirrorWrite) (competition.Written, error) {
	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	acked, beat := m.acked.Load(), m.beats.Add(1)
	pipe := m.client.Pipeline()
	pulse := pipe.Eval(ctx, pulseScript, []string{m.pulse}, acked, beat)
	steps := make([][2]*goredis.Cmd, len(writes))
	for i := range writes {
		steps[i] = m.step(ctx, pipe, &writes[i])
	}
	if _, err := pipe.Exec(ctx); m.broken(err) {
		return competition.Written{}, fmt.Errorf("write to the mirror: %w", err)
	}
	was, err := pulse.Int64()
	if err != nil { // It refuses everything: it is loading, read-only, full.
		return competition.Written{}, fmt.Errorf("write to the mirror: %w", err)
	}
	w := competition.Written{Errs: make([]error, len(writes)), Lost: was < acked}
	for i := range writes {
		if w.Errs[i], err = m.outcome(&writes[i], steps[i]); err != nil { // The connection broke in between.
			return competition.Written{}, fmt.Errorf("write to the mirror: %w", err)
		}
	}
	m.acknowledged(acked, beat, was)
	if m.unheard.Load() {
		w.Unheard = errUnheard
	}
	w.Warning = m.evicting(ctx)
	return w, nil
}

// acknowledged notes that a beat was answered, or, after a loss, where the pulse
// stands now: whoever has heard of a loss starts over.
func (m *Mirror) acknowledged(acked, beat, was int64) {
	if was < acked {
		m.acked.CompareAndSwap(acked, was)
		return
	}
	for acked = m.acked.Load(); acked < beat; acked = m.acked.Load() {
		if m.acked.CompareAndSwap(acked, beat) {
			return
		}
	}
}

// broken reports whether an error says that the connection is, and with it the whole
// call. In a cluster it is one server that is away, and its boards with it.
func (m *Mirror) broken(err error) bool { return err != nil && !m.sharded && !isReply(err) }

// isReply reports whether Redis itself said so.
func isReply(err error) bool {
	_, ok := errors.AsType[goredis.Error](err)
	return ok
}

// step puts what a write takes into the pipeline: the second one is nil, or
// decides.
func (m *Mirror) step(ctx context.Context, pipe goredis.Pipeliner, w *competition.MirrorWrite) (step [2]*goredis.Cmd) {
	if w.Draft == "" {
		keys := []string{m.board(w.CompetitionID), m.mark(w.CompetitionID)}
		step[0] = pipe.Eval(ctx, writeScript, keys, m.arguments(w, 0)...)
		return step
	}
	draft, mark := m.draft(w.CompetitionID, w.Draft), m.draftMark(w.CompetitionID, w.Draft)
	step[0] = pipe.Eval(ctx, writeScript, []string{draft, mark}, m.arguments(w, draftSeconds)...)
	if s := w.Show; s != nil {
		keys := []string{draft, mark, m.board(w.CompetitionID), m.mark(w.CompetitionID)}
		step[1] = pipe.Eval(ctx, showScript, keys, w.After, s.Over, s.Force, s.Mark)
	}
	return step
}

// arguments are write.lua's.
func (m *Mirror) arguments(w *competition.MirrorWrite, ttl int) []any {
	removed := 0
	for i := range w.Entries {
		if !w.Entries[i].Present {
			removed++
		}
	}
	channel := m.channel(w.CompetitionID)
	arguments := make([]any, 0, 7+3*len(w.Entries))
	arguments = append(arguments, w.Before, w.After, ttl, channel, len(w.Entries)-removed, removed)
	for i := range w.Entries {
		if e := &w.Entries[i]; e.Present {
			arguments = append(arguments, e.Score, e.UserID)
		}
	}
	for i := range w.Entries {
		if e := &w.Entries[i]; !e.Present {
			arguments = append(arguments, e.UserID)
		}
	}
	if w.Draft != "" {
		return arguments
	}
	for i := range w.Entries {
		if e := &w.Entries[i]; !e.Present {
			arguments = append(arguments, message(w.CompetitionID, e))
		}
	}
	for i := range w.Entries {
		if e := &w.Entries[i]; e.Present {
			arguments = append(arguments, message(w.CompetitionID, e))
		}
	}
	if w.Status != 0 {
		b := append(beginMessage("status", w.CompetitionID), `,"status":"`...)
		b = append(append(b, w.Status.String()...), '"')
		arguments = append(arguments, endMessage(b, w.StatusAt))
	}
	return arguments
}

// errUnheard is what operators are told of a user that may not publish.
var errUnheard = errors.New("subscribers are not told of changes, because Redis refuses PUBLISH to REDIS_URL's user; " +
	"allow the channels: ACL SETUSER <user> &<prefix>leaderboard:*")

// message is what subscribers of the channel get of a changed entry.
func message(competitionID string, e *competition.MirrorEntry) []byte {
	user, err := json.Marshal(e.UserID)
	if err != nil {
		panic(err) // a string always can be
	}
	kind := "score_update"
	if !e.Present {
		kind = "removed"
	}
	b := append(beginMessage(kind, competitionID), `,"user_id":`...)
	b = append(b, user...)
	if e.Present {
		b = append(b, `,"score":`...)
		b = strconv.AppendInt(b, e.Score, 10)
		b = append(b, `,"rank":`...)
		b = strconv.AppendInt(b, int64(e.Rank), 10)
	}
	return endMessage(b, e.At)
}

func beginMessage(kind, competitionID string) []byte {
	b := append(make([]byte, 0, 192), `{"type":"`...)
	b = append(append(b, kind...), `","competition_id":"`...)
	return append(append(b, competitionID...), '"') // letters, digits, _ and -
}

func endMessage(b []byte, at calendar.Millis) []byte {
	return append(at.AppendTime(append(b, `,"timestamp":"`...)), `"}`...)
}

// outcome is what became of a write; broken says that it is not known.
func (m *Mirror) outcome(w *competition.MirrorWrite, step [2]*goredis.Cmd) (err, broken error) {
	decides := step[0]
	if step[1] != nil && (step[0].Err() == nil || !isReply(step[0].Err())) {
		decides = step[1]
	}
	done, err := decides.Int()
	switch {
	case m.broken(err):
		return nil, err
	case err != nil:
		return fmt.Errorf("write the mirror of %q: %w", w.CompetitionID, err), nil
	case done == 0:
		return competition.ErrMirrorDiffers, nil
	case w.Draft == "" && (done == 2 || len(w.Entries) > 0 || w.Status != 0):
		m.unheard.Store(done == 2)
	}
	return nil, nil
}

// Members implements competition.Mirror.
func (m *Mirror) Members(ctx context.Context, competitionID string, visit func(userID string, score float64) error) error {
	var cursor uint64
	for {
		members, next, err := m.scan(ctx, competitionID, cursor)
		if err != nil {
			return fmt.Errorf("read the mirror: %w", err)
		}
		for i := 0; i+1 < len(members); i += 2 {
			score, err := strconv.ParseFloat(members[i+1], 64)
			if err != nil {
				return fmt.Errorf("read the mirror: %w", err)
			}
			if err := visit(members[i], score); err != nil {
				return err
			}
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

func (m *Mirror) scan(ctx context.Context, id string, cursor uint64) (members []string, next uint64, err error) {
	const some = 1000
	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	return m.client.ZScan(ctx, m.board(id), cursor, "", some).Result()
}
