package http

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/http/internal/histogram"
	"github.com/paceboard/paceboard/internal/worker"
)

// liveSession is what one client watches, over WebSocket or Server-Sent Events. It
// belongs to one goroutine, the one that writes.
//
// There is no queue. Each watch knows what its client was sent last and, when
// the client can take more, looks at what is there now: the difference, if the
// last version is remembered, or else the whole board. So a slow client gets
// fewer and larger updates, and always ends on the latest.
type liveSession struct {
	engine  Engine
	now     func() calendar.Millis
	caller  competition.Caller
	link    *competition.BoardLink // that the client came by, and by which alone it sees the board; else nil
	wake    worker.Signal          // some watch has news, an alarm went off, or whoever set it knows why
	watches []*watch
	lag     *histogram.Histogram     // of what is sent; nil for none
	watched atomic.Pointer[[]string] // the competitions of watches, for any goroutine
}

// boards returns the competitions that are watched. Unlike the rest, it may be called from any
// goroutine.
func (l *liveSession) boards() []string {
	if watched := l.watched.Load(); watched != nil {
		return *watched
	}
	return []string{}
}

// noteBoards notes what is watched, after a change of it.
func (l *liveSession) noteBoards() {
	watched := make([]string, len(l.watches))
	for i, w := range l.watches {
		watched[i] = w.subscription.CompetitionID
	}
	l.watched.Store(&watched)
}

// watch is one competition that a client watches.
type watch struct {
	subscription *competition.Subscription
	limit        int
	version      uint64 // of the board that the client has, in epoch; 0 for none
	epoch        competition.BoardEpoch
	private      bool // as the client has it
	status       competition.Status
	standing     *competition.Standing
	current      bool // the client was sent a board since it began to watch
}

// frame is one message to a client.
type frame struct {
	kind   string
	id     competition.BoardVersion // for frames with a board or a delta; otherwise zero
	shared *sharedFrame             // encoded for all subscribers alike, or nil
	bytes  []byte
}

func newLiveSession(engine Engine, now func() calendar.Millis, who *auth.Identity) *liveSession {
	return &liveSession{engine: engine, now: now, caller: readerOf(who), link: who.Link, wake: worker.NewSignal()}
}

// errTooManySubscriptions is returned for one watch too many.
var errTooManySubscriptions = kindInvalidRequest.listing([]competition.FieldError{
	{Field: "competition_id", Detail: "a connection may watch at most 50 competitions"},
})

// watch begins to watch a competition, or changes the window of one that is
// watched, and returns the frame that says so. since is the version of a board that the
// client still has.
func (l *liveSession) watch(competitionID string, limit int, since competition.BoardVersion) (frame, error) {
	if l.link != nil && l.link.CompetitionID != competitionID {
		return frame{}, errLink
	}
	w := l.find(competitionID)
	if w == nil {
		if len(l.watches) >= maxSubscriptions {
			return frame{}, errTooManySubscriptions
		}
		w = &watch{subscription: competition.NewSubscription(competitionID, l.caller.UserID, l.wake)}
		if err := l.engine.Subscribe(w.subscription, l.caller); err != nil {
			return frame{}, err
		}
		l.watches = append(l.watches, w)
		l.noteBoards()
	} else if w.limit != limit {
		since = competition.BoardVersion{} // a board of another window is no start for a delta
	}
	update := w.subscription.Latest()
	w.private = update.Private
	if l.link != nil && l.link.ShownNames(w.private) != l.link.Names {
		since = competition.BoardVersion{} // the client may have what the link no longer shows
	}
	w.limit, w.version, w.epoch, w.standing, w.current = limit, since.Of(&update.Board), update.Epoch, nil, false
	var known bool
	if w.status, known = update.StatusAt(w.version); !known {
		w.version, w.status = 0, update.Status
	}
	l.wake.Set()
	return l.connectedFrame(w, update), nil
}

// connectedFrame says what is watched, and of which epoch the board is.
func (l *liveSession) connectedFrame(w *watch, update *competition.Update) frame {
	return frame{kind: "connected", bytes: appendConnected(nil, w.subscription.CompetitionID, &update.Board, w.limit, l.now())}
}

// lostWatch is a watch that ended, and why.
type lostWatch struct {
	competitionID string
	err           error
}

// become changes the session's caller to another of the same user id. Watches that the
// new caller may not see end. After an error, which is about something else than a
// right, everything is as it was.
func (l *liveSession) become(caller competition.Caller) (lost []lostWatch, err error) {
	fresh := make([]*competition.Subscription, len(l.watches))
	for i, w := range l.watches {
		s := competition.NewSubscription(w.subscription.CompetitionID, caller.UserID, l.wake)
		switch err := l.engine.Subscribe(s, caller); {
		case err == nil:
			fresh[i] = s
		case errors.Is(err, competition.ErrForbidden), errors.Is(err, competition.ErrUnknownCompetition):
			lost = append(lost, lostWatch{s.CompetitionID, err})
		default:
			for _, s := range fresh[:i] {
				if s != nil {
					l.engine.Unsubscribe(s)
				}
			}
			return nil, err
		}
	}
	watches := l.watches[:0]
	for i, w := range l.watches {
		l.engine.Unsubscribe(w.subscription)
		if w.subscription = fresh[i]; w.subscription != nil {
			watches = append(watches, w)
		}
	}
	clear(l.watches[len(watches):])
	l.watches, l.caller = watches, caller
	l.noteBoards()
	l.wake.Set()
	return lost, nil
}

// unwatch ends a watch; there need not be one.
func (l *liveSession) unwatch(competitionID string) {
	for i, w := range l.watches {
		if w.subscription.CompetitionID == competitionID {
			l.engine.Unsubscribe(w.subscription)
			l.watches = append(l.watches[:i], l.watches[i+1:]...)
			l.noteBoards()
			return
		}
	}
}

// close ends all watches.
func (l *liveSession) close() {
	for _, w := range l.watches {
		l.engine.Unsubscribe(w.subscription)
	}
	l.watches = nil
}

func (l *liveSession) find(competitionID string) *watch {
	for _, w := range l.watches {
		if w.subscription.CompetitionID == competitionID {
			return w
		}
	}
	return nil
}

// alarm is due at a time. It wakes the session's goroutine, which then looks at due.
type alarm struct {
	due   atomic.Bool
	timer *time.Timer
}

// alarmIn is an alarm that goes off after a time.
func (l *liveSession) alarmIn(after time.Duration) *alarm { return newAlarm(after, l.wake) }

func newAlarm(after time.Duration, wake worker.Signal) *alarm {
	a := &alarm{}
	a.timer = time.AfterFunc(after, func() {
		a.due.Store(true)
		wake.Set()
	})
	return a
}

// reset sets the alarm again.
func (a *alarm) reset(after time.Duration) {
	a.timer.Stop()
	a.due.Store(false)
	a.timer.Reset(after)
}

func (a *alarm) stop() { a.timer.Stop() }

// deliver sends what is new at every watch. The client is told of a watch that
// it has lost the right to; the error is competition.ErrForbidden when that was
// the last one.
func (l *liveSession) deliver(send func(frame) error) error {
	for i := 0; i < len(l.watches); i++ {
		w := l.watches[i]
		if w.subscription.Ended() {
			return errBoardMoved
		}
		if w.subscription.Revoked() {
			id := w.subscription.CompetitionID
			l.unwatch(id)
			i--
			if len(l.watches) == 0 {
				return competition.ErrForbidden
			}
			if err := send(l.problemFrame(id, competition.ErrForbidden)); err != nil {
				return err
			}
			continue
		}
		if err := l.deliverWatch(w, send); err != nil {
			return err
		}
	}
	return nil
}

func (l *liveSession) deliverWatch(w *watch, send func(frame) error) error {
	// The actor puts the standing before the update. Read the other way round,
	// the standing is never older than the board that is sent.
	update := w.subscription.Latest()
	standing := w.subscription.Standing()
	if update.Epoch != w.epoch { // the store lost what the client has seen
		w.version, w.epoch = 0, update.Epoch
		if err := send(l.connectedFrame(w, update)); err != nil {
			return err
		}
	}
	if l.link != nil && update.Private != w.private { // the link shows other names from now on
		w.version = 0
	}
	w.private = update.Private
	if update.Version != w.version {
		if err := send(l.boardFrame(w, update)); err != nil {
			return err
		}
		if w.current && l.lag != nil && !update.Changed.IsZero() {
			l.lag.Observe(time.Since(update.Changed).Seconds())
		}
		w.version, w.current = update.Version, true
	}
	if update.Status != w.status {
		w.status = update.Status
		if err := send(l.statusFrame(update)); err != nil {
			return err
		}
	}
	if standing == nil && w.standing != nil { // the subscription is newer than what the client has
		standing = &competition.Standing{}
	}
	if !sameStanding(standing, w.standing) {
		w.standing = standing
		return send(frame{kind: "standing", bytes: appendStanding(nil, w.subscription, standing, l.now())})
	}
	return nil
}

// sameStanding reports whether the two look the same to a client.
func sameStanding(a, b *competition.Standing) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.OnBoard == b.OnBoard && (a.Entry == b.Entry || !a.OnBoard)
}

func (l *liveSession) statusFrame(update *competition.Update) frame {
	bytes := competition.Encoded(&update.Messages, statusKey{l.linkID()}, func() []byte {
		if l.link != nil {
			shown := l.link.Board(&update.Board)
			return statusFrameOf(&shown, l.now())
		}
		return statusFrameOf(&update.Board, l.now())
	})
	return frame{kind: "status", bytes: bytes}
}

// The keys of an update's messages. A link shows its own.
type (
	statusKey struct{ link string }
	boardKey  struct {
		from  uint64 // 0 for the whole board
		limit int
		link  string
	}
)

// linkID returns the id of the session's link, if there is one.
func (l *liveSession) linkID() string {
	if l.link == nil {
		return ""
	}
	return l.link.ID
}

// boardFrame is the delta from what the client has, or the whole board.
func (l *liveSession) boardFrame(w *watch, update *competition.Update) frame {
	if w.version != 0 {
		shared := competition.Encoded(&update.Messages, boardKey{w.version, w.limit, l.linkID()}, func() *sharedFrame {
			delta, ok := update.Since(w.version, w.limit)
			if !ok {
				return nil
			}
			one := appendEntry
			if l.link != nil {
				delta, one = l.link.Delta(delta, update.Private), entryUnder(l.link, update.Private)
			}
			return newSharedFrame(appendScoreUpdate(nil, update.CompetitionID, &delta, one, l.now()))
		})
		if shared != nil {
			return frame{kind: "score_update", id: versionOf(update), shared: shared, bytes: shared.bytes}
		}
	}
	shared := competition.Encoded(&update.Messages, boardKey{0, w.limit, l.linkID()}, func() *sharedFrame {
		window := update.Board
		window.Entries = window.Entries[:min(w.limit, len(window.Entries))]
		one := appendEntry
		if l.link != nil {
			window, one = l.link.Board(&window), entryUnder(l.link, window.Private)
		}
		return newSharedFrame(appendBoardUpdate(nil, &window, one, l.now()))
	})
	return frame{kind: "leaderboard_update", id: versionOf(update), shared: shared, bytes: shared.bytes}
}

func versionOf(u *competition.Update) competition.BoardVersion {
	return competition.BoardVersion{Version: u.Version, Epoch: u.Epoch}
}

// problemFrame tells a client of a refusal that does not end the connection.
func (l *liveSession) problemFrame(competitionID string, err error) frame {
	p, _ := problemOf(err)
	return frame{kind: "error", bytes: appendError(nil, competitionID, p, l.now())}
}

// validWindow reports whether limit is one that clients may choose.
func validWindow(limit int) bool {
	return limit == 10 || limit == 25 || limit == 50 || limit == 100
}
