import { h } from "../dom.js";
import { statusWord } from "../phase.js";
import type { ArgumentsOf } from "@paceboard/client";
import { pageOf, pageSize } from "./api.js";
import type { Console, Screen } from "./app.js";
import { filters, head, link, status } from "./parts.js";
import { fragmentOf } from "./place.js";
import type { Competition } from "./shapes.js";
import { DataTable } from "./table.js";

const statuses = [["", "All"], ["open", "Not over"], ["upcoming", "Upcoming"], ["active", "Active"], ["finalizing", "Finalizing"], ["completed", "Completed"], ["settled", "Settled"], ["cancelled", "Cancelled"]] as const;

/** The competitions that one may run: one's own, or for operators all. */
export function competitionsScreen(app: Console, query: Record<string, string>): Screen {
  const { api, format, who } = app;
  const own = !who.operator || (query.whose === "own" && who.id !== "");
  const table = new DataTable<Competition>({
    label: "Competitions",
    columns: [
      { head: "Name", kind: "main", cell: ({ id, name }) => link(fragmentOf(["c", id]), name) },
      { head: "Status", cell: (c) => status(statusWord(c.status).word, statusWord(c.status).tone) },
      { head: "Days", cell: (c) => format.days(c.start_date, c.end_date, c.time_zone) },
      { head: "People", kind: "number", cell: (c) => format.integer(c.participant_count) },
      { head: "Prizes", kind: "number", cell: (c) => (c.prize_pool > 0 ? format.money(c.prize_pool, c.currency) : "–") },
      { head: "Seen by", cell: ({ visibility }) => (visibility === "private" ? "Who takes part" : "Everybody") },
    ],
    load: (cursor) => own
      ? pageOf("competitions", api.listUserCompetitions({ user_id: who.id, as: "creator", limit: pageSize, cursor }))
      : pageOf("competitions", api.listCompetitions({ order: "newest", status: query.status as ArgumentsOf<"listCompetitions">["status"], search: query.search, limit: pageSize, cursor })),
    empty: own ? "You have made no competition yet." : "There is no such competition.",
  });
  const fields = own ? [] : [
    { name: "search", label: "Name", value: query.search ?? "", most: 100 },
    { name: "status", label: "Status", kind: "choice" as const, value: query.status ?? "", choices: statuses },
  ];
  const whose = who.operator && who.id !== "" ? [{ name: "whose", label: "Whose", kind: "choice" as const, value: query.whose ?? "", choices: [["", "Everybody's"], ["own", "Made by me"]] as const }] : [];
  const text = own ? "What you have made. Others see a competition on the board page." : "All competitions, the latest start first.";
  return {
    title: "Competitions",
    element: h("div", { class: "screen" },
      head("Competitions", text, h("a", { class: "button", href: fragmentOf(["new"]) }, "New competition")),
      fields.length + whose.length > 0 && filters([...fields, ...whose], (values) => (location.hash = fragmentOf([], values))),
      table.element),
    destroy: () => table.destroy(),
  };
}
