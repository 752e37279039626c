package http

import (
	"bufio"
	"errors"
	"sync/atomic"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/http/internal/decode"
	"github.com/paceboard/paceboard/internal/worker"
)

// feedEvery is how often a stream that has told everything looks for more.
const feedEvery = time.Second

// feedStream is one client that follows a competition's feed. It holds one page at a
// time, so a slow client costs no memory.
type feedStream struct {
	server        *Server
	engine        Engine
	identity      *auth.Identity
	competitionID string
	page          competition.EventsPage // to be sent
	unpaid        int                    // rows that were looked through and come to less than a unit

	news  worker.Signal // an alarm went off, or whoever set it knows why
	ended atomic.Bool   // the server asked for it
}

func (f *feedStream) boards() []string { return []string{f.competitionID} }

func (f *feedStream) end(closing) {
	f.ended.Store(true)
	f.news.Set()
}

func (f *feedStream) wake() { f.news.Set() }

// followFeed sends the events of a feed as Server-Sent Events, as they come. The id
// of an event is its place, so that Last-Event-ID goes on from there.
func (s *Server) followFeed(c *call, f *feedStream) error {
	if c.IsHead() {
		beStream(c)
		return nil
	}
	f.news = worker.NewSignal()
	return s.stream(c, f, f.identity, f.run)
}

// run sends until the client goes, may not see the feed any more, or the server stops,
// and calls before ahead of each page. It returns why it ended.
func (f *feedStream) run(w *bufio.Writer, before func()) ending {
	comment, expiry := newAlarm(commentEvery, f.news), newAlarm(f.server.auth.RecheckIn(f.identity), f.news)
	defer comment.stop()
	defer expiry.stop()
	look := newAlarm(feedEvery, f.news)
	defer look.stop()
	for {
		before()
		if err := f.send(w, comment); err != nil {
			return endingOf(err)
		}
		if !f.page.More {
			look.reset(feedEvery)
			for !look.due.Load() && !f.ended.Load() && !expiry.due.Load() && !comment.due.Load() {
				<-f.news
			}
		}
		if f.ended.Load() {
			return serverStops
		}
		why, err := tokenEnded, f.server.ended(f.identity, expiry)
		if err == nil {
			f.page, err = f.engine.Events(f.competitionID, f.identity.Caller, f.page.Next, decode.DefaultLimit)
			f.pay()
			why = endingOfFeed(err)
		}
		if err != nil {
			before()
			f.sendProblem(w, err)
			return why
		}
	}
}

// endingOfFeed returns what ended a stream whose next page cannot be read.
func endingOfFeed(err error) ending {
	if errors.Is(err, competition.ErrForbidden) || errors.Is(err, competition.ErrUnknownCompetition) {
		return rightLost
	}
	return failed
}

// pay charges for what was looked through.
func (f *feedStream) pay() {
	f.unpaid += f.page.Rows
	f.server.users.owe(nil, f.identity.Bucket, f.unpaid/rowsOfUnit)
	f.unpaid %= rowsOfUnit
}

// send sends the page, and a comment if none of it was sent for long.
func (f *feedStream) send(w *bufio.Writer, comment *alarm) error {
	for i := range f.page.Events {
		event := &f.page.Events[i]
		text, err := event.JSON()
		if err != nil {
			return err
		}
		place := competition.FeedPlace{Version: event.Seq, Epoch: f.page.Next.Epoch}
		writeEvent(w, frame{kind: event.Type, id: place, bytes: text})
		f.server.metrics.liveFrames.Inc()
	}
	if len(f.page.Events) == 0 && comment.due.Load() {
		_, _ = w.WriteString(": still here\n\n")
	}
	if comment.due.Load() {
		comment.reset(commentEvery)
	}
	return w.Flush()
}

func (f *feedStream) sendProblem(w *bufio.Writer, err error) {
	p, known := problemOf(err)
	f.server.metrics.refuse(p)
	f.server.refusals.note(p, nil)
	if !known {
		f.server.log.Error("an event stream failed", "error", err)
	}
	writeEvent(w, frame{kind: "error", bytes: appendProblem(nil, p)})
	_ = w.Flush() // the stream ends anyway
}
