package mirror

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

// target is the mirror that is written, and how it is: the outcome of each call is
// noted. It is a competition.Mirror itself.
type target struct {
	competition.Mirror

	calls  context.Context // when it ends, calls are cut short
	logger *slog.Logger
	lost   func() // called when the mirror has lost what was written to it

	token  string        // of this process, part of its names
	names  atomic.Int64  // given so far
	losses atomic.Uint64 // so far
	last   atomic.Pointer[outcome]

	refusals *refusals
	warning  atomic.Pointer[string] // the last one; nil for none yet
}

// outcome is that of one call.
type outcome struct {
	err  error
	took time.Duration
}

// retries are the pauses after failures: 50 ms to 2 s, half more or less, so that
// several servers do not return to a Redis at once.
var retries = worker.Backoff{First: 75 * time.Millisecond, Max: 3 * time.Second, Jitter: 2. / 3}

// redrawn is logged when a board was rewritten.
const redrawn = "a board was rewritten in the mirror"

func newTarget(calls context.Context, o *Options, lost func()) *target {
	t := &target{refusals: newRefusals(o.Logger), Mirror: o.To, calls: calls, logger: o.Logger, lost: lost, token: rand.Text()[:16]}
	t.last.Store(&outcome{})
	return t
}

// name returns a name that was never used before.
func (t *target) name() string {
	return "~" + t.token + "-" + strconv.FormatInt(t.names.Add(1), 10)
}

// Look implements competition.Mirror.
func (t *target) Look(ctx context.Context, ids []string) ([]competition.Mirrored, error) {
	began := time.Now()
	found, err := t.Mirror.Look(ctx, ids)
	t.note(err, time.Since(began))
	for i, id := range ids {
		if err == nil && found[i].Err != nil {
			t.refusals.add(id, found[i].Err)
		}
	}
	return found, err
}

// Write implements competition.Mirror.
func (t *target) Write(ctx context.Context, writes []competition.MirrorWrite) (competition.Written, error) {
	began := time.Now()
	written, err := t.Mirror.Write(ctx, writes)
	for i, e := range written.Errs {
		switch id := writes[i].CompetitionID; {
		case e == nil:
			t.refusals.remove(id)
		case !errors.Is(e, competition.ErrMirrorDiffers):
			t.refusals.add(id, e)
		}
	}
	if err == nil {
		t.note(written.Unheard, time.Since(began))
	} else {
		t.note(err, time.Since(began))
	}
	if err == nil {
		t.warn(written.Warning)
	}
	if err == nil && written.Lost {
		t.logger.WarnContext(ctx, "the mirror lost what was written to it: all boards are checked")
		t.losses.Add(1)
		t.lost()
	}
	return written, err
}

// warn keeps what operators should know of the mirror, and logs it once.
func (t *target) warn(warning error) {
	text := ""
	if warning != nil {
		text = warning.Error()
	}
	if before := t.warning.Swap(&text); text != "" && (before == nil || *before != text) {
		t.logger.Warn("the mirror works, but not as it should", "reason", text)
	}
}

// note keeps how the mirror is, and logs when that changes.
func (t *target) note(err error, took time.Duration) {
	if err != nil && t.calls.Err() != nil {
		return // it was cut short
	}
	before := t.last.Swap(&outcome{err: err, took: took})
	switch {
	case err != nil && before.err == nil:
		t.logger.Warn("the mirror cannot be written, or not all of it; boards and syncs go on without it", "error", err)
	case err == nil && before.err != nil:
		t.logger.Info("the mirror can be written again")
	}
}
