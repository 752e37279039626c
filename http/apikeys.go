package http

import (
	"crypto/rand"
	"crypto/sha256"

	"github.com/go-json-experiment/json"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/http/internal/decode"
)

const (
	apiKeyIDLetters = 16
	maxAPIKeyName   = 100
)

// shownKey is an API key as operators see it.
type shownKey struct {
	ID        string   `json:"id"`
	Key       string   `json:"key,omitzero"` // once, when it is made
	Name      string   `json:"name"`
	Scopes    []string `json:"scopes"`
	CreatedBy string   `json:"created_by"`
	CreatedAt string   `json:"created_at"`
	ExpiresAt string   `json:"expires_at,omitzero"`
	RevokedAt string   `json:"revoked_at,omitzero"`
}

func show(k *competition.APIKey) shownKey {
	return shownKey{
		ID: k.ID, Name: k.Name, Scopes: k.Scopes.Names(), CreatedBy: k.CreatedBy.String(),
		CreatedAt: shownTime(k.CreatedAt), ExpiresAt: shownTime(k.ExpiresAt), RevokedAt: shownTime(k.RevokedAt),
	}
}

// createAPIKey makes a key, whose secret is never shown again.
func (s *Server) createAPIKey(c *call) error {
	f, err := decode.ReadForm(c.Request.Body())
	if err != nil {
		return err
	}
	key := competition.APIKey{ID: rand.Text()[:apiKeyIDLetters], CreatedBy: c.who.Actor(), CreatedAt: s.nowMillis()}
	key.Name, _ = f.Text("name")
	if !competition.ValidText(key.Name, maxAPIKeyName) || !competition.WelcomeName(key.Name) {
		f.Refuse("name", "must be 1 to 100 characters, one of them visible and none invisible")
	}
	key.Scopes = readScopes(f)
	if at, given := f.Time("expires_at"); given {
		if key.ExpiresAt = at.Millis(); key.ExpiresAt <= key.CreatedAt {
			f.Refuse("expires_at", "must lie in the future")
		}
	}
	engine, err := s.permit(c, f.Err())
	if err != nil {
		return err
	}
	keys, err := engine.APIKeys()
	switch {
	case err != nil:
		return err
	case len(keys) >= competition.MaxAPIKeys:
		return kindTooManyKeys.with("there are already 1,000 keys, including revoked ones")
	}
	secret := rand.Text()
	key.Hash = sha256.Sum256([]byte(secret))
	if err := engine.PutAPIKey(key); err != nil {
		return err
	}
	s.auth.ForgetKeys()
	shown := show(&key)
	shown.Key = auth.KeyPrefix + key.ID + "_" + secret
	c.Response.Header.SetCanonical(headerCacheControl, valueNoStore)
	return c.replyValue(fasthttp.StatusCreated, shown)
}

func readScopes(f *decode.Form) (scopes competition.Scopes) {
	values, ok := f.List("scopes", 16)
	for _, value := range values {
		var word string
		scope, known := competition.Scopes(0), false
		if json.Unmarshal(value, &word) == nil {
			scope, known = competition.ParseScope(word)
		}
		ok = ok && known
		scopes |= scope
	}
	if !ok || scopes == 0 {
		f.Refuse("scopes", "must be a list of some of: "+competition.AllScopeNames())
	}
	return scopes
}

// listAPIKeys shows all keys, revoked ones included, without their secrets.
func (s *Server) listAPIKeys(c *call) error {
	engine, err := s.permit(c, nil)
	if err != nil {
		return err
	}
	keys, err := engine.APIKeys()
	if err != nil {
		return err
	}
	shown := make([]shownKey, len(keys))
	for i := range keys {
		shown[i] = show(&keys[i])
	}
	return c.replyValue(fasthttp.StatusOK, map[string]any{"api_keys": shown})
}

// revokeAPIKey ends a key. Ending it twice is a no-op. Other processes
// refuse it when they read the keys again, within 5 seconds.
func (s *Server) revokeAPIKey(c *call) error {
	engine, err := s.permit(c, nil)
	if err != nil {
		return err
	}
	keys, err := engine.APIKeys()
	if err != nil {
		return err
	}
	id := c.parameter("key_id")
	for i := range keys {
		if keys[i].ID != id {
			continue
		}
		if keys[i].RevokedAt == 0 {
			keys[i].RevokedAt = s.nowMillis()
			if err := engine.PutAPIKey(keys[i]); err != nil {
				return err
			}
			s.auth.ForgetKeys()
		}
		return c.replyValue(fasthttp.StatusOK, show(&keys[i]))
	}
	return kindNotFound.with("there is no API key with this id")
}
