package http

import (
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/decode"
	"github.com/paceboard/paceboard/http/internal/listen"
)

// getLeaderboard reads a part of a board. Its top is encoded once for all
// readers of a version, whatever their limit.
func (s *Server) getLeaderboard(c *call) error {
	id, err := c.competitionInPath()
	if err != nil {
		return err
	}
	if c.who.Link != nil {
		return s.getLinkedBoard(c, id)
	}
	id = c.who.Read.Copy(id)
	part, err := decode.ReadPart(c.query())
	engine, err := s.permit(c, err)
	if err != nil {
		return err
	}
	if part.Around == "" && part.Offset == 0 && part.Limit <= competition.PublishedEntries {
		top, err := engine.Top(id, c.who.Caller)
		if err != nil {
			return err
		}
		encoded := competition.Encoded(&top.Encodings, topKey{}, func() *encodedTop { return encodeTop(&top.Board, appendEntry) })
		if part.Limit == decode.DefaultLimit && s.leaves(c) {
			c.page = encoded.page
			return nil
		}
		c.Response.Header.SetCanonical(headerCacheControl, valueRevalidate)
		c.replyTop(top, encoded, zippedTopKey{limit: part.Limit}, c.etag(&part, &top.Board))
		return nil
	}
	c.Response.Header.SetCanonical(headerCacheControl, valueRevalidate)
	room := rooms.Get().(*[]competition.Entry)
	var board competition.Board
	if part.Around != "" {
		board, err = engine.Around(id, c.who.Caller, strings.Clone(part.Around), part.Radius, *room)
	} else {
		board, err = engine.Page(id, c.who.Caller, part.Offset, part.Limit, *room)
	}
	if err != nil {
		return onReading(err) // room is lost: the engine may yet write into it
	}
	defer func() {
		clear(board.Entries)
		*room = board.Entries[:0]
		rooms.Put(room)
	}()
	if !unchanged(c.RequestCtx, c.etag(&part, &board)) {
		c.out = append(appendBoard(append(c.out[:0], envelope...), &board, appendEntry), envelopeEnd)
		c.reply(fasthttp.StatusOK, c.out)
	}
	return nil
}

// linkedTopKey names the encodedTop of a link among the encodings of a published board.
type linkedTopKey struct{ link string }

// getLinkedBoard is getLeaderboard for whoever comes by a link.
func (s *Server) getLinkedBoard(c *call, id string) error {
	link := c.who.Link
	err := shows(c.who, id)
	var part decode.Part
	if err == nil {
		part, err = decode.ReadPart(c.query())
	}
	if err == nil && part.Around != "" {
		err = kindInvalidRequest.listing([]competition.FieldError{{Field: "around", Detail: "cannot be asked for by a board link"}})
	}
	engine, err := s.permit(c, err)
	if err != nil {
		return err
	}
	c.Response.Header.SetCanonical(headerCacheControl, valueRevalidate)
	if part.Offset == 0 && part.Limit <= competition.PublishedEntries {
		top, err := engine.Top(link.CompetitionID, link.Reader())
		if err != nil {
			return err
		}
		encoded := competition.Encoded(&top.Encodings, linkedTopKey{link.ID}, func() *encodedTop {
			shown := link.Board(&top.Board)
			return encodeTop(&shown, entryUnder(link, top.Private))
		})
		c.replyTop(top, encoded, zippedTopKey{link.ID, part.Limit}, c.linkedETag(&part, &top.Board))
		return nil
	}
	board, err := engine.Page(link.CompetitionID, link.Reader(), part.Offset, part.Limit, nil)
	if err != nil {
		return onReading(err)
	}
	if !unchanged(c.RequestCtx, c.linkedETag(&part, &board)) {
		shown := link.Board(&board)
		c.out = append(appendBoard(append(c.out[:0], envelope...), &shown, entryUnder(link, board.Private)), envelopeEnd)
		c.reply(fasthttp.StatusOK, c.out)
	}
	return nil
}

// linkedETag is etag under a link: a cache that has a board of another token at the same
// address must not take it for this one. It also tells how much the link shows.
func (c *call) linkedETag(p *decode.Part, b *competition.Board) []byte {
	tag := c.etag(p, b)
	tag = append(append(tag[:len(tag)-1], ".l"...), c.who.Link.ID...)
	tag = append(append(tag, '.'), c.who.Link.ShownNames(b.Private).String()...)
	tag = append(tag, '"')
	c.out = tag
	return tag
}

// rooms is storage of boards' entries. Those of large pages are most of what readers
// leave to the collector, which then marks the board for it.
var rooms = sync.Pool{New: func() any { return new([]competition.Entry) }}

// etagFormat is part of every board's ETag. It changes whenever the same board is
// encoded in other bytes, so that caches drop the old ones. 2: times have three
// decimals.
const etagFormat = '2'

// etag returns a part's ETag, in c.out.
func (c *call) etag(p *decode.Part, b *competition.Board) []byte {
	c.out = appendETag(c.out[:0], p, b)
	return c.out
}

// appendETag writes an ETag that differs by version, epoch, part and encoding of a board:
// "<version>-<epoch>-<part>.<format>".
func appendETag(tag []byte, p *decode.Part, b *competition.Board) []byte {
	tag = strconv.AppendUint(append(tag, '"'), b.Version, 10)
	tag = append(b.Epoch.Append(append(tag, '-')), '-')
	if p.Around != "" {
		tag = strconv.AppendInt(append(tag, 'r'), int64(p.Radius), 10)
	} else {
		tag = strconv.AppendInt(tag, int64(p.Limit), 10)
		if p.Offset > 0 {
			tag = strconv.AppendInt(append(tag, '-'), int64(p.Offset), 10)
		}
	}
	return append(tag, '.', etagFormat, '"')
}

// encodedTop is the published top of a board as the GET gives it, envelope and
// all, and where each entry ends.
type encodedTop struct {
	page []byte // the whole, after those of its header fields that are the same for all readers
	body []byte // of the page
	ends []int  // in body: of the head, then of each entry; the tail follows the last
}

// topKey names the encodedTop among the encodings of a published board.
type topKey struct{}

func encodeTop(b *competition.Board, one entryWriter) *encodedTop {
	top := &encodedTop{ends: make([]int, 0, len(b.Entries)+1)}
	const head = 512 // room for the header fields, which stand before the body and hold its length
	buffer := append(make([]byte, head, head+256*(len(b.Entries)+1)), envelope...)
	buffer = appendBoardHead(buffer, b)
	top.ends = append(top.ends, len(buffer)-head)
	for i := range b.Entries {
		if i > 0 {
			buffer = append(buffer, ',')
		}
		buffer = one(buffer, b.CompetitionID, &b.Entries[i])
		top.ends = append(top.ends, len(buffer)-head)
	}
	buffer = append(appendBoardTail(buffer, b), envelopeEnd)
	top.body = buffer[head:]
	fields := appendPageHead(make([]byte, 0, head), b, len(top.body))
	top.page = buffer[head-len(fields):]
	copy(top.page, fields)
	return top
}

// appendPageHead writes the header fields of a page, and the empty line after them.
func appendPageHead(dst []byte, b *competition.Board, size int) []byte {
	field := func(name, value []byte) {
		dst = append(append(append(append(dst, name...), ": "...), value...), "\r\n"...)
	}
	field(headerContentTypeOptions, valueNoSniff)
	field(headerReferrerPolicy, valueNoReferrer)
	field(headerCacheControl, valueRevalidate)
	field(headerVary, valueAcceptEncoding)
	field(headerETag, appendETag(nil, &decode.Part{Limit: decode.DefaultLimit}, b))
	field(headerContentType, valueJSON)
	field(headerContentLength, strconv.AppendInt(nil, int64(size), 10))
	return append(dst, "\r\n"...)
}

// part is the answer with the first entries. It is only whole without a copy.
func (t *encodedTop) part(limit int) []byte {
	last := len(t.ends) - 1
	if limit >= last {
		return t.body
	}
	return slices.Concat(t.body[:t.ends[limit]], t.body[t.ends[last]:])
}

// size is how many bytes a part has.
func (t *encodedTop) size(limit int) int {
	last := len(t.ends) - 1
	if limit >= last {
		return len(t.body)
	}
	return t.ends[limit] + len(t.body) - t.ends[last]
}

// leaves reports whether an answer may be sent as a page: if a shortcut led here, the
// client has no version yet and takes no gzip, and answers are not logged, which needs
// their bodies.
func (s *Server) leaves(c *call) bool {
	return c.fiber == nil && listen.TakesPages(c.RequestCtx) && len(c.Request.Header.PeekCanonical(headerIfNoneMatch)) == 0 &&
		!takesGzip(c.RequestCtx) && !s.log.Enabled(c, slog.LevelDebug)
}

// zippedTopKey names a part of an encodedTop, compressed, among the encodings of a
// published board.
type zippedTopKey struct {
	link  string // empty without one
	limit int
}

// replyTop answers with the part of a published board that the key names, or with 304:
// compressed for clients that take it so, once for all of them; all of it without
// copying a byte.
func (c *call) replyTop(top *competition.Published, encoded *encodedTop, key zippedTopKey, tag []byte) {
	c.Response.Header.AddBytesKV(headerVary, valueAcceptEncoding)
	if encoded.size(key.limit) >= zipFrom && takesGzip(c.RequestCtx) {
		tag = append(tag[:len(tag)-1], `-gzip"`...)
		c.out = tag
		if unchanged(c.RequestCtx, tag) {
			return
		}
		key.limit = min(key.limit, len(encoded.ends)-1)
		zipped := competition.Encoded(&top.Encodings, key, func() []byte { return zipQuickly(encoded.part(key.limit)) })
		c.Response.Header.SetContentTypeBytes(valueJSON)
		c.Response.Header.SetContentEncoding("gzip")
		c.Response.SetBodyRaw(zipped)
		return
	}
	if unchanged(c.RequestCtx, tag) {
		return
	}
	c.Response.Header.SetContentTypeBytes(valueJSON)
	last := len(encoded.ends) - 1
	if key.limit >= last {
		c.Response.SetBodyRaw(encoded.body)
		return
	}
	c.SetBody(encoded.body[:encoded.ends[key.limit]])
	c.Response.AppendBody(encoded.body[encoded.ends[last]:])
}
