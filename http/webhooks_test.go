package http

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// withWebhooks is a server on fake webhooks, and what these were asked.
func withWebhooks(t *testing.T, fake fakeWebhooks) (b *bench, asked *[]any) {
	t.Helper()
	asked = new([]any)
	fake.asked = asked
	return newBench(t, func(o *Options) { o.Webhooks, o.RateLimits.User = fake, 100 }), asked
}

func TestWebhooksAreMade(t *testing.T) {
	b, asked := withWebhooks(t, fakeWebhooks{})
	user, operator := bearer(authtest.User(t, "u1")), bearer(authtest.Operator(t))
	r := b.do(t, "POST", "/api/v1/webhooks", `{"url":"https://example.com/hooks","competition_id":"spring","from":"start"}`, user)
	require.Equal(t, 201, r.status, r.body)
	require.JSONEq(t, `{"success":true,"data":{"id":"`+webhookID+`","user_id":"u1","competition_id":"spring","url":"https://example.com/hooks",
		"secret":"whsec_MDEyMzQ1Njc4OWFiY2RlZg==","state":"active","created_at":"2027-01-15T08:00:00.000Z"}}`, r.body)
	require.Equal(t, "no-store", r.get("Cache-Control"))
	require.Equal(t, []any{competition.Caller{UserID: "u1"}, "spring", "https://example.com/hooks", true}, *asked)

	*asked = nil
	require.Equal(t, 201, b.do(t, "POST", "/api/v1/webhooks", `{"url":"https://example.com"}`, operator).status)
	require.Equal(t, []any{"", "https://example.com", false}, (*asked)[1:], "for all competitions, from now on")
	entries := b.engine.audit
	require.NotEmpty(t, entries)
	require.Equal(t, []competition.AuditTarget{competition.TargetIn("webhook_id", webhookID)}, entries[len(entries)-1].Targets)

	*asked = nil
	r = b.do(t, "POST", "/api/v1/webhooks", `{"url":"https://example.com"}`, user)
	require.Equal(t, 403, r.status, "of all competitions only operators are told")
	for _, body := range []string{`{}`, `{"url":7}`, `{"url":"https://example.com","competition_id":"no/id"}`, `{"url":"https://example.com","from":"yesterday"}`} {
		require.Equal(t, 400, b.do(t, "POST", "/api/v1/webhooks", body, operator).status, body)
	}
	require.Empty(t, *asked)
}

func TestWebhooksAreShownWithoutTheirSecrets(t *testing.T) {
	b, asked := withWebhooks(t, fakeWebhooks{})
	user := bearer(authtest.User(t, "u1"))
	r := b.do(t, "GET", "/api/v1/webhooks", "", user)
	require.Equal(t, 200, r.status, r.body)
	require.JSONEq(t, `{"success":true,"data":{"webhooks":[{"id":"`+webhookID+`","user_id":"u1","competition_id":"spring","url":"https://example.com/hooks",
		"state":"active","created_at":"2027-01-15T08:00:00.000Z"}],"next_cursor":"dzAxOWE3YjllLTFjMmQtN2UzZi04YTRiLTVjNmQ3ZThmOWEwYg"}}`, r.body)
	require.Equal(t, 200, b.do(t, "GET", "/api/v1/webhooks?cursor=dzAxOWE3YjllLTFjMmQtN2UzZi04YTRiLTVjNmQ3ZThmOWEwYg", "", user).status)
	require.Equal(t, []any{"", webhookID}, *asked)
	require.Equal(t, 400, b.do(t, "GET", "/api/v1/webhooks?cursor=x", "", user).status)

	*asked = nil
	r = b.do(t, "POST", "/api/v1/webhooks/"+webhookID+"/resume", `{"pending":"discard"}`, user)
	require.JSONEq(t, `{"success":true,"data":{"id":"`+webhookID+`","user_id":"u1","competition_id":"spring","url":"https://example.com/hooks",
		"state":"disabled","reason":"it answered 410 Gone","disabled_at":"2027-01-15T08:00:01.000Z","old_secret_until":"2027-01-15T08:00:02.000Z","created_at":"2027-01-15T08:00:00.000Z"}}`, r.body)
	require.Equal(t, []any{webhookID, true}, *asked)
	require.Equal(t, 400, b.do(t, "POST", "/api/v1/webhooks/"+webhookID+"/resume", `{"pending":"all"}`, user).status)
	require.Contains(t, b.do(t, "POST", "/api/v1/webhooks/"+webhookID+"/rotate", "", user).body, `"secret":"whsec_`)
}

func TestDeliveriesAreListed(t *testing.T) {
	b, asked := withWebhooks(t, fakeWebhooks{})
	user := bearer(authtest.User(t, "u1"))
	r := b.do(t, "GET", "/api/v1/webhooks/"+webhookID+"/deliveries", "", user)
	require.JSONEq(t, `{"success":true,"data":{"deliveries":[
		{"competition_id":"autumn","seq":7,"last_seq":7,"delivered_at":"2027-01-15T08:00:00.000Z"},
		{"competition_id":"spring","seq":0,"last_seq":3,"attempts":2,"failing_since":"2027-01-15T08:00:00.000Z","next_attempt_at":"2027-01-15T08:00:05.000Z","last_error":"the webhook answered 502"}
	],"next_cursor":"Y3NwcmluZw"}}`, r.body)
	require.Equal(t, 200, b.do(t, "GET", "/api/v1/webhooks/"+webhookID+"/deliveries?cursor=Y3NwcmluZw", "", user).status)
	require.Equal(t, []any{webhookID, "", webhookID, "spring"}, *asked)
}

func TestWebhooksAreTested(t *testing.T) {
	user := bearer(authtest.User(t, "u1"))
	good, _ := withWebhooks(t, fakeWebhooks{})
	r := good.do(t, "POST", "/api/v1/webhooks/"+webhookID+"/test", "", user)
	require.JSONEq(t, `{"success":true,"data":{"delivered":true}}`, r.body)
	require.Equal(t, strconv.Itoa(4000-1-unitsOfTest), r.get("RateLimit-Remaining"))
	bad, _ := withWebhooks(t, fakeWebhooks{refusal: errRefused})
	require.JSONEq(t, `{"success":true,"data":{"delivered":false,"error":"the webhook answered 502"}}`, bad.do(t, "POST", "/api/v1/webhooks/"+webhookID+"/test", "", user).body)
}

func TestRefusalsOfWebhooks(t *testing.T) {
	user := bearer(authtest.User(t, "u1"))
	b, _ := withWebhooks(t, fakeWebhooks{})
	require.Equal(t, 404, b.do(t, "GET", "/api/v1/webhooks/7", "", user).status, "what is no id")
	for err, status := range map[error]int{competition.ErrUnknownWebhook: 404, competition.ErrTooManyWebhooks: 409, competition.ErrUnavailable: 503} {
		b, _ := withWebhooks(t, fakeWebhooks{err: err})
		for _, path := range []string{"", "/deliveries"} {
			if err != competition.ErrTooManyWebhooks { //nolint:errorlint // it is the key of the map
				require.Equal(t, status, b.do(t, "GET", "/api/v1/webhooks/"+webhookID+path, "", user).status)
			}
		}
		require.Equal(t, status, b.do(t, "POST", "/api/v1/webhooks", `{"url":"https://example.com","competition_id":"spring"}`, user).status)
	}
}
