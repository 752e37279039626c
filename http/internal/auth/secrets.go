package auth

import (
	"bytes"
	"crypto"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Secrets verifies tokens that a project signed with a secret, HS256. While the project
// changes its secret there are two. A secret that is taken away is withdrawn, and so is
// all that it signed. It is a [Verifier]. Safe for concurrent use.
type Secrets struct {
	*keyed
	mu  sync.Mutex // while they are changed
	set atomic.Pointer[[]*sharedKey]
}

// sharedKey is a secret.
type sharedKey struct {
	signer
	secret []byte
}

// NewSecrets makes the verifier of tokens signed with any of the secrets; without any it
// takes none. Issuers and the project are as in [ProjectKeysOptions].
func NewSecrets(secrets [][]byte, issuers []string, supabaseURL string, now func() time.Time) *Secrets {
	s := &Secrets{}
	s.keyed = newKeyed([]string{jwt.SigningMethodHS256.Alg()}, newIssuers(issuers, supabaseURL), now, s.keyFor)
	s.set.Store(&[]*sharedKey{})
	s.Change(secrets)
	return s
}

// Change has tokens signed with these secrets verified, and no others. It reports whether
// it withdrew a secret.
func (s *Secrets) Change(secrets [][]byte) (withdrawn bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	older := *s.set.Load()
	var set []*sharedKey
	for _, secret := range secrets {
		same := func(key *sharedKey) bool { return bytes.Equal(key.secret, secret) }
		switch i := slices.IndexFunc(older, same); {
		case len(secret) == 0 || slices.ContainsFunc(set, same):
		case i >= 0: // its tokens stay known
			set = append(set, older[i])
		default:
			set = append(set, &sharedKey{secret: bytes.Clone(secret)})
		}
	}
	s.set.Store(&set)
	for _, key := range older {
		if !slices.Contains(set, key) {
			key.withdrawn.Store(true)
			withdrawn = true
		}
	}
	return withdrawn
}

// Methods returns none without a secret.
func (s *Secrets) Methods() []string {
	if len(*s.set.Load()) == 0 {
		return nil
	}
	return s.keyed.Methods()
}

// keyFor returns the secret that signed a token. The last one is not tried here: it is
// the parser that will, so that a single secret is tried once.
func (s *Secrets) keyFor(token *jwt.Token) (crypto.PublicKey, *signer, error) {
	signed := token.Raw[:strings.LastIndexByte(token.Raw, '.')]
	set := *s.set.Load()
	for i, key := range set {
		if i == len(set)-1 || token.Method.Verify(signed, token.Signature, key.secret) == nil { // in constant time
			return key.secret, &key.signer, nil
		}
	}
	return nil, nil, errSignature
}
