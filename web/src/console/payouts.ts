import { h } from "../dom.js";
import { pageOf, pageSize } from "./api.js";
import type { Console, Screen } from "./app.js";
import type { Action } from "./panel.js";
import { button, filters, head, link, person } from "./parts.js";
import { fragmentOf } from "./place.js";
import type { Payout } from "./shapes.js";
import { DataTable, rowButton } from "./table.js";

const words = { waiting: "Will be handed over", delivered: "Handed over, not confirmed", dead: "Given up" };
const choices = [["", "All"], ["waiting", words.waiting], ["delivered", words.delivered], ["dead", words.dead]] as const;

/** Prizes that are only calculated have no id; there are none of them here. */
const idOf = ({ prize }: Payout): string => prize.id ?? "";

/** Prizes that wait to be paid, and how far the payment provider is. */
export function payoutsScreen(app: Console, query: Record<string, string>): Screen {
  const { api, format } = app;
  const what = ({ prize }: Payout): string => `${format.money(prize.amount, prize.currency)} to ${prize.user_id}, place ${prize.rank} of ${prize.competition_id}`;
  const reload = (): void => void table.load();

  const retrying = (p: Payout): Action => ({
    title: "Hand a prize over again",
    what: "The payment provider is told of it again at once, with as many attempts as a new one. It has the same id, so it is paid once.",
    whom: what(p), undo: "Nothing to take back: it only asks again.", confirm: "Retry",
    async run(_, api) {
      await api.retryPayout({ id: idOf(p) });
      return { said: `${idOf(p)} is handed over again.` };
    },
  });
  const confirming = (p: Payout): Action => ({
    title: "Confirm a prize",
    what: "You say that the winner has the money. Nothing is paid by this.",
    whom: what(p), confirm: "Confirm", typed: { text: p.prize.user_id, what: "the winner's user id" },
    async run(_, api) {
      await api.confirmPrize({ id: idOf(p) });
      return { said: `${idOf(p)} is confirmed as paid.` };
    },
  });
  const failing = (p: Payout): Action => ({
    title: "Mark a prize as failed",
    what: "The winner does not get it: the money goes back to the competition's pool.",
    whom: what(p), confirm: "Mark as failed", typed: { text: p.prize.user_id, what: "the winner's user id" },
    fields: [{ name: "reason", label: "Reason", kind: "long", required: true, most: 500, help: "Kept for good: name nobody in it." }],
    async run({ reason = "" }, api) {
      await api.failPrize({ id: idOf(p), body: { reason } });
      return { said: `${idOf(p)} is marked as failed.` };
    },
  });
  const retryingAll: Action = {
    title: "Retry all that were given up",
    what: "The payment provider is told of up to 500 prizes again. Each has the same id as before, so it is paid once.",
    whom: "Payouts of all competitions that were given up", undo: "Nothing to take back: it only asks again.", confirm: "Retry all",
    async run(_, api) {
      const data = await api.retryPayouts();
      return { said: `${data.retried} payouts are handed over again.${data.more ? " There are more: repeat it." : ""}` };
    },
  };

  const table = new DataTable<Payout>({
    label: "Payouts",
    columns: [
      { head: "Who", kind: "main", cell: ({ prize }) => person(prize.user_id, undefined) },
      { head: "Competition", cell: ({ prize }) => link(fragmentOf(["c", prize.competition_id]), prize.competition_id) },
      { head: "Rank", kind: "number", cell: ({ prize }) => format.integer(prize.rank) },
      { head: "Amount", kind: "number", cell: ({ prize }) => format.money(prize.amount, prize.currency) },
      { head: "State", cell: ({ status }) => words[status] },
      { head: "Attempts", kind: "number", cell: ({ attempts }) => format.integer(attempts) },
      { head: "Last answer", kind: "long", cell: ({ error, next_attempt_at: next }) => [error, next && `next ${format.at(next)}`].filter(Boolean).join("; ") || "–" },
    ],
    load: (cursor) => pageOf("payouts", api.listPayouts({ status: query.status as Payout["status"] | undefined, limit: pageSize, cursor })),
    empty: "Nothing waits to be paid.",
    actions: (p) => [
      rowButton("Retry…", idOf(p), () => app.act(retrying(p), reload)),
      rowButton("Confirm…", idOf(p), () => app.act(confirming(p), reload), true),
      rowButton("Fail…", idOf(p), () => app.act(failing(p), reload), true),
    ],
  });
  return {
    title: "Payouts",
    element: h("div", { class: "screen" },
      head("Payouts", "Prizes that are handed to the payment provider and not confirmed yet.", button("Retry all given up…", () => app.act(retryingAll, reload), "quiet edged")),
      filters([{ name: "status", label: "State", kind: "choice", value: query.status ?? "", choices }], (values) => (location.hash = fragmentOf(["payouts"], values))),
      table.element),
    destroy: () => table.destroy(),
  };
}
