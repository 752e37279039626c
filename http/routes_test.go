package http

import (
	"math/bits"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth"
)

// TestEveryRouteIsARowThatIsWhole ranges over all routes: a row that leaves out
// who may come, or says it in a way that contradicts itself, is found here.
func TestEveryRouteIsARowThatIsWhole(t *testing.T) {
	operations, addresses := map[string]bool{}, map[string]bool{}
	var byLink []string
	for _, r := range routes() {
		name := r.operation
		assert.False(t, operations[name], "the operation %s stands twice", name)
		assert.False(t, addresses[r.method+" "+r.path], "%s %s stands twice", r.method, r.path)
		operations[name], addresses[r.method+" "+r.path] = true, true
		assert.Contains(t, knownMethods, r.method, name)
		require.NotNil(t, r.handle, name)

		if r.access == public {
			assert.Equal(t, noScope, r.scope, "nobody's scope is asked for: %s", name)
			assert.False(t, r.audited(), "nobody is known: %s", name)
		} else {
			assert.Equal(t, 1, bits.OnesCount8(uint8(r.scope&^auth.LinkScope)), "an API key needs one scope: %s", name)
			assert.False(t, r.changes() && r.scope&auth.LinkScope != 0, "a board link changes nothing: %s", name)
		}
		if r.scope&auth.LinkScope != 0 && r.scope != noScope {
			byLink = append(byLink, name)
		}
		isSync := r.scope == competition.ScopeSync
		assert.Equal(t, r.changes() && !isSync || name == exportUser, r.audited(), "audited: %s", name)
		assert.False(t, r.changes() && r.scope == competition.ScopeRead, "reading changes nothing: %s", name)

		assert.GreaterOrEqual(t, r.limit(), bodyLimit, name)
		assert.False(t, r.bodyLimit > 0 && strings.Contains(r.path, ":"), "a limit of its own needs an exact path: %s", name)
	}
	assert.ElementsMatch(t, []string{"getLeaderboard", "getCompetition", "watchLeaderboard", "streamLeaderboard"}, byLink, "what a board link opens")
}

// TestNoKeyIsNoScopeThatIsGranted: whatever words a key is made with.
func TestNoKeyIsNoScopeThatIsGranted(t *testing.T) {
	for word := range strings.SplitSeq(competition.AllScopeNames(), ", ") {
		scope, known := competition.ParseScope(word)
		require.True(t, known)
		require.False(t, scope.Has(noKey), word)
		require.False(t, scope.Has(auth.LinkScope), word)
	}
}

// TestTheBodyLimitIsOfTheMethodAndTheExactPath: nothing else in an address
// makes a body larger.
func TestTheBodyLimitIsOfTheMethodAndTheExactPath(t *testing.T) {
	limits := newBodies(1, 0, largeBodies(routes()), nil)
	for request, want := range map[string]int{
		"POST /api/v1/fitness/sync/batch":                       batchBodyLimit,
		"POST /api/v1/fitness/sync/batch?x=/y":                  batchBodyLimit,
		"POST /api/v1/fitness/sync/batch/":                      batchBodyLimit,
		"POST http://paceboard/api/v1/fitness/sync/batch":       batchBodyLimit,
		"POST /api/v1/fitness/sync/batch/x":                     bodyLimit,
		"POST /api/v1/fitness/sync":                             bodyLimit,
		"PUT /api/v1/fitness/sync/batch":                        bodyLimit,
		"GET /api/v1/fitness/sync/batch":                        bodyLimit,
		"POST /api/v1/competitions/a/api/v1/fitness/sync/batch": bodyLimit,
		"POST /metrics?/fitness/sync/batch":                     unaskedBody,
		"POST /metrics?/api/v1/fitness/sync/batch":              unaskedBody,
		"POST /x/api/v1/fitness/sync/batch":                     unaskedBody,
		"POST /API/v1/fitness/sync/batch":                       unaskedBody,
		"POST http://x?/api/v1/fitness/sync/batch":              unaskedBody,
		"POST http://api/v1/fitness/sync/batch":                 unaskedBody,
		"POST *":                                                unaskedBody,
	} {
		var header fasthttp.RequestHeader
		method, target, _ := strings.Cut(request, " ")
		header.SetMethod(method)
		header.SetRequestURI(target)
		assert.Equal(t, want, limits.limit(&header), request)
	}
}

// TestEveryCoreErrorIsOneProblem: an error of the core stands in one row.
func TestEveryCoreErrorIsOneProblem(t *testing.T) {
	seen := map[string]bool{}
	var addresses []string
	for _, k := range kinds {
		require.NotEmpty(t, k.code)
		addresses = append(addresses, k.anchor()+string(rune(k.status)))
		for _, err := range k.errs {
			require.False(t, seen[err.Error()], "%v stands twice", err)
			seen[err.Error()] = true
			p, known := problemOf(err)
			require.True(t, known)
			require.Same(t, k, p.kind)
		}
	}
	slices.Sort(addresses)
	require.Len(t, slices.Compact(addresses), len(kinds), "a code stands once with each status")
}
