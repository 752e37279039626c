import type { Limit } from "@paceboard/client";
import { h, setText } from "../dom.js";
import { plural, type Formatter } from "../format.js";
import { windows } from "../route.js";

/** The line above the board: how much of it is shown, and the choice of more. */
export class Toolbar {
  readonly #select: HTMLSelectElement;
  readonly #count = h("span", {}, "\u00a0");
  readonly #heading = h("h2", {}, "Standings");
  readonly element: HTMLElement;

  constructor(top: Limit, onChoice: (top: Limit) => void) {
    this.#select = h("select", { id: "top" }, ...windows.map((limit) => h("option", { value: limit }, `Top ${limit}`)));
    this.choose(top);
    this.#select.addEventListener("change", () => onChoice(Number(this.#select.value) as Limit));
    const hint = h("span", { class: "toolbar-hint" }, "Change: places over the last 10 minutes");
    this.element = h("div", { class: "toolbar" },
      this.#heading, h("label", { class: "heard-only", for: "top" }, "How many to show"), this.#select, this.#count, hint);
  }

  choose(top: Limit): void {
    this.#select.value = String(top);
  }

  /** `begun`: the competition is, or was, under way. */
  update(total: number, shown: number, begun: boolean, format: Formatter): void {
    setText(this.#heading, begun ? "Standings" : "Joined so far");
    setText(this.#count, total > shown ? `of ${format.integer(total)}` : `${format.integer(total)} ${plural(total, "athlete")}`);
  }
}
