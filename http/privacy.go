package http

import (
	"bufio"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/maypok86/otter/v2"
	"github.com/valyala/fasthttp"
	"golang.org/x/time/rate"

	"github.com/paceboard/paceboard/competition"
)

// eraseUser has everything forget a person. The answer names nobody, so that
// nothing leads from the person to what is kept.
func (s *Server) eraseUser(c *call) error {
	engine, userID, err := s.readPerson(c)
	if err != nil {
		return err
	}
	if err := s.erasures.take(userID, s.now()); err != nil {
		return err
	}
	done, err := engine.EraseUser(userID)
	if err != nil {
		return err
	}
	out := append(append(c.out[:0], envelope...), `{"erased":true,"competitions":`...)
	out = strconv.AppendInt(out, int64(done.Competitions), 10)
	out = append(out, `,"transactions_kept":`...)
	out = strconv.AppendInt(out, int64(done.Transactions), 10)
	out = appendTimeField(out, `,"kept_until":`, done.KeptUntil)
	for i, id := range done.KeptIn {
		if i == 0 {
			out = append(out, `,"kept_in":[`...)
		} else {
			out = append(out, ',')
		}
		out = appendString(out, id)
	}
	if len(done.KeptIn) > 0 {
		out = append(out, ']')
	}
	out = append(out, '}', envelopeEnd)
	c.out = out
	c.Response.Header.SetCanonical(headerCacheControl, valueNoStore)
	c.reply(fasthttp.StatusOK, c.out)
	return nil
}

// An erasure writes many times what it removes, so that somebody who comes back
// and is erased again and again would wear the disk out.
const (
	erasureEvery = time.Minute
	erasureBurst = 10 // with which one that fails can be asked for again at once
)

// erasures holds the erasures of each user to a rate. Safe for concurrent use.
type erasures struct {
	buckets *otter.Cache[string, *rate.Limiter]
}

func newErasures() erasures {
	return erasures{otter.Must(&otter.Options[string, *rate.Limiter]{MaximumSize: maxRateKeys})}
}

// take takes one of a user's erasures.
func (e erasures) take(userID string, now time.Time) error {
	bucket, ok := e.buckets.GetIfPresent(userID)
	if !ok {
		bucket, _ = e.buckets.SetIfAbsent(userID, rate.NewLimiter(rate.Every(erasureEvery), erasureBurst))
	}
	if bucket.AllowN(now, 1) {
		return nil
	}
	refusal := kindTooMany.with("a user can be erased once a minute, and a few times more in between")
	refusal.retryAfter = int(erasureEvery.Seconds())
	return refusal
}

// exportUser gives a person everything that there is about them. A document that
// is large is written while it is read: what cannot be read any more then ends it
// early, so that it is no valid JSON.
func (s *Server) exportUser(c *call) error {
	engine, userID, err := s.readPerson(c)
	if err != nil {
		return err
	}
	x := &personExport{engine: engine, userID: userID, now: s.nowMillis()}
	if x.ties, err = engine.Ties(userID); err != nil {
		return err
	}
	if x.lifetime, err = engine.Lifetime(c.who.Caller, userID, competition.MinDay, competition.MaxDay); err != nil {
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
	conn := c.Conn()
	id := string(c.Response.Header.PeekCanonical(headerRequestID))
	c.SetBodyStreamWriter(func(w *bufio.Writer) {
		defer func() { s.survive(recover()) }()
		err := x.run(func(b []byte) error {
			_ = conn.SetWriteDeadline(time.Now().Add(writeDeadline)) // the server's is for whole responses
			_, err := w.Write(b)
			return err
		})
		if err != nil {
			s.log.Warn("an export ended early", slog.String("request_id", id), slog.Any("error", err))
		}
	})
}

// wholeExport is how large a document may be that is sent whole, in bytes.
const wholeExport = 1 << 20

var errLarge = errors.New("the export is large")

// personExport is an export under way.
type personExport struct {
	engine   Engine
	userID   string
	now      competition.Millis
	ties     []competition.Membership
	lifetime competition.Stats
	write    func([]byte) error
	out      []byte
}

// run writes the document.
func (x *personExport) run(write func([]byte) error) error {
	x.write = write
	x.out = append(append(x.out[:0], envelope...), `{"user_id":`...)
	x.out = appendString(x.out, x.userID)
	x.out = appendTimeField(x.out, `,"exported_at":`, x.now)
	x.out = appendStats(append(x.out, `,"lifetime":`...), &x.lifetime)
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
			x.out = appendTo(x.out)
			return x.flush(maxKeptReply)
		})
		if err != nil {
			return err
		}
		x.out = append(x.out, ']')
	}
	x.out = append(x.out, '}', envelopeEnd)
	return x.flush(0)
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

func (x *personExport) competitions(item func(func([]byte) []byte) error) error {
	for _, tie := range x.ties {
		p, err := x.engine.Person(tie.CompetitionID, x.userID)
		if err != nil {
			return err
		}
		if err := item(func(dst []byte) []byte { return appendPerson(dst, &p) }); err != nil {
			return err
		}
	}
	return nil
}

// appendPerson writes a person's part in a competition.
func appendPerson(dst []byte, p *competition.Person) []byte {
	decimals, _ := competition.CurrencyDecimals(p.Competition.Definition.Currency)
	dst = appendSummary(append(dst, `{"competition":`...), &p.Competition)
	dst = appendString(append(dst, `,"user_name":`...), p.UserName)
	dst = strconv.AppendBool(append(dst, `,"takes_part":`...), p.Present)
	dst = strconv.AppendBool(append(dst, `,"created_it":`...), p.Creator)
	dst = competition.AppendMinor(append(dst, `,"paid":`...), p.PaidMinor, decimals)
	dst = appendStats(append(dst, `,"stats":`...), &p.Stats)
	if p.Explanation != nil {
		dst = appendExplanation(append(dst, `,"explanation":`...), p.Explanation)
	}
	return append(dst, '}')
}

func (x *personExport) transactions(item func(func([]byte) []byte) error) error {
	return eachPage(func(behind competition.LedgerPlace) ([]competition.UserTransaction, competition.LedgerPlace, error) {
		return x.engine.TransactionsOf(x.userID, behind, maxLimit)
	}, appendTransaction, item)
}

func (x *personExport) prizes(item func(func([]byte) []byte) error) error {
	return eachPage(func(behind competition.LedgerPlace) ([]competition.Prize, competition.LedgerPlace, error) {
		return x.engine.PrizesOf(x.userID, behind, maxLimit)
	}, appendPrize, item)
}

func (x *personExport) invitations(item func(func([]byte) []byte) error) error {
	var behind competition.InvitationPlace
	for {
		page, next, err := x.engine.InvitationsTo(x.userID, behind, maxLimit)
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
		entries, err := x.engine.AuditLogOf(x.userID, before, maxLimit)
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
		if len(entries) < maxLimit {
			return nil
		}
	}
}
