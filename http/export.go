package http

import (
	"bufio"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// exportUser gives a person everything that there is about them. A document that
// is large is written while it is read: what cannot be read any more then ends it
// early, so that it is no valid JSON. It costs what it reads.
func (s *Server) exportUser(c *call) error {
	engine, userID, err := s.readPerson(c)
	if err != nil {
		return err
	}
	if err := s.exports.take(userID, s.now()); err != nil {
		return err
	}
	x := &personExport{engine: engine, userID: userID, now: s.nowMillis(), deadline: time.Now().Add(exportTimeout)}
	if x.lifetime, err = engine.Lifetime(c.who.Caller, userID); err != nil {
		return err
	}
	c.out = c.out[:0]
	err = x.run(func(b []byte) error {
		if len(c.out)+len(b) > wholeExport {
			return errLarge
		}
		c.out = append(c.out, b...)
		return nil
	})
	s.chargeRows(c, x.rows)
	if err != nil && !errors.Is(err, errLarge) {
		return err
	}
	c.Response.Header.SetCanonical(headerCacheControl, valueNoStore)
	c.Response.Header.Set("Content-Disposition", `attachment; filename="paceboard-export.json"`)
	if err == nil {
		c.reply(fasthttp.StatusOK, c.out)
		return nil
	}
	c.Response.Header.SetContentTypeBytes(valueJSON)
	if !c.IsHead() {
		s.streamExport(c, x)
	}
	return nil
}

// streamExport begins anew, and keeps nothing.
func (s *Server) streamExport(c *call, x *personExport) {
	conn, bucket := c.Conn(), c.who.Bucket
	id := string(c.Response.Header.PeekCanonical(headerRequestID))
	c.SetBodyStreamWriter(func(w *bufio.Writer) {
		defer func() { s.survive(recover()) }()
		err := x.run(func(b []byte) error {
			_ = conn.SetWriteDeadline(time.Now().Add(writeDeadline)) // the server's is for whole responses
			_, err := w.Write(b)
			return err
		})
		s.users.owe(nil, bucket, x.rows/rowsOfUnit)
		if err != nil {
			s.log.Warn("an export ended early", slog.String("request_id", id), slog.Any("error", err))
		}
	})
}

const (
	wholeExport   = 1 << 20     // how large a document may be that is sent whole, in bytes
	exportTimeout = time.Minute // for all of it
	exportPage    = 100         // ties at a time
)

var (
	errLarge      = errors.New("the export is large")
	errExportLate = fmt.Errorf("%w: the export was not finished within %v", competition.ErrUnavailable, exportTimeout)
)

// personExport is an export under way. It holds a page of each list at a time.
type personExport struct {
	engine   Engine
	userID   string
	now      competition.Millis
	deadline time.Time
	lifetime *competition.Lifetime
	rows     int // read by the last run; a competition that was asked counts as much as a unit's
	write    func([]byte) error
	out      []byte
}

// run writes the document.
func (x *personExport) run(write func([]byte) error) error {
	x.write, x.rows = write, 0
	x.out = textField(append(x.out[:0], envelope...), `{"user_id":`, x.userID)
	x.out = timeField(x.out, `,"exported_at":`, x.now)
	x.out = append(x.out, `,"lifetime":`...)
	if err := x.lifetimeDays(); err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		each func(item func(func([]byte) []byte) error) error
	}{
		{"competitions", x.competitions},
		{"transactions", x.transactions},
		{"prizes", x.prizes},
		{"invitations", x.invitations},
		{"operator_actions", x.actions},
	} {
		x.out = append(append(append(x.out, `,"`...), part.name...), `":[`...)
		first := true
		err := part.each(func(appendTo func([]byte) []byte) error {
			if !first {
				x.out = append(x.out, ',')
			}
			first = false
			x.rows++
			return x.piece(appendTo)
		})
		if err != nil {
			return err
		}
		x.out = append(x.out, ']')
	}
	x.out = append(x.out, '}', envelopeEnd)
	return x.flush(0)
}

// piece writes a part of the document, in time.
func (x *personExport) piece(appendTo func([]byte) []byte) error {
	if time.Now().After(x.deadline) {
		return errExportLate
	}
	x.out = appendTo(x.out)
	return x.flush(maxKeptReply)
}

// flush writes what there is, if it is that much.
func (x *personExport) flush(least int) error {
	if len(x.out) < least {
		return nil
	}
	err := x.write(x.out)
	x.out = x.out[:0]
	return err
}

// pageFrom is the days that are read at a time.
func pageFrom(begin competition.Day) competition.Span {
	return competition.Span{From: begin, To: competition.MaxDay, Limit: maxDays}
}

func (x *personExport) lifetimeDays() error {
	page := x.lifetime.Stats(x.userID, competition.Span{To: competition.MaxDay, Limit: maxDays})
	whole := page
	x.rows += page.Rows
	if err := x.piece(func(dst []byte) []byte { return appendItems(appendStatsHead(dst, &whole), page.Days, appendDay) }); err != nil {
		return err
	}
	for page.Next != 0 {
		page = x.lifetime.Stats(x.userID, pageFrom(page.Next))
		if err := x.piece(func(dst []byte) []byte { return appendItems(append(dst, ','), page.Days, appendDay) }); err != nil {
			return err
		}
	}
	return x.piece(func(dst []byte) []byte { return append(appendStatsTail(dst, &whole), '}') })
}

func (x *personExport) competitions(item func(func([]byte) []byte) error) error {
	for after := ""; ; {
		ids, err := x.engine.Ties(x.userID, after, exportPage)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := x.competition(id, item); err != nil {
				return err
			}
			after = id
		}
		if len(ids) < exportPage {
			return nil
		}
	}
}

// competition writes a person's part in a competition: first the statistics' days,
// then those of the explanation.
func (x *personExport) competition(id string, item func(func([]byte) []byte) error) error {
	read := func(begin competition.Day) (competition.Person, error) {
		p, err := x.engine.Person(id, x.userID, pageFrom(begin))
		x.rows += rowsOfUnit + p.Stats.Rows
		return p, err
	}
	whole, err := read(competition.MinDay)
	if err != nil {
		return err
	}
	err = item(func(dst []byte) []byte {
		return appendItems(appendStatsHead(appendPersonHead(dst, &whole), &whole.Stats), whole.Stats.Days, appendDay)
	})
	if err != nil {
		return err
	}
	for next := whole.Stats.Next; next != 0; {
		p, err := read(next)
		if err != nil {
			return err
		}
		if err := x.piece(func(dst []byte) []byte { return appendItems(append(dst, ','), p.Stats.Days, appendDay) }); err != nil {
			return err
		}
		next = p.Stats.Next
	}
	err = x.piece(func(dst []byte) []byte { return append(appendStatsTail(dst, &whole.Stats), '}') })
	if err != nil || whole.Explanation == nil {
		return errors.Join(err, x.piece(func(dst []byte) []byte { return append(dst, '}') }))
	}
	err = x.piece(func(dst []byte) []byte {
		return appendItems(appendExplanationHead(append(dst, `,"explanation":`...), whole.Explanation), whole.Explanation.Days, appendExplainedDay)
	})
	if err != nil {
		return err
	}
	for next := whole.Explanation.Next; next != 0; {
		p, err := read(next)
		if err == nil && p.Explanation == nil {
			err = competition.ErrNotEnrolled // the person was erased meanwhile
		}
		if err != nil {
			return err
		}
		if err := x.piece(func(dst []byte) []byte { return appendItems(append(dst, ','), p.Explanation.Days, appendExplainedDay) }); err != nil {
			return err
		}
		next = p.Explanation.Next
	}
	return x.piece(func(dst []byte) []byte { return append(appendExplanationTail(dst, whole.Explanation), `}}`...) })
}

// appendPersonHead writes a person's part in a competition as far as the statistics.
func appendPersonHead(dst []byte, p *competition.Person) []byte {
	decimals, _ := competition.CurrencyDecimals(p.Competition.Definition.Currency)
	dst = appendSummary(append(dst, `{"competition":`...), &p.Competition)
	dst = textField(dst, `,"user_name":`, p.UserName)
	dst = boolField(dst, `,"takes_part":`, p.Present)
	dst = boolField(dst, `,"created_it":`, p.Creator)
	dst = minorField(dst, `,"paid":`, p.PaidMinor, decimals)
	return append(dst, `,"stats":`...)
}

func (x *personExport) transactions(item func(func([]byte) []byte) error) error {
	return eachPage(func(behind competition.LedgerPlace) ([]competition.UserTransaction, competition.LedgerPlace, error) {
		return x.engine.TransactionsOf(x.userID, behind, decode.MaxLimit)
	}, appendTransaction, item)
}

func (x *personExport) prizes(item func(func([]byte) []byte) error) error {
	return eachPage(func(behind competition.LedgerPlace) ([]competition.Prize, competition.LedgerPlace, error) {
		return x.engine.PrizesOf(x.userID, behind, decode.MaxLimit)
	}, appendPrize, item)
}

func (x *personExport) invitations(item func(func([]byte) []byte) error) error {
	var behind competition.InvitationPlace
	for {
		page, next, err := x.engine.InvitationsTo(x.userID, behind, decode.MaxLimit)
		if err != nil {
			return err
		}
		for i := range page {
			if err := item(func(dst []byte) []byte { return appendInvitation(dst, &page[i].Invitation) }); err != nil {
				return err
			}
		}
		if next == (competition.InvitationPlace{}) {
			return nil
		}
		behind = next
	}
}

// eachPage visits all of a user's transactions, or prizes.
func eachPage[T any](read func(behind competition.LedgerPlace) ([]T, competition.LedgerPlace, error), appendOne func([]byte, *T) []byte, item func(func([]byte) []byte) error) error {
	var behind competition.LedgerPlace
	for {
		page, next, err := read(behind)
		if err != nil {
			return err
		}
		for i := range page {
			if err := item(func(dst []byte) []byte { return appendOne(dst, &page[i]) }); err != nil {
				return err
			}
		}
		if next == (competition.LedgerPlace{}) {
			return nil
		}
		behind = next
	}
}

// actions are what the person did as an operator, and what operators did to the
// person.
func (x *personExport) actions(item func(func([]byte) []byte) error) error {
	for before := uint64(0); ; {
		entries, err := x.engine.AuditLogOf(x.userID, before, decode.MaxLimit)
		if err != nil {
			return err
		}
		for i := range entries {
			before = entries[i].Seq
			shown, err := json.Marshal(showEntry(&entries[i]))
			if err != nil {
				return err
			}
			if err := item(func(dst []byte) []byte { return append(dst, shown...) }); err != nil {
				return err
			}
		}
		if len(entries) < decode.MaxLimit {
			return nil
		}
	}
}
