import type { Competition } from "../api.js";
import { h, setText } from "../dom.js";
import { plural, type Formatter } from "../format.js";
import type { Phase } from "../phase.js";

/** The head of a board: status, name, what it is about, and the clock. */
export class Head {
  readonly #status = h("p", { class: "status" }, "Loading");
  readonly #name = h("h1", {}, h("span", { class: "heard-only" }, "Board"), h("span", { class: "blank wide" }));
  readonly #facts = h("p", { class: "facts" }, "\u00a0");
  readonly #note = h("p", { class: "note" }, "\u00a0");
  readonly #label = h("p", { class: "clock-label" });
  readonly #value = h("p", { class: "clock-value" });
  readonly element = h("header", { class: "head" },
    this.#status,
    h("div", { class: "clock", role: "timer", "aria-live": "off" }, this.#label, this.#value),
    h("div", { class: "about" }, this.#name, this.#facts, this.#note));

  update(competition: Competition, phase: Phase, people: number, format: Formatter): void {
    this.#status.dataset.tone = phase.tone;
    this.#status.classList.toggle("live", phase.word === "Live");
    setText(this.#status, phase.word);
    setText(this.#name, competition.name || competition.id);
    this.#name.dir = "auto";
    const { prize_pool: pool } = competition;
    const facts = [
      format.days(competition.start_date, competition.end_date, competition.time_zone),
      `${format.integer(people)} ${plural(people, "athlete")}`,
      pool > 0 && `${format.money(pool, competition.currency)} in prizes`,
    ];
    setText(this.#facts, facts.filter(Boolean).join(" · "));
    setText(this.#note, phase.note ?? competition.description);
    setText(this.#label, phase.clock?.label ?? "");
    setText(this.#value, phase.clock?.value ?? "");
  }
}
