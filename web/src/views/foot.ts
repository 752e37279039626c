import type { WatchState } from "@paceboard/client";
import { h, setText } from "../dom.js";
import type { Formatter } from "../format.js";

const words: Record<WatchState["kind"], string> = {
  connecting: "Connecting",
  live: "Connected",
  reconnecting: "Reconnecting",
  unauthorized: "Signed out",
  no_access: "No access",
  not_found: "Not found",
};

/** The line at the foot: connection, version and delay. */
export class Foot {
  readonly #connection = h("span", { class: "connection" }, words.connecting);
  readonly #version = h("span", {}, "version –");
  readonly #delay = h("span", { title: "To the server and back" }, "– ms");
  readonly element = h("footer", { class: "foot" }, this.#connection, this.#version, this.#delay);

  update(state: WatchState, version: number | undefined, delay: number | undefined, format: Formatter): void {
    this.#connection.dataset.kind = state.kind;
    setText(this.#connection, words[state.kind]);
    setText(this.#version, `version ${version === undefined ? "–" : format.integer(version)}`);
    const known = state.kind === "live" && delay !== undefined;
    setText(this.#delay, known ? `${format.integer(Math.max(1, Math.round(delay)))} ms delay` : "– ms delay");
  }
}
