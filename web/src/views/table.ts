import type { Entry } from "@paceboard/client";
import { h } from "../dom.js";
import type { Formatter } from "../format.js";
import { flash, glide, inView, mostMoving, topsOf, type Tops } from "../motion.js";
import type { Places } from "../places.js";
import { Row } from "./row.js";

export interface TableContent {
  entries: readonly Entry[];
  /** The viewer's own entry, when it is outside of `entries`. */
  apart: Entry | undefined;
  me: string | undefined;
  places: Places;
  prizes: ReadonlyMap<string, string>;
  /** What the bars are compared with; the first entry's score when absent. */
  leaderScore?: number;
  now: number;
}

/** A skeleton has as many rows as are made in one task, so that a slow phone answers in between. */
const rowsAtOnce = 10;

/** The board itself: a real table, a row for each user, in the order of rank. */
export class Table {
  readonly element: HTMLTableElement;
  readonly #format: Formatter;
  readonly #body: HTMLTableSectionElement;
  readonly #rows = new Map<string, Row>();
  // A cell for each column and none that spans: columns come and go by the style sheet.
  readonly #gap = h("tr", { class: "gap", "aria-hidden": "true" }, h("td", { class: "rank" }, "···"),
    ...["change", "", "score", "prize", "sync"].map((kind) => h("td", { class: kind })));
  /** Stands for the rows that are yet to be made. */
  readonly #room = h("tr", { class: "skeleton room", "aria-hidden": "true" }, h("td"));
  #tops: Tops = new Map();
  readonly #whole: boolean;
  #leader: string | undefined;
  #me: string | undefined;

  /** A table with a caption of its own is a part of the board. */
  constructor(format: Formatter, caption = "Standings") {
    this.#format = format;
    this.#whole = caption === "Standings";
    this.#body = h("tbody", {}, ...(this.#whole ? Array.from({ length: rowsAtOnce }, skeletonRow) : []));
    const head = [["rank", "Rank"], ["change", "Change"], ["", "Name"], ["score", "Score"], ["prize", "Prize"], ["sync", "Last sync"]] as const;
    const cells = head.map(([kind, text]) => h("th", { scope: "col", class: kind }, text));
    this.element = h("table", { class: "board", "aria-busy": "true" },
      h("caption", { class: "heard-only" }, caption),
      h("thead", {}, h("tr", {}, ...cells)),
      this.#body);
  }

  /** The viewer's own row, if it is on the board. */
  get own(): Row | undefined {
    return this.#me === undefined ? undefined : this.#rows.get(this.#me);
  }

  /** Keeps the room of so many rows until they are there. */
  expect(rows: number): void {
    if (this.#rows.size === 0 && this.#body.children.length !== rows) this.#body.replaceChildren(...Array.from({ length: rows }, skeletonRow));
  }

  /** Looks where the rows are, before anything is written. */
  measure(): void {
    this.#tops = topsOf(this.#present());
  }

  /**
   * Draws the standings. A board grows from the rows of its skeleton: the answer says
   * whether it is complete, or the next update goes on.
   */
  update({ entries, apart, me, places, prizes, now, leaderScore = entries[0]?.score ?? 0 }: TableContent): boolean {
    this.#me = me;
    this.element.classList.toggle("with-prizes", prizes.size > 0);
    const all = apart ? [...entries, apart] : entries;
    const shown = this.#whole ? all.slice(0, this.#rows.size + rowsAtOnce) : all;
    const later = all.length - shown.length;
    const order: HTMLElement[] = [];
    const kept = new Set<string>();
    let counting = 0;
    for (const entry of shown) {
      const id = entry.user_id;
      kept.add(id);
      const row = this.#rows.get(id) ?? new Row(entry, id === me, this.#format);
      this.#rows.set(id, row);
      const top = this.#tops.get(row.element);
      const counts = row.entry.score !== entry.score && top !== undefined && inView(top) && counting++ < mostMoving;
      row.update(entry, { me, leaderScore, change: places.change(id), prize: prizes.get(id), counts, now });
      if (entry === apart) order.push(this.#gap);
      order.push(row.element);
    }
    for (const id of this.#rows.keys()) if (!kept.has(id)) this.#rows.delete(id);
    if (later > 0) {
      this.#room.style.setProperty("--rows", String(later));
      order.push(this.#room);
    }
    this.#arrange(order);
    this.#greet(entries[0]);
    if (later === 0) this.element.removeAttribute("aria-busy");
    return later === 0;
  }

  tick(now: number): void {
    for (const row of this.#rows.values()) row.tick(now);
  }

  #present(): HTMLElement[] {
    return [...this.#body.children].filter((row): row is HTMLElement => row !== this.#gap && row !== this.#room);
  }

  #arrange(order: readonly HTMLElement[]): void {
    const present = [...this.#body.children];
    if (present.length === order.length && order.every((row, i) => row === present[i])) return;
    const first = present[0]?.classList.contains("skeleton") ?? true;
    if (first) return this.#body.replaceChildren(...order);
    glide(() => this.#present(), this.#body, this.#tops, () => {
      const wanted = new Set<Element>(order);
      for (const row of present) if (!wanted.has(row)) row.remove();
      order.forEach((row, i) => {
        if (this.#body.children[i] !== row) this.#body.insertBefore(row, this.#body.children[i] ?? null);
      });
    });
  }

  // A new leader gets one flash, the first one that we see does not.
  #greet(leader: Entry | undefined): void {
    const before = this.#leader;
    this.#leader = leader?.user_id;
    if (this.#whole && before !== undefined && leader && before !== leader.user_id) flash(this.#rows.get(leader.user_id)!.element);
  }
}

function skeletonRow(): HTMLTableRowElement {
  const blank = (kind: string): HTMLElement => h("td", { class: kind }, h("span", { class: "blank" }));
  const name = h("td", {}, h("span", { class: "line" }, h("span", { class: "blank wide" })));
  return h("tr", { class: "skeleton", "aria-hidden": "true" }, blank("rank"), blank("change"), name, blank("score"), blank("prize"), blank("sync"));
}
