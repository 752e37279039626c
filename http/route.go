package http

import (
	"cmp"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth"
)

// access is who may use a route.
type access uint8

const (
	public      access = iota // anybody, without a token
	guarded                   // any user; the handler looks for the token, which browsers cannot send in a header
	athlete                   // any user; anonymous ones only where nothing is changed
	operator                  // operators
	scraper                   // operators, and METRICS_TOKEN
	machineOnly               // the operator of the machine; see Server.Machine
)

// What an API key needs where no scope of competition's says it.
const (
	noScope competition.Scopes = 0      // the route asks for no token
	noKey   competition.Scopes = 1 << 7 // no API key may use the route: the scope is never granted

	// readBoard is for the board of one competition: a board link may read it, too.
	readBoard = competition.ScopeRead | auth.LinkScope
)

// effect is what a route does to the audit log and to the server: the log records what
// operators and API keys change, except by syncs, which are data and not decisions, and
// who took all of a person's data.
type effect uint8

const (
	unaudited effect = iota
	audited
	onServer // audited; it changes this server and no data, so that a read-only server permits it
)

// route is one operation of the API: everything that is known about it, except
// its documentation in openapi.yaml.
type route struct {
	method    string
	path      string // in Fiber's notation, parameters after a colon
	operation string // operationId in openapi.yaml
	access    access
	scope     competition.Scopes // what an API key needs
	effect    effect
	bodyLimit int // largest body in bytes; bodyLimit when 0
	handle    func(*Server, *call) error
}

// limit returns the size of the largest body that the route takes.
func (r *route) limit() int { return cmp.Or(r.bodyLimit, bodyLimit) }

// audited reports whether the audit log records what is done by the route.
func (r *route) audited() bool { return r.effect != unaudited }

// changes reports whether the route does more than read.
func (r *route) changes() bool { return r.method != fiber.MethodGet }

// changesData reports whether the route changes more than this server.
func (r *route) changesData() bool { return r.changes() && r.effect != onServer }

// shortcut leads to a busy route without Fiber, whose routing takes a fifth of the time
// of reading a board. It matches the route's path as it is mostly sent, and leaves all
// other ways of writing it to Fiber.
type shortcut struct {
	route    *route
	counters *outcomes
	prefix   string // the path, up to its parameter
	open     bool   // whether a parameter follows
}

// shortcuts is how many rows of the table have one: the first ones, which Fiber would
// try first, too, so that no other route is skipped. Their paths have no parameter
// except one at the end.
const shortcuts = 3

// match reports whether a request is for the route, and returns its parameter.
func (c *shortcut) match(method []byte, path string) (parameter string, ok bool) {
	if string(method) != c.route.method || !strings.HasPrefix(path, c.prefix) {
		return "", false
	}
	parameter = path[len(c.prefix):]
	if !c.open {
		return "", parameter == ""
	}
	return parameter, parameter != "" && strings.IndexByte(parameter, '/') < 0
}

// operations are the names of a table's rows.
func operations(table []*route) (names []string) {
	for _, r := range table {
		names = append(names, r.operation)
	}
	return names
}

// largeBodies are the rows of a table that take more than bodyLimit.
func largeBodies(table []*route) (large []largeBody) {
	for _, r := range table {
		if r.bodyLimit > 0 {
			large = append(large, largeBody{r.method, r.path, r.bodyLimit})
		}
	}
	return large
}
