package http

import (
	"github.com/paceboard/paceboard/competition"
)

// routes is the table of all operations. Fiber tries them from the top, so the
// busiest come first, and the first few have shortcuts; every GET answers HEAD too.
func routes() []*route {
	return []*route{
		{"POST", "/api/v1/fitness/sync", "submitSync", athlete, competition.ScopeSync, unaudited, 0, (*Server).submitSync},
		{"POST", "/api/v1/fitness/sync/batch", "submitBatch", athlete, competition.ScopeSync, unaudited, batchBodyLimit, (*Server).submitBatch},
		{"GET", "/api/v1/leaderboard/:competition_id", "getLeaderboard", athlete, readBoard, unaudited, 0, (*Server).getLeaderboard},
		{"GET", "/api/v1/fitness/stats/:user_id", "getStats", athlete, competition.ScopeRead, unaudited, 0, (*Server).getStats},

		{"POST", "/api/v1/competitions", "createCompetition", athlete, competition.ScopeManage, audited, 0, (*Server).createCompetition},
		{"GET", "/api/v1/competitions", "listCompetitions", athlete, competition.ScopeRead, unaudited, 0, (*Server).listCompetitions},
		{"GET", "/api/v1/competitions/:competition_id", "getCompetition", athlete, readBoard, unaudited, 0, (*Server).getCompetition},
		{"PATCH", "/api/v1/competitions/:competition_id", "editCompetition", athlete, competition.ScopeManage, audited, 0, (*Server).editCompetition},
		{"DELETE", "/api/v1/competitions/:competition_id", "cancelCompetition", athlete, competition.ScopeManage, audited, 0, (*Server).cancelCompetition},
		{"POST", "/api/v1/competitions/:competition_id/join", "joinCompetition", athlete, competition.ScopeManage, audited, 0, (*Server).joinCompetition},
		{"DELETE", "/api/v1/competitions/:competition_id/join", "leaveCompetition", athlete, competition.ScopeManage, audited, 0, (*Server).leaveCompetition},
		{"GET", "/api/v1/competitions/:competition_id/participants", "listParticipants", athlete, competition.ScopeRead, unaudited, 0, (*Server).listParticipants},
		{"POST", "/api/v1/competitions/:competition_id/invitations", "inviteUsers", athlete, competition.ScopeManage, audited, 0, (*Server).inviteUsers},
		{"GET", "/api/v1/competitions/:competition_id/invitations", "listInvitations", athlete, competition.ScopeRead, unaudited, 0, (*Server).listInvitations},
		{"DELETE", "/api/v1/competitions/:competition_id/invitations/:invitation_id", "withdrawInvitation", athlete, competition.ScopeManage, audited, 0, (*Server).withdrawInvitation},
		{"POST", "/api/v1/competitions/:competition_id/board-links", "createBoardLink", athlete, competition.ScopeManage, audited, 0, (*Server).createBoardLink},
		{"GET", "/api/v1/competitions/:competition_id/board-links", "listBoardLinks", athlete, competition.ScopeRead, unaudited, 0, (*Server).listBoardLinks},
		{"DELETE", "/api/v1/competitions/:competition_id/board-links/:link_id", "revokeBoardLink", athlete, competition.ScopeManage, audited, 0, (*Server).revokeBoardLink},
		{"GET", "/api/v1/users/:user_id/invitations", "listUserInvitations", athlete, competition.ScopeRead, unaudited, 0, (*Server).listUserInvitations},
		{"POST", "/api/v1/invitations/code", "joinByCode", athlete, noKey, audited, 0, (*Server).joinByCode},
		{"POST", "/api/v1/invitations/code/preview", "previewCode", athlete, noKey, audited, 0, (*Server).previewCode},
		{"POST", "/api/v1/invitations/:invitation_id/accept", "acceptInvitation", athlete, noKey, audited, 0, (*Server).acceptInvitation},
		{"POST", "/api/v1/invitations/:invitation_id/decline", "declineInvitation", athlete, noKey, audited, 0, (*Server).declineInvitation},
		{"GET", "/api/v1/competitions/:competition_id/events", "listEvents", guarded, competition.ScopeRead, unaudited, 0, (*Server).listEvents},
		{"POST", "/api/v1/competitions/:competition_id/amendments", "amendCompetition", operator, competition.ScopeManage, audited, 0, (*Server).amendCompetition},
		{"GET", "/api/v1/competitions/:competition_id/amendments", "listAmendments", athlete, competition.ScopeRead, unaudited, 0, (*Server).listAmendments},
		{"GET", "/api/v1/competitions/:competition_id/journal", "readJournal", operator, competition.ScopeRead, unaudited, 0, (*Server).readJournal},
		{"GET", "/api/v1/competitions/:competition_id/flags", "listFlags", operator, competition.ScopeRead, unaudited, 0, (*Server).listFlags},
		{"GET", "/api/v1/competitions/:competition_id/exclusions", "listExclusions", operator, competition.ScopeRead, unaudited, 0, (*Server).listExclusions},
		{"POST", "/api/v1/competitions/:competition_id/participants/:user_id/exclude", "excludeParticipant", operator, competition.ScopeManage, audited, 0, (*Server).excludeParticipant},
		{"POST", "/api/v1/competitions/:competition_id/participants/:user_id/restore", "restoreParticipant", operator, competition.ScopeManage, audited, 0, (*Server).restoreParticipant},
		{"PUT", "/api/v1/competitions/:competition_id/participants/:user_id/days/:date", "correctDay", operator, competition.ScopeManage, audited, 0, (*Server).correctDay},
		{"DELETE", "/api/v1/competitions/:competition_id/participants/:user_id/days/:date", "withdrawCorrection", operator, competition.ScopeManage, audited, 0, (*Server).withdrawCorrection},
		{"GET", "/api/v1/competitions/:competition_id/participants/:user_id/explanation", "explainScore", athlete, competition.ScopeRead, unaudited, 0, (*Server).explainScore},
		{"GET", "/api/v1/users/:user_id/competitions", "listUserCompetitions", athlete, competition.ScopeRead, unaudited, 0, (*Server).listUserCompetitions},
		{"GET", "/api/v1/users/:user_id/export", exportUser, athlete, competition.ScopePeople, audited, 0, (*Server).exportUser},
		{"DELETE", "/api/v1/users/:user_id", eraseUser, athlete, competition.ScopePeople, audited, 0, (*Server).eraseUser},

		{"POST", "/api/v1/prizes/calculate/:competition_id", "calculatePrizes", operator, competition.ScopePrizes, audited, 0, (*Server).calculatePrizes},
		{"POST", "/api/v1/prizes/distribute/:competition_id", "distributePrizes", operator, competition.ScopePrizes, audited, 0, (*Server).distributePrizes},
		{"POST", "/api/v1/prizes/:id/confirm", "confirmPrize", operator, competition.ScopePayouts, audited, 0, (*Server).confirmPrize},
		{"POST", "/api/v1/prizes/:id/fail", "failPrize", operator, competition.ScopePayouts, audited, 0, (*Server).failPrize},
		{"GET", "/api/v1/prizes/history/:user_id", "listPrizes", athlete, competition.ScopeRead, unaudited, 0, (*Server).listPrizes},
		{"GET", "/api/v1/users/:user_id/transactions", "listTransactions", athlete, competition.ScopeRead, unaudited, 0, (*Server).listTransactions},
		{"GET", "/api/v1/payouts", "listPayouts", operator, competition.ScopePayouts, unaudited, 0, (*Server).listPayouts},
		{"POST", "/api/v1/payouts/retry", "retryPayouts", operator, competition.ScopePayouts, audited, 0, (*Server).retryPayouts},
		{"POST", "/api/v1/payouts/:id/retry", "retryPayout", operator, competition.ScopePayouts, audited, 0, (*Server).retryPayout},

		{"POST", "/api/v1/webhooks", "createWebhook", athlete, competition.ScopeManage, audited, 0, (*Server).createWebhook},
		{"GET", "/api/v1/webhooks", "listWebhooks", athlete, competition.ScopeRead, unaudited, 0, (*Server).listWebhooks},
		{"GET", "/api/v1/webhooks/:webhook_id", "getWebhook", athlete, competition.ScopeRead, unaudited, 0, (*Server).getWebhook},
		{"DELETE", "/api/v1/webhooks/:webhook_id", "deleteWebhook", athlete, competition.ScopeManage, audited, 0, (*Server).deleteWebhook},
		{"POST", "/api/v1/webhooks/:webhook_id/rotate", "rotateWebhook", athlete, competition.ScopeManage, audited, 0, (*Server).rotateWebhook},
		{"POST", "/api/v1/webhooks/:webhook_id/resume", "resumeWebhook", athlete, competition.ScopeManage, audited, 0, (*Server).resumeWebhook},
		{"POST", "/api/v1/webhooks/:webhook_id/retry", "retryWebhook", athlete, competition.ScopeManage, audited, 0, (*Server).retryWebhook},
		{"POST", "/api/v1/webhooks/:webhook_id/test", "testWebhook", athlete, competition.ScopeManage, audited, 0, (*Server).testWebhook},
		{"GET", "/api/v1/webhooks/:webhook_id/deliveries", "listDeliveries", athlete, competition.ScopeRead, unaudited, 0, (*Server).listDeliveries},

		{"POST", "/api/v1/api-keys", "createAPIKey", operator, noKey, audited, 0, (*Server).createAPIKey},
		{"GET", "/api/v1/api-keys", "listAPIKeys", operator, noKey, unaudited, 0, (*Server).listAPIKeys},
		{"DELETE", "/api/v1/api-keys/:key_id", "revokeAPIKey", operator, noKey, audited, 0, (*Server).revokeAPIKey},
		{"GET", "/api/v1/audit", "listAudit", operator, noKey, unaudited, 0, (*Server).listAudit},
		{"GET", "/api/v1/erasures", "listErasures", operator, competition.ScopePeople, unaudited, 0, (*Server).listErasures},

		{"GET", "/api/v1/server", "getServer", operator, competition.ScopeRead, unaudited, 0, (*Server).getServer},
		{"PATCH", "/api/v1/server", "changeServer", operator, noKey, onServer, 0, (*Server).changeServer},
		{"POST", "/api/v1/server/drain", "drainServer", machineOnly, noKey, onServer, 0, (*Server).drainServer},
		{"GET", "/api/v1/server/competitions", "listLoaded", operator, competition.ScopeRead, unaudited, 0, (*Server).listLoaded},
		{"GET", "/api/v1/server/connections", "listConnections", operator, competition.ScopeRead, unaudited, 0, (*Server).listConnections},
		{"DELETE", "/api/v1/server/connections", "closeConnections", operator, noKey, onServer, 0, (*Server).closeConnections},

		{"GET", "/ws/leaderboard/:competition_id", "watchLeaderboard", guarded, readBoard, unaudited, 0, (*Server).openSocket},
		{"GET", "/api/v1/leaderboard/:competition_id/events", "streamLeaderboard", guarded, readBoard, unaudited, 0, (*Server).streamEvents},

		{"GET", "/health", "getHealth", public, noScope, unaudited, 0, (*Server).getHealth},
		{"GET", "/health/live", "getLiveness", public, noScope, unaudited, 0, (*Server).getLiveness},
		{"GET", "/health/ready", "getReadiness", public, noScope, unaudited, 0, (*Server).getReadiness},
		{"GET", "/health/detailed", "getDetailedHealth", operator, competition.ScopeRead, unaudited, 0, (*Server).getDetailedHealth},
		{"GET", "/metrics", "getMetrics", scraper, competition.ScopeRead, unaudited, 0, (*Server).getMetrics},
		{"GET", "/openapi.yaml", "getOpenAPI", public, noScope, unaudited, 0, (*Server).getAsset},
		{"GET", "/docs", "getDocs", public, noScope, unaudited, 0, (*Server).getAsset},
		{"GET", "/console", "getConsole", public, noScope, unaudited, 0, (*Server).getAsset},
		{"GET", "/b/:code", "getBoardPage", public, noScope, unaudited, 0, (*Server).getBoardPage},
		{"GET", "/", "getPage", public, noScope, unaudited, 0, (*Server).getAsset},
	}
}
