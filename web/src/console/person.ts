import { h } from "../dom.js";
import { correcting, excluding, nameOf, removing, restoring, withdrawing } from "./actions.js";
import type { Within } from "./competition.js";
import { amounts, button, person } from "./parts.js";
import type { ExplainedDay, Explanation } from "./shapes.js";
import { DataTable, rowButton } from "./table.js";
import { flagInWords, whyNotInWords } from "./words.js";

/** Why somebody's score is what it is, day by day, beside what one can decide about it. */
export function personScreen({ app, competition }: Within, user: string): { element: HTMLElement; destroy(): void } {
  const { api, format } = app;
  const about = h("div", { class: "person" });
  const closed = ["settled", "cancelled"].includes(competition.status);
  let last: Explanation | undefined;
  const table = new DataTable<ExplainedDay>({
    label: "Days",
    columns: [
      { head: "Day", kind: "main", cell: ({ date }) => date },
      { head: "Points", kind: "number", cell: ({ points }) => format.decimal(points) },
      { head: "Counts", kind: "long", cell: (day) => h("span", {}, amounts(day, app), day.correction ? h("span", { class: "mark-line" }, `Corrected: ${day.correction.reason}`) : "") },
      { head: "Reports", kind: "long", cell: (day) => h("ul", { class: "lines" }, ...day.reports.map((r) => h("li", {}, h("bdi", {}, r.source), `: ${amounts(r, app)}, ${whyNotInWords(r.why_not)}`))) },
      { head: "Flags", kind: "long", cell: (day) => h("ul", { class: "lines" }, ...day.flags.map((flag) => h("li", { "data-tone": "warn" }, flagInWords(flag, app)))) },
    ],
    load: async (cursor) => {
      last = await api.explainScore({ competition_id: competition.id, user_id: user, cursor });
      draw(last);
      return { rows: last.days, next: last.next_cursor };
    },
    empty: "No day was reported.",
    actions: (day) => closed || competition.status === "upcoming" || !last ? [] : [
      rowButton("Correct…", day.date, () => app.act(correcting(competition, last!, day.date, day), changed)),
      ...(day.correction ? [rowButton("Withdraw…", day.date, () => app.act(withdrawing(competition, last!, day.date), changed))] : []),
    ],
  });
  const changed = (): void => void table.load();

  function draw(x: Explanation): void {
    const state = x.excluded ? `Excluded: ${x.reason ?? ""}` : x.removed ? `Removed: ${x.removal_reason ?? ""}` : x.left ? "Left" : `Place ${format.integer(x.rank ?? 0)} of ${format.integer(x.total_count)}`;
    about.replaceChildren(
      h("h2", {}, person(x.user_id, x.user_name)),
      h("p", { class: "facts" }, `${state} · ${format.integer(x.score)} points${x.points === x.score ? "" : `, ${format.decimal(x.points)} before rounding down`}`),
      closed ? "" : h("div", { class: "choices" },
        x.excluded
          ? button("Restore…", () => app.act(restoring(competition, x), changed))
          : button("Exclude…", () => app.act(excluding(competition, x), changed), "quiet edged"),
        !x.left && ["upcoming", "active"].includes(competition.status) && button("Remove…", () => app.act(removing(competition, x), changed), "quiet edged")));
    document.title = `${nameOf(x)} · Console · Paceboard`;
  }

  return { element: h("div", { class: "part-body" }, about, table.element), destroy: () => table.destroy() };
}

