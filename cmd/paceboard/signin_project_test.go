package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// signInProject stands in for the sign-in of a Supabase project: the routes below
// /auth/v1 that the page uses, with tokens signed by ES256.
//
// Its answers were compared with those of supabase/auth (commit bc32168e, 20 August
// 2026) on PostgreSQL 15, which the page was driven against as well, with HS256 and with
// ES256. What was seen there and holds here:
//
//   - An answer to a request with X-Supabase-Api-Version 2024-01-01 has that header, which
//     CORS exposes; errors are {"code","message"}. Allow-Origin is *; a preflight is 204.
//   - settings: {"external":{name:bool,…},"disable_signup","mailer_autoconfirm",…};
//     email, phone and anonymous_users stand among the providers in external.
//   - signup: 200 with the user, and no session while e-mails are confirmed; for an e-mail
//     that is confirmed already 200, too, with another id and "identities":[]. 422
//     weak_password with {"weak_password":{"reasons":["length"]}}.
//   - token?grant_type=password: 400 invalid_credentials, 400 email_not_confirmed.
//   - token?grant_type=refresh_token: each has one successor; the last one that was
//     replaced gives that successor again. 400 refresh_token_not_found.
//   - token?grant_type=pkce {"auth_code","code_verifier"}: 400 bad_code_verifier leaves the
//     code as it is; a code that was used is 404 flow_state_not_found.
//   - otp: 200 {}; 422 otp_disabled when the e-mail is unknown and create_user is false. A
//     code_challenge makes the token of its link begin with pkce_.
//   - GET verify: 303 to redirect_to, whose query keeps what it had, with ?code= after
//     pkce_, else with #access_token=…&expires_at=…&expires_in=…&refresh_token=…&sb=&
//     token_type=bearer&type=…; a used link: #error=access_denied&error_code=otp_expired&….
//   - POST verify {"type":"email","email","token"} takes the code of a sign-up, too; 403
//     otp_expired.
//   - logout?scope=local: 204; GET user with the token afterwards: 403 session_not_found.
//   - authorize: 302 to the provider, which sends the browser to the project, and that 303
//     to redirect_to with ?code=. Here the provider agrees at once.
type signInProject struct {
	url string
	key *ecdsa.PrivateKey

	mu       sync.Mutex
	lifetime time.Duration // of the next tokens
	users    map[string]*projectUser
	sessions map[string]*projectSession // by refresh token
	codes    map[string]projectCode     // of PKCE
	links    map[string]projectLink     // by the token of the link
	mail     projectLink                // the last one
}

type projectUser struct {
	id, email, password, name, otp string
	confirmed                      bool
}

type projectSession struct {
	id        string
	user      *projectUser
	successor string
	ended     bool
}

type projectCode struct {
	user      *projectUser
	challenge string
}

type projectLink struct {
	url, kind, challenge string
	user                 *projectUser
}

const projectKeyID = "key-of-the-stand-in"

func startSignInProject(t *testing.T) *signInProject {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	p := &signInProject{
		key: key, lifetime: time.Hour, users: map[string]*projectUser{}, sessions: map[string]*projectSession{},
		codes: map[string]projectCode{}, links: map[string]projectLink{},
	}
	mux := http.NewServeMux()
	for pattern, handle := range map[string]func(w http.ResponseWriter, r *http.Request, body map[string]any){
		"GET /auth/v1/.well-known/jwks.json": p.showKeys,
		"GET /auth/v1/settings":              p.showSettings,
		"POST /auth/v1/signup":               p.signUp,
		"POST /auth/v1/otp":                  p.sendLink,
		"POST /auth/v1/token":                p.giveToken,
		"GET /auth/v1/verify":                p.followLink,
		"POST /auth/v1/verify":               p.verifyCode,
		"GET /auth/v1/user":                  p.showUser,
		"POST /auth/v1/logout":               p.logOut,
		"GET /auth/v1/authorize":             p.authorize,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			p.mu.Lock()
			defer p.mu.Unlock()
			var body map[string]any
			if r.Method == http.MethodPost {
				_ = json.NewDecoder(r.Body).Decode(&body) // what is missing is refused where it is needed
			}
			handle(w, r, body)
		})
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Access-Control-Allow-Origin", "*")
		header.Set("Access-Control-Expose-Headers", "X-Total-Count, Link, X-Supabase-Api-Version")
		if r.Method == http.MethodOptions {
			header.Set("Access-Control-Allow-Methods", r.Header.Get("Access-Control-Request-Method"))
			header.Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if version := r.Header.Get("X-Supabase-Api-Version"); version != "" {
			header.Set("X-Supabase-Api-Version", version)
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

// do runs a function that looks at the project, or changes it.
func (p *signInProject) do(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func answerJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func refuseSignIn(w http.ResponseWriter, status int, code, message string) {
	answerJSON(w, status, map[string]any{"code": code, "message": message})
}

func (p *signInProject) showKeys(w http.ResponseWriter, _ *http.Request, _ map[string]any) {
	public, _ := p.key.PublicKey.ECDH()
	point := public.Bytes() // 4, x, y
	answerJSON(w, http.StatusOK, map[string]any{"keys": []any{map[string]any{
		"alg": "ES256", "crv": "P-256", "kty": "EC", "use": "sig", "kid": projectKeyID, "key_ops": []string{"verify"},
		"x": base64.RawURLEncoding.EncodeToString(point[1:33]), "y": base64.RawURLEncoding.EncodeToString(point[33:]),
	}}})
}

func (p *signInProject) showSettings(w http.ResponseWriter, _ *http.Request, _ map[string]any) {
	answerJSON(w, http.StatusOK, map[string]any{
		"external":       map[string]bool{"anonymous_users": false, "apple": false, "email": true, "github": true, "google": false, "phone": false},
		"disable_signup": false, "mailer_autoconfirm": false, "phone_autoconfirm": false, "sms_provider": "", "saml_enabled": false, "passkeys_enabled": false,
	})
}

func (u *projectUser) json() map[string]any {
	return map[string]any{
		"id": u.id, "aud": "authenticated", "role": "authenticated", "email": u.email, "phone": "", "is_anonymous": false,
		"app_metadata": map[string]any{"provider": "email", "providers": []string{"email"}}, "user_metadata": u.metadata(),
		"identities": []any{map[string]any{"id": u.id, "user_id": u.id, "provider": "email", "email": u.email}},
	}
}

func (u *projectUser) metadata() map[string]any {
	return map[string]any{"email": u.email, "email_verified": u.confirmed, "full_name": u.name, "phone_verified": false, "sub": u.id}
}

func text(body map[string]any, name string) string {
	value, _ := body[name].(string)
	return value
}

func (p *signInProject) signUp(w http.ResponseWriter, r *http.Request, body map[string]any) {
	email, password := text(body, "email"), text(body, "password")
	if len(password) < 6 {
		answerJSON(w, http.StatusUnprocessableEntity, map[string]any{
			"code": "weak_password", "message": "Password should be at least 6 characters.", "weak_password": map[string]any{"reasons": []string{"length"}},
		})
		return
	}
	known := p.users[email]
	if known != nil && known.confirmed {
		hidden := (&projectUser{id: uuid.NewString(), email: email}).json()
		hidden["identities"], hidden["user_metadata"] = []any{}, map[string]any{}
		answerJSON(w, http.StatusOK, hidden)
		return
	}
	if known == nil {
		data, _ := body["data"].(map[string]any)
		known = &projectUser{id: uuid.NewString(), email: email, password: password, name: text(data, "full_name")}
		p.users[email] = known
	}
	p.post(known, "signup", r, body)
	answerJSON(w, http.StatusOK, known.json())
}

func (p *signInProject) sendLink(w http.ResponseWriter, r *http.Request, body map[string]any) {
	user := p.users[text(body, "email")]
	if user == nil {
		refuseSignIn(w, http.StatusUnprocessableEntity, "otp_disabled", "Signups not allowed for otp")
		return
	}
	p.post(user, "magiclink", r, body)
	answerJSON(w, http.StatusOK, map[string]any{})
}

// post writes an e-mail with a link and a code.
func (p *signInProject) post(user *projectUser, kind string, r *http.Request, body map[string]any) {
	secret := strings.ReplaceAll(uuid.NewString(), "-", "")
	challenge := text(body, "code_challenge")
	if challenge != "" {
		secret = "pkce_" + secret
	}
	user.otp = fmt.Sprintf("%06d", uuid.New().ID()%1_000_000)
	query := url.Values{"token": {secret}, "type": {kind}, "redirect_to": {r.URL.Query().Get("redirect_to")}}
	p.mail = projectLink{url: p.url + "/auth/v1/verify?" + query.Encode(), kind: kind, challenge: challenge, user: user}
	p.links[secret] = p.mail
}

func (p *signInProject) followLink(w http.ResponseWriter, r *http.Request, _ map[string]any) {
	query := r.URL.Query()
	target, err := url.Parse(query.Get("redirect_to"))
	if err != nil {
		refuseSignIn(w, http.StatusBadRequest, "validation_failed", err.Error())
		return
	}
	link, ok := p.links[query.Get("token")]
	delete(p.links, query.Get("token"))
	switch {
	case !ok:
		target.Fragment = url.Values{"error": {"access_denied"}, "error_code": {"otp_expired"}, "error_description": {"Email link is invalid or has expired"}, "sb": {""}}.Encode()
	case link.challenge != "":
		link.user.confirmed = true
		target.RawQuery = p.newCode(target.Query(), link.user, link.challenge)
	default:
		link.user.confirmed = true
		session := p.newSession(link.user)
		target.Fragment = url.Values{
			"access_token": {session["access_token"].(string)}, "refresh_token": {session["refresh_token"].(string)},
			"expires_in": {fmt.Sprint(session["expires_in"])}, "expires_at": {fmt.Sprint(session["expires_at"])}, "sb": {""}, "token_type": {"bearer"}, "type": {link.kind},
		}.Encode()
	}
	http.Redirect(w, r, target.String(), http.StatusSeeOther)
}

// newCode adds a code of PKCE to a query.
func (p *signInProject) newCode(query url.Values, user *projectUser, challenge string) string {
	code := uuid.NewString()
	p.codes[code] = projectCode{user, challenge}
	query.Set("code", code)
	return query.Encode()
}

func (p *signInProject) authorize(w http.ResponseWriter, r *http.Request, _ map[string]any) {
	query := r.URL.Query()
	target, err := url.Parse(query.Get("redirect_to"))
	if err != nil || query.Get("provider") != "github" || query.Get("code_challenge") == "" {
		answerJSON(w, http.StatusBadRequest, map[string]any{"code": 400, "error_code": "validation_failed", "msg": "Unsupported provider: provider is not enabled"})
		return
	}
	const email = "octocat@example.com"
	if p.users[email] == nil {
		p.users[email] = &projectUser{id: uuid.NewString(), email: email, name: "Octo Cat", confirmed: true}
	}
	target.RawQuery = p.newCode(target.Query(), p.users[email], query.Get("code_challenge"))
	http.Redirect(w, r, target.String(), http.StatusSeeOther)
}

func (p *signInProject) verifyCode(w http.ResponseWriter, _ *http.Request, body map[string]any) {
	user := p.users[text(body, "email")]
	if text(body, "type") != "email" || user == nil || user.otp == "" || user.otp != text(body, "token") {
		refuseSignIn(w, http.StatusForbidden, "otp_expired", "Token has expired or is invalid")
		return
	}
	user.otp, user.confirmed = "", true
	answerJSON(w, http.StatusOK, p.newSession(user))
}

func (p *signInProject) giveToken(w http.ResponseWriter, r *http.Request, body map[string]any) {
	switch r.URL.Query().Get("grant_type") {
	case "password":
		user := p.users[text(body, "email")]
		switch {
		case user == nil || user.password != text(body, "password"):
			refuseSignIn(w, http.StatusBadRequest, "invalid_credentials", "Invalid login credentials")
		case !user.confirmed:
			refuseSignIn(w, http.StatusBadRequest, "email_not_confirmed", "Email not confirmed")
		default:
			answerJSON(w, http.StatusOK, p.newSession(user))
		}
	case "refresh_token":
		session := p.sessions[text(body, "refresh_token")]
		if session == nil || session.ended {
			refuseSignIn(w, http.StatusBadRequest, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
			return
		}
		answerJSON(w, http.StatusOK, p.refresh(session))
	case "pkce":
		code, ok := p.codes[text(body, "auth_code")]
		sum := sha256.Sum256([]byte(text(body, "code_verifier")))
		switch {
		case !ok:
			refuseSignIn(w, http.StatusNotFound, "flow_state_not_found", "invalid flow state, no valid flow state found")
		case base64.RawURLEncoding.EncodeToString(sum[:]) != code.challenge:
			refuseSignIn(w, http.StatusBadRequest, "bad_code_verifier", "code challenge does not match previously saved code verifier")
		default:
			delete(p.codes, text(body, "auth_code"))
			answerJSON(w, http.StatusOK, p.newSession(code.user))
		}
	default:
		refuseSignIn(w, http.StatusBadRequest, "unsupported_grant_type", "unsupported_grant_type")
	}
}

func (p *signInProject) newSession(user *projectUser) map[string]any {
	refresh := uuid.NewString()[:12]
	p.sessions[refresh] = &projectSession{id: uuid.NewString(), user: user}
	return p.sessionJSON(p.sessions[refresh], refresh)
}

// refresh gives a session's next tokens, and the same refresh token to all that ask by the old one.
func (p *signInProject) refresh(old *projectSession) map[string]any {
	if old.successor == "" {
		old.successor = uuid.NewString()[:12]
		p.sessions[old.successor] = &projectSession{id: old.id, user: old.user}
	}
	return p.sessionJSON(p.sessions[old.successor], old.successor)
}

func (p *signInProject) sessionJSON(session *projectSession, refresh string) map[string]any {
	now := time.Now()
	expires := now.Add(p.lifetime)
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"iss": p.url + "/auth/v1", "sub": session.user.id, "aud": "authenticated", "exp": expires.Unix(), "iat": now.Unix(), "email": session.user.email, "phone": "",
		"app_metadata": map[string]any{"provider": "email", "providers": []string{"email"}}, "user_metadata": session.user.metadata(), "role": "authenticated",
		"aal": "aal1", "session_id": session.id, "is_anonymous": false, "jti": uuid.NewString(),
	})
	token.Header["kid"] = projectKeyID
	signed, err := token.SignedString(p.key)
	if err != nil {
		panic(err) // the key is good
	}
	return map[string]any{
		"access_token": signed, "token_type": "bearer", "expires_in": int(p.lifetime / time.Second), "expires_at": expires.Unix(), "refresh_token": refresh, "user": session.user.json(),
	}
}

// caller returns the session of a request's token, or refuses it.
func (p *signInProject) caller(w http.ResponseWriter, r *http.Request) *projectSession {
	claims := jwt.MapClaims{}
	bearer := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if _, err := jwt.ParseWithClaims(bearer, claims, func(*jwt.Token) (any, error) { return &p.key.PublicKey, nil }); err != nil {
		refuseSignIn(w, http.StatusUnauthorized, "no_authorization", "This endpoint requires a valid Bearer token")
		return nil
	}
	for _, session := range p.sessions {
		if session.id == claims["session_id"] && !session.ended {
			return session
		}
	}
	refuseSignIn(w, http.StatusForbidden, "session_not_found", "Session from session_id claim in JWT does not exist")
	return nil
}

func (p *signInProject) showUser(w http.ResponseWriter, r *http.Request, _ map[string]any) {
	if session := p.caller(w, r); session != nil {
		answerJSON(w, http.StatusOK, session.user.json())
	}
}

func (p *signInProject) logOut(w http.ResponseWriter, r *http.Request, _ map[string]any) {
	caller := p.caller(w, r)
	if caller == nil {
		return
	}
	for _, session := range p.sessions {
		session.ended = session.ended || session.id == caller.id
	}
	w.WriteHeader(http.StatusNoContent)
}
