package http

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
	"github.com/paceboard/paceboard/http/internal/decode"
)

const invitationsPath = "/api/v1/competitions/spring/invitations"

func TestInviting(t *testing.T) {
	b := newBench(t)
	user := bearer(authtest.User(t, "u1"))
	r := b.do(t, "POST", invitationsPath, `{"user_ids":["u2","nobody|known"]}`, user)
	require.Equal(t, 200, r.status, r.body)
	one := `{"id":"` + invitationID + `","competition_id":"spring","user_id":"u2","state":"open","created_at":"2026-05-10T12:00:00.000Z","expires_at":"2026-05-10T12:00:01.000Z"}`
	assert.JSONEq(t, `{"success":true,"data":{"invitations":[`+one+`,`+strings.ReplaceAll(one, `"u2"`, `"nobody|known"`)+`]}}`, r.body)
	assert.Equal(t, []any{[]string{"u2", "nobody|known"}}, b.engine.args)
	assert.NotContains(t, r.body, "carol")

	r = b.do(t, "POST", invitationsPath, `{"code":{"uses":5,"expires_at":"2026-05-10T13:00:00Z"}}`, user)
	require.Equal(t, 201, r.status, r.body)
	assert.JSONEq(t, `{"success":true,"data":{"code":{"id":"`+codeID+`","code":"ABCDE12345","competition_id":"spring","uses":5,"created_at":"2026-05-10T12:00:00.000Z","expires_at":"2026-05-10T12:00:01.000Z"}}}`, r.body)
	assert.Equal(t, []any{5, atStart + 3_600_000}, b.engine.args)
	assert.Equal(t, "no-store", r.get("Cache-Control"))

	b.engine.next = "more"
	r = b.do(t, "GET", invitationsPath+"?limit=1", "", user)
	assert.Contains(t, r.body, `"next_cursor":"`+decode.Cursor(decode.CursorInvitation, invitationID)+`"`)
	assert.Contains(t, r.body, `"codes":[{"id":"`+codeID+`"`)
	assert.NotContains(t, r.body, "ABCDE12345", "a code is shown once")
	r = b.do(t, "GET", invitationsPath+"?cursor="+decode.Cursor(decode.CursorInvitation, invitationID), "", user)
	assert.NotContains(t, r.body, `"codes"`)
	assert.Equal(t, []any{invitationID, 100}, b.engine.args)

	r = b.do(t, "DELETE", invitationsPath+"/"+invitationID, "", user)
	require.Equal(t, 200, r.status, r.body)
	assert.Contains(t, r.body, `"state":"withdrawn"`)
}

func TestAnsweringInvitations(t *testing.T) {
	b := newBench(t)
	user := bearer(authtest.User(t, "u1"))
	b.engine.next = "more"
	r := b.do(t, "GET", "/api/v1/users/u1/invitations?limit=1", "", user)
	require.Equal(t, 200, r.status, r.body)
	assert.Contains(t, r.body, `"competition":{"id":"spring"`, "the person sees what it is to")
	cursor := decode.Cursor(decode.CursorInvitation, "spring."+invitationID)
	assert.Contains(t, r.body, `"next_cursor":"`+cursor+`"`)
	b.do(t, "GET", "/api/v1/users/u1/invitations?cursor="+cursor, "", user)
	assert.Equal(t, []any{"u1", competition.InvitationPlace{CompetitionID: "spring", ID: invitationID}, 100}, b.engine.args)

	b.engine.next = ""
	r = b.do(t, "GET", "/api/v1/users/u1/export", "", user)
	assert.Contains(t, r.body, `"invitations":[{"id":"`+invitationID+`","competition_id":"spring","user_id":"u1","state":"open"`)

	me := competition.Caller{UserID: "u1"}
	r = b.do(t, "POST", "/api/v1/invitations/"+invitationID+"/accept", "", user)
	require.Equal(t, 200, r.status, r.body)
	assert.Contains(t, r.body, `"competition_id":"spring"`)
	assert.Equal(t, competition.JoinCompetition{Caller: me, UserID: "u1", UserName: "Ada Lovelace"}, b.engine.join)
	b.do(t, "POST", "/api/v1/invitations/"+invitationID+"/accept", `{"user_name":"Countess"}`, user)
	assert.Equal(t, competition.JoinCompetition{Caller: me, UserID: "u1", UserName: "Countess", Rename: true}, b.engine.join)
	r = b.do(t, "POST", "/api/v1/invitations/"+invitationID+"/decline", "", user)
	assert.Contains(t, r.body, `"state":"declined"`)

	for path, id := range map[string]string{"/api/v1/invitations/code": "", "/api/v1/competitions/spring/join": "spring"} {
		r = b.do(t, "POST", path, `{"code":"abcde-12345"}`, user)
		require.Equal(t, 200, r.status, r.body)
		assert.Equal(t, id, b.engine.id)
		assert.Equal(t, []any{"abcde-12345"}, b.engine.args)
	}

	r = b.do(t, "POST", "/api/v1/invitations/code/preview", `{"code":"abcde-12345"}`, user)
	require.Equal(t, 200, r.status, r.body)
	assert.Contains(t, r.body, `"data":{"id":"spring"`)
	assert.Equal(t, []any{"abcde-12345"}, b.engine.args)
	assert.Equal(t, "no-store", r.get("Cache-Control"))
	r = b.do(t, "POST", "/api/v1/invitations/code/preview", `{}`, user)
	assert.Equal(t, 400, r.status, r.body)
}

// TestOnlyOneselfAnswers: nobody, of whatever rights, accepts, declines or shows a
// code for somebody else.
func TestOnlyOneselfAnswers(t *testing.T) {
	b := newBench(t)
	b.engine.apiKeys = sampleKeys()
	for _, token := range []string{authtest.Operator(t), authtest.Service(t), apiKey("ALL"), authtest.User(t, "u2")} {
		for _, target := range []string{
			"/api/v1/invitations/" + invitationID + "/accept", "/api/v1/invitations/code", "/api/v1/invitations/code/preview", "/api/v1/competitions/spring/join",
		} {
			r := b.do(t, "POST", target, `{"user_id":"u1","code":"ABCDE12345"}`, bearer(token))
			assert.Equal(t, 403, r.status, "%s: %s", target, r.body)
			assert.Empty(t, b.engine.called(), target)
		}
	}
	r := b.do(t, "POST", "/api/v1/invitations/"+invitationID+"/decline", "", bearer(authtest.Service(t)))
	assert.Equal(t, 403, r.status, r.body)
}
