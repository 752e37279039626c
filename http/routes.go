package http

import (
	"slices"

	"github.com/gofiber/fiber/v2"
)

// access is who may use a route.
type access uint8

const (
	public   access = iota // anybody, without a token
	guarded                // any user; the handler looks for the token, which browsers cannot send in a header
	athlete                // any user; who is anonymous only where nothing is changed
	operator               // operators
)

// Body limits, in bytes.
const (
	bodyLimit      = 16 << 10
	batchBodyLimit = 1 << 20
)

// batchPath is how the one address with large bodies ends.
var batchPath = []byte("/fitness/sync/batch")

// route is one operation of the API.
type route struct {
	method    string
	path      string // in Fiber's notation, parameters after a colon
	operation string // operationId in openapi.yaml
	access    access
	limit     int // largest body
	handle    func(*Server, *call) error
}

// changes reports whether the route is for more than reading.
func (r *route) changes() bool { return r.method != fiber.MethodGet }

// routes is the table of all operations. Fiber tries them from the top, so the
// busiest come first; every GET answers HEAD too.
func routes() []*route {
	return []*route{
		{"POST", "/api/v1/fitness/sync", "submitSync", athlete, bodyLimit, (*Server).submitSync},
		{"POST", "/api/v1/fitness/sync/batch", "submitBatch", athlete, batchBodyLimit, (*Server).submitBatch},
		{"GET", "/api/v1/leaderboard/:competition_id", "getLeaderboard", athlete, bodyLimit, (*Server).getLeaderboard},
		{"GET", "/api/v1/fitness/stats/:user_id", "getStats", athlete, bodyLimit, (*Server).getStats},

		{"POST", "/api/v1/competitions", "createCompetition", athlete, bodyLimit, (*Server).createCompetition},
		{"GET", "/api/v1/competitions", "listCompetitions", athlete, bodyLimit, (*Server).listCompetitions},
		{"GET", "/api/v1/competitions/:competition_id", "getCompetition", athlete, bodyLimit, (*Server).getCompetition},
		{"PATCH", "/api/v1/competitions/:competition_id", "editCompetition", athlete, bodyLimit, (*Server).editCompetition},
		{"DELETE", "/api/v1/competitions/:competition_id", "cancelCompetition", athlete, bodyLimit, (*Server).cancelCompetition},
		{"POST", "/api/v1/competitions/:competition_id/join", "joinCompetition", athlete, bodyLimit, (*Server).joinCompetition},
		{"DELETE", "/api/v1/competitions/:competition_id/join", "leaveCompetition", athlete, bodyLimit, (*Server).leaveCompetition},
		{"GET", "/api/v1/competitions/:competition_id/participants", "listParticipants", athlete, bodyLimit, (*Server).listParticipants},
		{"GET", "/api/v1/competitions/:competition_id/flags", "listFlags", operator, bodyLimit, (*Server).listFlags},
		{"POST", "/api/v1/competitions/:competition_id/participants/:user_id/exclude", "excludeParticipant", operator, bodyLimit, (*Server).excludeParticipant},
		{"POST", "/api/v1/competitions/:competition_id/participants/:user_id/restore", "restoreParticipant", operator, bodyLimit, (*Server).restoreParticipant},
		{"PUT", "/api/v1/competitions/:competition_id/participants/:user_id/days/:date", "correctDay", operator, bodyLimit, (*Server).correctDay},
		{"DELETE", "/api/v1/competitions/:competition_id/participants/:user_id/days/:date", "withdrawCorrection", operator, bodyLimit, (*Server).withdrawCorrection},
		{"GET", "/api/v1/competitions/:competition_id/participants/:user_id/explanation", "explainScore", athlete, bodyLimit, (*Server).explainScore},
		{"GET", "/api/v1/users/:user_id/competitions", "listUserCompetitions", athlete, bodyLimit, (*Server).listUserCompetitions},
		{"GET", "/api/v1/users/:user_id/export", exportUser, athlete, bodyLimit, (*Server).exportUser},
		{"DELETE", "/api/v1/users/:user_id", eraseUser, athlete, bodyLimit, (*Server).eraseUser},

		{"POST", "/api/v1/prizes/calculate/:competition_id", "calculatePrizes", operator, bodyLimit, (*Server).calculatePrizes},
		{"POST", "/api/v1/prizes/distribute/:competition_id", "distributePrizes", operator, bodyLimit, (*Server).distributePrizes},
		{"POST", "/api/v1/prizes/:id/confirm", "confirmPrize", operator, bodyLimit, (*Server).confirmPrize},
		{"POST", "/api/v1/prizes/:id/fail", "failPrize", operator, bodyLimit, (*Server).failPrize},
		{"GET", "/api/v1/prizes/history/:user_id", "listPrizes", athlete, bodyLimit, (*Server).listPrizes},
		{"GET", "/api/v1/users/:user_id/transactions", "listTransactions", athlete, bodyLimit, (*Server).listTransactions},
		{"GET", "/api/v1/payouts", "listPayouts", operator, bodyLimit, (*Server).listPayouts},
		{"POST", "/api/v1/payouts/:id/retry", "retryPayout", operator, bodyLimit, (*Server).retryPayout},

		{"POST", "/api/v1/api-keys", "createAPIKey", operator, bodyLimit, (*Server).createAPIKey},
		{"GET", "/api/v1/api-keys", "listAPIKeys", operator, bodyLimit, (*Server).listAPIKeys},
		{"DELETE", "/api/v1/api-keys/:key_id", "revokeAPIKey", operator, bodyLimit, (*Server).revokeAPIKey},
		{"GET", "/api/v1/audit", "listAudit", operator, bodyLimit, (*Server).listAudit},

		{"GET", "/ws/leaderboard/:competition_id", "watchLeaderboard", guarded, bodyLimit, (*Server).openSocket},
		{"GET", "/api/v1/leaderboard/:competition_id/events", "streamLeaderboard", guarded, bodyLimit, (*Server).streamEvents},

		{"GET", "/health", "getHealth", public, bodyLimit, (*Server).getHealth},
		{"GET", "/health/live", "getLiveness", public, bodyLimit, (*Server).getLiveness},
		{"GET", "/health/ready", "getReadiness", public, bodyLimit, (*Server).getReadiness},
		{"GET", "/health/detailed", "getDetailedHealth", operator, bodyLimit, (*Server).getDetailedHealth},
		{"GET", "/metrics", "getMetrics", public, bodyLimit, (*Server).getMetrics},
		{"GET", "/openapi.yaml", "getOpenAPI", public, bodyLimit, (*Server).getAsset},
		{"GET", "/docs", "getDocs", public, bodyLimit, (*Server).getAsset},
		{"GET", "/", "getPage", public, bodyLimit, (*Server).getAsset},
	}
}

// knownMethods are the methods that are answered with 404 or 405 where they do
// not fit, as every other method is with 405.
var knownMethods = []string{
	fiber.MethodGet, fiber.MethodHead, fiber.MethodPost, fiber.MethodPut,
	fiber.MethodPatch, fiber.MethodDelete, fiber.MethodOptions,
}

func known(method []byte) bool {
	return slices.Contains(knownMethods, viewOf(method))
}
