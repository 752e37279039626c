package http

import (
	"errors"
	"net"
	"sync/atomic"
	"time"
	"unicode/utf8"

	fws "github.com/fasthttp/websocket"
	"github.com/gofiber/contrib/websocket"
	"golang.org/x/time/rate"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/http/internal/listen"
)

// socket is one WebSocket: a goroutine that reads, which is the connection's, and one
// that writes, which owns the session. The reader passes the client's frames to the
// writer; while the writer is blocked, so is the reader, and in time the client.
type socket struct {
	server  *Server
	conn    *websocket.Conn
	session *liveSession

	identity *auth.Identity               // of the latest token; the writer's
	bucket   atomic.Pointer[rate.Limiter] // the identity's, see Server.bucketOf

	frames      chan clientFrame // to the writer
	hangUp      chan closing     // the reader or the server asks for it; capacity 1
	done        chan struct{}    // closed when the writer has ended
	ending      atomic.Bool      // set when the writer is about to
	why         ending           // it ended; the writer's until done
	deadlineSet time.Time        // when the write deadline was last moved
}

// handshake is the content of the upgrade request, as far as it was accepted.
type handshake struct {
	competitionID string
	limit         int
	since         competition.BoardVersion
	identity      *auth.Identity
	bucket        *rate.Limiter // the identity's
	refusal       *closing      // nil if the socket is served
}

func (s *Server) serveSocket(conn *websocket.Conn, h *handshake) {
	// As RFC 6455, section 7.1.1, advises: the server closes its side first, and the whole
	// when the client has closed its own, so that it reads the close frame. (The
	// connection's own Close does nothing: fasthttp closes when the handler returns.)
	defer listen.AwaitClose(connectionOf(conn), closeGrace)
	if h.refusal != nil {
		closeSocket(conn, *h.refusal)
		return
	}
	k := &socket{
		server: s, conn: conn, session: newLiveSession(s.engine, s.nowMillis, h.identity),
		identity: h.identity,
		frames:   make(chan clientFrame, maxWaitingForWriting),
		hangUp:   make(chan closing, 1), done: make(chan struct{}),
	}
	k.session.lag = s.metrics.liveLag
	k.bucket.Store(h.bucket)
	if err := s.admitLive(k, h.identity, overWebSocket); err != nil {
		s.refuseLive(err)
		closeSocket(conn, closingFor(err))
		return
	}
	k.why = notServed
	defer func() { s.removeLive(k, k.why) }()
	defer k.session.close() // after the writer, who owns it
	connected, err := k.session.watch(h.competitionID, h.limit, h.since)
	if err != nil {
		s.refuseLive(err)
		closeSocket(conn, closingFor(err))
		return
	}
	go k.write(connected)
	k.read()
	<-k.done
}

func closingFor(err error) closing {
	p, _ := problemOf(err)
	switch {
	case errors.Is(err, errStopping), errors.Is(err, errBoardMoved):
		return closing{closeGoingAway, p.detail}
	case errors.Is(err, competition.ErrUnknownCompetition):
		return closing{closeUnknown, p.detail}
	case errors.Is(err, competition.ErrForbidden):
		return closing{closePrivate, "the competition is private"}
	case p.kind.status == 403:
		return closing{closePrivate, p.detail}
	case p.kind.status == 401:
		return closing{closeBadToken, p.detail}
	case p.kind.status == 400:
		return closing{closeBadRequest, p.detail}
	default:
		return closing{closeTryAgain, p.detail}
	}
}

// closeSocket tells the client why the connection ends.
func closeSocket(conn *websocket.Conn, c closing) {
	_ = conn.WriteControl(fws.CloseMessage, fws.FormatCloseMessage(c.code, shortReason(c.reason)), time.Now().Add(time.Second))
}

// connectionOf returns the connection under a socket, as it was accepted.
func connectionOf(conn *websocket.Conn) net.Conn {
	connection := conn.NetConn()
	if hijacked, ok := connection.(interface{ UnsafeConn() net.Conn }); ok {
		return hijacked.UnsafeConn()
	}
	return connection
}

// end asks the writer to close the socket; the first call counts.
func (k *socket) end(c closing) {
	select {
	case k.hangUp <- c:
		k.session.wake.Set()
	default:
	}
}

func (k *socket) wake() { k.session.wake.Set() }

func (k *socket) boards() []string { return k.session.boards() }

// read reads the client's frames until the connection ends. Excess is detected before
// anything of a frame is parsed.
func (k *socket) read() {
	k.conn.SetReadLimit(maxFrameBytes)
	pace := newFramePace(k.server.limits.User, func() {
		k.end(closing{closeTooFast, "far too many frames within a second"})
	})
	defer pace.watch(connectionOf(k.conn))()
	alive := func() {
		_ = k.conn.SetReadDeadline(time.Now().Add(readDeadline))
		if k.ending.Load() { // maybe just now: then the deadline of stopReading counts
			_ = k.conn.SetReadDeadline(time.Now())
		}
	}
	k.conn.SetPongHandler(func(string) error {
		alive()
		return pace.frame()
	})
	k.conn.SetPingHandler(func(data string) error {
		alive()
		if err := pace.frame(); err != nil {
			return err
		}
		_ = k.conn.WriteControl(fws.PongMessage, []byte(data), time.Now().Add(time.Second)) // if it fails, so do the others
		return nil
	})
	defer k.end(closing{}) // whatever ended the reading ends the writing
	for {
		alive()
		messageType, message, err := k.conn.ReadMessage()
		switch {
		case err != nil:
			return // the library has answered a close or a broken frame as RFC 6455 asks
		case messageType != fws.TextMessage:
			k.end(closing{closeUnsupported, "frames must be JSON text"})
			return
		case !utf8.Valid(message):
			k.end(closing{closeInvalidData, "frames must be UTF-8"})
			return
		case pace.frame() != nil:
			return
		}
		f := clientFrame{problem: errTooManyFrames}
		if k.server.users.allow(k.bucket.Load()) { // frames count as the user's requests do
			f = parseClientFrame(message)
		}
		select {
		case k.frames <- f:
			k.session.wake.Set()
		case <-k.done:
			return
		}
	}
}

func (k *socket) stopReading() {
	k.ending.Store(true)
	_ = k.conn.SetReadDeadline(time.Now())
}

// write owns the session: it sends what is new, answers the client's frames,
// pings, and closes. Whatever there is to do wakes it through one channel, since
// a wait for several costs several times as much.
func (k *socket) write(first frame) {
	defer close(k.done) // the last: conn may serve another client after it
	defer k.stopReading()
	defer func() { k.server.survive(recover()) }()
	ping := k.session.alarmIn(pingEvery)
	defer ping.stop()
	expiry := k.session.alarmIn(k.server.auth.RecheckIn(k.identity))
	defer expiry.stop()
	k.why = failed // unless it is known better
	err := k.send(first)
	for err == nil {
		<-k.session.wake
		select {
		case c := <-k.hangUp:
			if c.code != 0 {
				closeSocket(k.conn, c)
			}
			k.why = c.ending()
			return
		default:
		}
		if ended := k.server.ended(k.identity, expiry); ended != nil {
			k.why = tokenEnded
			k.server.refuseLive(ended)
			closeSocket(k.conn, closingFor(ended))
			return
		}
		if ping.due.Load() {
			ping.reset(pingEvery)
			err = k.conn.WriteControl(fws.PingMessage, nil, time.Now().Add(writeDeadline))
		}
		for err == nil && len(k.frames) > 0 {
			err = k.answer(<-k.frames, expiry)
		}
		if err == nil {
			err = k.session.deliver(k.send)
		}
		if errors.Is(err, competition.ErrForbidden) || errors.Is(err, errBoardMoved) {
			k.server.refuseLive(err)
			closeSocket(k.conn, closingFor(err))
		}
	}
	k.why = endingOf(err)
}

// send writes one frame within the deadline, which moves on in steps of a
// second: moving it costs more than a look at the clock.
func (k *socket) send(f frame) error {
	if now := time.Now(); now.Sub(k.deadlineSet) > time.Second {
		k.deadlineSet = now
		if err := k.conn.SetWriteDeadline(now.Add(writeDeadline)); err != nil {
			return err
		}
	}
	k.server.metrics.liveFrames.Inc()
	if f.shared != nil {
		return k.conn.WritePreparedMessage(f.shared.prepared)
	}
	return k.conn.WriteMessage(fws.TextMessage, f.bytes)
}

// refuse tells the client of a refusal that does not end the socket.
func (k *socket) refuse(competitionID string, err error) error {
	k.server.refuseLive(err)
	return k.send(k.session.problemFrame(competitionID, err))
}

func (k *socket) answer(f clientFrame, expiry *alarm) error {
	switch {
	case f.problem != nil:
		return k.refuse(f.competitionID, f.problem)
	case f.kind == "ping":
		return k.send(frame{kind: "pong", bytes: appendPong(nil, k.session.now())})
	case f.kind == "subscribe":
		connected, err := k.session.watch(f.competitionID, f.limit, f.since)
		if err != nil {
			return k.refuse(f.competitionID, err)
		}
		return k.send(connected)
	case f.kind == "unsubscribe":
		k.session.unwatch(f.competitionID)
		return nil
	case f.kind == "auth":
		return k.renew(f.token, expiry)
	}
	return nil
}

// renew takes a later token of the same user, once every watch was checked with
// it: those that it may not see end. The error is competition.ErrForbidden if none
// is left. A token that cannot be taken changes nothing.
func (k *socket) renew(token string, expiry *alarm) error {
	if auth.IsLink([]byte(token)) || k.identity.Link != nil {
		return k.refuse("", kindForbidden.with("a connection by a board link keeps that link: connect again with another token"))
	}
	identity, err := k.server.auth.Token([]byte(token))
	switch {
	case err != nil:
	case identity.Caller.UserID != k.session.caller.UserID:
		err = kindForbidden.with("the token belongs to another user")
	case !identity.May(competition.ScopeRead):
		err = errScope
	}
	var lost []lostWatch
	if err == nil {
		lost, err = k.session.become(identity.Caller)
	}
	if err != nil {
		return k.refuse("", err)
	}
	k.identity = identity
	k.bucket.Store(identity.Bucket)
	expiry.reset(k.server.auth.RecheckIn(identity))
	for _, w := range lost {
		if err := k.refuse(w.competitionID, w.err); err != nil {
			return err
		}
	}
	if len(lost) > 0 && len(k.session.watches) == 0 {
		return competition.ErrForbidden
	}
	return k.send(frame{kind: "authenticated", bytes: appendAuthenticated(nil, identity, k.session.now())})
}
