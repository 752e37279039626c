import type { Competition } from "../api.js";
import { h } from "../dom.js";
import type { Formatter } from "../format.js";
import { prizeTable, rulesOf } from "../rules.js";

/** The rules of a competition, a line for each, and the prizes by place. */
export function rulesCard(competition: Competition, format: Formatter): HTMLElement {
  const lines = rulesOf(competition, format).flatMap(([term, text]) => [h("dt", {}, term), h("dd", {}, text)]);
  const prizes = prizeTable(competition, format);
  const table = prizes.length > 0 && h("table", { class: "prize-table" },
    h("caption", {}, "Prizes by place"),
    h("tbody", {}, ...prizes.map(([place, amount]) => h("tr", {}, h("th", { scope: "row" }, place), h("td", {}, amount)))));
  return h("div", { class: "rules" }, h("dl", {}, ...lines), table);
}

/** The card under a board, drawn again when the rules change. */
export class RulesCard {
  readonly element = h("section", { class: "rules-card", hidden: true });
  #shown: Competition | undefined;

  update(competition: Competition, format: Formatter): void {
    if (competition === this.#shown) return;
    this.#shown = competition;
    this.element.hidden = false;
    this.element.replaceChildren(h("h2", {}, "Rules"), rulesCard(competition, format));
  }
}
