package http

import (
	"bufio"
	"sync/atomic"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth"
)

const (
	eventStreamType = "text/event-stream"
	commentEvery    = 15 * time.Second // detects clients that are gone
)

// streamEvents sends the live updates of a board as Server-Sent Events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html). Board events
// carry version and epoch as their id, so that Last-Event-ID resumes.
func (s *Server) streamEvents(c *call) error {
	if fromMachine(c.RequestCtx) {
		return errNotOnMachine
	}
	q := c.query()
	identity, err := s.liveIdentity(c, &q)
	if err != nil {
		return err
	}
	if err := s.payRequest(c.RequestCtx, identity, 1); err != nil {
		return err
	}
	id, err := c.competitionID()
	if err != nil {
		return err
	}
	if err := shows(identity, id); err != nil {
		return err
	}
	limit, since, err := readWindow(&q)
	if last := c.Request.Header.Peek("Last-Event-ID"); len(last) > 0 {
		since, _ = competition.ParseBoardVersion(string(last)) // an id that is no version gives the whole board
	}
	if err != nil {
		return err
	}
	session := newLiveSession(s.engine, s.nowMillis, identity)
	connected, err := session.watch(id, limit, since)
	if err != nil {
		return err
	}
	if c.IsHead() {
		session.close()
		beStream(c)
		return nil
	}
	e := &eventStream{server: s, session: session, identity: identity}
	session.lag = s.metrics.liveLag
	err = s.stream(c, e, identity, func(w *bufio.Writer, before func()) ending {
		defer session.close()
		return e.run(w, connected, func() {
			s.metrics.liveFrames.Inc()
			before()
		})
	})
	if err != nil {
		session.close()
	}
	return err
}

// beStream sets the header fields of a stream of Server-Sent Events.
func beStream(c *call) {
	c.Response.Header.SetContentType(eventStreamType)
	c.Response.Header.SetCanonical(headerCacheControl, valueNoStore)
}

// stream admits a live client and answers with a stream of Server-Sent Events. After the
// handler, run sends them until one side ends the stream, and calls before ahead of
// whatever it sends: a client that takes nothing is ended by the connection's write
// deadline. It returns why it ended.
func (s *Server) stream(c *call, client liveClient, who *auth.Identity, run func(w *bufio.Writer, before func()) ending) error {
	if err := s.admitLive(client, who, overEvents); err != nil {
		return err
	}
	beStream(c)
	c.Response.Header.Set("X-Accel-Buffering", "no") // proxies must not gather events
	c.Response.ImmediateHeaderFlush = true
	conn := c.Conn()
	c.SetBodyStreamWriter(func(w *bufio.Writer) { // fasthttp ends it with the connection
		why := failed // unless it is known better
		defer func() { s.removeLive(client, why) }()
		defer func() { s.survive(recover()) }()
		why = run(w, func() {
			_ = conn.SetWriteDeadline(time.Now().Add(writeDeadline)) // the server's is for whole responses
		})
	})
	return nil
}

// eventStream is one client of Server-Sent Events.
type eventStream struct {
	server   *Server
	session  *liveSession
	identity *auth.Identity
	ended    atomic.Bool // the server asked for it
}

func (e *eventStream) end(closing) {
	e.ended.Store(true)
	e.session.wake.Set()
}

func (e *eventStream) wake() { e.session.wake.Set() }

func (e *eventStream) boards() []string { return e.session.boards() }

// run sends until the client goes, the token expires or the server stops, and calls
// before ahead of each event. The connection's write deadline ends a client that takes
// nothing. It returns why it ended.
func (e *eventStream) run(w *bufio.Writer, connected frame, before func()) ending {
	send := func(f frame) error {
		before()
		writeEvent(w, f)
		return w.Flush()
	}
	comment := e.session.alarmIn(commentEvery)
	defer comment.stop()
	expiry := e.session.alarmIn(e.server.auth.RecheckIn(e.identity))
	defer expiry.stop()
	err := send(connected)
	for err == nil {
		<-e.session.wake
		if e.ended.Load() {
			return serverStops
		}
		if ended := e.server.ended(e.identity, expiry); ended != nil {
			e.server.refuseLive(ended)
			_ = send(e.session.problemFrame("", ended))
			return tokenEnded
		}
		if err = e.session.deliver(send); err == nil && comment.due.Load() {
			comment.reset(commentEvery)
			before()
			_, _ = w.WriteString(": still here\n\n")
			err = w.Flush()
		}
	}
	return endingOf(err)
}

// writeEvent writes one event; frames hold no line break.
func writeEvent(w *bufio.Writer, f frame) {
	_, _ = w.WriteString("event: ")
	_, _ = w.WriteString(f.kind)
	if f.id.Version > 0 {
		_, _ = w.WriteString("\nid: ")
		_, _ = w.Write(f.id.Append(w.AvailableBuffer()))
	}
	_, _ = w.WriteString("\ndata: ")
	_, _ = w.Write(f.bytes)
	_, _ = w.WriteString("\n\n")
}
