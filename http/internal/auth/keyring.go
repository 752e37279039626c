package auth

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// KeyPrefix begins an API key: then come its id, "_" and its secret, of which only
// the hash is stored. It is sent as a Bearer token and makes an operator of limited
// scopes.
const KeyPrefix = "pbk_"

const (
	keyringAge   = 2 * time.Second // after which revoked keys are looked for; a live client's key is looked at as often
	keyringTrust = time.Minute     // that known keys are good for requests while the keys cannot be read
)

// KeyStore has the API keys.
type KeyStore interface {
	APIKeys() ([]competition.APIKey, error)
}

// keyring has the valid API keys. Safe for concurrent use.
type keyring struct {
	store KeyStore
	log   *slog.Logger
	now   func() time.Time

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

// verify returns the identity of a key. It reads the keys at most every keyringAge.
// While that fails, known keys stay valid for keyringTrust: boards are in memory, and a
// revoked key is accepted for no longer than that.
func (k *keyring) verify(token []byte) (*Identity, error) {
	known, err := k.latest()
	switch {
	case err != nil:
		return nil, err
	case known.stale != nil && k.now().Sub(known.as) > keyringTrust:
		return nil, known.stale
	}
	id, secret, _ := bytes.Cut(bytes.TrimPrefix(token, []byte(KeyPrefix)), []byte("_"))
	key := known.keys[string(id)]
	if key == nil && known.stale != nil { // it may have been made since
		return nil, known.stale
	}
	hash := sha256.Sum256(secret)
	if key == nil || subtle.ConstantTimeCompare(hash[:], key.hash[:]) != 1 {
		return nil, refuseToken("api_key", "the API key is not known here: it is mistyped, or was revoked")
	}
	if k.now().Unix() >= key.identity.Expires {
		return nil, errExpiredKey
	}
	return &key.identity, nil
}

// errExpiredKey is returned for an API key that has expired.
var errExpiredKey = &RefusalError{Kind: ErrExpired, rule: "api_key_expired", Detail: "the API key has expired"}

// holds is nil if the key of a live client is still valid. It is an error, too, if that
// cannot be known: a long connection is no reason for long trust.
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

// latest returns the keys as they were keyringAge ago or later.
func (k *keyring) latest() (*knownKeys, error) {
	known := k.known.Load()
	if known == nil || k.now().Sub(known.at) > keyringAge {
		return k.refresh(known)
	}
	return known, nil
}

// refresh reads the keys, unless another caller has done so or is doing so.
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

// forget makes the next use of any key read them again. It waits for a read under way,
// which may have begun before the change.
func (k *keyring) forget() {
	k.reading.Lock()
	defer k.reading.Unlock()
	k.known.Store(nil)
}

func (k *keyring) read(seen *knownKeys) (*knownKeys, error) {
	keys, err := k.store.APIKeys()
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
			Caller: competition.Caller{Operator: true}, Expires: never, Scopes: key.Scopes, Key: key.ID,
		}}
		if key.ExpiresAt != 0 {
			entry.identity.Expires = key.ExpiresAt.Time().Unix()
		}
		known.keys[key.ID] = entry
	}
	k.known.Store(known)
	return known, nil
}
