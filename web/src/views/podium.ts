import type { Entry } from "@paceboard/client";
import { h, setText } from "../dom.js";
import { displayName, type Formatter } from "../format.js";
import { countTo, flash, inView } from "../motion.js";

export interface PodiumContent {
  entries: readonly Entry[];
  me: string | undefined;
  /** The standings will not change any more. */
  final: boolean;
  /** What each user won, as text. */
  prizes: ReadonlyMap<string, string>;
}

interface Step {
  element: HTMLElement;
  name: HTMLElement;
  score: HTMLElement;
  gap: HTMLElement;
  prize: HTMLElement;
  shown?: Entry;
}

/** The first three. The leader's score is the largest thing on the page. */
export class Podium {
  readonly element: HTMLElement;
  readonly #format: Formatter;
  readonly #steps: Step[];
  #seen = false;

  constructor(format: Formatter) {
    this.#format = format;
    this.#steps = [1, 2, 3].map((place) => makeStep(place));
    this.element = h("ol", { class: "podium", "aria-label": "Podium" }, ...this.#steps.map(({ element }) => element));
  }

  /** Looks where it is, before anything is written. */
  measure(): void {
    this.#seen = inView(this.element.getBoundingClientRect().top);
  }

  update({ entries, me, final, prizes }: PodiumContent): void {
    const leader = this.#steps[0]?.shown?.user_id;
    this.#steps.forEach((step, i) => this.#fill(step, entries, i, me, final, prizes));
    const now = entries[0]?.user_id;
    if (leader !== undefined && now !== undefined && leader !== now) flash(this.#steps[0]!.element);
  }

  #fill(step: Step, entries: readonly Entry[], i: number, me: string | undefined, final: boolean, prizes: ReadonlyMap<string, string>): void {
    const entry = entries[i];
    const before = step.shown;
    step.element.classList.toggle("vacant", entry === undefined);
    step.element.classList.remove("waiting");
    if (!entry) {
      delete step.shown;
      for (const part of [step.score, step.gap, step.prize]) setText(part, "");
      return setText(step.name, "–");
    }
    step.shown = entry;
    step.element.classList.toggle("own", entry.user_id === me);
    setText(step.name, displayName(entry));
    setText(step.gap, this.#gap(entries, i, final));
    setText(step.prize, prizes.get(entry.user_id) ?? "");
    const write = (value: number): void => setText(step.score, this.#format.integer(value));
    if (before?.user_id === entry.user_id) countTo(step.score, before.score, entry.score, this.#seen, write);
    else countTo(step.score, entry.score, entry.score, false, write);
  }

  #gap(entries: readonly Entry[], i: number, final: boolean): string {
    const [first, second] = entries;
    if (!first || !second) return final ? "Winner" : "";
    const by = i === 0 ? first.score - second.score : first.score - entries[i]!.score;
    if (by === 0) return "level at the top";
    if (i > 0) return `${this.#format.integer(by)} behind`;
    return `${final ? "won" : "leads"} by ${this.#format.integer(by)}`;
  }
}

function makeStep(place: number): Step {
  const name = h("bdi", { class: "step-name" }, h("span", { class: "blank" }));
  const score = h("span", { class: "step-score" }, h("span", { class: "blank" }));
  const gap = h("span", { class: "step-gap" });
  const prize = h("span", { class: "step-prize" });
  const medal = h("span", { class: "medal", "data-place": place }, String(place));
  const element = h("li", { class: "step waiting", "data-place": place }, medal, name, score, gap, prize);
  return { element, name, score, gap, prize };
}
