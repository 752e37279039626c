import type { Entry } from "@paceboard/client";
import { h, setText } from "../dom.js";
import { displayName, plural, type Formatter } from "../format.js";
import { countTo } from "../motion.js";
import type { PlaceChange } from "../places.js";

/** What a row needs to know beyond its entry. */
export interface RowContext {
  me: string | undefined;
  leaderScore: number;
  change: PlaceChange;
  prize: string | undefined;
  /** The score may count up to a new value: it is in view, and not too many do. */
  counts: boolean;
  now: number;
}

/** One line of the table, made once for each user and changed in place. */
export class Row {
  readonly element: HTMLTableRowElement;
  readonly #format: Formatter;
  readonly #medal = h("span", { class: "medal" });
  readonly #change = h("td", { class: "change" });
  readonly #name = h("bdi", { class: "name" });
  readonly #bar = h("i", { class: "part-fill" });
  readonly #syncShort = h("span", { class: "sync-short" });
  readonly #score = h("span", { class: "number" });
  readonly #sync = h("td", { class: "sync" });
  readonly #prize = h("td", { class: "prize" });
  #entry: Entry;
  #context: RowContext | undefined;

  constructor(entry: Entry, own: boolean, format: Formatter) {
    this.#format = format;
    this.#entry = entry;
    const who = h("span", { class: "who" }, this.#name, own && h("span", { class: "you" }, "you"));
    this.element = h("tr", { class: own ? "own" : undefined },
      h("td", { class: "rank" }, this.#medal),
      this.#change,
      h("th", { scope: "row" }, h("span", { class: "line" }, who, h("span", { class: "part", "aria-hidden": "true" }, this.#bar))),
      h("td", { class: "score" }, this.#score, this.#syncShort), this.#prize, this.#sync);
    setText(this.#score, format.integer(entry.score));
  }

  get entry(): Entry {
    return this.#entry;
  }

  update(entry: Entry, context: RowContext): void {
    const [before, was] = [this.#entry, this.#context];
    this.#context = context;
    if (entry === before && was?.leaderScore === context.leaderScore && was.change === context.change && was.prize === context.prize) return;
    this.#entry = entry;
    const place = this.#format.integer(entry.rank);
    setText(this.#medal, place);
    // A medal is for a score: nobody has won anything with 0.
    this.#medal.dataset.place = entry.rank <= 3 && entry.score > 0 ? String(entry.rank) : "";
    this.element.classList.toggle("first", entry.rank === 1 && entry.score > 0);
    setText(this.#name, displayName(entry));
    this.#name.title = displayName(entry);
    showChange(this.#change, context.change);
    const part = context.leaderScore > 0 ? entry.score / context.leaderScore : 0;
    this.#bar.style.transform = `scaleX(${Math.min(1, Math.max(0, part)).toFixed(4)})`;
    showLength(this.#score, this.#format.integer(entry.score));
    if (before.score !== entry.score) {
      countTo(this.#score, before.score, entry.score, context.counts, (value) => setText(this.#score, this.#format.integer(value)));
    }
    setText(this.#prize, context.prize ?? "");
    this.tick(context.now);
  }

  /** Time has passed. */
  tick(now: number): void {
    const synced = this.#entry.last_synced_at;
    const ago = synced ? this.#format.ago(synced, now) : "not yet";
    setText(this.#sync, ago);
    setText(this.#syncShort, ago);
    this.#sync.title = synced ? this.#format.moment(synced) : "";
  }
}

/** Fills a cell with ▲ 2, ▼ 1 or a dash, and the same in words for those who listen. */
export function showChange(cell: HTMLElement, change: PlaceChange): void {
  const key = String(change);
  if (cell.dataset.change === key) return;
  cell.dataset.change = key;
  const [mark, words, tone] = describe(change);
  cell.replaceChildren(
    h("span", { class: "mark", "data-tone": tone, "aria-hidden": "true" }, mark),
    h("span", { class: "heard-only" }, words));
}

/** Marks a number by how long it is, for screens on which it would not fit. */
export function showLength(element: HTMLElement, number: string): void {
  element.classList.toggle("long", number.length > 7);
  element.classList.toggle("longest", number.length > 10);
}

function describe(change: PlaceChange): [mark: string, words: string, tone: string] {
  if (change === "new") return ["new", "new in sight", "up"];
  if (change === 0) return ["–", "no change", "none"];
  const places = Math.abs(change);
  const words = `${places} ${plural(places, "place")} ${change > 0 ? "up" : "down"}`;
  return change > 0 ? [`▲ ${places}`, words, "up"] : [`▼ ${places}`, words, "down"];
}
