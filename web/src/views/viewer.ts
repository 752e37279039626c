import type { BoardApp } from "../app.js";
import { whoHolds } from "../console/who.js";
import { h } from "../dom.js";
import type { Places } from "../places.js";
import { Athlete } from "./athlete.js";
import { Finder } from "./finder.js";

/** The parts of a board for somebody who signed in. The page of board links does not load them. */
export interface ViewerParts {
  readonly athlete: Athlete;
  readonly finder: Finder;
  readonly console: HTMLElement | undefined;
}

/** Makes them; `show` brings the viewer's row into view. */
export function viewerParts(app: BoardApp, id: string, places: Places, show: () => void): ViewerParts {
  return { athlete: new Athlete(app, id, show), finder: new Finder(app, id, places), console: wayToConsole(app, id) };
}

/** The way to the competition in the console, for operators: boards do not tell who made them. */
function wayToConsole({ session }: BoardApp, id: string): HTMLElement | undefined {
  return whoHolds(session.token ?? "").operator ? h("p", { class: "facts" }, h("a", { href: `/console#/c/${id}` }, "Open in the console")) : undefined;
}
