import type { PaceboardError } from "@paceboard/client";
import { h } from "../dom.js";
import { statusWord } from "../phase.js";
import { rulesInWords } from "../rules.js";
import { amending, cancelling, excluding, inviting, makingCode, nameOf, removing, restoring, withdrawingInvitation } from "./actions.js";
import { pageOf, pageSize } from "./api.js";
import type { Console, Screen } from "./app.js";
import { definitionScreen } from "./definition.js";
import type { Field } from "./fields.js";
import { filters, amounts, button, failure, link, person, status } from "./parts.js";
import { linksPart } from "./links.js";
import { personScreen } from "./person.js";
import { fragmentOf, type Place } from "./place.js";
import { prizesPart } from "./prizes.js";
import type { Amendment, Competition, Exclusion, FlaggedDay, Invitation, JoinCode, Participant } from "./shapes.js";
import { DataTable, rowButton } from "./table.js";
import { flagInWords } from "./words.js";

/** What the parts of a competition's screen are given. */
export interface Within {
  app: Console;
  competition: Competition;
  /** The filters in the address. */
  query: Record<string, string>;
  /** Shows everything again, after something changed. */
  reload(): void;
}

interface Part {
  element: HTMLElement;
  destroy?(): void;
}

const parts: { name: string; label: string; operator?: boolean; make(within: Within): Part }[] = [
  { name: "", label: "Rules", make: overview },
  { name: "people", label: "People", make: people },
  { name: "flags", label: "Flags", operator: true, make: flags },
  { name: "excluded", label: "Excluded", operator: true, make: excluded },
  { name: "invitations", label: "Invitations", make: invitations },
  { name: "links", label: "Links", make: linksPart },
  { name: "prizes", label: "Prizes", operator: true, make: prizesPart },
];

/** One competition, its parts as tabs. It is read before anything is shown. */
export function competitionScreen(app: Console, { parts: [, id = "", name = "", user], query }: Place): Screen {
  const element = h("div", { class: "screen" }, h("p", { class: "facts", role: "status" }, "Loading…"));
  let inner: Part | undefined;
  let gone = false;
  const screen: Screen = {
    title: "Competition",
    element,
    destroy: () => {
      gone = true;
      inner?.destroy?.();
    },
  };
  void show();

  async function show(): Promise<void> {
    let competition: Competition;
    try {
      competition = await app.api.getCompetition({ competition_id: id });
    } catch (error) {
      if (!gone) element.replaceChildren(failure(error as PaceboardError, () => void show()));
      return;
    }
    if (gone) return;
    inner?.destroy?.();
    const within: Within = { app, competition, query, reload: () => void show() };
    document.title = `${competition.name} · Console · Paceboard`;
    if (name === "edit") {
      inner = definitionScreen(app, competition);
      return element.replaceChildren(inner.element);
    }
    const made = name === "person" && user !== undefined ? personScreen(within, user) : (parts.find((part) => part.name === name) ?? parts[0]!).make(within);
    inner = made;
    element.replaceChildren(headOf(within, name), made.element);
  }

  return screen;
}

function headOf({ app, competition }: Within, name: string): HTMLElement {
  const { word, tone } = statusWord(competition.status);
  const { format, who } = app;
  const facts = `${format.days(competition.start_date, competition.end_date, competition.time_zone)} · ${format.integer(competition.participant_count)} take part`;
  const tabs = parts.filter(({ operator }) => !operator || who.operator).map((part) => {
    const current = part.name === name || (name === "person" && part.name === "people");
    return h("a", { class: "tab", href: fragmentOf(["c", competition.id, ...(part.name === "" ? [] : [part.name])]), "aria-current": current && "page" }, part.label);
  });
  return h("div", { class: "competition-head" },
    h("div", { class: "screen-head" },
      h("div", {}, h("h1", {}, h("bdi", {}, competition.name)), h("p", { class: "facts" }, status(word, tone), ` ${facts}`)),
      h("div", { class: "screen-actions" }, h("a", { class: "quiet edged button-like", href: `/#/c/${competition.id}` }, "See the board"))),
    h("nav", { class: "tabs", "aria-label": "Parts of the competition" }, ...tabs));
}

const over = ({ status }: Competition): boolean => ["settled", "cancelled"].includes(status);

function overview({ app, competition, reload }: Within): Part {
  const { api, format, who } = app;
  const started = competition.status !== "upcoming";
  const amendments = h("div", { class: "amendments" });
  const rules = h("ul", { class: "rules" }, ...rulesInWords(competition, format).map((rule) => h("li", {}, rule)));
  const may = [
    h("a", { class: "button", href: fragmentOf(["c", competition.id, "edit"]) }, "Edit"),
    who.operator && ["active", "finalizing"].includes(competition.status) && button("Amend…", () => app.act(amending(competition), reload), "quiet edged"),
    !over(competition) && (who.operator || !started) && button("Cancel the competition…", () => app.act(cancelling(competition), reload), "quiet edged final"),
  ];
  if (started) void readAmendments();

  async function readAmendments(): Promise<void> {
    const found: Amendment[] = await api.listAmendments({ competition_id: competition.id }).then((answer) => answer.amendments, () => []);
    if (found.length === 0) return;
    amendments.replaceChildren(h("h2", {}, "Amended since the start"), h("ul", { class: "rules" }, ...found.map((a) =>
      h("li", {}, `${format.at(a.amended_at)}: ${a.reason} `, h("span", { class: "facts" }, `(until ${format.at(a.end_date, competition.time_zone)}, ${a.visibility})`)))));
  }

  return { element: h("div", { class: "part-body" }, competition.description ? h("p", { class: "prose" }, competition.description) : "", rules, amendments, h("div", { class: "choices" }, ...may)) };
}

function people({ app, competition, query, reload }: Within): Part {
  const { api, format, who } = app;
  const table = new DataTable<Participant>({
    label: "Who takes part, by the order of joining",
    columns: [
      { head: "Who", kind: "main", cell: (p) => (who.operator ? h("a", { class: "link", href: fragmentOf(["c", competition.id, "person", p.user_id]) }, person(p.user_id, p.user_name)) : person(p.user_id, p.user_name)) },
      { head: "Rank", kind: "number", cell: ({ rank }) => format.integer(rank) },
      { head: "Score", kind: "number", cell: ({ score }) => format.integer(score) },
      { head: "Last sync", cell: ({ last_synced_at: at }) => format.ago(at, Date.now()) },
    ],
    load: (cursor) => pageOf("participants", api.listParticipants({ competition_id: competition.id, search: query.search, limit: pageSize, cursor })),
    empty: query.search ? `Nobody who takes part is called “${query.search}”.` : "Nobody takes part yet.",
    actions: (p) => [
      who.operator && !over(competition) && rowButton("Exclude…", nameOf(p), () => app.act(excluding(competition, p), reload)),
      ["upcoming", "active"].includes(competition.status) && rowButton("Remove…", nameOf(p), () => app.act(removing(competition, p), reload)),
    ].filter((node) => node !== false),
  });
  const fields: Field[] = [{ name: "search", label: "Name", value: query.search ?? "", most: 100, help: "Or user id, or a part of either." }];
  if (who.operator) fields.push({ name: "user", label: "User id", help: "Opens the days, also of somebody who left." });
  const search = filters(fields, ({ search = "", user = "" }) => {
    location.hash = user.trim() !== "" ? fragmentOf(["c", competition.id, "person", user.trim()]) : fragmentOf(["c", competition.id, "people"], { search: search.trim() });
  });
  return { element: h("div", { class: "part-body" }, search, table.element), destroy: () => table.destroy() };
}

function flags({ app, competition, reload }: Within): Part {
  const { api, format } = app;
  const table = new DataTable<FlaggedDay>({
    label: "Days that look odd, the newest first",
    columns: [
      { head: "Who", kind: "main", cell: (f) => h("a", { class: "link", href: fragmentOf(["c", competition.id, "person", f.user_id]) }, person(f.user_id, f.user_name)) },
      { head: "Day", cell: ({ date }) => date },
      { head: "Why it is flagged", kind: "long", cell: (f) => flagInWords(f, app) },
      { head: "Counts now", kind: "long", cell: (f) => amounts(f.counts, app) },
      { head: "Flagged", cell: ({ created_at }) => format.ago(created_at, Date.now()) },
    ],
    load: (cursor) => pageOf("flags", api.listFlags({ competition_id: competition.id, limit: pageSize, cursor })),
    empty: "No day looks odd.",
    actions: (f) => over(competition) ? [] : [
      f.excluded
        ? rowButton("Restore…", nameOf(f), () => app.act(restoring(competition, f), reload))
        : rowButton("Exclude…", nameOf(f), () => app.act(excluding(competition, f), reload)),
      link(fragmentOf(["c", competition.id, "person", f.user_id]), "Days"),
    ],
  });
  return {
    element: h("div", { class: "part-body" }, h("p", { class: "facts" }, "A flagged day was within the daily limits, and counts until you decide otherwise."), table.element),
    destroy: () => table.destroy(),
  };
}

function excluded({ app, competition, reload }: Within): Part {
  const { api, format } = app;
  const table = new DataTable<Exclusion>({
    label: "Who is excluded",
    columns: [
      { head: "Who", kind: "main", cell: (x) => h("a", { class: "link", href: fragmentOf(["c", competition.id, "person", x.user_id]) }, person(x.user_id, x.user_name)) },
      { head: "Would have", kind: "number", cell: ({ score }) => format.integer(score) },
      { head: "Reason", kind: "long", cell: ({ reason }) => reason },
    ],
    load: (cursor) => pageOf("exclusions", api.listExclusions({ competition_id: competition.id, limit: pageSize, cursor })),
    empty: "Nobody is excluded.",
    actions: (x) => over(competition) ? [] : [rowButton("Restore…", nameOf(x), () => app.act(restoring(competition, x), reload))],
  });
  return { element: h("div", { class: "part-body" }, table.element), destroy: () => table.destroy() };
}

function invitations({ app, competition, reload }: Within): Part {
  const { api, format } = app;
  const codes = h("div", { class: "codes" });
  const codeTable = (list: JoinCode[]): HTMLElement => {
    const table = new DataTable<JoinCode>({
      label: "Join codes",
      columns: [
        { head: "Made", kind: "main", cell: ({ created_at }) => format.at(created_at) },
        { head: "Uses left", kind: "number", cell: ({ uses }) => format.integer(uses) },
        { head: "Until", cell: ({ expires_at }) => format.at(expires_at) },
      ],
      load: () => Promise.resolve({ rows: list, next: undefined }),
      empty: "",
      actions: ({ id, created_at }) => [rowButton("End…", `the code of ${format.at(created_at)}`, () => app.act(withdrawingInvitation(competition, id, "a join code"), reload))],
    });
    return table.element;
  };
  const table = new DataTable<Invitation>({
    label: "Invitations",
    columns: [
      { head: "Who", kind: "main", cell: ({ user_id = "" }) => person(user_id, undefined) },
      { head: "Answer", cell: ({ state }) => ({ open: "None yet", accepted: "Accepted", declined: "Declined", withdrawn: "Withdrawn" })[state] },
      { head: "Invited", cell: ({ created_at }) => format.at(created_at) },
      { head: "Until", cell: ({ expires_at }) => format.at(expires_at) },
    ],
    load: async (cursor) => {
      const data = await api.listInvitations({ competition_id: competition.id, limit: pageSize, cursor });
      if (cursor === undefined) codes.replaceChildren(...(data.codes?.length ? [h("h2", {}, "Join codes"), codeTable(data.codes)] : []));
      return { rows: data.invitations ?? [], next: data.next_cursor };
    },
    empty: "Nobody is invited yet.",
    actions: ({ id, user_id = "", state }) => state === "open" ? [rowButton("Withdraw…", user_id, () => app.act(withdrawingInvitation(competition, id, user_id), reload))] : [],
  });
  const open = ["upcoming", "active"].includes(competition.status);
  return {
    element: h("div", { class: "part-body" },
      open && h("div", { class: "choices" },
        button("Invite people…", () => app.act(inviting(competition), reload)),
        button("Make a join code…", () => app.act(makingCode(competition), reload), "quiet edged")),
      codes, table.element),
    destroy: () => table.destroy(),
  };
}
