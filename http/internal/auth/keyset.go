package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"
)

// Bounds of RSA keys, in bits: shorter ones can be broken (NIST SP 800-131A,
// RFC 7518, section 3.3), and longer ones take long to use.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

var (
	errKeySet     = errors.New("the answer is not a JSON Web Key Set")
	errUnnamedKey = errors.New("it names no key")
)

// signingKey is one of the project's public keys.
type signingKey struct {
	signer
	public crypto.PublicKey // *ecdsa.PublicKey on P-256, or *rsa.PublicKey
}

// keyName is how a token names its key: one name may stand for a key of each kind.
type keyName struct{ method, kid string }

// keySet is the project's keys (RFC 7517, section 5). It never changes.
type keySet struct {
	keys  map[keyName]*signingKey
	unfit map[string]string // why a key that it shows is not used, by kid
	shown int               // keys, those of other kinds included
}

// jsonWebKey is a key as the project writes it (RFC 7518, section 6).
type jsonWebKey struct {
	Type       string   `json:"kty"`
	Name       string   `json:"kid"`
	Use        string   `json:"use"`
	Operations []string `json:"key_ops"`
	Method     string   `json:"alg"`
	Curve      string   `json:"crv"`
	X          string   `json:"x"`
	Y          string   `json:"y"`
	Modulus    string   `json:"n"`
	Exponent   string   `json:"e"`
}

// readKeySet reads a key set. Keys of no use here are left out, as RFC 7517,
// section 5, advises.
func readKeySet(body []byte) (*keySet, error) {
	var answer struct {
		Keys *[]jsonWebKey `json:"keys"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Keys == nil {
		return nil, errKeySet
	}
	set := &keySet{keys: map[keyName]*signingKey{}, unfit: map[string]string{}, shown: len(*answer.Keys)}
	for i := range *answer.Keys {
		key := &(*answer.Keys)[i]
		if key.Type == "" {
			return nil, errKeySet
		}
		method, public, err := key.read()
		if err != nil {
			set.unfit[key.Name] = err.Error()
			continue
		}
		if name := (keyName{method, key.Name}); set.keys[name] == nil {
			set.keys[name] = &signingKey{public: public}
		}
	}
	return set, nil
}

// read returns the key, and the only method that it may verify.
func (k *jsonWebKey) read() (method string, public crypto.PublicKey, err error) {
	switch {
	case k.Name == "":
		return "", nil, errUnnamedKey
	case k.Use != "" && k.Use != "sig", len(k.Operations) > 0 && !slices.Contains(k.Operations, "verify"):
		return "", nil, errors.New("it is not for signatures")
	case k.Type == "EC":
		method = jwt.SigningMethodES256.Alg()
		public, err = k.readEC()
	case k.Type == "RSA":
		method = jwt.SigningMethodRS256.Alg()
		public, err = k.readRSA()
	default:
		err = errors.New("it is neither an EC nor an RSA key")
	}
	if err == nil && k.Method != "" && k.Method != method {
		err = fmt.Errorf("it is for %s, and %s is wanted", quoteShort(k.Method), method)
	}
	return method, public, err
}

func (k *jsonWebKey) readEC() (*ecdsa.PublicKey, error) {
	if k.Curve != "P-256" {
		return nil, errors.New("it is not on the curve P-256")
	}
	const size = 32
	x, y := decodeUnpadded(k.X), decodeUnpadded(k.Y)
	if len(x) != size || len(y) != size {
		return nil, errors.New("its coordinates do not have 32 bytes")
	}
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y)) //nolint:wrapcheck // it says all
}

func (k *jsonWebKey) readRSA() (*rsa.PublicKey, error) {
	modulus, exponent := new(big.Int).SetBytes(decodeUnpadded(k.Modulus)), new(big.Int).SetBytes(decodeUnpadded(k.Exponent))
	switch bits := modulus.BitLen(); {
	case bits < minRSABits || bits > maxRSABits:
		return nil, fmt.Errorf("it has %d bits, and %d to %d are taken", bits, minRSABits, maxRSABits)
	case exponent.BitLen() > 31 || exponent.Bit(0) == 0 || exponent.Int64() < 3:
		return nil, errors.New("its exponent is not an odd number from 3 to 2^31-1")
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}, nil
}

// decodeUnpadded decodes base64url, with or without padding; nil when it is none.
func decodeUnpadded(text string) []byte {
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil
	}
	return data
}

// unfitFor returns why a key that the set shows is not used for a token; nil for one
// that it does not show.
func (s *keySet) unfitFor(name keyName) error {
	if why := s.unfit[name.kid]; why != "" {
		return refuseToken("unfit_key", "its key %s is not taken: %s", quoteShort(name.kid), why)
	}
	for known := range s.keys {
		if known.kid == name.kid {
			return refuseToken("unfit_key", "its key %s is for %s, and it says %s", quoteShort(name.kid), known.method, name.method)
		}
	}
	return nil
}

// keepingFrom takes the keys that an older set has, too, from that one, so that their
// tokens stay known. It withdraws those that only the older set has, and returns their
// names.
func (s *keySet) keepingFrom(older *keySet) (set *keySet, withdrawn []keyName) {
	for name, key := range older.keys {
		same, ok := key.public.(interface{ Equal(crypto.PublicKey) bool })
		if now := s.keys[name]; now != nil && ok && same.Equal(now.public) {
			s.keys[name] = key
			continue
		}
		key.withdrawn.Store(true)
		withdrawn = append(withdrawn, name)
	}
	return s, withdrawn
}
