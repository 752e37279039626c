import type { PaceboardError } from "@paceboard/client";
import { h } from "../dom.js";
import { pageOfAll } from "./api.js";
import type { Within } from "./competition.js";
import type { Action } from "./panel.js";
import { button, person } from "./parts.js";
import { fragmentOf } from "./place.js";
import { explain } from "./problems.js";
import type { Competition, Prize, Prizes } from "./shapes.js";
import { DataTable } from "./table.js";

const words = { pending: "Waits for the payment provider", distributed: "Paid", failed: "Failed" };

/** Who would get what, and paying it. */
export function prizesPart({ app, competition, reload }: Within): { element: HTMLElement; destroy?(): void } {
  const { api, format } = app;
  const result = h("div", { class: "prizes", "aria-live": "polite" });
  const pool = competition.prize_pool;
  const field = pool > 0 ? undefined : h("input", { type: "number", id: "pool", min: 0, step: "any", inputmode: "decimal" });
  const body = (): { prize_pool?: number } => (field?.value ? { prize_pool: Number(field.value) } : {});

  const table = (list: Prize[]): HTMLElement => new DataTable<Prize>({
    label: "Prizes",
    columns: [
      { head: "Who", kind: "main", cell: (p) => person(p.user_id, p.user_name) },
      { head: "Rank", kind: "number", cell: ({ rank }) => format.integer(rank) },
      { head: "Amount", kind: "number", cell: ({ amount, currency }) => format.money(amount, currency) },
      { head: "State", cell: ({ status }) => (status ? words[status] : "–") },
    ],
    load: (cursor) => Promise.resolve(pageOfAll(list, cursor)),
    empty: "Nobody has a score above 0, so nobody wins.",
  }).element;

  async function preview(): Promise<void> {
    result.setAttribute("aria-busy", "true");
    try {
      const data = await api.calculatePrizes({ competition_id: competition.id, body: body() });
      const sum = format.money(data.prize_pool, data.currency);
      const text = data.final ? `The standings are final: ${sum} for ${data.prizes.length}.` : `If it ended now: ${sum} for ${data.prizes.length}. This is not final.`;
      result.replaceChildren(h("p", { class: data.final ? undefined : "facts" }, text), table(data.prizes),
        data.final ? h("div", { class: "choices" }, button("Distribute…", () => app.act(distributing(data), reload), "button final")) : "");
    } catch (error) {
      const { said, advice } = explain(error as PaceboardError);
      result.replaceChildren(h("p", { class: "wrong" }, said), advice === undefined ? "" : h("p", {}, advice));
    }
    result.removeAttribute("aria-busy");
  }

  function distributing(prizes: Prizes): Action {
    return {
      title: "Distribute the prizes",
      what: `${format.money(prizes.prize_pool, prizes.currency)} are paid, each prize once. The competition is settled: nobody can be excluded, restored or corrected any more.`,
      whom: `${prizes.prizes.length} ${prizes.prizes.length === 1 ? "winner" : "winners"} of ${competition.name}`,
      confirm: `Pay ${format.money(prizes.prize_pool, prizes.currency)}`,
      typed: { text: competition.name, what: "the name of the competition" },
      async run(_, api) {
        const { prizes } = await api.distributePrizes({ competition_id: competition.id, body: body() });
        const waiting = prizes.some(({ status }) => status === "pending");
        return { said: waiting ? `The prizes of ${competition.name} are handed to the payment provider; see Payouts.` : `The prizes of ${competition.name} are paid.` };
      },
    };
  }

  if (competition.status === "settled") {
    const list = competition.prizes ?? [];
    const more = (competition.prizes_count ?? list.length) - list.length;
    return { element: h("div", { class: "part-body" },
      h("p", {}, `The prizes were distributed.${more > 0 ? ` The best ${list.length} are shown, and ${format.integer(more)} more were paid.` : ""} `, h("a", { class: "link", href: fragmentOf(["payouts"]) }, "See what waits to be paid.")),
      table(list)) };
  }
  if (competition.status === "cancelled") return { element: h("div", { class: "part-body" }, h("p", {}, "It was cancelled: there are no prizes, and fees were given back.")) };
  return {
    element: h("div", { class: "part-body" },
      h("p", {}, stageOf(competition)),
      field ? h("div", { class: "field narrow" }, h("label", { for: "pool" }, `Prize pool, in ${competition.currency}`), field) : "",
      h("div", { class: "choices" }, button("Preview the prizes", () => void preview(), competition.status === "completed" ? "button" : "quiet edged")),
      result),
  };
}

function stageOf({ status }: Competition): string {
  if (status === "completed") return "The standings are final. Look at the prizes, and then distribute them.";
  if (status === "finalizing") return "Late syncs still count. The prizes can be distributed once the competition is completed.";
  return "The prizes can be distributed once the competition is completed.";
}
