package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/token"
	"github.com/paceboard/paceboard/persistence/porttest"
)

// right is who may do something: what each of those hears whom the server knows,
// in the order of knownCallers. 200 stands for all success.
type right [6]int

var (
	anybody    = right{200, 200, 200, 200, 200, 200} // who is known at all
	readsOwn   = right{200, 403, 200, 403, 200, 200} // about anna, who may come as an anonymous user, too
	changesOwn = right{403, 403, 200, 403, 200, 200}
	manages    = right{403, 403, 403, 200, 200, 200}
	joins      = right{403, 403, 200, 403, 200, 200} // anna herself, or an operator
	removes    = right{403, 403, 200, 200, 200, 200} // anna herself, or who may take her off
	members    = right{200, 404, 200, 200, 200, 200} // anna's and the creator's competition, which is not there for others
	owns       = right{403, 404, 404, 200, 200, 200} // the creator's webhook, which is not there for others
	operates   = right{403, 403, 403, 403, 200, 200}
	adds       = right{403, 200, 200, 200, 200, 200}
)

// knownCallers are those with a token that is good; anna is whom requests are
// about, and creator made the competition.
var knownCallers = []string{"anonymous user", "other user", "same user", "creator", "operator", "service role"}

// linkCaller comes by a board link, and may see one board that no attempt is about.
const linkCaller = "board link"

// unknownCallers are told 401 everywhere but where anybody may come.
var unknownCallers = []string{"no token", "expired", "wrong key", "wrong audience", "anon key", "revoked API key"}

// attempt is a good request of an operation. $C is a competition of the kind
// that it wants, $U is anna.
type attempt struct {
	who    right
	kind   string // of the competition: open, upcoming, private, invited (private, with anna invited instead of in it), hooked (open, with a webhook of the creator), linked (open, with a board link), completed or pending; none where empty
	path   string // in place of the operation's own; a query is added to it where it begins with ?
	body   string
	public bool // even unknown callers may come
}

// attempts are those of each operation; who may do what does not follow from the
// code, but from what clients are promised. An operation that is not here is for
// operators alone, about anna in an open competition, with openapi.yaml's example.
var attempts = map[string][]attempt{
	"submitSync": {
		{who: changesOwn, kind: "open", body: `{"user_id":"$U","competition_id":"$C","steps":9,"date":"$D"}`},
		{who: right{403, 404, 200, 409, 409, 400}, kind: "private", body: `{"competition_id":"$C","steps":9,"date":"$D"}`},
	},
	"submitBatch": {{who: changesOwn, kind: "open", body: `{"syncs":[{"user_id":"$U","competition_id":"$C","steps":9,"date":"$D"}]}`}},
	"getLeaderboard": {
		{who: anybody, kind: "open"},
		{who: members, kind: "private"},
		{who: members, kind: "private", path: "?around=$U"},
	},
	"getStats": {{who: readsOwn, kind: "open", path: "?competition_id=$C"}, {who: readsOwn}},
	"createCompetition": {
		{who: adds, body: `{"name":"New","start_date":"2098-01-01T00:00:00Z","end_date":"2100-01-01T00:00:00Z"}`},
		{who: operates, body: `{"name":"New","start_date":"2098-01-01T00:00:00Z","end_date":"2100-01-01T00:00:00Z","currency":"EUR","prize_pool":10}`},
		{who: operates, body: `{"name":"New","start_date":"2098-01-01T00:00:00Z","end_date":"2100-01-01T00:00:00Z","currency":"EUR","entry_fee":10}`},
	},
	"listCompetitions": {{who: anybody}},
	"getCompetition":   {{who: anybody, kind: "open"}, {who: members, kind: "private"}},
	"editCompetition": {
		{who: right{403, 404, 403, 200, 200, 200}, kind: "private", body: `{"name":"Other"}`},
		{who: manages, kind: "upcoming", body: `{"name":"Other"}`},
		{who: operates, kind: "upcoming", body: `{"currency":"EUR","prize_pool":10}`},
	},
	"cancelCompetition": {{who: right{403, 404, 403, 409, 200, 200}, kind: "private"}, {who: manages, kind: "upcoming"}, {who: right{403, 403, 403, 409, 200, 200}, kind: "open"}},
	"joinCompetition": {
		{who: joins, kind: "open", body: `{"user_id":"$U"}`},
		{who: right{403, 200, 200, 200, 200, 400}, kind: "open", body: `{"user_name":"Me"}`}, // the service role is nobody who could
		{who: right{403, 404, 200, 200, 200, 400}, kind: "private", body: `{"user_name":"Me"}`},
		{who: right{403, 404, 200, 200, 200, 400}, kind: "invited", body: `{"user_name":"Me"}`},
		{who: right{403, 200, 200, 200, 200, 400}, kind: "invited", body: `{"code":"$K"}`},
	},
	"inviteUsers": {
		{who: right{403, 404, 403, 200, 200, 200}, kind: "private", body: `{"user_ids":["zoe"]}`},
		{who: right{403, 403, 403, 200, 200, 200}, kind: "open", body: `{"user_ids":["zoe"]}`},
		{who: right{403, 404, 403, 200, 200, 200}, kind: "private", body: `{"code":{"uses":2}}`},
	},
	"listInvitations":    {{who: right{403, 404, 403, 200, 200, 200}, kind: "private"}, {who: right{403, 403, 403, 200, 200, 200}, kind: "open"}},
	"withdrawInvitation": {{who: right{403, 404, 404, 200, 200, 200}, kind: "invited"}},
	"listEvents":         {{who: manages, kind: "open"}, {who: right{403, 404, 403, 200, 200, 200}, kind: "private"}},
	"createBoardLink": {
		{who: manages, kind: "open", body: `{"names":"names"}`},
		{who: right{403, 404, 403, 200, 200, 200}, kind: "private", body: `{"names":"initials"}`},
		{who: right{403, 404, 403, 409, 409, 409}, kind: "private", body: `{"names":"names"}`},
	},
	"listBoardLinks":  {{who: right{403, 404, 403, 200, 200, 200}, kind: "private"}, {who: right{403, 403, 403, 200, 200, 200}, kind: "open"}},
	"revokeBoardLink": {{who: manages, kind: "linked"}},
	"createWebhook": {
		{who: manages, kind: "open", body: `{"url":"http://127.0.0.1:1","competition_id":"$C"}`},
		{who: right{403, 404, 403, 200, 200, 200}, kind: "private", body: `{"url":"http://127.0.0.1:1","competition_id":"$C"}`},
		{who: operates, body: `{"url":"http://127.0.0.1:1"}`},
	},
	"listWebhooks":         {{who: anybody}},
	"getWebhook":           {{who: right{404, 404, 404, 200, 200, 200}, kind: "hooked"}},
	"deleteWebhook":        {{who: owns, kind: "hooked"}},
	"rotateWebhook":        {{who: owns, kind: "hooked"}},
	"resumeWebhook":        {{who: owns, kind: "hooked", body: `{"pending":"discard"}`}},
	"retryWebhook":         {{who: owns, kind: "hooked"}},
	"testWebhook":          {{who: owns, kind: "hooked"}},
	"listDeliveries":       {{who: right{404, 404, 404, 200, 200, 200}, kind: "hooked"}},
	"listUserInvitations":  {{who: readsOwn}},
	"joinByCode":           {{who: right{403, 200, 200, 200, 200, 400}, kind: "invited", body: `{"code":"$K"}`}, {who: right{403, 404, 404, 404, 404, 400}, body: `{"code":"0000000000"}`}},
	"previewCode":          {{who: right{403, 200, 200, 200, 200, 400}, kind: "invited", body: `{"code":"$K"}`}, {who: right{403, 404, 404, 404, 404, 400}, body: `{"code":"0000000000"}`}},
	"acceptInvitation":     {{who: right{403, 404, 200, 404, 404, 400}, kind: "invited"}},
	"declineInvitation":    {{who: right{403, 404, 200, 404, 404, 403}, kind: "invited"}},
	"leaveCompetition":     {{who: removes, kind: "open", path: "?user_id=$U&reason=rude"}, {who: right{403, 404, 200, 200, 200, 200}, kind: "private", path: "?user_id=$U&reason=rude"}},
	"listParticipants":     {{who: anybody, kind: "open"}, {who: members, kind: "private"}},
	"explainScore":         {{who: readsOwn, kind: "open"}, {who: right{200, 403, 200, 403, 200, 200}, kind: "private"}},
	"listUserCompetitions": {{who: readsOwn}},
	"exportUser":           {{who: readsOwn}},
	"eraseUser":            {{who: changesOwn, kind: "open"}},
	"calculatePrizes":      {{who: operates, kind: "completed"}},
	"distributePrizes":     {{who: operates, kind: "completed"}},
	"confirmPrize":         {{who: operates, kind: "pending"}},
	"failPrize":            {{who: operates, kind: "pending", body: `{"reason":"no account"}`}},
	"listPrizes":           {{who: readsOwn}},
	"listTransactions":     {{who: readsOwn}},
	"listAmendments":       {{who: anybody, kind: "open"}, {who: members, kind: "private"}},
	"retryPayout":          {{who: operates, kind: "pending"}},
	"drainServer":          {{who: right{403, 403, 403, 403, 403, 403}}}, // only over the control socket
	"closeConnections":     {{who: operates, path: "?user_id=nobody"}},
	"watchLeaderboard":     {{who: anybody, kind: "open"}, {who: members, kind: "private"}},
	"streamLeaderboard":    {{who: anybody, kind: "open"}, {who: members, kind: "private"}},
	"getHealth":            {{who: anybody, public: true}},
	"getLiveness":          {{who: anybody, public: true}},
	"getReadiness":         {{who: anybody, public: true}},
	"getOpenAPI":           {{who: anybody, public: true}},
	"getDocs":              {{who: anybody, public: true}},
	"getPage":              {{who: anybody, public: true}},
	"getConsole":           {{who: anybody, public: true}},
	"getBoardPage":         {{who: anybody, public: true}},
}

// matrix is a server and everybody who calls it.
type matrix struct {
	*instance
	tokens map[string]string // by caller
	key    string            // the id of an API key that may be revoked
	fresh  int               // competitions made so far
	stored map[string]int    // of the kinds that only time makes, how many are used

	invitations, codes, webhooks, links map[string]string // by competition
}

// How many competitions there are of each kind that only time makes.
const (
	completedOnes = 6
	pendingOnes   = 9
)

func startMatrix(t *testing.T) *matrix {
	t.Helper()
	where := t.TempDir()
	prepare(t, where, func(s competition.Store) {
		for n := range completedOnes {
			playPrizes(t, s, fmt.Sprint("completed-", n), false)
		}
		for n := range pendingOnes {
			playPending(t, s, fmt.Sprint("pending-", n))
		}
	})
	m := &matrix{instance: startServer(t, where, "--rate-limit-user", "0", "--max-created", "10000", "--max-joined", "10000", "--webhooks-anywhere", "true"), stored: map[string]int{}, invitations: map[string]string{}, codes: map[string]string{}, webhooks: map[string]string{}, links: map[string]string{}}
	status, answer := m.call(http.MethodPost, "/api/v1/api-keys", operatorToken(t), `{"name":"old","scopes":["read","sync","manage","prizes"]}`)
	require.Equal(t, http.StatusCreated, status, string(answer))
	var made struct{ Data struct{ ID, Key string } }
	require.NoError(t, json.Unmarshal(answer, &made))
	status, answer = m.call(http.MethodGet, "/api/v1/competitions", made.Data.Key, "")
	require.Equal(t, http.StatusOK, status, "it was good before: %s", answer)
	status, answer = m.call(http.MethodDelete, "/api/v1/api-keys/"+made.Data.ID, operatorToken(t), "")
	require.Equal(t, http.StatusOK, status, string(answer))
	m.key = made.Data.ID
	m.tokens = map[string]string{
		"no token":        "",
		"expired":         signed(t, testSecret, jwt.MapClaims{"sub": "anna", "exp": time.Now().Add(-time.Hour).Unix()}),
		"wrong key":       signed(t, "another secret, which is just as long as ours", jwt.MapClaims{"sub": "anna", "app_metadata": map[string]any{"role": "operator"}}),
		"wrong audience":  signed(t, testSecret, jwt.MapClaims{"sub": "anna", "aud": "somebody", "app_metadata": map[string]any{"role": "operator"}}),
		"anon key":        signed(t, testSecret, jwt.MapClaims{"role": "anon", "iss": "supabase", "aud": nil}),
		"revoked API key": made.Data.Key,
		"anonymous user":  signed(t, testSecret, jwt.MapClaims{"sub": "anna", "is_anonymous": true, "app_metadata": map[string]any{"role": "operator"}}),
		"other user":      signed(t, testSecret, jwt.MapClaims{"sub": "olga", "user_metadata": map[string]any{"role": "operator"}}),
		"same user":       signed(t, testSecret, jwt.MapClaims{"sub": "anna"}),
		"creator":         signed(t, testSecret, jwt.MapClaims{"sub": "creator"}),
		"operator":        signed(t, testSecret, jwt.MapClaims{"sub": "op", "app_metadata": map[string]any{"role": "operator"}}),
		"service role":    signed(t, testSecret, jwt.MapClaims{"role": "service_role", "iss": "supabase", "aud": nil}),
	}
	m.tokens[linkCaller] = m.boardLink(m.competition("open")).Token
	return m
}

// boardLink makes a link to the board of a competition.
func (m *matrix) boardLink(id string) (made struct{ ID, Token string }) {
	m.t.Helper()
	status, answer := m.call(http.MethodPost, "/api/v1/competitions/"+id+"/board-links", m.tokens["creator"], `{"names":"none"}`)
	require.Equal(m.t, http.StatusCreated, status, string(answer))
	require.NoError(m.t, json.Unmarshal(answer, &struct{ Data any }{&made}))
	return made
}

// signed is a token of a Supabase user, with some claims changed; nil takes one out.
func signed(t *testing.T, secret string, changes jwt.MapClaims) string {
	t.Helper()
	claims := jwt.MapClaims{"aud": "authenticated", "role": "authenticated", "exp": time.Now().Add(time.Hour).Unix()}
	signed, err := token.Sign([]byte(secret), claims, changes)
	require.NoError(t, err)
	return signed
}

// playPending stores a settled competition whose prizes wait for word.
func playPending(t *testing.T, s competition.Store, id string) {
	t.Helper()
	g := porttest.NewGame(s, id)
	require.NoError(t, g.CreateWithPrizes(0, 100_00))
	require.NoError(t, g.Join("bert", ""))
	require.NoError(t, g.Commit(t.Context()))
	g.Now = porttest.Start + 24*60*60*1000
	require.NoError(t, g.Sync("bert", 0, 1000))
	g.Finish()
	require.NoError(t, g.Commit(t.Context()))
	require.NoError(t, g.Distribute(true))
	require.NoError(t, g.Commit(t.Context()))
}

// competition is one of a kind that nobody has touched yet, with anna in it.
func (m *matrix) competition(kind string) (id string) {
	m.t.Helper()
	switch kind {
	case "":
		return ""
	case "completed", "pending":
		id = fmt.Sprintf("%s-%d", kind, m.stored[kind])
		m.stored[kind]++
		return id
	}
	m.fresh++
	id = fmt.Sprintf("%s-%d", kind, m.fresh)
	now, visibility := time.Now().UTC(), "public"
	begins, ends := now.AddDate(0, -1, 0).Format(time.RFC3339), now.AddDate(1, 0, 0).Format(time.RFC3339)
	switch kind {
	case "upcoming":
		begins, ends = "2099-04-12T00:00:00Z", "2100-01-01T00:00:00Z"
	case "private", "invited":
		visibility = "private"
	}
	status, answer := m.call(http.MethodPost, "/api/v1/competitions", m.tokens["creator"],
		fmt.Sprintf(`{"id":%q,"name":"Spring","start_date":%q,"end_date":%q,"visibility":%q}`, id, begins, ends, visibility))
	require.Equal(m.t, http.StatusCreated, status, string(answer))
	if kind == "invited" {
		m.invite(id)
		return id
	}
	switch kind {
	case "hooked":
		m.hook(id)
	case "linked":
		m.links[id] = m.boardLink(id).ID
	}
	status, answer = m.call(http.MethodPost, "/api/v1/competitions/"+id+"/join", m.tokens["operator"], `{"user_id":"anna"}`)
	require.Equal(m.t, http.StatusOK, status, string(answer))
	return id
}

// hook makes a webhook of the creator, in the place of those before.
func (m *matrix) hook(id string) {
	m.t.Helper()
	for _, old := range m.webhooks {
		m.call(http.MethodDelete, "/api/v1/webhooks/"+old, m.tokens["operator"], "")
	}
	clear(m.webhooks)
	status, answer := m.call(http.MethodPost, "/api/v1/webhooks", m.tokens["creator"], fmt.Sprintf(`{"url":"http://127.0.0.1:1","competition_id":%q}`, id))
	require.Equal(m.t, http.StatusCreated, status, string(answer))
	var made struct{ Data struct{ ID string } }
	require.NoError(m.t, json.Unmarshal(answer, &made))
	m.webhooks[id] = made.Data.ID
}

// invite invites anna to a competition, and makes a join code.
func (m *matrix) invite(id string) {
	m.t.Helper()
	var made struct {
		Data struct {
			Invitations []struct{ ID string }
			Code        struct{ Code string }
		}
	}
	for _, body := range []string{`{"user_ids":["anna"]}`, `{"code":{"uses":100}}`} {
		status, answer := m.call(http.MethodPost, "/api/v1/competitions/"+id+"/invitations", m.tokens["creator"], body)
		require.Less(m.t, status, 300, string(answer))
		require.NoError(m.t, json.Unmarshal(answer, &made))
	}
	m.invitations[id], m.codes[id] = made.Data.Invitations[0].ID, made.Data.Code.Code
}

// state is what a refused request could have changed, by where it is read.
func (m *matrix) state(id string) map[string]string {
	m.t.Helper()
	paths := []string{"/competitions", "/users/anna/competitions", "/users/anna/invitations", "/users/anna/transactions", "/users/bert/transactions", "/prizes/history/bert", "/payouts", "/api-keys", "/webhooks"}
	if id != "" {
		paths = append(paths, "/competitions/"+id, "/leaderboard/"+id, "/competitions/"+id+"/participants", "/competitions/"+id+"/invitations")
	}
	all := map[string]string{}
	for _, path := range paths {
		status, answer := m.call(http.MethodGet, "/api/v1"+path, m.tokens["operator"], "")
		require.Equal(m.t, http.StatusOK, status, string(answer))
		all[path] = string(answer)
	}
	return all
}

// try makes an attempt on a competition, and returns what the caller hears.
func (m *matrix) try(operation, method, template string, a attempt, id, caller string) int {
	m.t.Helper()
	target := template
	if strings.HasPrefix(a.path, "?") {
		target += a.path
	}
	day := time.Now().UTC().AddDate(0, 0, -7).Format(time.DateOnly)
	fill := strings.NewReplacer("{competition_id}", id, "$C", id, "{user_id}", "anna", "$U", "anna", "{date}", day, "$D", day, "{id}", id+".1", "{key_id}", m.key,
		"{invitation_id}", m.invitations[id], "$K", m.codes[id], "{webhook_id}", m.webhooks[id], "{link_id}", m.links[id], "{code}", strings.TrimPrefix(m.tokens[linkCaller], "pbl_"))
	target = fill.Replace(target)
	switch operation {
	case "watchLeaderboard":
		return m.watch(target, m.tokens[caller])
	case "streamLeaderboard":
		return m.stream(target, m.tokens[caller])
	}
	status, answer := m.call(method, target, m.tokens[caller], fill.Replace(a.body))
	var batch struct{ Data []struct{ Status int } }
	if operation == "submitBatch" && status == http.StatusOK && json.Unmarshal(answer, &batch) == nil && batch.Data[0].Status != 0 {
		return batch.Data[0].Status
	}
	if status == http.StatusCreated {
		return http.StatusOK
	}
	return status
}

// watch opens a socket; close codes are told as the status that they stand for.
func (m *matrix) watch(target, token string) int {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), 10*time.Second)
	defer cancel()
	var options websocket.DialOptions
	if token != "" {
		options.Subprotocols = []string{"bearer." + token}
	}
	conn, _, err := websocket.Dial(ctx, strings.Replace(m.url, "http", "ws", 1)+target, &options) //nolint:bodyclose // the library has read it
	require.NoError(m.t, err, "a refusal accepts the upgrade")
	defer conn.CloseNow()
	_, _, err = conn.Read(ctx)
	switch int(websocket.CloseStatus(err)) {
	case 1008:
		return http.StatusUnauthorized
	case 4404:
		return http.StatusNotFound
	case 4403:
		return http.StatusForbidden
	}
	require.NoError(m.t, err)
	return http.StatusOK
}

// stream opens an event stream and leaves it.
func (m *matrix) stream(target, token string) int {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.url+target+"?token="+token, http.NoBody)
	require.NoError(m.t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(m.t, err)
	require.NoError(m.t, response.Body.Close())
	return response.StatusCode
}

// TestTheAuthorisationMatrix: everybody tries everything that the server says it
// can do. Who is refused has changed nothing. An attempt at an operation that there
// is not fails the test. (That the server's description has every route is a test
// of package http.)
func TestTheAuthorisationMatrix(t *testing.T) {
	inParallel(t)
	m := startMatrix(t)
	status, text := m.call(http.MethodGet, "/openapi.yaml", "", "")
	require.Equal(t, http.StatusOK, status)
	var described struct {
		Paths map[string]map[string]struct {
			OperationID string `yaml:"operationId"`
			RequestBody struct {
				Content map[string]struct{ Example any }
			} `yaml:"requestBody"`
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &described))
	operations, cells, left := 0, 0, len(attempts)
	for _, template := range slices.Sorted(maps.Keys(described.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(described.Paths[template])) {
			operation := described.Paths[template][method]
			name := operation.OperationID
			tries, listed := attempts[name]
			if listed {
				left--
			} else {
				tries = []attempt{{who: operates, kind: "open"}}
				if content, ok := operation.RequestBody.Content["application/json"]; ok {
					example, err := json.Marshal(content.Example)
					require.NoError(t, err)
					tries[0].body = string(example)
				}
			}
			operations++
			for _, a := range tries {
				cells += m.row(name, strings.ToUpper(method), template, a)
			}
		}
	}
	require.Zero(t, left, "attempts at operations that there are not")
	t.Logf("%d operations, %d cells", operations, cells)
}

// row has everybody make one attempt: first all who are to be refused, at one
// competition, and then each of the others at one of its own.
func (m *matrix) row(name, method, template string, a attempt) (cells int) {
	m.t.Helper()
	want := map[string]int{}
	for _, caller := range unknownCallers {
		if want[caller] = http.StatusUnauthorized; a.public {
			want[caller] = http.StatusOK
		}
	}
	for i, caller := range knownCallers {
		want[caller] = a.who[i]
	}
	// The link shows another board.
	if want[linkCaller] = http.StatusForbidden; a.public {
		want[linkCaller] = http.StatusOK
	}
	callers := slices.Concat(unknownCallers, knownCallers, []string{linkCaller})
	rule := fmt.Sprint(name, " of ", a.kind, " ", a.path, a.body, " by ")
	id := m.competition(a.kind)
	before := m.state(id)
	for _, caller := range callers {
		if want[caller] != http.StatusOK {
			assert.Equal(m.t, want[caller], m.try(name, method, template, a, id, caller), rule+caller)
			cells++
		}
	}
	for path, answer := range m.state(id) {
		assert.True(m.t, answer == before[path], "%sall who were refused: %s has changed", rule, path) //nolint:testifylint // a whole list is too much to print
	}
	for _, caller := range callers {
		if want[caller] == http.StatusOK {
			if method != http.MethodGet {
				id = m.competition(a.kind)
			}
			assert.Equal(m.t, http.StatusOK, m.try(name, method, template, a, id, caller), rule+caller)
			cells++
		}
	}
	return cells
}
