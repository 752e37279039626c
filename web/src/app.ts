import type { Api, Limit } from "@paceboard/client";
import type { Formatter } from "./format.js";
import type { HealthWatch } from "./health.js";
import type { Notice } from "./notice.js";
import type { Session } from "./session.js";
import type { viewerParts } from "./views/viewer.js";

/** What every view is given. */
export interface App {
  readonly api: Api;
  readonly session: Session;
  readonly format: Formatter;
  readonly health: HealthWatch;
  readonly notice: Notice;
  /** Puts a sentence into the polite live region. */
  readonly say: (sentence: string) => void;
  /** Opens the sign-in dialog over the view. */
  askToSignIn(): void;
}

/** One of the page's views: its element, and what it is told from outside. */
export interface View {
  readonly element: HTMLElement;
  readonly title: string;
  /** Another token of a signed-in viewer. */
  tokenChanged?(): void;
  /** The service is better or worse than it was. */
  healthChanged?(): void;
  /** Another window of the same board is asked for; false when that needs another view. */
  showTop?(id: string, top: Limit): boolean;
  destroy(): void;
}

/** What a view of one board is given: by somebody who signed in, or by a board link. */
export interface BoardApp extends Omit<App, "session"> {
  readonly session: Pick<Session, "token" | "viewer" | "reject" | "renew">;
  /** Makes the parts for somebody who signed in. Without it, the viewer is a guest by a link, which shows this board and nothing else; `session.reject` says that it has ended. */
  readonly viewerParts?: typeof viewerParts;
}
