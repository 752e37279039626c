import type { PaceboardError } from "@paceboard/client";
import { sentenceOf } from "../api.js";

/** What to do about a problem, by its code. The server's own words say what happened. */
const advice: Record<string, string> = {
  forbidden: "Your account may not do this. Ask an operator.",
  unknown_competition: "It may be private, or its id has a mistake in it.",
  not_enrolled: "Check the user id: it is the id of the account, not the name.",
  competition_started: "Since the start, only the name and the description can be edited. An operator can amend the end, the daily limits and the visibility.",
  competition_closed: "It is over, and cannot be changed any more.",
  competition_exists: "Choose another id, or leave it empty.",
  competition_joined: "Somebody joined without a fee, so there cannot be one now.",
  fees_paid: "Fees were paid already. Cancel the competition to give them back.",
  not_final: "Late syncs still count. Wait until the competition is completed.",
  no_prize_pool: "Say how much is to be paid.",
  prize_decided: "It was confirmed or failed already. Reload the list.",
  prize_pending: "A prize of this person is still to be paid. Confirm it, or mark it as failed, under Payouts; then repeat the erasure.",
  invitation_decided: "The person answered already. Reload the list.",
  too_many_invitations: "Withdraw some of the open ones first, or make a join code.",
  too_many_api_keys: "Revoke keys that nobody uses.",
  too_many_webhooks: "Delete one that is not needed.",
  too_many_competitions: "Cancel one that is still open, or wait until one is over.",
  rate_limited: "Wait a moment, and try again.",
  too_many_tries: "Try again in an hour.",
  read_only: "An operator has stopped changes for a while. Nothing was changed.",
  deploy_in_progress: "A new version is being installed. Try again in some seconds.",
  overloaded: "Try again in some seconds.",
  unavailable: "The store does not answer. What you did may or may not have been done: reload before you repeat it.",
  competition_damaged: "Look at Health, and at docs/operations.md.",
};

/** A problem in plain words: what happened, where in a form, and what to do next. */
export function explain(error: PaceboardError): { said: string; fields: { field: string; detail: string }[]; advice: string | undefined } {
  const next = error.status === 0 ? "Check the connection. What you did may or may not have been done: reload before you repeat it." : advice[error.code];
  return { said: sentenceOf(error), fields: error.problem?.errors ?? [], advice: next };
}
