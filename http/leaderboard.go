package http

import (
	"cmp"
	"math"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
)

// The bounds of a leaderboard's query.
const (
	defaultLimit  = 100
	maxLimit      = 1000
	defaultRadius = 5
	maxRadius     = 500
)

// getLeaderboard reads a part of a board. Its top is encoded once for all
// readers of a version, whatever their limit.
func (s *Server) getLeaderboard(c *call) error {
	id, err := c.competitionInPath()
	if err != nil {
		return err
	}
	id = c.who.competitionRead(id)
	part, err := readPart(c.query())
	if err != nil {
		return err
	}
	engine, err := s.permit(c)
	if err != nil {
		return err
	}
	c.Response.Header.SetCanonical(headerCacheControl, valueRevalidate)
	if part.around == "" && part.offset == 0 && part.limit <= competition.PublishedEntries {
		top, err := engine.Top(id, c.who.Caller)
		if err != nil {
			return err
		}
		if !unchanged(c.RequestCtx, part.etag(c, top.Version)) {
			c.replyTop(top, part.limit)
		}
		return nil
	}
	var board competition.Board
	if part.around != "" {
		board, err = engine.Around(id, c.who.Caller, strings.Clone(part.around), part.radius)
	} else {
		board, err = engine.Page(id, c.who.Caller, part.offset, part.limit)
	}
	if err != nil {
		return onReading(err)
	}
	defer board.Release()
	if !unchanged(c.RequestCtx, part.etag(c, board.Version)) {
		c.out = append(appendBoard(append(c.out[:0], envelope...), &board), envelopeEnd)
		c.reply(fasthttp.StatusOK, c.out)
	}
	return nil
}

// part is which part of a board is asked for.
type part struct {
	limit, offset int
	around        string // the user in the middle, or empty; lies in the request's buffer
	radius        int
}

func readPart(q query) (p part, err error) {
	p.limit, p.radius = defaultLimit, defaultRadius
	if limit, ok := q.onlyLimit(); ok || q.raw == "" {
		p.limit = cmp.Or(limit, defaultLimit)
		return p, nil
	}
	var given bool
	if p.around, given = q.text("around"); given {
		if !competition.ValidUserID(p.around) {
			q.refuse("around", badUserID)
		}
		p.radius = q.integer("radius", 0, maxRadius, defaultRadius)
		for _, other := range []string{"limit", "offset"} {
			if q.has(other) {
				q.refuse(other, "must not stand beside around")
			}
		}
		return p, q.err()
	}
	p.limit = q.integer("limit", 1, maxLimit, defaultLimit)
	p.offset = q.integer("offset", 0, math.MaxInt, 0)
	if q.has("radius") {
		q.refuse("radius", "must stand beside around")
	}
	return p, q.err()
}

// etagFormat is a digit of every board's ETag, another one whenever the same
// board is written in other bytes: caches then do not keep the old ones. 2: times
// have three decimals.
const etagFormat = '2'

// etag tells apart the versions of a board, its parts, and how they are written.
// It lies in c.out.
func (p *part) etag(c *call, version uint64) []byte {
	tag := strconv.AppendUint(append(c.out[:0], '"'), version, 10)
	tag = append(tag, '-')
	if p.around != "" {
		tag = strconv.AppendInt(append(tag, 'r'), int64(p.radius), 10)
	} else {
		tag = strconv.AppendInt(tag, int64(p.limit), 10)
		if p.offset > 0 {
			tag = strconv.AppendInt(append(tag, '-'), int64(p.offset), 10)
		}
	}
	tag = append(tag, '.', etagFormat, '"')
	c.out = tag
	return tag
}

// encodedTop is the published top of a board as the GET gives it, envelope and
// all, and where each entry ends.
type encodedTop struct {
	body []byte
	ends []int // of the head, then of each entry; the tail follows the last
}

// encodeTop makes the *encodedTop of a published board; it is the one function
// that Published.Encoded may be given.
func encodeTop(b *competition.Board) any {
	top := &encodedTop{ends: make([]int, 0, len(b.Entries)+1)}
	top.body = appendBoardHead(append(make([]byte, 0, 256*(len(b.Entries)+1)), envelope...), b)
	top.ends = append(top.ends, len(top.body))
	for i := range b.Entries {
		if i > 0 {
			top.body = append(top.body, ',')
		}
		top.body = appendEntry(top.body, b.CompetitionID, &b.Entries[i])
		top.ends = append(top.ends, len(top.body))
	}
	top.body = append(appendBoardTail(top.body, b), envelopeEnd)
	return top
}

// replyTop answers with the first entries of a published board: all of them
// without copying a byte.
func (c *call) replyTop(p *competition.Published, limit int) {
	top, _ := p.Encoded(encodeTop).(*encodedTop)
	c.Response.Header.SetContentTypeBytes(valueJSON)
	last := len(top.ends) - 1
	if limit >= last {
		c.Response.SetBodyRaw(top.body)
		return
	}
	c.SetBody(top.body[:top.ends[limit]])
	c.Response.AppendBody(top.body[top.ends[last]:])
}
