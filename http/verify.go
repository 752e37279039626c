package http

import (
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"

	"github.com/paceboard/paceboard/competition"
)

// leeway is how far the issuer's clock and ours may differ.
const leeway = 5 * time.Second

// audience is what tokens for users are meant for.
const audience = "authenticated"

// Verifier checks the tokens of one family of signing methods. Each family has
// its own: a shared secret and public keys never meet in one.
type Verifier interface {
	// Methods are the `alg` values that it answers for.
	Methods() []string
	// Verify returns whom the token speaks for. An error that is
	// jwt.ErrTokenExpired or competition.ErrUnavailable is told to the client as
	// such, any other as a token that is not valid. Safe for concurrent use.
	Verify(token string) (*Identity, error)
}

// errNotForUs is returned for a well-signed token that opens nothing here.
var errNotForUs = errors.New("the token is not meant for this service")

// keyed verifies with whatever keys a key function gives.
type keyed struct {
	methods []string
	parser  *jwt.Parser    // signature, expiry, start
	users   *jwt.Validator // what is asked of users' tokens besides
	key     jwt.Keyfunc
}

// newKeyed makes a verifier of tokens signed in one of the methods. issuer is
// asked of users' tokens unless it is empty.
func newKeyed(methods []string, issuer string, now func() time.Time, key jwt.Keyfunc) *keyed {
	times := []jwt.ParserOption{jwt.WithExpirationRequired(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(now)}
	users := append([]jwt.ParserOption{jwt.WithAudience(audience)}, times...)
	if issuer != "" {
		users = append(users, jwt.WithIssuer(issuer))
	}
	return &keyed{
		methods: methods,
		parser:  jwt.NewParser(append(times, jwt.WithValidMethods(methods), jwt.WithStrictDecoding())...),
		users:   jwt.NewValidator(users...),
		key:     key,
	}
}

// newSecret makes the verifier of tokens signed with the project's secret.
func newSecret(secret []byte, issuer string, now func() time.Time) *keyed {
	return newKeyed([]string{jwt.SigningMethodHS256.Alg()}, issuer, now, func(*jwt.Token) (any, error) { return secret, nil })
}

func (k *keyed) Methods() []string { return k.methods }

func (k *keyed) Verify(token string) (*Identity, error) {
	if strings.ContainsAny(token, "\r\n") { // which decoding base64 passes over
		return nil, jwt.ErrTokenMalformed
	}
	var c claims
	if _, err := k.parser.ParseWithClaims(token, &c, k.key); err != nil {
		return nil, err
	}
	if c.Role != serviceRole { // which has no sub, aud or iss of the project
		if err := k.users.Validate(&c); err != nil {
			return nil, err
		}
		if !competition.ValidUserID(c.Subject) {
			return nil, errNotForUs
		}
	}
	return c.identity(), nil
}

// methodOf is the `alg` that a token names, or "". It decides only who checks
// the token: each verifier insists on its own methods.
func methodOf(token string) string {
	header, _, _ := strings.Cut(token, ".")
	data, err := base64.RawURLEncoding.Strict().DecodeString(header)
	if err != nil {
		return ""
	}
	var fields struct {
		Alg string `json:"alg"`
	}
	if json.Unmarshal(data, &fields) != nil {
		return ""
	}
	return fields.Alg
}
