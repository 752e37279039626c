import { h } from "../dom.js";
import { pageOf, pageSize } from "./api.js";
import type { Console, Screen } from "./app.js";
import { filters, head, link } from "./parts.js";
import { fragmentOf } from "./place.js";
import type { AuditEntry } from "./shapes.js";
import { DataTable } from "./table.js";
import { deedInWords, deedNames } from "./words.js";

const answers: Record<number, string> = { 400: "Refused: not valid", 403: "Refused: not allowed", 404: "Refused: not there", 409: "Refused: not possible", 429: "Refused: too often", 503: "Not done: unavailable" };
const answer = (status: number): string => (status < 300 ? "Done" : (answers[status] ?? `Refused (${status})`));

/** What operators and API keys did, the latest first. */
export function auditScreen(app: Console, query: Record<string, string>): Screen {
  const { api, format } = app;
  const names = ["actor", "action", "competition_id", "user_id", "request_id", "from", "to"];
  const wanted = Object.fromEntries(names.map((name) => [name, query[name]]));
  const table = new DataTable<AuditEntry>({
    label: "Audit log, the latest first",
    columns: [
      { head: "When", kind: "main", cell: ({ at }) => format.at(at) },
      { head: "Who", cell: ({ actor, by }) => h("span", { title: by.kind }, h("span", { class: "id" }, actor)) },
      { head: "What", cell: ({ action }) => h("span", { title: action }, deedInWords(action)) },
      { head: "On", kind: "long", cell: ({ targets }) => h("ul", { class: "lines" }, ...targets.map(({ kind, id }) => h("li", {}, `${kind} `, kind === "competition" ? link(fragmentOf(["c", id]), id) : h("span", { class: "id" }, id)))) },
      { head: "Answer", cell: ({ status }) => h("span", { "data-tone": status < 300 ? undefined : "warn" }, answer(status)) },
      { head: "Request", cell: ({ request_id }) => h("span", { class: "id" }, request_id || "–") },
    ],
    load: (cursor) => pageOf("entries", api.listAudit({ ...wanted, limit: pageSize, cursor })),
    empty: "Nothing was done that fits.",
  });
  const fields = [
    { name: "actor", label: "Who", value: query.actor ?? "", help: "A user id, or key: and the id of a key." },
    { name: "action", label: "What", kind: "choice" as const, value: query.action ?? "", choices: [["", "Everything"], ...deedNames.map((name) => [name, deedInWords(name)] as const)] as const },
    { name: "competition_id", label: "Competition id", value: query.competition_id ?? "" },
    { name: "user_id", label: "User id", value: query.user_id ?? "", help: "Who acted, or was meant." },
    { name: "request_id", label: "Request", value: query.request_id ?? "" },
    { name: "from", label: "From", kind: "date" as const, value: query.from ?? "" },
    { name: "to", label: "To", kind: "date" as const, value: query.to ?? "" },
  ];
  return {
    title: "Audit log",
    element: h("div", { class: "screen" },
      head("Audit log", "What operators and API keys changed, or tried to; and every erasure. Days are in UTC."),
      filters(fields, (values) => (location.hash = fragmentOf(["audit"], values))), table.element),
    destroy: () => table.destroy(),
  };
}
