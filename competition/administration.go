package competition

import (
	"strings"

	"github.com/paceboard/paceboard/competition/calendar"
)

// Scopes are what an API key is good for, as a set.
type Scopes uint8

// The scopes.
const (
	ScopeRead    Scopes = 1 << iota // everything that changes nothing, except people's exports and payouts
	ScopeSync                       // syncs, for any user
	ScopeManage                     // competitions, who takes part, and webhooks, which are sent what ScopeRead shows
	ScopePrizes                     // prizes, and all that ScopePayouts is for
	ScopePeople                     // export and erase people
	ScopePayouts                    // confirm, fail, list and retry payouts
)

// scopeNames stand in the order of the bits.
var scopeNames = [...]string{"read", "sync", "manage", "prizes", "people", "payouts"}

// Has reports whether a key with these scopes may do all that wanted is for.
func (s Scopes) Has(wanted Scopes) bool {
	if s&ScopePrizes != 0 {
		s |= ScopePayouts
	}
	return s&wanted == wanted
}

// Names returns the words for the scopes of the set, in a fixed order.
func (s Scopes) Names() []string {
	names := []string{}
	for bit, name := range scopeNames {
		if s&(1<<bit) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// ParseScope returns the scope that a word stands for.
func ParseScope(word string) (s Scopes, ok bool) {
	for bit, name := range scopeNames {
		if name == word {
			return 1 << bit, true
		}
	}
	return 0, false
}

// AllScopeNames is for messages.
func AllScopeNames() string { return strings.Join(scopeNames[:], ", ") }

// MaxAPIKeys is how many keys there may be, revoked ones included.
const MaxAPIKeys = 1_000

// APIKey lets a service in, as an operator who may do no more than its scopes
// say. The secret itself is kept nowhere.
type APIKey struct {
	ID        string // what the key begins with, and logs may show
	Name      string // 1 to 100 characters
	Hash      [32]byte
	Scopes    Scopes
	CreatedBy Subject // a user or a role
	CreatedAt calendar.Millis
	ExpiresAt calendar.Millis // 0 for never
	RevokedAt calendar.Millis // 0 while it is good
}
