package competition

import (
	"strings"

	"github.com/paceboard/paceboard/competition/calendar"
)

// UntypedEntry is an entry of the audit log as it was stored before subjects had
// kinds: the actor is text, and the target is the path as it was asked for.
type UntypedEntry struct {
	ID        string
	At        calendar.Millis
	Actor     string
	Action    string
	Target    string
	Status    int
	RequestID string
}

// untypedRoutes are the operations that such entries are of. No operation is
// added here: newer ones say themselves what they were done to.
var untypedRoutes = map[string]string{ //nolint:gosec // G101: paths
	"createCompetition":  "/api/v1/competitions",
	"editCompetition":    "/api/v1/competitions/:competition_id",
	"cancelCompetition":  "/api/v1/competitions/:competition_id",
	"joinCompetition":    "/api/v1/competitions/:competition_id/join",
	"leaveCompetition":   "/api/v1/competitions/:competition_id/join",
	"excludeParticipant": "/api/v1/competitions/:competition_id/participants/:user_id/exclude",
	"restoreParticipant": "/api/v1/competitions/:competition_id/participants/:user_id/restore",
	"correctDay":         "/api/v1/competitions/:competition_id/participants/:user_id/days/:date",
	"withdrawCorrection": "/api/v1/competitions/:competition_id/participants/:user_id/days/:date",
	"exportUser":         "/api/v1/users/:user_id/export",
	"eraseUser":          "/api/v1/users/:user_id",
	"calculatePrizes":    "/api/v1/prizes/calculate/:competition_id",
	"distributePrizes":   "/api/v1/prizes/distribute/:competition_id",
	"confirmPrize":       "/api/v1/prizes/:id/confirm",
	"failPrize":          "/api/v1/prizes/:id/fail",
	"retryPayout":        "/api/v1/payouts/:id/retry",
	"createAPIKey":       "/api/v1/api-keys",
	"revokeAPIKey":       "/api/v1/api-keys/:key_id",
}

// Type returns the entry with typed subjects. The rule: an actor "key:" and the id of a
// key that there is is that key, "service_role" the role, "self" of an erasure the
// role, all else a user; targets are what stands in the places of the action's
// route. A path that does not fit the route is one target of no kind.
func (e *UntypedEntry) Type(isKey func(id string) bool) AuditEntry {
	typed := AuditEntry{
		ID: e.ID, At: e.At, Actor: TypeCreator(e.Actor), Action: e.Action, Route: untypedRoutes[e.Action],
		Status: e.Status, RequestID: e.RequestID,
	}
	if id, ok := strings.CutPrefix(e.Actor, keyActorPrefix); ok && isKey(id) {
		typed.Actor = Subject{KeySubject, id}
	}
	if e.Action == "eraseUser" && e.Actor == SelfRole {
		typed.Actor = Subject{RoleSubject, SelfRole}
	}
	var fits bool
	if typed.Targets, fits = targetsIn(typed.Route, e.Target); !fits {
		typed.Route = "/:path"
		typed.Targets = []AuditTarget{TargetAt("path", strings.TrimPrefix(e.Target, "/"))}
	}
	return typed
}

// targetsIn returns what a path has in the places of a route; fits is false if it is no
// path of the route. A place in which the route's own name stands has no target.
func targetsIn(route, path string) (targets []AuditTarget, fits bool) {
	names, parts := strings.Split(route, "/"), strings.Split(strings.TrimSuffix(path, "/"), "/")
	if route == "" || len(names) != len(parts) {
		return nil, false
	}
	for i, name := range names {
		switch place, isPlace := strings.CutPrefix(name, ":"); {
		case !isPlace && !strings.EqualFold(name, parts[i]):
			return nil, false
		case isPlace && name != parts[i]:
			targets = append(targets, TargetAt(place, parts[i]))
		}
	}
	return targets, true
}
