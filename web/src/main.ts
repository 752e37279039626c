import type { App, View } from "./app.js";
import { apiOf } from "./api.js";
import type { Project } from "./auth.js";
import { find } from "./dom.js";
import { Formatter } from "./format.js";
import { HealthWatch } from "./health.js";
import { Notice } from "./notice.js";
import { parseFragment } from "./route.js";
import { Session } from "./session.js";
import { problemOf, readLanding, readSignIn, type Landing } from "./signin.js";
import { bindThemeButton } from "./theme.js";
import { BoardView } from "./views/board.js";
import { ListView } from "./views/list.js";
import { messagePanel } from "./views/message.js";
import { askForSwitch, signInDialog, signingIn, signInPanel, takeLinkToken } from "./views/signin.js";
import { viewerParts } from "./views/viewer.js";

const main = find("#main");
const spoken = find("#spoken");
const sign = find<HTMLButtonElement>(".sign");
const session = new Session(readSignIn());
let view: View | undefined;
let shown = false; // anything, yet
let busy = false; // with the project, before anything can be shown
let failure: string | undefined; // of the last way in

const app: App = {
  session,
  api: apiOf(session),
  format: new Formatter(navigator.languages),
  health: new HealthWatch(() => view?.healthChanged?.()),
  notice: new Notice(find(".notice")),
  say: (sentence) => (spoken.textContent = sentence),
  askToSignIn: () => signInDialog(session),
};

/** Takes a token out of the address, before anybody can read it over a shoulder or in the history. */
function readAddress(): ReturnType<typeof parseFragment>["route"] {
  const { route, token, clean } = parseFragment(location.hash);
  if (clean !== location.hash) history.replaceState(history.state, "", clean);
  if (token !== undefined) takeLinkToken(session, token);
  return route;
}

function show(element: HTMLElement, title: string, next?: View): void {
  view?.destroy();
  view = next;
  main.replaceChildren(element);
  document.title = `${title} · Paceboard`;
  if (shown) scrollTo(0, 0); // which lays the page out
  shown = true;
}

function route(): void {
  const where = readAddress();
  sign.hidden = session.token === undefined;
  if (busy) return;
  if (session.token === undefined) return show(signInPanel(session, failure), "Sign in");
  failure = undefined;
  if (where.view === "board" && view?.showTop?.(where.id, where.top)) return;
  if (where.view === "missing") {
    const action = { label: "All competitions", run: "#/" };
    return show(messagePanel({ title: "There is nothing here", text: "The link may be old, or a letter of it got lost.", action }), "Not found");
  }
  const next = where.view === "list" ? new ListView(app, where.past, where.search) : new BoardView({ ...app, viewerParts }, where.id, where.top);
  show(next.element, next.title, next);
}

sign.addEventListener("click", () => void session.signOut());
addEventListener("hashchange", () => {
  const before = view;
  route();
  if (view !== before) main.focus({ preventScroll: true }); // not when the same board shows more of itself
});

bindThemeButton(find(".theme"));

/** Does what the project's sign-in sent the browser back for, once it is no longer in the address. */
async function land(landing: Landing): Promise<void> {
  const project = await session.project();
  const wanted = project.takeWanted();
  if (wanted !== undefined && /^(#\/?)?$/.test(location.hash)) history.replaceState(history.state, "", wanted);
  switch (landing.kind) {
    case "code":
      return project.exchange(landing.code);
    case "tokens":
      return takeTokens(project, landing.accessToken, landing.refreshToken);
    case "failed":
      failure = problemOf(landing.code);
  }
}

/** Takes a link's tokens: at once, which the answer waits for, or when the viewer says so. */
function takeTokens(project: Project, accessToken: string, refreshToken: string): Promise<void> | undefined {
  let atOnce: Promise<void> | undefined;
  let asked = false;
  askForSwitch(session, accessToken, () => {
    const work = project.adopt(accessToken, refreshToken);
    if (asked) void whileBusy(work);
    else atOnce = work;
  });
  asked = true;
  return atOnce;
}

/** Tells somebody who is signed in already that another way in has failed. */
function showFailure(text: string): void {
  sign.hidden = false;
  const action = { label: "Go on", run: route };
  show(messagePanel({ title: "Signing in did not work", text: `${text} You stay signed in as before.`, action }), "Sign in");
}

async function whileBusy(work: Promise<unknown>): Promise<void> {
  busy = true;
  show(signingIn(), "Sign in");
  try {
    await work;
  } catch (error) {
    const { message } = error as Error;
    if (session.token !== undefined) return showFailure(message);
    failure = message;
  } finally {
    busy = false;
  }
  route();
}

/** What the page begins with, when that takes more than the address. */
function beginning(): Promise<unknown> | undefined {
  const landed = session.ways.url === undefined ? undefined : readLanding(location);
  if (landed) {
    history.replaceState(history.state, "", location.pathname + landed.clean);
    return land(landed.landing);
  }
  return session.stale ? session.renew().catch(() => {}) : undefined; // whoever has no token yet asks again
}

const first = beginning();
readAddress();
let viewer = session.viewer.sub;
session.onChange(() => {
  const sameViewer = session.viewer.sub === viewer;
  viewer = session.viewer.sub;
  if (session.token !== undefined && sameViewer && view?.tokenChanged) return view.tokenChanged();
  if (!sameViewer) { // a view shows what is its viewer's own
    view?.destroy();
    view = undefined;
  }
  route();
});
if (first) void whileBusy(first);
else setTimeout(route); // a task of its own: the page answers in between
