import type { Api } from "@paceboard/client";
import type { Formatter } from "../format.js";
import type { Action, Outcome } from "./panel.js";
import type { Record } from "./api.js";
import type { Who } from "./who.js";

/** What every view of the console is given. */
export interface Console {
  readonly api: Api;
  /** Does what is to be on record. */
  readonly record: Record;
  readonly format: Formatter;
  readonly who: Who;
  /** Opens the panel of an action, and then says what it did; `changed` reads again what it changed. */
  act(action: Action, changed?: (outcome: Outcome) => void): void;
  /** Says what was done, by which request. */
  say(outcome: Outcome, requestId: string): void;
}

/** A view: its element, and what ends it. */
export interface Screen {
  readonly element: HTMLElement;
  readonly title: string;
  destroy?(): void;
}
