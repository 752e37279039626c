package http

import (
	"cmp"
	"errors"
	"strconv"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// kind is a kind of problem (RFC 9457), on which clients may rely.
type kind struct {
	status     int
	code       string // a stable word for programs
	title      string
	retryAfter int     // seconds; 0 when there is no point in asking again
	errs       []error // of the core and of auth, that become this; their texts are the details
}

// The problems, each in one row: status, code, title, seconds until a retry makes
// sense, and the errors that it stands for. The rows stand in the order in
// which the documentation lists them.
//
//nolint:unused // A row that only stands for errors of the core is used by the table.
var (
	kindBadRequest         = problemKind(400, "bad_request", "The request is not valid HTTP", 0)
	kindInvalidJSON        = problemKind(400, "invalid_json", "The body is not valid JSON", 0)
	kindInvalidRequest     = problemKind(400, "invalid_request", "The request has fields that cannot be accepted", 0)
	kindMissingToken       = problemKind(401, "missing_token", "The request needs a token", 0, auth.ErrMissing)
	kindInvalidToken       = problemKind(401, "invalid_token", "The token is not valid", 0, auth.ErrInvalid)
	kindExpiredToken       = problemKind(401, "token_expired", "The token has expired", 0, auth.ErrExpired)
	kindForbidden          = problemKind(403, "forbidden", "The caller is not allowed to do this", 0, competition.ErrForbidden)
	kindInvitationRequired = problemKind(403, "invitation_required", "An invitation is required", 0, competition.ErrInvitationRequired)
	kindNotFound           = problemKind(404, "not_found", "There is nothing at this address", 0)
	kindUnknownCompetition = problemKind(404, "unknown_competition", "There is no such competition", 0, competition.ErrUnknownCompetition)
	kindUnknownInvitation  = problemKind(404, "unknown_invitation", "There is no such invitation", 0, competition.ErrUnknownInvitation)
	kindUnknownCode        = problemKind(404, "unknown_code", "There is no such join code", 0, competition.ErrUnknownCode)
	kindUnknownBoardLink   = problemKind(404, "unknown_board_link", "There is no such board link", 0, competition.ErrUnknownBoardLink)
	kindUnknownPrize       = problemKind(404, "unknown_prize", "There is no such prize", 0, competition.ErrUnknownPrize)
	kindUnknownWebhook     = problemKind(404, "unknown_webhook", "There is no such webhook", 0, competition.ErrUnknownWebhook)
	kindNotOnBoard         = problemKind(404, "not_enrolled", "The user does not take part", 0)
	kindMethod             = problemKind(405, "method_not_allowed", "The address does not support this method", 0)
	kindTimeout            = problemKind(408, "request_timeout", "The request took too long to arrive", 0)
	kindNotEnrolled        = problemKind(409, "not_enrolled", "The user does not take part", 0, competition.ErrNotEnrolled)
	kindNotStarted         = problemKind(409, "competition_not_started", "The competition has not started", 0, competition.ErrNotStarted)
	kindClosed             = problemKind(409, "competition_closed", "The competition is closed", 0, competition.ErrClosed)
	kindFull               = problemKind(409, "competition_full", "The competition is full", 0, competition.ErrFull)
	kindTooManyJoined      = problemKind(409, "too_many_competitions", "The user has too many open competitions", 0, competition.ErrTooManyCompetitions)
	kindExists             = problemKind(409, "competition_exists", "The id is taken", 0, competition.ErrExists)
	kindInvitationDecided  = problemKind(409, "invitation_decided", "The invitation was already answered", 0, competition.ErrInvitationDecided)
	kindTooManyInvitations = problemKind(409, "too_many_invitations", "There are too many invitations", 0, competition.ErrTooManyInvitations)
	kindTooManyBoardLinks  = problemKind(409, "too_many_board_links", "There are too many board links", 0, competition.ErrTooManyBoardLinks)
	kindPrivateNames       = problemKind(409, "private_names", "The names of a private competition are not shown by links", 0, competition.ErrPrivateNames)
	kindTooManyKeys        = problemKind(409, "too_many_api_keys", "There are too many API keys", 0)
	kindTooManyWebhooks    = problemKind(409, "too_many_webhooks", "There are too many webhooks", 0, competition.ErrTooManyWebhooks)
	kindStarted            = problemKind(409, "competition_started", "The competition has started", 0, competition.ErrStarted)
	kindJoined             = problemKind(409, "competition_joined", "Somebody joined without an entry fee", 0, competition.ErrJoined)
	kindFeesPaid           = problemKind(409, "fees_paid", "Entry fees were already paid", 0, competition.ErrFeesPaid)
	kindNotFinal           = problemKind(409, "not_final", "The standings are not final", 0, competition.ErrNotFinal)
	kindNoPrizePool        = problemKind(409, "no_prize_pool", "There is no prize pool", 0, competition.ErrNoPrizePool)
	kindTooManyWinners     = problemKind(409, "too_many_winners", "There are too many winners", 0, competition.ErrTooManyWinners)
	kindPrizeDecided       = problemKind(409, "prize_decided", "The prize is no longer pending", 0, competition.ErrPrizeDecided)
	kindPrizePending       = problemKind(409, "prize_pending", "A prize has not been paid yet", 0, competition.ErrPrizePending)
	kindEventsRemoved      = problemKind(410, "events_removed", "The events are gone", 0, competition.ErrEventsRemoved)
	kindEventsReplaced     = problemKind(410, "events_replaced", "The place in the feed is gone", 0, competition.ErrEventsReplaced)
	kindTooLarge           = problemKind(413, "body_too_large", "The body is too large", 0)
	kindEncoding           = problemKind(415, "unsupported_encoding", "Encoded bodies are not supported", 0)
	kindMediaType          = problemKind(415, "unsupported_media_type", "The body must be application/json", 0)
	kindOutsideWindow      = problemKind(422, "outside_window", "The day is outside the competition", 0, competition.ErrOutsideWindow)
	kindFutureDate         = problemKind(422, "future_date", "The day has not begun", 0, competition.ErrFutureDate)
	kindRecordedInFuture   = problemKind(422, "recorded_in_future", "The reading is from the future", 0, competition.ErrRecordedInFuture)
	kindImplausible        = problemKind(422, "implausible", "The totals are not plausible", 0, competition.ErrImplausible)
	kindTooManySources     = problemKind(422, "too_many_sources", "The day has too many sources", 0, competition.ErrTooManySources)
	kindTooMuch            = problemKind(422, "too_much_at_once", "The request is too large for the rate limit", 0)
	kindUpgrade            = problemKind(426, "upgrade_required", "The address requires WebSocket", 0)
	kindTooMany            = problemKind(429, "rate_limited", "There are too many requests", 1)
	kindTooOften           = problemKind(429, "too_many_tries", "There were too many within the last hour", 600, competition.ErrInvitingTooFast, competition.ErrTooManyTries)
	kindJournalBudget      = problemKind(429, "journal_budget", "The user has changed too much within a day", 60*60, competition.ErrJournalBudget)
	kindTooManySockets     = problemKind(429, "too_many_sockets", "Too many live connections", 10)
	kindHeaders            = problemKind(431, "headers_too_large", "The header fields are too large", 0)
	kindInternal           = problemKind(500, "internal", "The server failed", 0)
	kindOverloaded         = problemKind(503, "overloaded", "The server is overloaded", 1, competition.ErrOverloaded)
	kindDeploying          = problemKind(503, "deploy_in_progress", "A deploy is under way", 10, competition.ErrDeploying)
	kindUnavailable        = problemKind(503, "unavailable", "The store cannot be reached", 1, competition.ErrNotDelivered, competition.ErrNotOwner, competition.ErrUnavailable, competition.ErrConflict)
	kindDamaged            = problemKind(503, "competition_damaged", "The competition is damaged", 60, competition.ErrCorrupt)
	kindSignIn             = problemKind(503, "sign_in_unavailable", "Tokens cannot be checked now", 1, auth.ErrUnavailable)
	kindReadOnly           = problemKind(503, "read_only", "The server takes no changes for now", 60)
	kindNotReady           = problemKind(503, "not_ready", "The server is not ready", 1)
)

// kinds are all rows, in their order.
var kinds []*kind

func problemKind(status int, code, title string, retryAfter int, errs ...error) *kind {
	k := &kind{status, code, title, retryAfter, errs}
	kinds = append(kinds, k)
	return k
}

// problem is one refusal.
type problem struct {
	kind   *kind
	detail string
	fields []competition.FieldError // every bad field of an invalid request

	refusals []competition.JoinedReply // of other competitions, all of which refused

	retryAfter int // seconds; 0 for the kind's

	limit limit // that was reached, where the kind does not say which
}

// retry returns after how many seconds a retry makes sense; 0 for never.
func (p *problem) retry() int { return cmp.Or(max(p.retryAfter, 0), p.kind.retryAfter) }

func (p *problem) Error() string { return p.kind.code + ": " + p.detail }

// with returns a problem of this kind.
func (k *kind) with(detail string) *problem { return &problem{kind: k, detail: detail} }

// listing returns a problem of this kind that names every bad field.
func (k *kind) listing(fields []competition.FieldError) *problem {
	detail := fields[0].Error()
	if more := len(fields) - 1; more > 0 {
		detail += " (and " + strconv.Itoa(more) + " more)"
	}
	return &problem{kind: k, detail: detail, fields: fields}
}

// problemOf returns the problem that a client is told for an error. known is false for
// an error that is the server's own fault: its text is for the log alone.
func problemOf(err error) (p *problem, known bool) {
	if errors.As(err, &p) {
		return p, true
	}
	if syntax, ok := errors.AsType[decode.SyntaxError](err); ok {
		return kindInvalidJSON.with(string(syntax)), true
	}
	var invalid *competition.InvalidError
	if errors.As(err, &invalid) && len(invalid.Fields) > 0 {
		return kindInvalidRequest.listing(invalid.Fields), true
	}
	for _, k := range kinds {
		for _, known := range k.errs {
			if !errors.Is(err, known) {
				continue
			}
			p = k.with(known.Error())
			if known == competition.ErrNotOwner { //nolint:errorlint // of the table's own; whoever owns it, the client has asked for it here
				p.detail = "the process that owns the competition cannot be asked now"
			}
			if everywhere, ok := errors.AsType[*competition.RefusedEverywhereError](err); ok {
				p.refusals = everywhere.Others
			}
			if spent, ok := errors.AsType[*competition.JournalBudgetError](err); ok {
				p = p.after(spent.RetryAfter.Seconds())
			}
			if removed, ok := errors.AsType[*competition.EventsRemovedError](err); ok {
				p.detail = removed.Error()
			}
			if refused, ok := errors.AsType[*auth.RefusalError](err); ok {
				p.detail, p.retryAfter = refused.Detail, refused.RetryAfter
			}
			return p, true
		}
	}
	return kindInternal.with("something failed inside the server; please report the request id"), false
}

// onReading returns err, except that for reads a user who does not take part is not
// found.
func onReading(err error) error {
	if errors.Is(err, competition.ErrNotEnrolled) {
		return kindNotOnBoard.with(competition.ErrNotEnrolled.Error())
	}
	return err
}

func appendProblem(dst []byte, p *problem) []byte {
	dst = append(append(append(dst, `{"type":"/docs#`...), p.kind.anchor()...), '"')
	dst = textField(dst, `,"title":`, p.kind.title)
	dst = intField(dst, `,"status":`, p.kind.status)
	dst = textField(dst, `,"detail":`, p.detail)
	dst = textField(dst, `,"success":false,"message":`, p.detail) // for clients that look there, as they do in successes
	dst = wordField(dst, `,"code":"`, p.kind.code)
	if len(p.fields) > 0 {
		dst = listField(dst, `,"errors":`, p.fields, func(dst []byte, f *competition.FieldError) []byte {
			return append(textField(textField(dst, `{"field":`, f.Field), `,"detail":`, f.Detail), '}')
		})
	}
	if len(p.refusals) > 0 {
		dst = listField(dst, `,"refusals":`, p.refusals, appendRefusal)
	}
	return append(dst, '}')
}

// appendRefusal writes the problem of one of the competitions that a sync went to.
func appendRefusal(dst []byte, r *competition.JoinedReply) []byte {
	p, _ := problemOf(r.Err)
	dst = appendProblem(dst, p)
	return append(wordField(dst[:len(dst)-1], `,"competition_id":"`, r.CompetitionID), '}')
}

// anchor is the anchor in /docs that explains the kind.
func (k *kind) anchor() string { return "problem-" + k.code }

// after returns the problem with a time to retry.
func (p *problem) after(seconds float64) *problem {
	if seconds <= 1 {
		return p
	}
	later := *p
	later.retryAfter = int(seconds + 0.999)
	return &later
}
