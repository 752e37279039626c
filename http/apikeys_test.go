package http

import (
	"crypto/sha256"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// PutAPIKey keeps the key.
func (e *fakeEngine) PutAPIKey(k competition.APIKey) error {
	err := e.note("PutAPIKey", k.ID, competition.Caller{})
	e.mu.Lock()
	defer e.mu.Unlock()
	e.apiKeys = slices.DeleteFunc(e.apiKeys, func(known competition.APIKey) bool { return known.ID == k.ID })
	e.apiKeys = append(e.apiKeys, k)
	return err
}

// APIKeys is what the fake has; it is no call that a test counts, since every
// use of a key may make it.
func (e *fakeEngine) APIKeys() ([]competition.APIKey, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.apiKeys), e.err
}

// Note keeps the entry; what is noted is no call that a test counts.
func (e *fakeEngine) Note(entry competition.AuditEntry) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	entry.Seq = uint64(len(e.audit) + 1)
	e.audit = append(e.audit, entry)
	return e.err
}

// AuditLog pages through what was noted.
func (e *fakeEngine) AuditLog(before uint64, limit int) ([]competition.AuditEntry, error) {
	return e.auditLog(before, limit, func(*competition.AuditEntry) bool { return true })
}

// AuditLogOf pages through what names a user.
func (e *fakeEngine) AuditLogOf(userID string, before uint64, limit int) ([]competition.AuditEntry, error) {
	return e.auditLog(before, limit, func(entry *competition.AuditEntry) bool { return entry.Names(userID) })
}

func (e *fakeEngine) auditLog(before uint64, limit int, wanted func(*competition.AuditEntry) bool) (page []competition.AuditEntry, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := len(e.audit) - 1; i >= 0 && len(page) < limit; i-- {
		if entry := &e.audit[i]; wanted(entry) && (before == 0 || entry.Seq < before) {
			page = append(page, *entry)
		}
	}
	return page, e.err
}

const keySecret = "OF-ALL-SAMPLES"

// apiKey is a key as its service sends it.
func apiKey(id string) string { return auth.KeyPrefix + id + "_" + keySecret }

func sampleKeys() []competition.APIKey {
	all := competition.ScopeRead | competition.ScopeSync | competition.ScopeManage | competition.ScopePrizes | competition.ScopePeople | competition.ScopePayouts
	key := func(id string, scopes competition.Scopes) competition.APIKey {
		return competition.APIKey{ID: id, Name: id, Hash: sha256.Sum256([]byte(keySecret)), Scopes: scopes, CreatedBy: competition.Subject{Kind: competition.UserSubject, ID: "ada"}, CreatedAt: 1}
	}
	revoked, expired := key("REVOKED", all), key("EXPIRED", all)
	revoked.RevokedAt, expired.ExpiresAt = 5, atStart
	return []competition.APIKey{
		key("ALL", all), key("SYNC", competition.ScopeSync), key("READ", competition.ScopeRead),
		key("MANAGE", competition.ScopeManage), key("PRIZES", competition.ScopePrizes),
		key("PEOPLE", competition.ScopePeople), key("PAYOUTS", competition.ScopePayouts),
		key("NONE", 0), key("SPARE", all), revoked, expired,
	}
}

// TestAnAPIKeyFromMakingToRevoking: it works at once, is shown once, and ends
// at once.
func TestAnAPIKeyFromMakingToRevoking(t *testing.T) {
	b := newBench(t)
	operator := bearer(authtest.Operator(t))
	made := b.do(t, "POST", "/api/v1/api-keys", `{"name":"gateway","scopes":["sync","read"],"expires_at":"2026-06-01T00:00:00Z"}`, operator)
	require.Equal(t, 201, made.status, made.body)
	require.Equal(t, "no-store", made.get("Cache-Control"))
	var reply struct{ Data shownKey }
	require.NoError(t, json.Unmarshal([]byte(made.body), &reply))
	require.Equal(t, []string{"read", "sync"}, reply.Data.Scopes)
	require.Equal(t, "2026-06-01T00:00:00.000Z", reply.Data.ExpiresAt)
	secret := reply.Data.Key[strings.LastIndex(reply.Data.Key, "_")+1:]
	require.Len(t, secret, 26)
	require.NotContains(t, string(b.engine.apiKeys[0].Hash[:]), secret)

	key := bearer(reply.Data.Key)
	require.Equal(t, 200, b.do(t, "GET", readTop, "", key).status)
	require.Equal(t, 400, b.do(t, "POST", "/api/v1/fitness/sync", `{"steps":1,"date":"2026-05-01"}`, key).status, "it speaks for no user")
	require.Equal(t, 200, b.do(t, "POST", "/api/v1/fitness/sync", `{"user_id":"u7","steps":1,"date":"2026-05-01"}`, key).status)
	list := b.do(t, "GET", "/api/v1/api-keys", "", operator)
	require.NotContains(t, list.body, secret)
	require.Contains(t, list.body, reply.Data.ID)

	for range 2 {
		require.Equal(t, 200, b.do(t, "DELETE", "/api/v1/api-keys/"+reply.Data.ID, "", operator).status)
		require.Equal(t, 401, b.do(t, "GET", readTop, "", key).status)
	}
	require.Equal(t, 404, b.do(t, "DELETE", "/api/v1/api-keys/none", "", operator).status)
}

func TestAPIKeysThatAreNotMade(t *testing.T) {
	b := newBench(t)
	for rule, body := range map[string]string{
		"no name":            `{"scopes":["read"]}`,
		"an empty name":      `{"name":"","scopes":["read"]}`,
		"a long name":        `{"name":"` + strings.Repeat("a", 101) + `","scopes":["read"]}`,
		"no scopes":          `{"name":"a"}`,
		"empty scopes":       `{"name":"a","scopes":[]}`,
		"unknown scopes":     `{"name":"a","scopes":["read","all"]}`,
		"scopes no list":     `{"name":"a","scopes":"read"}`,
		"a scope no word":    `{"name":"a","scopes":[1]}`,
		"an end in the past": `{"name":"a","scopes":["read"],"expires_at":"2026-05-10T12:00:00Z"}`,
	} {
		got := b.do(t, "POST", "/api/v1/api-keys", body, bearer(authtest.Operator(t)))
		require.Equal(t, 400, got.status, rule)
	}
	require.Empty(t, b.engine.apiKeys)
	b.engine.apiKeys = make([]competition.APIKey, competition.MaxAPIKeys)
	got := b.do(t, "POST", "/api/v1/api-keys", `{"name":"a","scopes":["read"]}`, bearer(authtest.Operator(t)))
	require.Equal(t, 409, got.status)
	require.Contains(t, got.body, "too_many_api_keys")
}

// TestAPIKeysOfOtherProcesses: a key that was revoked elsewhere is good for
// 2 seconds at most, and one made elsewhere is known as soon.
func TestAPIKeysOfOtherProcesses(t *testing.T) {
	b := newBench(t)
	get := func(id string) int { return b.do(t, "GET", readTop, "", bearer(apiKey(id))).status }
	require.Equal(t, 401, get("ALL"))
	b.engine.apiKeys = sampleKeys()
	b.now = b.now.Add(2*time.Second + time.Millisecond)
	require.Equal(t, 200, get("ALL"))
	b.engine.apiKeys[0].RevokedAt = 7
	b.now = b.now.Add(2*time.Second + time.Millisecond)
	require.Equal(t, 401, get("ALL"))
	require.Equal(t, 401, get("NONE"), "a key without scopes is good for nothing")
}

func TestUnknownAPIKeysWaitForTheStore(t *testing.T) {
	b := newBench(t)
	b.engine.err = competition.ErrUnavailable
	require.Equal(t, 503, b.do(t, "GET", readTop, "", bearer(apiKey("ALL"))).status)
}

// TestTheAuditLogHasWhatOperatorsDid: whatever came of it, and nothing else.
func TestTheAuditLogHasWhatOperatorsDid(t *testing.T) {
	b := newBench(t)
	b.engine.apiKeys = sampleKeys()
	operator, user := bearer(authtest.Operator(t)), bearer(authtest.User(t, "u1"))
	sync := `{"user_id":"u1","competition_id":"spring","steps":1,"date":"2026-05-01"}`
	b.do(t, "POST", "/api/v1/fitness/sync", sync, operator)
	b.do(t, "GET", "/api/v1/competitions/spring", "", operator)
	b.do(t, "DELETE", "/api/v1/competitions/spring", "", user)
	require.Empty(t, b.engine.audit)

	b.do(t, "DELETE", "/api/v1/competitions/spring?x=secret", "", operator, header{"X-Request-Id", "request-1"})
	b.do(t, "DELETE", "/api/v1/competitions/spring", "", bearer(apiKey("READ")))
	b.do(t, "PATCH", "/api/v1/competitions/spring", `{`, bearer(authtest.Service(t)))
	got := b.do(t, "GET", "/api/v1/audit?limit=2", "", operator)
	require.Equal(t, 200, got.status)
	type page struct {
		Data struct {
			Entries []shownEntry
			Next    string `json:"next_cursor"`
		}
	}
	var first, second page
	require.NoError(t, json.Unmarshal([]byte(got.body), &first))
	got = b.do(t, "GET", "/api/v1/audit?limit=2&cursor="+first.Data.Next, "", operator)
	require.NoError(t, json.Unmarshal([]byte(got.body), &second))
	require.Empty(t, second.Data.Next)
	entries := slices.Concat(first.Data.Entries, second.Data.Entries)
	require.Len(t, entries, 3)
	slices.Reverse(entries)
	for i, want := range []struct {
		actor, kind, action string
		status              int
	}{{"op", "user", "cancelCompetition", 200}, {"key:READ", "key", "cancelCompetition", 403}, {competition.ServiceRole, "role", "editCompetition", 400}} {
		require.Equal(t, want.actor, entries[i].Actor)
		require.Equal(t, shownSubject{want.kind, strings.TrimPrefix(want.actor, "key:")}, entries[i].By)
		require.Equal(t, want.action, entries[i].Action)
		require.Equal(t, want.status, entries[i].Status)
		require.Equal(t, "/api/v1/competitions/spring", entries[i].Target)
		require.Equal(t, []shownSubject{{"competition", "spring"}}, entries[i].Targets)
		require.NotEmpty(t, entries[i].At)
	}
	require.Equal(t, "request-1", entries[0].RequestID)
	require.Equal(t, 400, b.do(t, "GET", "/api/v1/audit?cursor=b3g", "", operator).status)
}

func TestTheAuditLogIsSearched(t *testing.T) {
	b := newBench(t)
	operator := bearer(authtest.Operator(t))
	const others = 2 * maxAuditSearched
	for i := range others + 3 {
		e := competition.AuditEntry{
			ID: strconv.Itoa(i), At: atStart, Actor: competition.Subject{Kind: competition.KeySubject, ID: "K"}, Action: "createWebhook", Status: 201, RequestID: "r" + strconv.Itoa(i),
		}
		if i == 0 || i >= others {
			e.Actor, e.Action = competition.Subject{Kind: competition.UserSubject, ID: "op"}, "excludeParticipant"
			e.Targets = []competition.AuditTarget{competition.TargetIn("competition_id", "spring"), competition.TargetIn("user_id", "u"+strconv.Itoa(i))}
		}
		if i == others {
			e.At += 24 * 3600 * 1000
		}
		require.NoError(t, b.engine.Note(e))
	}
	search := func(query string) (found []string, pages int) {
		for cursor := ""; pages == 0 || cursor != ""; pages++ {
			got := b.do(t, "GET", "/api/v1/audit?"+query+"&cursor="+cursor, "", operator)
			if cursor == "" {
				got = b.do(t, "GET", "/api/v1/audit?"+query, "", operator)
			}
			require.Equal(t, 200, got.status, got.body)
			var page struct {
				Data struct {
					Entries []shownEntry
					Next    string `json:"next_cursor"`
				}
			}
			require.NoError(t, json.Unmarshal([]byte(got.body), &page))
			for _, e := range page.Data.Entries {
				found = append(found, e.ID)
			}
			cursor = page.Data.Next
		}
		return found, pages
	}
	last, middle, first := strconv.Itoa(others+2), strconv.Itoa(others+1), strconv.Itoa(others)
	for query, want := range map[string][]string{
		"actor=op":                                  {last, middle, first, "0"},
		"action=excludeParticipant":                 {last, middle, first, "0"},
		"action=excludeParticipant&limit=2":         {last, middle, first, "0"},
		"competition_id=spring&actor=op":            {last, middle, first, "0"},
		"user_id=u" + last:                          {last},
		"user_id=u0&action=excludeParticipant":      {"0"},
		"user_id=u0&action=createWebhook":           nil,
		"request_id=r5":                             {"5"},
		"action=excludeParticipant&from=2026-05-11": {first},
		"actor=op&to=2026-05-10":                    {last, middle, "0"},
		"actor=op&from=2026-05-10&to=2026-05-11":    {last, middle, first, "0"},
		"actor=nobody":                              nil,
		"competition_id=autumn":                     nil,
		"actor=key:K&action=excludeParticipant":     nil,
	} {
		found, pages := search(query)
		require.Equal(t, want, found, query)
		require.LessOrEqual(t, pages, 4, query)
	}
	for _, query := range []string{"user_id=a%20b", "competition_id=a.b", "from=May", "to=1"} {
		require.Equal(t, 400, b.do(t, "GET", "/api/v1/audit?"+query, "", operator).status, query)
	}
}

// TestTheAuditLogSaysWhoWasMeant, by the path or by the body, and what stood in
// the place of an id that is none.
func TestTheAuditLogSaysWhoWasMeant(t *testing.T) {
	b := newBench(t)
	operator := bearer(authtest.Operator(t))
	person := url.PathEscape("a/b%c")
	b.do(t, "POST", "/api/v1/competitions/spring/participants/"+person+"/exclude", `{"reason":"r"}`, operator)
	b.do(t, "POST", "/api/v1/competitions/spring/join", `{"user_id":"u7"}`, operator)
	b.do(t, "DELETE", "/api/v1/competitions/spring/join?user_id=u8", "", operator)
	b.do(t, "POST", "/api/v1/competitions/spring/join", `{}`, operator)
	b.do(t, "DELETE", "/api/v1/competitions/%00%ff", "", operator)
	spring := shownSubject{"competition", "spring"}
	want := []struct {
		path    string
		targets []shownSubject
	}{
		{"/api/v1/competitions/spring/participants/a%2Fb%25c/exclude", []shownSubject{spring, {"user", "a/b%c"}}},
		{"/api/v1/competitions/spring/join", []shownSubject{spring, {"user", "u7"}}},
		{"/api/v1/competitions/spring/join", []shownSubject{spring, {"user", "u8"}}},
		{"/api/v1/competitions/spring/join", []shownSubject{spring}},
		{"/api/v1/competitions/%00%ff", []shownSubject{{"other", "%00%ff"}}},
	}
	require.Len(t, b.engine.audit, len(want))
	for i := range want {
		shown := showEntry(&b.engine.audit[i])
		require.Equal(t, want[i].path, shown.Target)
		require.Equal(t, want[i].targets, shown.Targets)
	}
}

// TestPlacesOfAuditedRoutesAreKnown: else what stands there is nothing that an
// erasure could find.
func TestPlacesOfAuditedRoutesAreKnown(t *testing.T) {
	for _, r := range routes() {
		for part := range strings.SplitSeq(r.path, "/") {
			if place, isPlace := strings.CutPrefix(part, ":"); isPlace && r.audited() {
				require.True(t, competition.HasPlace(place), "%s %s", r.method, r.path)
			}
		}
	}
}
