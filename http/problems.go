package http

import (
	"errors"
	"log/slog"
	"strconv"

	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
)

// kind is a sort of problem (RFC 9457): what clients may rely on of it.
type kind struct {
	status     int
	code       string // stable machine word
	title      string
	retryAfter int // seconds; 0 when there is no point in asking again
}

// Problems of the request itself.
var (
	kindBadRequest     = &kind{400, "bad_request", "The request is not valid HTTP", 0}
	kindInvalidJSON    = &kind{400, "invalid_json", "The body is not valid JSON", 0}
	kindInvalidRequest = &kind{400, "invalid_request", "The request has fields that cannot be accepted", 0}
	kindMissingToken   = &kind{401, "missing_token", "The request needs a token", 0}
	kindInvalidToken   = &kind{401, "invalid_token", "The token is not valid", 0}
	kindExpiredToken   = &kind{401, "token_expired", "The token has expired", 0}
	kindForbidden      = &kind{403, "forbidden", "The caller may not do this", 0}
	kindNotFound       = &kind{404, "not_found", "There is nothing at this address", 0}
	kindMethod         = &kind{405, "method_not_allowed", "The method does not fit this address", 0}
	kindTimeout        = &kind{408, "request_timeout", "The request took too long to arrive", 0}
	kindTooLarge       = &kind{413, "body_too_large", "The body is too large", 0}
	kindEncoding       = &kind{415, "unsupported_encoding", "Encoded bodies are not taken", 0}
	kindMediaType      = &kind{415, "unsupported_media_type", "The body must be application/json", 0}
	kindUpgrade        = &kind{426, "upgrade_required", "The address speaks WebSocket", 0}
	kindTooMany        = &kind{429, "rate_limited", "There are too many requests", 1}
	kindHeaders        = &kind{431, "headers_too_large", "The header fields are too large", 0}
)

// Problems that the engine finds.
var (
	kindUnknownCompetition = &kind{404, "unknown_competition", "There is no such competition", 0}
	kindNotOnBoard         = &kind{404, "not_enrolled", "The user does not take part", 0}
	kindNotEnrolled        = &kind{409, "not_enrolled", "The user does not take part", 0}
	kindNotStarted         = &kind{409, "competition_not_started", "The competition has not started", 0}
	kindClosed             = &kind{409, "competition_closed", "The competition is closed", 0}
	kindFull               = &kind{409, "competition_full", "The competition is full", 0}
	kindExists             = &kind{409, "competition_exists", "The id is taken", 0}
	kindTooManyKeys        = &kind{409, "too_many_api_keys", "There are too many API keys", 0}
	kindStarted            = &kind{409, "competition_started", "The competition has started", 0}
	kindFeesPaid           = &kind{409, "fees_paid", "Entry fees are paid in already", 0}
	kindNotFinal           = &kind{409, "not_final", "The standings are not final", 0}
	kindNoPrizePool        = &kind{409, "no_prize_pool", "There is no prize pool", 0}
	kindTooManyWinners     = &kind{409, "too_many_winners", "There are too many winners", 0}
	kindUnknownPrize       = &kind{404, "unknown_prize", "There is no such prize", 0}
	kindPrizeDecided       = &kind{409, "prize_decided", "The prize is not pending any more", 0}
	kindPrizePending       = &kind{409, "prize_pending", "A prize is still to be paid", 0}
	kindOutsideWindow      = &kind{422, "outside_window", "The day is outside the competition", 0}
	kindFutureDate         = &kind{422, "future_date", "The day has not begun", 0}
	kindImplausible        = &kind{422, "implausible", "The totals are not plausible", 0}
	kindTooManySources     = &kind{422, "too_many_sources", "The day has too many sources", 0}
	kindInternal           = &kind{500, "internal", "The server failed", 0}
	kindOverloaded         = &kind{503, "overloaded", "The server is overloaded", 1}
	kindUnavailable        = &kind{503, "unavailable", "The store cannot be reached", 1}
	kindDamaged            = &kind{503, "competition_damaged", "The competition needs its operator", 60}
	kindNotReady           = &kind{503, "not_ready", "The server is not ready", 1}
)

// kinds are all of them, in the order in which the documentation lists them.
var kinds = []*kind{
	kindBadRequest, kindInvalidJSON, kindInvalidRequest,
	kindMissingToken, kindInvalidToken, kindExpiredToken, kindForbidden,
	kindNotFound, kindUnknownCompetition, kindUnknownPrize, kindNotOnBoard, kindMethod, kindTimeout,
	kindNotEnrolled, kindNotStarted, kindClosed, kindFull, kindExists, kindTooManyKeys, kindStarted,
	kindFeesPaid, kindNotFinal, kindNoPrizePool, kindTooManyWinners, kindPrizeDecided, kindPrizePending,
	kindTooLarge, kindEncoding, kindMediaType,
	kindOutsideWindow, kindFutureDate, kindImplausible, kindTooManySources, kindUpgrade, kindTooMany, kindHeaders,
	kindInternal, kindOverloaded, kindUnavailable, kindDamaged, kindNotReady,
}

// kindOf maps the core's errors; their own texts are the details.
var kindOf = []struct {
	err  error
	kind *kind
}{
	{competition.ErrForbidden, kindForbidden},
	{competition.ErrUnknownCompetition, kindUnknownCompetition},
	{competition.ErrNotEnrolled, kindNotEnrolled},
	{competition.ErrNotStarted, kindNotStarted},
	{competition.ErrClosed, kindClosed},
	{competition.ErrFull, kindFull},
	{competition.ErrExists, kindExists},
	{competition.ErrStarted, kindStarted},
	{competition.ErrFeesPaid, kindFeesPaid},
	{competition.ErrNotFinal, kindNotFinal},
	{competition.ErrNoPrizePool, kindNoPrizePool},
	{competition.ErrTooManyWinners, kindTooManyWinners},
	{competition.ErrUnknownPrize, kindUnknownPrize},
	{competition.ErrPrizeDecided, kindPrizeDecided},
	{competition.ErrPrizePending, kindPrizePending},
	{competition.ErrOutsideWindow, kindOutsideWindow},
	{competition.ErrFutureDate, kindFutureDate},
	{competition.ErrImplausible, kindImplausible},
	{competition.ErrTooManySources, kindTooManySources},
	{competition.ErrOverloaded, kindOverloaded},
	{competition.ErrUnavailable, kindUnavailable},
	{competition.ErrConflict, kindUnavailable},
	{competition.ErrCorrupt, kindDamaged},
}

// problem is one refusal.
type problem struct {
	kind   *kind
	detail string
	fields []competition.FieldError // every bad field of an invalid request
}

func (p *problem) Error() string { return p.kind.code + ": " + p.detail }

// with is a problem of this kind.
func (k *kind) with(detail string) *problem { return &problem{kind: k, detail: detail} }

// listing is a problem of this kind that names every bad field.
func (k *kind) listing(fields []competition.FieldError) *problem {
	detail := fields[0].Error()
	if more := len(fields) - 1; more > 0 {
		detail += " (and " + strconv.Itoa(more) + " more)"
	}
	return &problem{kind: k, detail: detail, fields: fields}
}

// problemOf is what a client hears of an error. known is false for an error
// that is the server's own fault: its text is for the log.
func problemOf(err error) (p *problem, known bool) {
	if errors.As(err, &p) {
		return p, true
	}
	var invalid *competition.InvalidError
	if errors.As(err, &invalid) && len(invalid.Fields) > 0 {
		return kindInvalidRequest.listing(invalid.Fields), true
	}
	for i := range kindOf {
		if errors.Is(err, kindOf[i].err) {
			return kindOf[i].kind.with(kindOf[i].err.Error()), true
		}
	}
	return kindInternal.with("something failed inside the server; please report the request id"), false
}

// onReading is err as a read gives it: who does not take part is not found.
func onReading(err error) error {
	if errors.Is(err, competition.ErrNotEnrolled) {
		return kindNotOnBoard.with(competition.ErrNotEnrolled.Error())
	}
	return err
}

// refuse answers with the problem that err is.
func (s *Server) refuse(ctx *fasthttp.RequestCtx, err error) {
	p, known := problemOf(err)
	id := ctx.Response.Header.PeekCanonical(headerRequestID)
	if !known {
		s.log.LogAttrs(ctx, slog.LevelError, "request failed", slog.String("request_id", string(id)), slog.Any("error", err))
	}
	header := &ctx.Response.Header
	ctx.SetStatusCode(p.kind.status)
	header.SetContentType("application/problem+json")
	header.SetCanonical(headerCacheControl, valueNoStore)
	header.DelBytes(headerETag)
	if p.kind.status == fasthttp.StatusUnauthorized {
		challenge := `Bearer realm="paceboard"`
		if p.kind != kindMissingToken {
			challenge += `, error="invalid_token"` // RFC 6750, section 3.1
		}
		header.Set("WWW-Authenticate", challenge)
	}
	if p.kind.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(p.kind.retryAfter))
	}
	body := appendProblem(nil, p)
	if !known {
		body = append(body[:len(body)-1], `,"request_id":`...)
		body = append(appendString(body, string(id)), '}')
	}
	ctx.Response.SetBodyRaw(body)
}

// appendProblem writes the problem object.
func appendProblem(dst []byte, p *problem) []byte {
	dst = append(dst, `{"type":"/docs#`...)
	dst = append(dst, p.kind.anchor()...)
	dst = append(dst, `","title":`...)
	dst = appendString(dst, p.kind.title)
	dst = append(dst, `,"status":`...)
	dst = strconv.AppendInt(dst, int64(p.kind.status), 10)
	dst = append(dst, `,"detail":`...)
	dst = appendString(dst, p.detail)
	dst = append(dst, `,"success":false,"code":"`...)
	dst = append(append(dst, p.kind.code...), '"')
	for i, field := range p.fields {
		if i == 0 {
			dst = append(dst, `,"errors":[`...)
		} else {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"field":`...)
		dst = appendString(dst, field.Field)
		dst = append(dst, `,"detail":`...)
		dst = append(appendString(dst, field.Detail), '}')
	}
	if len(p.fields) > 0 {
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

// anchor is where /docs explains the kind.
func (k *kind) anchor() string { return "problem-" + k.code }
