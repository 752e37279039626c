import type { Entry } from "@paceboard/client";
import { h, setText } from "../dom.js";
import { displayName, ordinal, type Formatter } from "../format.js";
import { still } from "../motion.js";
import type { PlaceChange } from "../places.js";
import { showChange, showLength } from "./row.js";

const barHeight = 56;

/** The viewer's own row, stuck to the edge of the view behind which the real one has been scrolled. */
export class Dock {
  readonly #rank = h("span", { class: "rank" });
  readonly #change = h("span", { class: "change" });
  readonly #name = h("bdi", { class: "name" });
  readonly #score = h("span", { class: "score" });
  readonly #behind = h("span", { class: "sync" });
  readonly #said = h("span", { class: "heard-only" });
  readonly element = h("button", { class: "dock", type: "button", hidden: true },
    h("span", { class: "dock-row" }, this.#rank, this.#change,
      h("span", { class: "dock-name" }, this.#name, h("span", { class: "you" }, "you")), this.#score, this.#behind), this.#said);
  readonly #format: Formatter;
  #row: HTMLElement | undefined;
  #scheduled = false;
  readonly #onScroll = (): void => {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#place();
    });
  };

  constructor(format: Formatter) {
    this.#format = format;
    addEventListener("scroll", this.#onScroll, { passive: true });
    addEventListener("resize", this.#onScroll, { passive: true });
    this.element.addEventListener("click", () => this.show());
  }

  /** Brings the viewer's own row into view. */
  show(): void {
    const row = this.#row;
    if (!row) return;
    row.scrollIntoView({ block: "center", behavior: still() ? "auto" : "smooth" });
    row.tabIndex = -1; // this button goes when the row comes into view, and must not take the focus with it
    row.focus({ preventScroll: true });
  }

  update(row: HTMLElement | undefined, entry: Entry | undefined, change: PlaceChange, leaderScore: number, total: number): void {
    this.#row = entry && row;
    if (entry) {
      const [rank, score] = [this.#format.integer(entry.rank), this.#format.integer(entry.score)];
      setText(this.#rank, rank);
      showChange(this.#change, change);
      setText(this.#name, displayName(entry));
      setText(this.#score, score);
      showLength(this.#score, score);
      setText(this.#behind, entry.rank === 1 ? "leading" : `${this.#format.integer(leaderScore - entry.score)} behind`);
      setText(this.#said, `You are ${ordinal(entry.rank)} of ${this.#format.integer(total)} with ${score}. Show your row.`);
    }
    this.#place();
  }

  destroy(): void {
    removeEventListener("scroll", this.#onScroll);
    removeEventListener("resize", this.#onScroll);
  }

  #place(): void {
    const box = this.#row?.isConnected ? this.#row.getBoundingClientRect() : undefined;
    const above = box !== undefined && box.top < barHeight;
    const below = box !== undefined && box.bottom > innerHeight;
    this.element.hidden = !box || box.height === 0 || !(above || below);
    this.element.dataset.edge = above ? "top" : "bottom";
  }
}
