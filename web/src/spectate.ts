// The page of a board link: the board for those who have no account, on a phone, a desk,
// in a frame of another site, or on a screen on the wall.
import type { BoardApp, View } from "./app.js";
import { apiOf } from "./api.js";
import { find, h } from "./dom.js";
import { Formatter } from "./format.js";
import { HealthWatch } from "./health.js";
import { Notice } from "./notice.js";
import { defaultWindow, parseFragment } from "./route.js";
import { bindThemeButton, chosenTheme } from "./theme.js";
import { BoardView } from "./views/board.js";
import { messagePanel } from "./views/message.js";
import { shareDialog } from "./views/share.js";
import { TvView } from "./views/tv.js";

const main = find("#main");
const spoken = find("#spoken");
const query = new URLSearchParams(location.search);
const [tv, embedded] = ["tv", "embed"].map((name) => query.get(name) === "1");
const code = /^\/b\/([^/]+)/.exec(location.pathname)?.[1] ?? "";
/** The address that others are given: of the link alone, however it is looked at here. */
const address = `${location.origin}/b/${code}`;
const found = document.querySelector<HTMLMetaElement>('meta[name="board"]');
let view: View | undefined;

/** The link's code is the token, for as long as the link lasts. */
const session: BoardApp["session"] = { token: `pbl_${code}`, viewer: {}, reject: ended, renew: async () => undefined };
const guest: BoardApp = {
  session,
  api: apiOf(session),
  format: new Formatter(navigator.languages),
  health: new HealthWatch(() => view?.healthChanged?.()),
  notice: new Notice(find(".notice")),
  say: (sentence) => (spoken.textContent = sentence),
  askToSignIn: () => {},
};

/** The link shows nothing any more. */
function ended(): void {
  message("This link has ended", "It was revoked, or its time is over. Ask the person who gave it to you for a new one.");
}

function message(title: string, text: string, action?: { label: string; run: () => void }): void {
  view?.destroy();
  view = undefined;
  guest.notice.show(undefined);
  main.replaceChildren(messagePanel({ title, text, ...(action && { action }) }));
  document.title = `${title} · Paceboard`;
}

/** The part of the board that the fragment asks for. */
const windowNow = (): ReturnType<typeof parseFragment>["route"] => parseFragment(location.hash).route;

function show(id: string): void {
  const where = windowNow();
  view = tv ? new TvView(guest, id, address) : new BoardView(guest, id, where.view === "board" ? where.top : defaultWindow);
  main.replaceChildren(view.element);
}

document.documentElement.classList.toggle("tv", tv);
document.body.classList.toggle("embedded", embedded);
if (tv && chosenTheme() === undefined) document.documentElement.dataset.theme = "dark";
bindThemeButton(find(".theme"));
const share = find<HTMLButtonElement>(".share");
share.addEventListener("click", () => void shareDialog(address));

if (found?.content) {
  const id = found.content;
  if (embedded && !tv) {
    main.after(h("footer", { class: "embed-foot" }, h("a", { href: address, target: "_blank", rel: "noopener" }, "Open this board in Paceboard")));
  }
  addEventListener("hashchange", () => {
    const where = windowNow();
    if (where.view === "board") view?.showTop?.(id, where.top);
  });
  show(id);
} else {
  share.hidden = true;
  if (found?.dataset.status === "503") {
    message("The board cannot be shown now", "The server does not reach its data. This page tries again by itself.");
    setTimeout(() => location.reload(), 10_000);
  } else ended();
}
