import type { ArgumentsOf, PaceboardError } from "@paceboard/client";
import { h } from "../dom.js";
import { defaultCurrency, defaultLateHours, defaultLimits, defaultSplit, rulesInWords, units } from "../rules.js";
import type { Console, Screen } from "./app.js";
import { Fields, type Field, type Values } from "./fields.js";
import { head } from "./parts.js";
import { fragmentOf } from "./place.js";
import { explain } from "./problems.js";
import type { Competition, Definition } from "./shapes.js";
import { isZone, toInstant, toLocal } from "./zones.js";

/** The form of a competition, a new one or one that is there, beside its rules in words. */
export function definitionScreen(app: Console, competition?: Competition): Screen {
  const started = competition !== undefined && competition.status !== "upcoming";
  const groups = groupsOf(app, competition, started);
  const fields = new Fields(groups.flatMap(({ fields }) => fields), () => preview());
  const rules = h("ul", { class: "rules" });
  const trouble = h("div", { class: "trouble", role: "alert" });
  const save = h("button", { type: "submit", class: "button" }, competition ? "Save" : "Create");
  let from = 0;
  const sets = groups.map(({ legend, fields: { length } }) => {
    const rows = fields.elements.slice(from, (from += length));
    return h("fieldset", { class: "group" }, h("legend", {}, legend), ...rows);
  });
  const form = h("form", { class: "definition", novalidate: true }, ...sets, trouble,
    h("div", { class: "choices" }, save, h("a", { class: "quiet edged button-like", href: competition ? fragmentOf(["c", competition.id]) : "#/" }, "Cancel")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit();
  });

  function preview(): void {
    const definition = { ...competition, ...definitionOf(fields.values(), started) };
    rules.replaceChildren(...rulesInWords(definition, app.format).map((rule) => h("li", {}, rule)));
  }

  async function submit(): Promise<void> {
    trouble.replaceChildren();
    const values = fields.values();
    const wrong = fields.missing(groups.flatMap(({ fields }) => fields));
    if (!started && !isZone(values.time_zone || "UTC")) wrong.push({ field: "time_zone", detail: "there is no such time zone" });
    if (!fields.refuse(wrong) || wrong.length > 0) return;
    save.disabled = true;
    try {
      await (competition ? edit(values, competition) : create(values));
    } catch (error) {
      const { said, fields: bad, advice } = explain(error as PaceboardError);
      if (!fields.refuse(bad) || bad.length === 0) trouble.append(h("p", { class: "wrong" }, said), advice === undefined ? "" : h("p", {}, advice));
    } finally {
      save.disabled = false;
    }
  }

  async function create(values: Values): Promise<void> {
    const body = { ...(values.id && { id: values.id }), ...definitionOf(values, false) } as ArgumentsOf<"createCompetition">["body"];
    const { done: made, requestId } = await app.record((api) => api.createCompetition({ body }));
    location.hash = fragmentOf(["c", made.id]);
    app.say({ said: `${made.name} is there. Invite people, or tell them its name.` }, requestId);
  }

  async function edit(values: Values, before: Competition): Promise<void> {
    const after = definitionOf(values, started);
    const same = definitionOf(initial, started);
    const changes = Object.fromEntries(Object.entries(after).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(same[name as keyof Definition])));
    const { requestId } = await app.record((api) => api.editCompetition({ competition_id: before.id, body: changes }));
    location.hash = fragmentOf(["c", before.id]);
    app.say({ said: `${after.name} is saved. Edit it again to take that back.` }, requestId);
  }

  const initial = fields.values();
  preview();
  const title = competition ? `Edit ${competition.name}` : "New competition";
  const text = started ? "It has started: the name and the description can still change." : "Everything can be changed until it starts.";
  return {
    title,
    element: h("div", { class: "screen" }, head(title, text),
      h("div", { class: "beside" }, form, h("aside", { class: "preview", "aria-labelledby": "preview-title" }, h("h2", { id: "preview-title" }, "The rules in words"), rules))),
  };
}

function groupsOf(app: Console, c: Competition | undefined, started: boolean): { legend: string; fields: Field[] }[] {
  const zone = c?.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";
  const about: Field[] = [
    { name: "name", label: "Name", required: true, most: 100, value: c?.name ?? "" },
    { name: "description", label: "Description", kind: "long", most: 2000, value: c?.description ?? "" },
  ];
  if (started) return [{ legend: "About", fields: about }];
  if (!c) about.push({ name: "id", label: "Id", most: 64, help: "Letters, digits, - and _. Empty: the server makes one." });
  const scoring = c?.scoring ?? { steps: 1 };
  const limits = { ...defaultLimits, ...c?.daily_limits };
  const groups = [
    { legend: "About", fields: about },
    {
      legend: "When",
      fields: [
        { name: "start_date", label: "Start", kind: "moment", required: true, value: c ? toLocal(c.start_date, zone) : "" },
        { name: "end_date", label: "End", kind: "moment", required: true, value: c ? toLocal(c.end_date, zone) : "", help: "The first moment that no longer counts, as midnight after the last day." },
        { name: "time_zone", label: "Time zone", kind: "zone", value: zone, help: "Decides when a day begins, for everybody." },
        { name: "late_sync_hours", label: "Hours in which late syncs count", kind: "number", value: String(c?.late_sync_hours ?? defaultLateHours) },
      ],
    },
    { legend: "Points", fields: units.map(({ metric, one }) => ({ name: `w_${metric}`, label: `For each ${one}`, kind: "number", value: String(scoring[metric] ?? 0) })) },
    { legend: "A day at most", fields: units.map(({ metric, many }) => ({ name: `l_${metric}`, label: many.charAt(0).toUpperCase() + many.slice(1), kind: "number", value: String(limits[metric]) })) },
    {
      legend: "Who",
      fields: [
        { name: "visibility", label: "Who sees it", kind: "choice", value: c?.visibility ?? "public", choices: [["public", "Everybody"], ["private", "Those who take part"]] },
        { name: "enrollment", label: "How one joins", kind: "choice", value: c?.enrollment ?? "open", choices: [["open", "Anybody can join"], ["invite", "By invitation or code"]] },
        { name: "max_participants", label: "At most", kind: "number", value: String(c?.max_participants ?? 0), help: "0: no limit." },
      ],
    },
  ] as { legend: string; fields: Field[] }[];
  if (app.who.operator) {
    groups.push({
      legend: "Money",
      fields: [
        { name: "currency", label: "Currency", most: 3, value: c?.currency ?? defaultCurrency },
        { name: "entry_fee", label: "Entry fee", kind: "number", value: String(c?.entry_fee ?? 0) },
        { name: "prize_pool", label: "Prize pool", kind: "number", value: String(c?.prize_pool ?? 0) },
        { name: "prize_split", label: "Shares by place", value: (c?.prize_split ?? defaultSplit).join(", "), help: "Per cent, with commas between them; together 100." },
      ],
    });
  }
  return groups;
}

/** What a form's values say. */
function definitionOf(v: Values, started: boolean): Definition {
  const about = { name: v.name!.trim(), description: v.description! };
  if (started) return about;
  const zone = v.time_zone || "UTC";
  const of = (prefix: string): Record<string, number> => Object.fromEntries(units.map(({ metric }) => [metric, Number(v[`${prefix}_${metric}`] || 0)]));
  return {
    ...about,
    start_date: toInstant(v.start_date!, zone), end_date: toInstant(v.end_date!, zone), time_zone: zone, late_sync_hours: Number(v.late_sync_hours || 0),
    scoring: of("w"), daily_limits: of("l"),
    visibility: v.visibility as Competition["visibility"], enrollment: v.visibility === "private" ? "invite" : v.enrollment as Competition["enrollment"], max_participants: Number(v.max_participants || 0),
    ...(v.currency !== undefined && {
      currency: v.currency.toUpperCase(), entry_fee: Number(v.entry_fee || 0), prize_pool: Number(v.prize_pool || 0),
      prize_split: v.prize_split!.split(/[\s,;]+/).filter((share) => share !== "").map(Number),
    }),
  };
}
