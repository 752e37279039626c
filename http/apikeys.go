package http

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
)

// An API key is "pbk_", its id, "_" and its secret, of which only the hash is
// kept. It is sent as a Bearer token and makes an operator of limited scopes.
const (
	apiKeyPrefix    = "pbk_"
	apiKeyIDLetters = 16
	maxAPIKeyName   = 100
	keyringAge      = 2 * time.Second // after which revoked keys are looked for; a live client's key is looked at as often
	keyringTrust    = time.Minute     // that known keys are good for requests while the keys cannot be read
	noExpiry        = 253402300799    // the end of the year 9999
)

// errScope refuses an API key that lacks the scope of an operation.
var errScope = kindForbidden.with("the API key lacks the required scope")

// keyring knows the API keys that are good. Safe for concurrent use.
type keyring struct {
	engine Engine
	log    *slog.Logger
	now    func() time.Time

	reading sync.Mutex
	known   atomic.Pointer[knownKeys] // nil before the first reading
}

// knownKeys are the keys as of a time, by id.
type knownKeys struct {
	at    time.Time // of the last try to read them
	as    time.Time // of the last time that it could be done
	stale error     // why the last try failed; nil if it did not
	keys  map[string]*knownKey
}

type knownKey struct {
	hash     [32]byte
	identity Identity
}

// verify tells whom a key speaks for. It reads the keys at most every keyringAge;
// while that fails, those that are known go on to be good for keyringTrust, since
// boards are in memory and it is known for how long that may be wrong.
func (k *keyring) verify(token []byte) (*Identity, error) {
	known, err := k.latest()
	switch {
	case err != nil:
		return nil, err
	case known.stale != nil && k.now().Sub(known.as) > keyringTrust:
		return nil, known.stale
	}
	id, secret, _ := strings.Cut(strings.TrimPrefix(viewOf(token), apiKeyPrefix), "_")
	key := known.keys[id]
	if key == nil && known.stale != nil { // maybe it was made since
		return nil, known.stale
	}
	hash := sha256.Sum256([]byte(secret))
	if key == nil || subtle.ConstantTimeCompare(hash[:], key.hash[:]) != 1 {
		return nil, refuseToken("api_key", "the API key is not known here: it is mistyped, or was revoked")
	}
	if k.now().Unix() >= key.identity.Expires {
		return nil, errExpiredKey
	}
	return &key.identity, nil
}

// errExpiredKey is said of an API key whose time is over.
var errExpiredKey = &tokenError{kind: kindExpiredToken, rule: "api_key_expired", detail: "the API key has expired"}

// holds is nil if the key of a live client is still good. It is an error, too, if
// that cannot be known: a connection that stays open is no reason to trust for long.
func (k *keyring) holds(id *Identity) error {
	known, err := k.latest()
	switch {
	case err != nil:
		return err
	case known.stale != nil:
		return known.stale
	case known.keys[id.Key] == nil:
		return refuseToken("api_key", "the API key was revoked")
	case k.now().Unix() >= id.Expires:
		return errExpiredKey
	default:
		return nil
	}
}

// latest is the keys as they were keyringAge ago or later.
func (k *keyring) latest() (*knownKeys, error) {
	known := k.known.Load()
	if known == nil || k.now().Sub(known.at) > keyringAge {
		return k.refresh(known)
	}
	return known, nil
}

// refresh reads the keys, unless somebody else has or is doing so.
func (k *keyring) refresh(seen *knownKeys) (*knownKeys, error) {
	if seen == nil {
		k.reading.Lock()
	} else if !k.reading.TryLock() {
		return seen, nil
	}
	defer k.reading.Unlock()
	known := k.known.Load()
	if known != nil && known != seen {
		return known, nil
	}
	return k.read(known) // nil after forget: what was known then must not come back
}

// forget makes the next use of any key read them. It waits for a reading under
// way, which may have begun before the change.
func (k *keyring) forget() {
	k.reading.Lock()
	defer k.reading.Unlock()
	k.known.Store(nil)
}

func (k *keyring) read(seen *knownKeys) (*knownKeys, error) {
	keys, err := k.engine.APIKeys()
	if err != nil {
		if seen == nil {
			return nil, err
		}
		if seen.stale == nil {
			k.log.Warn("the API keys cannot be read: those that are known are good for a minute, but for no live connection", "error", err)
		}
		known := &knownKeys{at: k.now(), as: seen.as, stale: err, keys: seen.keys}
		k.known.Store(known)
		return known, nil
	}
	now := k.now()
	known := &knownKeys{at: now, as: now, keys: make(map[string]*knownKey, len(keys))}
	for _, key := range keys {
		if key.RevokedAt != 0 || key.Scopes == 0 {
			continue
		}
		entry := &knownKey{hash: key.Hash, identity: Identity{
			Caller: competition.Caller{Operator: true}, Expires: noExpiry, Scopes: key.Scopes, Key: key.ID,
		}}
		if key.ExpiresAt != 0 {
			entry.identity.Expires = key.ExpiresAt.Time().Unix()
		}
		known.keys[key.ID] = entry
	}
	k.known.Store(known)
	return known, nil
}

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

// shownTime is a time as clients read it; empty for none.
func shownTime(at competition.Millis) string {
	if at == 0 {
		return ""
	}
	return string(at.AppendTime(nil))
}

// createAPIKey makes a key, whose secret is never shown again.
func (s *Server) createAPIKey(c *call) error {
	f, err := readForm(c.Request.Body())
	if err != nil {
		return err
	}
	key := competition.APIKey{ID: rand.Text()[:apiKeyIDLetters], CreatedBy: c.who.actor(), CreatedAt: s.nowMillis()}
	key.Name, _ = f.text("name")
	if !competition.ValidText(key.Name, maxAPIKeyName) || !competition.WelcomeName(key.Name) {
		f.refuse("name", "must be 1 to 100 characters, one of them visible and none invisible")
	}
	key.Scopes = readScopes(f)
	if at, given := f.time("expires_at"); given {
		if key.ExpiresAt = at.millis(); key.ExpiresAt <= key.CreatedAt {
			f.refuse("expires_at", "must lie in the future")
		}
	}
	if err := f.err(); err != nil {
		return err
	}
	engine, err := s.permit(c)
	if err != nil {
		return err
	}
	keys, err := engine.APIKeys()
	switch {
	case err != nil:
		return err
	case len(keys) >= competition.MaxAPIKeys:
		return kindTooManyKeys.with("there are 1,000 keys, revoked ones included")
	}
	secret := rand.Text()
	key.Hash = sha256.Sum256([]byte(secret))
	if err := engine.PutAPIKey(key); err != nil {
		return err
	}
	s.auth.keys.forget()
	shown := show(&key)
	shown.Key = apiKeyPrefix + key.ID + "_" + secret
	c.Response.Header.SetCanonical(headerCacheControl, valueNoStore)
	return c.replyValue(fasthttp.StatusCreated, shown)
}

// readScopes reads the list of scopes.
func readScopes(f *form) (scopes competition.Scopes) {
	values, ok := f.list("scopes", 16)
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
		f.refuse("scopes", "must be a list of some of: "+competition.AllScopeNames())
	}
	return scopes
}

// listAPIKeys shows all keys, revoked ones included, without their secrets.
func (s *Server) listAPIKeys(c *call) error {
	engine, err := s.permit(c)
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

// revokeAPIKey ends a key. Ending it twice is a no-op. Other processes know it within
// keyringAge.
func (s *Server) revokeAPIKey(c *call) error {
	engine, err := s.permit(c)
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
			s.auth.keys.forget()
		}
		return c.replyValue(fasthttp.StatusOK, show(&keys[i]))
	}
	return kindNotFound.with("there is no API key with this id")
}

// replyValue answers with the JSON of a value, for what is not asked often.
func (c *call) replyValue(status int, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	c.out = append(append(append(c.out[:0], envelope...), data...), envelopeEnd)
	c.reply(status, c.out)
	return nil
}
