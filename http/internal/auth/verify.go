package auth

import (
	"crypto"
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"

	"github.com/paceboard/paceboard/competition"
)

// audience is the audience of tokens for users.
const audience = "authenticated"

// Verifier checks the tokens of one family of signing methods. Each family has
// its own: a shared secret and public keys never meet in one.
type Verifier interface {
	// Methods are the `alg` values that it answers for now.
	Methods() []string
	// Verify returns whom the token speaks for. The error says why it is refused,
	// in words for the client; it never holds the token. Safe for concurrent use.
	Verify(token string) (*Identity, error)
}

// keyed verifies with the keys that a key function returns.
type keyed struct {
	methods []string
	parser  *jwt.Parser    // form and signature
	times   *jwt.Validator // expiry, start
	users   *jwt.Validator // what users' tokens need besides
	issuers issuers
	key     keyFunc
}

// keyFunc returns the key for a token, whose claims may not be looked at, and the signer
// that the key is of.
type keyFunc func(token *jwt.Token) (key crypto.PublicKey, from *signer, err error)

func newKeyed(methods []string, issuers issuers, now func() time.Time, key keyFunc) *keyed {
	return &keyed{
		methods: methods,
		parser:  jwt.NewParser(jwt.WithoutClaimsValidation(), jwt.WithValidMethods(methods), jwt.WithStrictDecoding()),
		times:   jwt.NewValidator(jwt.WithExpirationRequired(), jwt.WithLeeway(Leeway), jwt.WithTimeFunc(now)),
		users:   jwt.NewValidator(jwt.WithAudience(audience), jwt.WithTimeFunc(now), jwt.WithLeeway(Leeway)),
		issuers: issuers,
		key:     key,
	}
}

func (k *keyed) Methods() []string { return k.methods }

func (k *keyed) Verify(token string) (*Identity, error) {
	if strings.ContainsAny(token, "\r\n") { // which base64 decoders skip
		return nil, errMalformedToken
	}
	var c claims
	var from *signer
	parsed, err := k.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (key any, err error) {
		if _, critical := t.Header["crit"]; critical { // RFC 7515, section 4.1.11: none are known here
			return nil, refuseToken("critical_extension", "its header has `crit`: extensions that are not known here")
		}
		key, from, err = k.key(t)
		return key, err
	})
	if err != nil {
		return nil, reasonOf(err, parsed)
	}
	if err := k.times.Validate(&c); err != nil {
		return nil, reasonOfTimes(err, &c)
	}
	if c.Role != serviceRole { // which has no sub, aud or iss of the project
		if err := k.checkUser(&c); err != nil {
			return nil, err
		}
	}
	id := c.identity()
	id.signer = from
	return id, nil
}

// checkUser checks what only users' tokens need.
func (k *keyed) checkUser(c *claims) error {
	if err := k.users.Validate(c); err != nil {
		return refuseToken("audience", "its audience %s is not %s", quoteShort(strings.Join(c.Audience, ",")), quoteShort(audience))
	}
	if err := k.issuers.check(c.Issuer, k.methods); err != nil {
		return err
	}
	switch {
	case c.Subject == "":
		return refuseToken("no_subject", "it has no `sub`: it is for no user")
	case !competition.ValidUserID(c.Subject):
		return refuseToken("subject", "its `sub` is not 1 to 128 printable ASCII characters without spaces")
	case competition.ReservedUserID(c.Subject):
		return refuseToken("reserved_subject", "its `sub` %s is reserved", quoteShort(c.Subject))
	}
	return nil
}

// errSignature is returned for a token that no key of ours has signed.
var errSignature = refuseToken("signature", "its signature does not fit the key")

// reasonOf returns why a token could not be read, or its signature not be verified.
func reasonOf(err error, token *jwt.Token) error {
	var refused *RefusalError
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.Is(err, jwt.ErrTokenMalformed), token == nil:
		return errMalformedToken
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return errSignature
	default:
		return errMalformedToken
	}
}

// reasonOfTimes returns why a well-signed token is not valid now.
func reasonOfTimes(err error, c *claims) error {
	switch {
	case c.ExpiresAt == nil:
		return refuseToken("no_expiry", "it has no `exp`")
	case errors.Is(err, jwt.ErrTokenExpired):
		expired := refuseToken("expired", "it expired at %s", shownSecond(c.ExpiresAt.Time))
		expired.Kind = ErrExpired
		return expired
	default:
		return refuseToken("not_yet", "it is not good before %s", shownSecond(c.NotBefore.Time))
	}
}

func shownSecond(at time.Time) string { return quoteShort(at.UTC().Format(time.RFC3339)) }

// methodOf returns the `alg` that a token names, or "". It only selects the verifier,
// which insists on its own methods.
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

// issuers are the issuers whose tokens for users are accepted.
type issuers struct {
	list []string // empty for any
	bare bool     // HS256 tokens may name none, as those of a self-hosted project do
}

// anyIssuer is the setting that accepts all.
const anyIssuer = "any"

// newIssuers reads the setting; empty is the project's own issuer.
func newIssuers(setting []string, supabaseURL string) issuers {
	switch {
	case slices.Contains(setting, anyIssuer):
		return issuers{}
	case len(setting) > 0:
		return issuers{list: setting}
	case supabaseURL != "":
		return issuers{list: []string{issuerOf(supabaseURL)}, bare: true}
	default:
		return issuers{}
	}
}

// check checks the issuer that a token in one of the methods names.
func (i issuers) check(issuer string, methods []string) error {
	if len(i.list) == 0 || slices.Contains(i.list, issuer) || issuer == "" && i.bare && slices.Contains(methods, "HS256") {
		return nil
	}
	quoted := make([]string, len(i.list))
	for n, one := range i.list {
		quoted[n] = strconv.Quote(one)
	}
	if len(i.list) == 1 {
		return refuseToken("issuer", "issuer %s is not %s", quoteShort(issuer), quoted[0])
	}
	return refuseToken("issuer", "issuer %s is none of %s", quoteShort(issuer), strings.Join(quoted, ", "))
}

// issuerOf is the `iss` of a Supabase project's tokens.
func issuerOf(supabaseURL string) string {
	if supabaseURL == "" {
		return ""
	}
	return strings.TrimRight(supabaseURL, "/") + "/auth/v1"
}
