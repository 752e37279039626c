import type { Amendment } from "../api.js";
import { h } from "../dom.js";
import type { Formatter } from "../format.js";

/** What organisers changed after the start, and their reasons, the latest first. Nothing if there is none. */
export class Changes {
  readonly #list = h("ul");
  readonly element = h("section", { class: "changes", hidden: true }, h("h2", {}, "Changes to the rules"), this.#list);
  #shown: readonly Amendment[] = [];

  update(amendments: readonly Amendment[], format: Formatter): void {
    if (amendments === this.#shown) return;
    this.#shown = amendments;
    this.element.hidden = amendments.length === 0;
    this.#list.replaceChildren(...amendments.toReversed().map((amendment) =>
      h("li", {},
        h("p", { dir: "auto" }, amendment.reason),
        h("p", { class: "held" }, `${format.moment(amendment.amended_at)} · end of the competition: ${format.moment(amendment.end_date)}`))));
  }
}
