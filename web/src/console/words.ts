import type { Console } from "./app.js";
import { amounts } from "./parts.js";
import type { Flag } from "./shapes.js";

/** Why a day was flagged. */
export function flagInWords(flag: Flag, app: Console): string {
  const [found, usual] = [amounts(flag.found, app), amounts(flag.usual, app)];
  if (flag.reason === "own_days") return `The day came to ${found}; the person's other days are around ${usual}.`;
  return `Grew by ${found} in ${app.format.span((flag.within_seconds ?? 0) * 1000)}; more than ${usual} is not humanly possible in that time.`;
}

const whyNot: Record<string, string> = {
  corrected: "a correction counts instead",
  another_source_has_more: "another source has more",
  nothing_reported: "nothing reported",
};

/** What of a report does not count, and why. */
export const whyNotInWords = (why: string | undefined): string => (why === undefined ? "counts" : (whyNot[why] ?? why));

/** Operations of the API, as the audit log has them, in words. */
const deeds: Record<string, string> = {
  createCompetition: "created a competition", editCompetition: "edited a competition", cancelCompetition: "cancelled a competition", amendCompetition: "amended a competition",
  joinCompetition: "enrolled somebody", leaveCompetition: "removed somebody", inviteUsers: "invited people or made a join code", withdrawInvitation: "withdrew an invitation",
  createBoardLink: "made a link to the board", revokeBoardLink: "revoked a link to the board",
  previewCode: "looked at what a code joins", joinByCode: "joined by code", acceptInvitation: "accepted an invitation", declineInvitation: "declined an invitation",
  excludeParticipant: "excluded somebody", restoreParticipant: "restored somebody", correctDay: "corrected a day", withdrawCorrection: "withdrew a correction",
  calculatePrizes: "looked at the prizes", distributePrizes: "distributed the prizes", confirmPrize: "confirmed a prize", failPrize: "marked a prize as failed",
  retryPayout: "retried a payout", retryPayouts: "retried payouts", exportUser: "exported a person's data", eraseUser: "erased a person", replaceErased: "took an erased person's name out of the log",
  createWebhook: "made a webhook", deleteWebhook: "deleted a webhook", rotateWebhook: "changed a webhook's secret", resumeWebhook: "resumed a webhook", retryWebhook: "retried a webhook", testWebhook: "tested a webhook",
  createAPIKey: "made an API key", revokeAPIKey: "revoked an API key", changeServer: "changed the server", drainServer: "stopped the server", closeConnections: "closed connections", evictNode: "declared a node dead",
};

export const deedInWords = (action: string): string => deeds[action] ?? action;
export const deedNames = Object.keys(deeds);
