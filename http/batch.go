package http

import (
	"log/slog"

	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// batch is a batch as it is submitted to the engine.
type batch struct {
	items []competition.BatchItem // those that go to the engine, in order
	errs  []error                 // one for each of the client's items: nil, or why it does not go to the engine
}

// submitBatch answers 200 with one result or problem for each item.
func (s *Server) submitBatch(c *call) error {
	var b batch
	err := decode.ReadBatch(c.Request.Body(),
		func(form *decode.Sync, err error) { b.add(c, form, err) },
		func() { b = batch{} },
	)
	engine, err := s.permit(c, err)
	if err != nil {
		return err
	}
	if len(b.items) > 0 {
		if err := engine.SubmitBatch(b.items, s.payFor(c)); err != nil {
			return err
		}
	}
	s.metrics.batchSize.Observe(float64(len(b.errs)))
	c.out = append(s.appendResults(append(c.out[:0], envelope...), c, &b), envelopeEnd)
	c.reply(fasthttp.StatusOK, c.out)
	return nil
}

// add adds one item of the body; err is what is wrong with it.
func (b *batch) add(c *call, form *decode.Sync, err error) {
	var item competition.BatchItem
	if err == nil {
		err = c.take(form, &item.Sync)
	}
	b.errs = append(b.errs, err)
	if err != nil {
		return
	}
	if n := len(b.items); n > 0 && b.items[n-1].CompetitionID == decode.View(form.CompetitionID) {
		item.CompetitionID = b.items[n-1].CompetitionID // neighbours are often alike
	} else {
		item.CompetitionID = string(form.CompetitionID)
	}
	b.items = append(b.items, item)
}

// appendResults writes the result of each of the client's items.
func (s *Server) appendResults(dst []byte, c *call, b *batch) []byte {
	asked := b.items
	dst = append(dst, '[')
	for i, err := range b.errs {
		if i > 0 {
			dst = append(dst, ',')
		}
		var item *competition.BatchItem
		if err == nil {
			item, asked = &asked[0], asked[1:]
			err = outcome(item)
		}
		s.metrics.sync(err)
		switch {
		case err != nil:
			p, known := problemOf(err)
			if !known {
				s.log.LogAttrs(c, slog.LevelError, "sync of a batch failed", slog.Int("item", i), slog.Any("error", err),
					slog.String("request_id", string(c.Response.Header.PeekCanonical(headerRequestID))))
			}
			dst = appendProblem(dst, p)
		case item.CompetitionID == "":
			dst = appendSyncReplies(dst, item.Sync.UserID, item.Replies)
		default:
			dst = appendSyncReply(dst, item.CompetitionID, item.Sync.UserID, item.Replies[0].SyncReply)
		}
	}
	return append(dst, ']')
}

// outcome returns the error of an item that went to the engine.
func outcome(item *competition.BatchItem) error {
	switch {
	case item.Err != nil:
		return item.Err
	case len(item.Replies) > 0:
		return nil
	case item.CompetitionID == "":
		return competition.ErrNotEnrolled
	default:
		return competition.ErrInternal
	}
}
