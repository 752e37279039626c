package http

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// problemIn is a problem as clients read it.
type problemIn struct {
	Type, Title, Detail, Code string
	Status                    int
	Success                   *bool
	Errors                    []struct{ Field, Detail string }
	RequestID                 string `json:"request_id"`
}

func problemFrom(tb testing.TB, r response) problemIn {
	tb.Helper()
	var p problemIn
	require.NoError(tb, json.Unmarshal([]byte(r.body), &p), r.body)
	require.Equal(tb, "application/problem+json", r.get("Content-Type"))
	require.Equal(tb, r.status, p.Status)
	require.NotNil(tb, p.Success)
	require.False(tb, *p.Success)
	require.NotEmpty(tb, p.Title)
	require.NotEmpty(tb, p.Detail)
	require.Equal(tb, "/docs#problem-"+p.Code, p.Type)
	require.NotEmpty(tb, r.get("X-Request-Id"))
	return p
}

func TestEveryRefusal(t *testing.T) {
	const (
		sync    = "POST /api/v1/fitness/sync"
		batch   = "POST /api/v1/fitness/sync/batch"
		board   = "GET /api/v1/leaderboard/spring"
		stats   = "GET /api/v1/fitness/stats/u1"
		create  = "POST /api/v1/competitions"
		list    = "GET /api/v1/competitions"
		one     = "GET /api/v1/competitions/spring"
		edit    = "PATCH /api/v1/competitions/spring"
		cancel  = "DELETE /api/v1/competitions/spring"
		join    = "POST /api/v1/competitions/spring/join"
		invites = "POST " + invitationsPath
		leave   = "DELETE /api/v1/competitions/spring/join"
		people  = "GET /api/v1/competitions/spring/participants"

		calculate  = "POST /api/v1/prizes/calculate/spring"
		distribute = "POST /api/v1/prizes/distribute/spring"

		ofUser  = "GET /api/v1/users/u1/competitions"
		good    = `{"competition_id":"spring","steps":1,"date":"2026-05-01"}`
		window  = `"start_date":"2026-05-10T00:00:00Z","end_date":"2026-06-10T00:00:00Z"`
		creates = `{"name":"Spring",` + window + `}`
	)
	user, service, anonymous := bearer(authtest.User(t, "u1")), bearer(authtest.Service(t)), bearer(authtest.Anonymous(t))
	gzip := header{"Content-Encoding", "gzip"}
	big, bigBatch := strings.Repeat(" ", bodyLimit)+good, strings.Repeat(" ", batchBodyLimit)+`{"syncs":[]}`

	for _, c := range []struct {
		rule, request, body string
		headers             []header
		engine              error
		status              int
		code                string
		fields              string // the bad ones, by commas
	}{
		// The request itself, in the order in which refusals go.
		{"401 without a token, before anything else", sync, big, []header{gzip, {"Content-Type", "text/plain"}}, nil, 401, "missing_token", ""},
		{"401 with a bad token", sync, good, []header{bearer("x")}, nil, 401, "invalid_token", ""},
		{"401 under /api, where nothing is", "GET /api/v1/nothing", "", nil, nil, 401, "missing_token", ""},
		{"401 under /api, with a method that does not fit", "PUT /api/v1/competitions", "", nil, nil, 401, "missing_token", ""},
		{"415 for an encoded body, before its size", sync, big, []header{user, gzip}, nil, 415, "unsupported_encoding", ""},
		{"415 for an encoding even without a body", board, "", []header{user, {"Content-Encoding", "br"}}, nil, 415, "unsupported_encoding", ""},
		{"415 for an encoding on a public route", "GET /health", "", []header{{"Content-Encoding", "identity"}}, nil, 415, "unsupported_encoding", ""},
		{"415 for a form, before its size", sync, big, []header{user, {"Content-Type", "application/x-www-form-urlencoded"}}, nil, 415, "unsupported_media_type", ""},
		{"415 for a form with files", sync, good, []header{user, {"Content-Type", "multipart/form-data; boundary=x"}}, nil, 415, "unsupported_media_type", ""},
		{"415 for text", sync, good, []header{user, {"Content-Type", "text/plain;charset=UTF-8"}}, nil, 415, "unsupported_media_type", ""},
		{"415 for what only begins like JSON", sync, good, []header{user, {"Content-Type", "application/json5; charset=utf-8"}}, nil, 415, "unsupported_media_type", ""},
		{"413 beyond 16 KiB, before what is in it", sync, big + "{", []header{user}, nil, 413, "body_too_large", ""},
		{"413 for a competition beyond 16 KiB", create, strings.Repeat(" ", bodyLimit) + creates, []header{user}, nil, 413, "body_too_large", ""},
		{"413 for a batch beyond 1 MiB", batch, bigBatch, []header{user}, nil, 413, "body_too_large", ""},
		{"400 before 403: a bad sync of somebody else", sync, `{"user_id":"u2","competition_id":"spring","steps":-1,"date":"2026-05-01"}`, []header{user}, nil, 400, "invalid_request", "steps"},
		{"400 before 403: a bad sync of an anonymous user", sync, `{`, []header{anonymous}, nil, 400, "invalid_json", ""},
		{"400 before 404: a bad edit of what is not there", edit, `{"name":5}`, []header{user}, competition.ErrUnknownCompetition, 400, "invalid_request", "name"},
		{"400 before 403: a bad edit of what may not be seen", edit, `{"scoring":[]}`, []header{user}, competition.ErrForbidden, 400, "invalid_request", "scoring"},
		{"400 before 403: a bad edit of an anonymous user", edit, `{"entry_fee":"1"}`, []header{anonymous}, nil, 400, "invalid_request", "entry_fee"},
		{"400 before 403: a bad batch of an anonymous user", batch, `{}`, []header{anonymous}, nil, 400, "invalid_request", "syncs"},
		{"404 where nothing is", "GET /nothing", "", nil, nil, 404, "not_found", ""},
		{"404 where nothing is, with a token", "GET /api/v1/nothing", "", []header{user}, nil, 404, "not_found", ""},
		{"404 for an address in another case", "GET /API/V1/competitions", "", []header{user}, nil, 404, "not_found", ""},
		{"405 with a method that does not fit", "PUT /api/v1/competitions", "", []header{user}, nil, 405, "method_not_allowed", ""},
		{"405 on a public route", "POST /health", "", nil, nil, 405, "method_not_allowed", ""},
		{"405 with a method that is none", "BREW /api/v1/competitions", "", []header{user}, nil, 405, "method_not_allowed", ""},

		// Syncs.
		{"a body that is not JSON", sync, `{"steps":1,`, []header{user}, nil, 400, "invalid_json", ""},
		{"every bad field", sync, `{"steps":-1,"distance":"x"}`, []header{user}, nil, 400, "invalid_request", "steps,distance,date"},
		{"a service key must name whose day it is", sync, good, []header{service}, nil, 400, "invalid_request", "user_id"},
		{"another's day", sync, `{"user_id":"u2","competition_id":"spring","steps":1,"date":"2026-05-01"}`, []header{user}, nil, 403, "forbidden", ""},
		{"an anonymous user may only read", sync, good, []header{anonymous}, nil, 403, "forbidden", ""},
		{"no such competition", sync, good, []header{user}, competition.ErrUnknownCompetition, 404, "unknown_competition", ""},
		{"not enrolled", sync, good, []header{user}, competition.ErrNotEnrolled, 409, "not_enrolled", ""},
		{"not started", sync, good, []header{user}, competition.ErrNotStarted, 409, "competition_not_started", ""},
		{"closed", sync, good, []header{user}, competition.ErrClosed, 409, "competition_closed", ""},
		{"full", sync, good, []header{user}, competition.ErrFull, 409, "competition_full", ""},
		{"outside the window", sync, good, []header{user}, competition.ErrOutsideWindow, 422, "outside_window", ""},
		{"a day that has not begun", sync, good, []header{user}, competition.ErrFutureDate, 422, "future_date", ""},
		{"a reading from the future", sync, good, []header{user}, competition.ErrRecordedInFuture, 422, "recorded_in_future", ""},
		{"not plausible", sync, good, []header{user}, competition.ErrImplausible, 422, "implausible", ""},
		{"too many sources", sync, good, []header{user}, competition.ErrTooManySources, 422, "too_many_sources", ""},
		{"none of all competitions took it", sync, `{"steps":1,"date":"2026-05-01"}`, []header{user}, competition.ErrNotEnrolled, 409, "not_enrolled", ""},
		{"overloaded", sync, good, []header{user}, competition.ErrOverloaded, 503, "overloaded", ""},
		{"the store is away", sync, good, []header{user}, competition.ErrUnavailable, 503, "unavailable", ""},
		{"somebody else writes the competition", sync, good, []header{user}, competition.ErrConflict, 503, "unavailable", ""},
		{"a damaged competition", sync, good, []header{user}, &competition.CorruptError{CompetitionID: "spring", Seq: 5}, 503, "competition_damaged", ""},
		{"a fault of ours", sync, good, []header{user}, competition.ErrInternal, 500, "internal", ""},
		{"an error that nobody knows", sync, good, []header{user}, errors.New("pq: password=hunter2"), 500, "internal", ""},
		{"a wrapped error is what it wraps", sync, good, []header{user}, fmt.Errorf("deep inside: %w", competition.ErrClosed), 409, "competition_closed", ""},
		{"a batch that is not JSON", batch, `{"syncs":[{]}`, []header{user}, nil, 400, "invalid_json", ""},
		{"a batch without syncs", batch, `{}`, []header{user}, nil, 400, "invalid_request", "syncs"},
		{"a batch of 1001", batch, `{"syncs":[` + strings.Repeat("0,", 1000) + `0]}`, []header{user}, nil, 400, "invalid_request", "syncs"},
		{"a batch of an anonymous user", batch, `{"syncs":[]}`, []header{anonymous}, nil, 403, "forbidden", ""},

		// Prizes.
		{"400 before 403: a bad pool of who is no operator", distribute, `{"prize_pool":-1}`, []header{user}, nil, 400, "invalid_request", "prize_pool"},
		{"400 before 404: a bad pool of what is not there", calculate, `{"prize_pool":"x"}`, []header{service}, competition.ErrUnknownCompetition, 400, "invalid_request", "prize_pool"},
		{"a pool of which it is not known whether it has too many decimals", calculate, `{"prize_pool":1.0001}`, []header{service}, competition.ErrUnknownCompetition, 404, "unknown_competition", ""},
		{"prizes are for operators", distribute, "", []header{user}, nil, 403, "forbidden", ""},
		{"prizes before the end", distribute, "", []header{service}, competition.ErrNotFinal, 409, "not_final", ""},
		{"prizes of nothing", distribute, "", []header{service}, competition.ErrNoPrizePool, 409, "no_prize_pool", ""},
		{"prizes of a competition that was called off", distribute, "", []header{service}, competition.ErrClosed, 409, "competition_closed", ""},
		{"prizes for too many", distribute, "", []header{service}, competition.ErrTooManyWinners, 409, "too_many_winners", ""},
		{"a body that is not JSON, of a prize that failed", "POST /api/v1/prizes/spring.7/fail", `{`, []header{service}, nil, 400, "invalid_json", ""},
		{"a reason that is too long", "POST /api/v1/prizes/spring.7/fail", `{"reason":"` + strings.Repeat("x", 501) + `"}`, []header{service}, nil, 400, "invalid_request", "reason"},
		{"a reason with a control character", "POST /api/v1/prizes/spring.7/fail", `{"reason":"no\u0000account"}`, []header{service}, nil, 400, "invalid_request", "reason"},
		{"a reason that is blank", "POST /api/v1/prizes/spring.7/fail", `{"reason":" \u3000\u200b"}`, []header{service}, nil, 400, "invalid_request", "reason"},
		{"a blank reason of an exclusion", "POST /api/v1/competitions/spring/participants/u1/exclude", `{"reason":" "}`, []header{service}, nil, 400, "invalid_request", "reason"},
		{"an id that no prize can have", "POST /api/v1/prizes/spring/confirm", "", []header{service}, nil, 400, "invalid_request", "id"},
		{"a prize that is not there", "POST /api/v1/prizes/spring.7/confirm", "", []header{service}, competition.ErrUnknownPrize, 404, "unknown_prize", ""},
		{"a prize of which the other was said", "POST /api/v1/prizes/spring.7/fail", "", []header{service}, competition.ErrPrizeDecided, 409, "prize_decided", ""},
		{"another's prizes", "GET /api/v1/prizes/history/u2", "", []header{user}, nil, 403, "forbidden", ""},
		{"another's transactions", "GET /api/v1/users/u2/transactions", "", []header{user}, nil, 403, "forbidden", ""},
		{"a cursor of another list", "GET /api/v1/users/u1/transactions?cursor=" + decode.ParticipantCursor(3), "", []header{user}, nil, 400, "invalid_request", "cursor"},
		{"a fee after somebody joined", edit, `{"entry_fee":5,"currency":"EUR"}`, []header{user}, competition.ErrJoined, 409, "competition_joined", ""},
		{"another currency after fees were paid", edit, `{"currency":"EUR"}`, []header{user}, competition.ErrFeesPaid, 409, "fees_paid", ""},

		// Boards and statistics.
		{"limit and around", board + "?around=u1&limit=5", "", []header{user}, nil, 400, "invalid_request", "limit"},
		{"limit out of range", board + "?limit=1001&offset=-1", "", []header{user}, nil, 400, "invalid_request", "limit,offset"},
		{"an id that cannot be one", "GET /api/v1/leaderboard/a.b", "", []header{user}, nil, 400, "invalid_request", "competition_id"},
		{"an id with broken encoding", "GET /api/v1/leaderboard/a%2", "", []header{user}, nil, 400, "invalid_request", "competition_id"},
		{"an id of 65 letters", "GET /api/v1/leaderboard/" + strings.Repeat("a", 65), "", []header{user}, nil, 400, "invalid_request", "competition_id"},
		{"a board that is not there", board, "", []header{user}, competition.ErrUnknownCompetition, 404, "unknown_competition", ""},
		{"around a user who is not on the board", board + "?around=u9", "", []header{user}, competition.ErrNotEnrolled, 404, "not_enrolled", ""},
		{"a board whose store is away", board, "", []header{user}, competition.ErrUnavailable, 503, "unavailable", ""},
		{"statistics of bad days", stats + "?competition_id=spring&from=x&to=2026-02-30", "", []header{user}, nil, 400, "invalid_request", "from,to"},
		{"statistics that end before they begin", stats + "?competition_id=spring&from=2026-05-02&to=2026-05-01", "", []header{user}, nil, 400, "invalid_request", "from"},
		{"statistics of a competition that cannot be one", stats + "?competition_id=", "", []header{user}, nil, 400, "invalid_request", "competition_id"},
		{"another's statistics", "GET /api/v1/fitness/stats/u2?competition_id=spring", "", []header{user}, nil, 403, "forbidden", ""},
		{"another's lifetime statistics", "GET /api/v1/fitness/stats/u2", "", []header{user}, nil, 403, "forbidden", ""},
		{"another's lifetime statistics, 400 first", "GET /api/v1/fitness/stats/u2?from=x", "", []header{user}, nil, 400, "invalid_request", "from"},
		{"lifetime statistics without a token", stats, "", nil, nil, 401, "missing_token", ""},
		{"lifetime statistics by a service key of a user that cannot be one", "GET /api/v1/fitness/stats/a%20b", "", []header{service}, nil, 400, "invalid_request", "user_id"},
		{"lifetime statistics while the store is away", stats, "", []header{user}, competition.ErrUnavailable, 503, "unavailable", ""},
		{"lifetime statistics that rest on damaged records", stats, "", []header{user}, &competition.CorruptError{CompetitionID: "spring", Seq: 5}, 503, "competition_damaged", ""},
		{"statistics of a user that cannot be one", "GET /api/v1/fitness/stats/a%20b?competition_id=spring", "", []header{user}, nil, 400, "invalid_request", "user_id"},
		{"statistics of who never took part", stats + "?competition_id=spring", "", []header{user}, competition.ErrNotEnrolled, 404, "not_enrolled", ""},

		// Competitions.
		{"a competition without anything", create, `{}`, []header{user}, nil, 400, "invalid_request", "name,start_date,end_date"},
		{"a competition without a body", create, ``, []header{user}, nil, 400, "invalid_json", ""},
		{
			"every bad field of a competition", create,
			`{"id":"a b","name":"","description":5,"type":"daily","start_date":"2026-05-01","end_date":"x","entry_fee":-1,"prize_pool":"x","currency":"EURO","time_zone":"Mars/Base","scoring":{"steps":-1,"distance":0.0001},"prize_split":[50,"x"],"enrollment":"all","visibility":"none","max_participants":1.5,"daily_limits":{"steps":-1},"late_sync_hours":1000}`,
			[]header{user},
			nil, 400, "invalid_request",
			"description,start_date,end_date,max_participants,scoring.steps,scoring.distance,daily_limits.steps,prize_split[1],entry_fee,prize_pool,id,name,type,currency,time_zone,enrollment,visibility,late_sync_hours",
		},
		{"an end before the start", create, `{"name":"x","start_date":"2026-05-10T00:00:00Z","end_date":"2026-05-10T00:00:00Z"}`, []header{user}, nil, 400, "invalid_request", "end_date"},
		{"an end in the past, which the engine finds", create, creates, []header{user}, &competition.InvalidError{Fields: []competition.FieldError{{Field: "end_date", Detail: "must lie in the future"}}}, 400, "invalid_request", "end_date"},
		{"more decimals than the currency has", create, `{"name":"x","prize_pool":1.005,` + window + `}`, []header{user}, nil, 400, "invalid_request", "prize_pool"},
		{"decimals of a currency without any", create, `{"name":"x","currency":"JPY","prize_pool":1.5,` + window + `}`, []header{user}, nil, 400, "invalid_request", "prize_pool"},
		{"percentages that do not add up", create, `{"name":"x","prize_split":[50,49.999],` + window + `}`, []header{user}, nil, 400, "invalid_request", "prize_split"},
		{"percentages of four decimals", create, `{"name":"x","prize_split":[99.9999,0.0001],` + window + `}`, []header{user}, nil, 400, "invalid_request", "prize_split[0],prize_split[1]"},
		{"a split that is no list", create, `{"name":"x","prize_split":{},` + window + `}`, []header{user}, nil, 400, "invalid_request", "prize_split"},
		{"weights that are all 0", create, `{"name":"x","scoring":{},` + window + `}`, []header{user}, nil, 400, "invalid_request", "scoring"},
		{"a weight over 1000", create, `{"name":"x","scoring":{"steps":1000.001},` + window + `}`, []header{user}, nil, 400, "invalid_request", "scoring.steps"},
		{"limits that let scores grow beyond 2^53-1", create, `{"name":"x","scoring":{"steps":1000},"daily_limits":{"steps":1000000000},"start_date":"1970-01-01T00:00:00Z","end_date":"9999-01-01T00:00:00Z"}`, []header{user}, nil, 400, "invalid_request", "daily_limits"},
		{"money without an operator", create, creates, []header{user}, competition.ErrForbidden, 403, "forbidden", ""},
		{"an anonymous user makes nothing", create, creates, []header{anonymous}, nil, 403, "forbidden", ""},
		{"another competition has the id", create, creates, []header{user}, competition.ErrExists, 409, "competition_exists", ""},
		{"an unknown status", list + "?status=running", "", []header{user}, nil, 400, "invalid_request", "status"},
		{"a cursor of another list", list + "?cursor=" + decode.ParticipantCursor(5), "", []header{user}, nil, 400, "invalid_request", "cursor"},
		{"everything wrong with a list", list + "?status=&cursor=&limit=", "", []header{user}, nil, 400, "invalid_request", "status,cursor,limit"},
		{"no such competition to read", one, "", []header{user}, competition.ErrUnknownCompetition, 404, "unknown_competition", ""},
		{"an edit without a body", edit, "", []header{user}, nil, 400, "invalid_json", ""},
		{"an edit to what cannot be", edit, `{"end_date":"2026-05-10T12:00:00Z"}`, []header{user}, nil, 400, "invalid_request", "end_date"},
		{"an edit of the currency that forgets an amount", edit, `{"currency":"JPY"}`, []header{user}, nil, 400, "invalid_request", "prize_pool"},
		{"an edit by somebody else", edit, `{"name":"x"}`, []header{user}, competition.ErrForbidden, 403, "forbidden", ""},
		{"an edit of what is not there", edit, `{"name":"x"}`, []header{user}, competition.ErrUnknownCompetition, 404, "unknown_competition", ""},
		{"an edit by somebody who has edited without end", edit, `{"name":"x"}`, []header{user}, &competition.JournalBudgetError{RetryAfter: time.Hour}, 429, "journal_budget", ""},
		{"an edit after the start", edit, `{"name":"x"}`, []header{user}, competition.ErrStarted, 409, "competition_started", ""},
		{"a cancellation by somebody else", cancel, "", []header{user}, competition.ErrForbidden, 403, "forbidden", ""},
		{"a cancellation by an anonymous user", cancel, "", []header{anonymous}, nil, 403, "forbidden", ""},
		{"a cancellation after the start", cancel, "", []header{user}, competition.ErrStarted, 409, "competition_started", ""},
		{"a cancellation after settling", cancel, "", []header{user}, competition.ErrClosed, 409, "competition_closed", ""},
		{"a join with a body that is not JSON", join, "x", []header{user}, nil, 400, "invalid_json", ""},
		{"a join with a name of 101 characters", join, `{"user_name":"` + strings.Repeat("é", 101) + `"}`, []header{user}, nil, 400, "invalid_request", "user_name"},
		{"a join with a control character in the name", join, `{"user_name":"a\u0000"}`, []header{user}, nil, 400, "invalid_request", "user_name"},
		{"a join with everything wrong", join, `{"user_name":1,"user_id":" "}`, []header{user}, nil, 400, "invalid_request", "user_id,user_name"},
		{"a join by a service key that names nobody", join, "", []header{service}, nil, 400, "invalid_request", "user_id"},
		{"a join by invitation only", join, "", []header{user}, competition.ErrInvitationRequired, 403, "invitation_required", ""},
		{"a join of another user", join, `{"user_id":"u2"}`, []header{user}, nil, 403, "forbidden", ""},
		{"a join by an anonymous user", join, "", []header{anonymous}, nil, 403, "forbidden", ""},
		{"a join after the end", join, "", []header{user}, competition.ErrClosed, 409, "competition_closed", ""},
		{"a join of a full competition", join, "", []header{user}, competition.ErrFull, 409, "competition_full", ""},
		{"a join of what is not there", join, "", []header{user}, competition.ErrUnknownCompetition, 404, "unknown_competition", ""},
		{"inviting nobody", invites, `{}`, []header{user}, nil, 400, "invalid_request", "user_ids"},
		{"inviting and making a code", invites, `{"user_ids":["u2"],"code":{"uses":1}}`, []header{user}, nil, 400, "invalid_request", "user_ids"},
		{"inviting an empty list", invites, `{"user_ids":[]}`, []header{user}, nil, 400, "invalid_request", "user_ids"},
		{"inviting whoever cannot be one", invites, `{"user_ids":["u2","","u2",5,"erased-0123456789abcdef0123456789abcdef"]}`, []header{user}, nil, 400, "invalid_request", "user_ids[1],user_ids[2],user_ids[3],user_ids[4]"},
		{"a code without uses that has expired", invites, `{"code":{"expires_at":"2026-05-10T12:00:00Z"}}`, []header{user}, nil, 400, "invalid_request", "code.uses,code.expires_at"},
		{"a code of too many uses", invites, `{"code":{"uses":100001}}`, []header{user}, nil, 400, "invalid_request", "code.uses"},
		{"inviting whose id is reserved", invites, `{"user_ids":["pbk_1","key:k","service_role","anon","self","u2","~u"]}`, []header{user}, nil, 400, "invalid_request", "user_ids[0],user_ids[1],user_ids[2],user_ids[3],user_ids[4],user_ids[6]"},
		{"inviting to what another made", invites, `{"user_ids":["u2"]}`, []header{user}, competition.ErrForbidden, 403, "forbidden", ""},
		{"inviting to what is private", invites, `{"user_ids":["u2"]}`, []header{user}, competition.ErrUnknownCompetition, 404, "unknown_competition", ""},
		{"inviting after the end", invites, `{"user_ids":["u2"]}`, []header{user}, competition.ErrClosed, 409, "competition_closed", ""},
		{"inviting too many", invites, `{"user_ids":["u2"]}`, []header{user}, competition.ErrTooManyInvitations, 409, "too_many_invitations", ""},
		{"inviting too fast", invites, `{"user_ids":["u2"]}`, []header{user}, competition.ErrInvitingTooFast, 429, "too_many_tries", ""},
		{"withdrawing what was accepted", "DELETE " + invitationsPath + "/" + invitationID, "", []header{user}, competition.ErrInvitationDecided, 409, "invitation_decided", ""},
		{"withdrawing what cannot be one", "DELETE " + invitationsPath + "/x", "", []header{user}, nil, 404, "unknown_invitation", ""},
		{"another's invitations", "GET /api/v1/users/u2/invitations", "", []header{user}, nil, 403, "forbidden", ""},
		{"accepting what cannot be one", "POST /api/v1/invitations/x/accept", "", []header{user}, nil, 404, "unknown_invitation", ""},
		{"accepting another's", "POST /api/v1/invitations/" + invitationID + "/accept", "", []header{user}, competition.ErrUnknownInvitation, 404, "unknown_invitation", ""},
		{"accepting the creator's once there is money", "POST /api/v1/invitations/" + invitationID + "/accept", "", []header{user}, competition.ErrOperatorInvites, 403, "invitation_required", ""},
		{"the creator's code once there is money", "POST /api/v1/invitations/code", `{"code":"x"}`, []header{user}, competition.ErrOperatorInvites, 403, "invitation_required", ""},
		{"a join with the creator's code once there is money", join, `{"code":"x"}`, []header{user}, competition.ErrOperatorInvites, 403, "invitation_required", ""},
		{"declining as an anonymous user", "POST /api/v1/invitations/" + invitationID + "/decline", "", []header{anonymous}, nil, 403, "forbidden", ""},
		{"no code", "POST /api/v1/invitations/code", `{}`, []header{user}, nil, 400, "invalid_request", "code"},
		{"an unknown code", "POST /api/v1/invitations/code", `{"code":"x"}`, []header{user}, competition.ErrUnknownCode, 404, "unknown_code", ""},
		{"a preview of an unknown code", "POST /api/v1/invitations/code/preview", `{"code":"x"}`, []header{user}, competition.ErrUnknownCode, 404, "unknown_code", ""},
		{"a join with an unknown code", join, `{"code":"x"}`, []header{user}, competition.ErrUnknownCode, 404, "unknown_code", ""},
		{"too many codes", join, `{"code":"x"}`, []header{user}, competition.ErrTooManyTries, 429, "too_many_tries", ""},
		{"leaving what one is not in", leave, "", []header{user}, competition.ErrNotEnrolled, 409, "not_enrolled", ""},
		{"leaving after the end", leave, "", []header{user}, competition.ErrClosed, 409, "competition_closed", ""},
		{"taking off somebody who cannot be one", leave + "?user_id=", "", []header{user}, nil, 400, "invalid_request", "user_id"},
		{"a service key that takes off nobody", leave, "", []header{service}, nil, 400, "invalid_request", "user_id"},
		{"participants of what is not there", people, "", []header{user}, competition.ErrUnknownCompetition, 404, "unknown_competition", ""},
		{"participants after a bad cursor", people + "?cursor=x", "", []header{user}, nil, 400, "invalid_request", "cursor"},
		{"another's competitions", "GET /api/v1/users/u2/competitions", "", []header{user}, nil, 403, "forbidden", ""},
		{"another's competitions, 400 first", "GET /api/v1/users/u2/competitions?limit=0", "", []header{user}, nil, 400, "invalid_request", "limit"},
		{"competitions while the store is away", ofUser, "", []header{user}, competition.ErrUnavailable, 503, "unavailable", ""},

		// Operators.
		{"details without a token", "GET /health/detailed", "", nil, nil, 401, "missing_token", ""},
		{"details for an athlete", "GET /health/detailed", "", []header{user}, nil, 403, "forbidden", ""},
		{"no page where there is none", "GET /", "", nil, nil, 404, "not_found", ""},
	} {
		t.Run(c.rule, func(t *testing.T) {
			b := newBench(t)
			b.engine.err = c.engine
			method, target, _ := strings.Cut(c.request, " ")
			r := b.do(t, method, target, c.body, c.headers...)
			require.Equal(t, c.status, r.status, r.body)
			p := problemFrom(t, r)
			assert.Equal(t, c.code, p.Code)
			var fields []string
			for _, f := range p.Errors {
				fields = append(fields, f.Field)
				assert.NotEmpty(t, f.Detail)
			}
			assert.Equal(t, c.fields, strings.Join(fields, ","))
			if c.status == 503 {
				assert.NotEmpty(t, r.get("Retry-After"))
			}
			if c.status == 500 {
				assert.Equal(t, r.get("X-Request-Id"), p.RequestID)
				assert.NotContains(t, r.body, "hunter2")
			}
			if c.status == 405 {
				assert.NotEmpty(t, r.get("Allow"))
			}
			if c.engine == nil {
				for _, call := range b.engine.called() {
					assert.Equal(t, "Competition", call, "a refused request changes nothing")
				}
			}
		})
	}
}

func TestAnEmptyListOfTakersIsNotEnrolled(t *testing.T) {
	b := newBench(t)
	b.engine.joined = nil
	r := b.do(t, "POST", "/api/v1/fitness/sync", `{"steps":1,"date":"2026-05-01"}`, bearer(authtest.User(t, "u1")))
	assert.Equal(t, 409, r.status)
	assert.Equal(t, "not_enrolled", problemFrom(t, r).Code)
}

// TestTheJournalBudgetSaysWhenThereIsRoomAgain: the time is the user's own, and not
// that of the kind.
func TestTheJournalBudgetSaysWhenThereIsRoomAgain(t *testing.T) {
	sync := `{"competition_id":"spring","steps":1,"date":"2026-05-01"}`
	for _, c := range []struct {
		request, body string
		wait          time.Duration
		retryAfter    string
	}{
		{"POST /api/v1/fitness/sync", sync, 20*time.Hour + time.Millisecond, "72001"},
		{"POST /api/v1/fitness/sync", `{"steps":1,"date":"2026-05-01"}`, 7 * time.Hour, "25200"},
		{"PATCH /api/v1/competitions/spring", `{"name":"x"}`, 90 * time.Minute, "5400"},
		{"POST /api/v1/competitions/spring/join", `{}`, time.Hour, "3600"},
	} {
		b := newBench(t)
		b.engine.err = &competition.JournalBudgetError{RetryAfter: c.wait}
		method, target, _ := strings.Cut(c.request, " ")
		r := b.do(t, method, target, c.body, bearer(authtest.User(t, "u1")))
		assert.Equal(t, 429, r.status, c.request)
		assert.Equal(t, "journal_budget", problemFrom(t, r).Code)
		assert.Equal(t, c.retryAfter, r.get("Retry-After"), c.request)
	}
}

func TestReadinessTellsWhyNot(t *testing.T) {
	for detail, health := range map[string]competition.Health{
		"shutting down": {Ready: true, Draining: true},
		"recovering":    {},
	} {
		b := newBench(t)
		b.engine.health = &health
		r := b.do(t, "GET", "/health/ready", "")
		assert.Equal(t, 503, r.status)
		p := problemFrom(t, r)
		assert.Equal(t, "not_ready", p.Code)
		assert.Contains(t, p.Detail, detail)
		r = b.do(t, "GET", "/health", "")
		assert.Equal(t, 200, r.status)
		assert.Contains(t, r.body, `"status":"degraded"`)
	}
}
