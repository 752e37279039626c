package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

const (
	// holdsAtOnce is how many names of a kind a process holds at the same time: each
	// takes room in the server's table of locks, which all its users share. Each kind has
	// places of its own, since a caller that holds one name may have to wait for one of
	// the next kind.
	holdsAtOnce = 64
	// holdTimeout bounds a round trip.
	holdTimeout = 2 * time.Second
	// holdsSQL never waits for a lock, so that one session serves all callers. The
	// statements are carried out in the order of the array.
	holdsSQL = `
SELECT CASE WHEN take THEN pg_try_advisory_lock(key) ELSE pg_advisory_unlock(key) END
FROM unnest($1::bigint[], $2::boolean[]) AS o (key, take)`
)

// holder takes and releases names for a process: session-level advisory locks of one
// session, which a goroutine of its own talks to, for all callers that wait. It is
// connected when the first hold is wanted. A request that gives up leaves the session as it
// is: ending a statement would end the session, and with it the holds of all others.
type holder struct {
	config  *pgx.ConnConfig
	logger  *slog.Logger
	refusal func() error
	renew   atomic.Bool // the session is not to be used any more; see Store.reconnect
	places  [competition.HoldKinds]chan struct{}

	mu     sync.Mutex
	asked  []*holdRequest // in order; as many as there are places and releases, at most
	closed bool

	wake worker.Signal
	loop *worker.Loop

	// The loop's:
	conn *pgx.Conn
	lost []session // that may go on holding what they held
}

// holdRequest is to take a name, or to release it.
type holdRequest struct {
	key     int64
	take    bool
	place   chan struct{}
	session *pgx.Conn  // of a name that is held
	answer  chan error // of capacity 1; for take alone
	left    bool       // nobody waits any more; holder.mu guards it
}

var (
	errHeld    = errors.New("another process holds it")
	errClosing = errors.New("the store is being closed")
)

// newHolder takes a configuration with which sessions name the node.
func newHolder(config *pgx.ConnConfig, refusal func() error, logger *slog.Logger) *holder {
	h := &holder{config: config, logger: logger, refusal: refusal, wake: worker.NewSignal()}
	for kind := range h.places {
		h.places[kind] = make(chan struct{}, holdsAtOnce)
	}
	h.loop = worker.Start(context.Background(), h.run)
	return h
}

// holdKey is the key of a name: 64 bits of a hash. Two names may share one and then wait
// for each other, which is rare and does no harm. Every version must have the same keys.
func holdKey(kind competition.HoldKind, name string) int64 {
	sum := sha256.Sum256(append([]byte{'p', 'a', 'c', 'e', 'b', 'o', 'a', 'r', 'd', 0, byte(kind)}, name...))
	return int64(binary.BigEndian.Uint64(sum[:]))
}

// take tries once. Error: errHeld.
func (h *holder) take(ctx context.Context, kind competition.HoldKind, name string) (release func(), err error) {
	if err := h.refusal(); err != nil {
		return nil, err
	}
	r := &holdRequest{key: holdKey(kind, name), take: true, place: h.places[kind-1], answer: make(chan error, 1)}
	select {
	case r.place <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	h.ask(r)
	select {
	case err = <-r.answer:
	case <-ctx.Done():
		if h.leave(r) {
			return nil, context.Cause(ctx)
		}
		err = <-r.answer
	}
	if err != nil {
		return nil, err
	}
	return func() { h.release(r) }, nil
}

func (h *holder) ask(r *holdRequest) {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		h.deliver(r, errClosing)
		return
	}
	h.asked = append(h.asked, r)
	h.mu.Unlock()
	h.wake.Set()
}

// release has a name released in its turn: before this process takes it again.
func (h *holder) release(r *holdRequest) {
	h.ask(&holdRequest{key: r.key, session: r.session, place: r.place})
}

// leave reports whether a request has no answer yet; it is then dealt with without the
// caller.
func (h *holder) leave(r *holdRequest) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.left = len(r.answer) == 0
	return r.left
}

// deliver ends a request. No caller waits for a release, nor for a take that it has left:
// the name is then released again.
func (h *holder) deliver(r *holdRequest, err error) {
	if err != nil || !r.take {
		<-r.place
	}
	if !r.take {
		return
	}
	h.mu.Lock()
	left := r.left
	if !left {
		r.answer <- err
	}
	h.mu.Unlock()
	if left && err == nil {
		h.release(r)
	}
}

// close ends the session, and so all holds.
func (h *holder) close() {
	h.loop.Stop()
	h.mu.Lock()
	h.closed = true
	asked := h.asked
	h.asked = nil
	h.mu.Unlock()
	for _, r := range asked {
		h.deliver(r, errClosing)
	}
}

func (h *holder) run(ctx context.Context) {
	defer h.hangUp() //nolint:contextcheck // It has a deadline of its own.
	for ctx.Err() == nil {
		select {
		case <-h.wake:
		case <-ctx.Done():
			return
		}
		h.mu.Lock()
		asked := h.asked
		h.asked = nil
		h.mu.Unlock()
		if len(asked) > 0 {
			h.carryOut(ctx, asked)
		}
	}
}

// carryOut sends requests to the server. If the session turns out to have ended, all its
// names are released, and the next session takes what is to be taken.
func (h *holder) carryOut(ctx context.Context, asked []*holdRequest) {
	if h.renew.Swap(false) && h.conn != nil {
		h.lose(ctx, errors.New("the pools were connected anew"))
	}
	fresh := h.conn == nil
	answers, err := h.send(ctx, asked)
	if err != nil && !fresh && ctx.Err() == nil {
		answers, err = h.send(ctx, asked)
	}
	for i, r := range asked {
		switch {
		case err != nil:
			h.deliver(r, err)
		case r.take && !answers[i]:
			h.deliver(r, errHeld)
		default:
			r.session = h.conn
			h.deliver(r, nil)
		}
	}
}

// send sends requests once, and returns the outcome of each.
func (h *holder) send(ctx context.Context, asked []*holdRequest) (answers []bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, holdTimeout)
	defer cancel()
	if err := h.connect(ctx); err != nil {
		return nil, err
	}
	answers = make([]bool, len(asked))
	var keys []int64
	var takes []bool
	var places []int
	for i, r := range asked {
		if r.take || r.session == h.conn { // those of a session that ended are released
			keys, takes, places = append(keys, r.key), append(takes, r.take), append(places, i)
		}
	}
	if len(keys) == 0 {
		return answers, nil
	}
	rows, _ := h.conn.Query(ctx, holdsSQL, keys, takes) // CollectRows tells its error
	done, err := pgx.CollectRows(rows, pgx.RowTo[bool])
	if err == nil && len(done) != len(places) {
		err = errors.New("the server answered something else")
	}
	if err != nil {
		h.lose(ctx, err)
		return nil, err
	}
	for n, i := range places {
		answers[i] = done[n]
	}
	return answers, nil
}

// connect begins a session if there is none, and ends those before: the server may not
// have noticed their end, and then nobody gets what they held.
func (h *holder) connect(ctx context.Context) (err error) {
	if h.conn != nil {
		return nil
	}
	conn, err := pgx.ConnectConfig(ctx, h.config)
	if err != nil {
		return err
	}
	pids, began := make([]string, len(h.lost)), make([]string, len(h.lost))
	for i, session := range h.lost {
		pids[i], began[i] = session.pid, session.began
	}
	if len(h.lost) > 0 {
		var left int
		if err := conn.QueryRow(ctx, terminateSQL, pids, began).Scan(&left); err != nil {
			_ = conn.Close(ctx) // It has failed already.
			return err
		}
	}
	h.conn, h.lost = conn, nil
	return nil
}

// lose gives the session up.
func (h *holder) lose(ctx context.Context, why error) {
	if s, known := h.conn.PgConn().CustomData()[sessionKey].(session); known {
		h.lost = append(h.lost, s)
	}
	if ctx.Err() == nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		h.logger.WarnContext(ctx, "the session by which nodes take turns has ended; what was under way may meet what another node does", "error", why)
	}
	h.hangUp() //nolint:contextcheck // It has a deadline of its own.
}

func (h *holder) hangUp() {
	if h.conn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), holdTimeout)
		defer cancel()
		_ = h.conn.Close(ctx) // The server sees to the rest.
		h.conn = nil
	}
}
