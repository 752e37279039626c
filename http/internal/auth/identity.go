package auth

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// Identity is the bearer of a verified token. It never changes, except for what it
// remembers to save work. Safe for concurrent use.
type Identity struct {
	Caller    competition.Caller     // a service key has no user id and is an operator
	Name      string                 // to show on boards; empty if the token has none
	Anonymous bool                   // may only read
	Expires   int64                  // seconds since 1970, leeway included
	Key       string                 // the id of the API key; empty for tokens
	Scopes    competition.Scopes     // of an API key; 0 for tokens, which are not limited by scopes
	Machine   bool                   // the operator of the server's machine, who has no token; see Machine
	Link      *competition.BoardLink // of whoever has its code, who is no caller at all and may only see its board; else nil

	Bucket *rate.Limiter // of the user's requests, shared by the user's tokens; nil for no limit
	Synced LastName      // the competition that the last sync named
	Read   LastName      // the one whose board was read last

	remembered int64        // seconds since 1970, until when the verified token is remembered
	signer     *signer      // of a token, or what says that a board link is revoked; nil for an API key and for the machine
	holds      func() error // of a board link: returns why it is not good any more; nil without one
}

// LastName saves copying a name that is mostly the same as the last time.
type LastName struct{ last atomic.Pointer[string] }

// Copy returns a copy of a name: the last one, if that is equal.
func (n *LastName) Copy(name string) string {
	if last := n.last.Load(); last != nil && *last == name {
		return *last
	}
	own := strings.Clone(name)
	n.last.Store(&own)
	return own
}

// Leeway is how far the issuer's clock and this machine's may differ.
const Leeway = 5 * time.Second

// never is when an API key without an end expires: at that of the year 9999.
const never = 253402300799

// signer is what signed tokens: a key of the project or a secret. Identities refer to
// the one of their token, and so see when it is withdrawn, which is for good.
type signer struct{ withdrawn atomic.Bool }

// withdrawn reports whether the key that signed the token is withdrawn; the token is then
// void.
func (id *Identity) withdrawn() bool { return id.signer != nil && id.signer.withdrawn.Load() }

// EndsAt returns when the identity expires, as its token says; false for never.
func (id *Identity) EndsAt() (calendar.Millis, bool) {
	switch {
	case id.Expires == never:
		return 0, false
	case id.Key == "" && id.Link == nil: // a token's leeway is no part of its time
		return calendar.MillisOf(time.Unix(id.Expires, 0).Add(-Leeway)), true
	default:
		return calendar.MillisOf(time.Unix(id.Expires, 0)), true
	}
}

// Machine returns the identity of the operator of the server's machine, who needs no
// token.
func Machine() *Identity {
	return &Identity{Caller: competition.Caller{Operator: true}, Machine: true, Expires: never}
}

// Actor returns the identity as the audit log names it.
func (id *Identity) Actor() competition.Subject {
	switch {
	case id.Machine:
		return competition.Subject{Kind: competition.RoleSubject, ID: competition.CommandLineRole}
	case id.Key != "":
		return competition.Subject{Kind: competition.KeySubject, ID: id.Key}
	case id.Link != nil:
		return competition.Subject{Kind: competition.RoleSubject, ID: linkRole}
	case id.Caller.UserID != "":
		return competition.Subject{Kind: competition.UserSubject, ID: id.Caller.UserID}
	default:
		return competition.Subject{Kind: competition.RoleSubject, ID: serviceRole}
	}
}

// LinkScope marks what a board link is good for, beside the scope that an API key needs
// for the same. It is never granted to a key.
const LinkScope competition.Scopes = 1 << 6

// linkRole is the role of whoever has the code of a board link.
const linkRole = "board_link"

// May reports whether an API key has a scope, of which the tokens of users need none, and
// a board link is good for it.
func (id *Identity) May(wanted competition.Scopes) bool {
	if id.Link != nil {
		return wanted&LinkScope != 0
	}
	return id.Scopes == 0 || id.Scopes.Has(wanted&^LinkScope)
}

// serviceRole is the role of Supabase's own key.
const serviceRole = competition.ServiceRole

// claims are what a Supabase token says.
type claims struct {
	jwt.RegisteredClaims
	Role         string         `json:"role"`
	Anonymous    bool           `json:"is_anonymous"`
	AppMetadata  appMetadata    `json:"app_metadata"`
	UserMetadata jsontext.Value `json:"user_metadata"` // the user may edit it: fit for a name, never for a right
}

type appMetadata struct {
	Role any `json:"role"`
}

// UnmarshalJSON reads them strictly: names are case-sensitive, none may stand
// twice. (encoding/json, which the JWT library uses, is neither.)
func (c *claims) UnmarshalJSON(data []byte) error {
	type plain claims
	return json.Unmarshal(data, (*plain)(c))
}

func (c *claims) identity() *Identity {
	id := &Identity{
		Anonymous: c.Anonymous,
		Expires:   c.ExpiresAt.Unix() + int64(Leeway.Seconds()),
	}
	if c.Role == serviceRole {
		id.Caller.Operator = true
		id.Anonymous = false
		return id
	}
	id.Caller.UserID = c.Subject
	id.Caller.Operator = c.AppMetadata.Role == "operator" && !c.Anonymous
	id.Name = c.name()
	return id
}

// name returns the name of the user, made fit to be shown.
func (c *claims) name() string {
	var metadata map[string]any
	if len(c.UserMetadata) == 0 || json.Unmarshal(c.UserMetadata, &metadata) != nil {
		return ""
	}
	for _, key := range []string{"full_name", "name", "user_name", "preferred_username", "display_name"} {
		if name := presentable(metadata[key]); name != "" {
			return name
		}
	}
	return competition.PresentableName(presentable(metadata["given_name"]) + " " + presentable(metadata["family_name"]))
}

// presentable returns a name in a token's metadata; empty if there is none.
func presentable(value any) string {
	text, _ := value.(string)
	return competition.PresentableName(text)
}
