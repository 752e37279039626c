import { find, h, setText } from "../dom.js";
import { Formatter } from "../format.js";
import { Session } from "../session.js";
import { readSignIn } from "../signin.js";
import { bindThemeButton } from "../theme.js";
import { messagePanel } from "../views/message.js";
import { consoleApi, recordOf } from "./api.js";
import type { Console, Screen } from "./app.js";
import { auditScreen } from "./audit.js";
import { competitionScreen } from "./competition.js";
import { competitionsScreen } from "./competitions.js";
import { definitionScreen } from "./definition.js";
import { erasuresScreen } from "./erasures.js";
import { healthScreen } from "./health.js";
import { listenForKeys, showKeys } from "./keyboard.js";
import { keysScreen } from "./keys.js";
import { openPanel, type Action, type Outcome } from "./panel.js";
import { button, secretField } from "./parts.js";
import { payoutsScreen } from "./payouts.js";
import { fragmentOf, parsePlace } from "./place.js";
import { deliveriesScreen, webhooksScreen } from "./webhooks.js";
import { whoHolds } from "./who.js";

const main = find("#main");
const outcomeLine = find(".outcome");
const sections = find(".sections");
const sign = find<HTMLButtonElement>(".sign");
const session = new Session(readSignIn());
const format = new Formatter(navigator.languages);
const api = consoleApi(session);
const record = recordOf(session);
let screen: Screen | undefined;
let keepOutcome = false; // over the next change of the address

interface Section {
  name: string;
  label: string;
  operator?: boolean;
  make(app: Console, query: Record<string, string>, id: string | undefined): Screen;
}

const all: Section[] = [
  { name: "", label: "Competitions", make: (app, query) => competitionsScreen(app, query) },
  { name: "payouts", label: "Payouts", operator: true, make: (app, query) => payoutsScreen(app, query) },
  { name: "keys", label: "API keys", operator: true, make: (app) => keysScreen(app) },
  { name: "webhooks", label: "Webhooks", make: (app, _, id) => (id === undefined ? webhooksScreen(app) : deliveriesScreen(app, id)) },
  { name: "audit", label: "Audit log", operator: true, make: (app, query) => auditScreen(app, query) },
  { name: "erasures", label: "Erasures", operator: true, make: (app) => erasuresScreen(app) },
  { name: "health", label: "Health", operator: true, make: (app) => healthScreen(app) },
];

/** Says what an action did, how it is taken back, and where it is on record. */
function say(outcome: Outcome, requestId: string): void {
  keepOutcome = true;
  setTimeout(() => (keepOutcome = false)); // a change of the address by the action comes before
  const app = consoleOf();
  const parts: (Node | string)[] = [h("span", { class: "done-mark", "aria-hidden": "true" }, "✓"), h("span", {}, outcome.said)];
  if (outcome.secret) {
    parts.push(secretField(outcome.secret));
  }
  const { back } = outcome;
  if (back) parts.push(button("Take it back…", () => app.act(back, route), "quiet edged"));
  if (app.who.operator && requestId !== "") parts.push(h("a", { class: "link", href: fragmentOf(["audit"], { request_id: requestId }) }, "Audit entry"));
  parts.push(button("Hide", () => outcomeLine.replaceChildren(), "quiet"));
  outcomeLine.replaceChildren(h("div", { class: "outcome-line" }, ...parts), ...(outcome.shown ? [outcome.shown] : []));
}

function consoleOf(): Console {
  return {
    api, record, format, say,
    who: whoHolds(session.token ?? ""),
    act: (action: Action, changed?: (outcome: Outcome) => void) =>
      openPanel(action, record, (outcome, requestId) => {
        say(outcome, requestId);
        changed?.(outcome);
      }),
  };
}

function route(): void {
  screen?.destroy?.();
  screen = undefined;
  if (!keepOutcome) outcomeLine.replaceChildren();
  sign.hidden = session.token === undefined;
  if (session.token === undefined) {
    sections.hidden = true;
    setText(find(".viewer"), "");
    const text = session.refused ? "Your session has ended, or this server does not take it." : "The console is for those who make competitions, and for operators.";
    return show({ title: "Sign in", element: messagePanel({ title: session.refused ? "Please sign in again" : "Sign in", text, action: { label: "Go to the sign-in", run: "/" } }) });
  }
  const app = consoleOf();
  const { parts, query } = parsePlace(location.hash);
  const [name = "", id] = parts;
  setText(find(".viewer"), app.who.operator ? "Operator" : "Creator");
  markSections(app, name);
  if (name === "c" && id !== undefined) return show(competitionScreen(app, { parts, query }));
  if (name === "new") return show(definitionScreen(app));
  const section = all.find((section) => section.name === name && (!section.operator || app.who.operator));
  if (section) return show(section.make(app, query, id));
  const known = all.some((section) => section.name === name);
  const text = known ? "This part of the console is for operators." : "The link may be old, or a letter of it got lost.";
  show({ title: "Not here", element: messagePanel({ title: known ? "For operators" : "There is nothing here", text, action: { label: "Competitions", run: "#/" } }) });
}

function markSections({ who }: Console, name: string): void {
  const current = ["c", "new"].includes(name) ? "" : name;
  sections.hidden = false;
  sections.replaceChildren(...all.filter(({ operator }) => !operator || who.operator).map((section) =>
    h("a", { class: "section", href: fragmentOf(section.name === "" ? [] : [section.name]), "aria-current": section.name === current && "page" }, section.label)));
  sections.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function show(next: Screen): void {
  screen = next;
  main.replaceChildren(next.element);
  document.title = `${next.title} · Console · Paceboard`;
}

sign.addEventListener("click", () => void session.signOut());
find(".help-button").addEventListener("click", showKeys);
addEventListener("hashchange", () => {
  route();
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
});
let viewer = JSON.stringify(whoHolds(session.token ?? ""));
session.onChange(() => {
  const now = JSON.stringify(whoHolds(session.token ?? ""));
  if (session.token !== undefined && now === viewer) return; // renewed, in the middle of somebody's work
  viewer = now;
  document.querySelector<HTMLDialogElement>("dialog[open]")?.close();
  route();
});
listenForKeys();

bindThemeButton(find(".theme"));
if (session.stale) void session.renew().catch(() => {}).finally(route); // whoever has no token yet asks again
else route();
