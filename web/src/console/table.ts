import type { PaceboardError } from "@paceboard/client";
import { h, setText } from "../dom.js";
import type { Page } from "./api.js";
import { explain } from "./problems.js";

export interface Column<T> {
  head: string;
  cell(row: T): Node | string;
  kind?: "number" | "main" | "long";
}

export interface TableOptions<T> {
  label: string;
  columns: readonly Column<T>[];
  load(cursor: string | undefined): Promise<Page<T>>;
  /** What stands where there are no rows. */
  empty: string;
  /** What can be done with a row, the most likely first. */
  actions?(row: T): Node[];
}

/**
 * A table of a list that the server gives by pages. It may be of any length: one page is
 * in the document, and the cursors of those before it are kept to go back.
 */
export class DataTable<T> {
  readonly element: HTMLElement;
  readonly #options: TableOptions<T>;
  readonly #body = h("tbody");
  readonly #note = h("p", { class: "table-note", role: "status" });
  readonly #previous = h("button", { type: "button", class: "quiet edged" }, "Previous");
  readonly #next = h("button", { type: "button", class: "quiet edged" }, "Next");
  readonly #place = h("span", {}, "");
  readonly #cursors: (string | undefined)[] = [undefined]; // of the pages up to this one
  #nextCursor: string | undefined;
  #asked = 0; // answers to earlier questions are dropped

  constructor(options: TableOptions<T>) {
    this.#options = options;
    const heads = options.columns.map(({ head, kind }) => h("th", { scope: "col", class: kind }, head));
    if (options.actions) heads.push(h("th", { scope: "col", class: "does" }, h("span", { class: "heard-only" }, "Actions")));
    const table = h("table", { class: "sheet", "aria-label": options.label }, h("thead", {}, h("tr", {}, ...heads)), this.#body);
    const pager = h("div", { class: "pager" }, this.#previous, this.#place, this.#next);
    this.element = h("div", { class: "table" }, h("div", { class: "sheet-frame", tabindex: 0, role: "region", "aria-label": options.label }, table), this.#note, pager);
    this.#previous.addEventListener("click", () => {
      this.#cursors.pop();
      void this.load();
    });
    this.#next.addEventListener("click", () => {
      this.#cursors.push(this.#nextCursor);
      void this.load();
    });
    for (let i = 0; i < 5; i++) this.#body.append(h("tr", { class: "skeleton", "aria-hidden": "true" }, ...heads.map(() => h("td", {}, h("span", { class: "blank" })))));
    void this.load();
  }

  /** Reads the page that is shown again. */
  async load(): Promise<void> {
    const asked = ++this.#asked;
    this.element.setAttribute("aria-busy", "true");
    this.#previous.disabled = this.#next.disabled = true;
    try {
      const page = await this.#options.load(this.#cursors.at(-1));
      if (asked === this.#asked) this.#draw(page);
    } catch (error) {
      if (asked === this.#asked) this.#fail(error as PaceboardError);
    }
    if (asked === this.#asked) this.element.removeAttribute("aria-busy");
  }

  destroy(): void {
    this.#asked = -1;
  }

  #draw({ rows, next }: Page<T>): void {
    const { columns, actions, empty } = this.#options;
    this.#nextCursor = next;
    this.#body.replaceChildren(...rows.map((row) => {
      const cells = columns.map(({ cell, kind }, i) => i === 0 ? h("th", { scope: "row", class: kind }, cell(row)) : h("td", { class: kind }, cell(row)));
      return h("tr", { tabindex: -1 }, ...cells, actions && h("td", { class: "does" }, h("span", { class: "row-actions" }, ...actions(row))));
    }));
    const more = next !== undefined;
    const page = this.#cursors.length;
    setText(this.#note, rows.length > 0 ? "" : more ? "Nothing on this page, but there may be more: go on." : page > 1 ? "Nothing more." : empty);
    setText(this.#place, `Page ${page}`);
    this.#previous.disabled = page === 1;
    this.#next.disabled = !more;
    this.#previous.parentElement!.hidden = page === 1 && !more;
  }

  #fail(error: PaceboardError): void {
    const { said, advice } = explain(error);
    const again = h("button", { type: "button", class: "quiet edged" }, "Try again");
    again.addEventListener("click", () => void this.load());
    this.#body.replaceChildren();
    this.#note.replaceChildren(h("span", { class: "wrong" }, said), advice === undefined ? " " : ` ${advice} `, again);
    this.#previous.disabled = this.#cursors.length === 1;
  }
}

/** A button of a row. */
export function rowButton(label: string, whom: string, run: () => void, final = false): HTMLButtonElement {
  const button = h("button", { type: "button", class: final ? "row-button final" : "row-button", "aria-label": `${label} ${whom}` }, label);
  button.addEventListener("click", run);
  return button;
}
