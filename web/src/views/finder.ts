import type { Entry } from "@paceboard/client";
import { sentenceOf } from "../api.js";
import type { BoardApp as App } from "../app.js";
import { h, setText } from "../dom.js";
import { displayName, plural } from "../format.js";
import type { Places } from "../places.js";
import { Table } from "./table.js";

const typingPause = 300;
const pageSize = 1000;
/** Boards are searched so far down. */
const mostPages = 10;
/** A board that was read serves for this long, in milliseconds. */
const freshFor = 20_000;
const mostShown = 10;

/** Finds athletes of a board by name. */
export class Finder {
  readonly element: HTMLElement;
  readonly #app: App;
  readonly #id: string;
  readonly #places: Places;
  readonly #field = h("input", { type: "search", class: "search", "aria-label": "Find an athlete by name", placeholder: "Find an athlete", maxlength: 100 });
  readonly #said = h("p", { class: "facts", role: "status" });
  readonly #table: Table;
  #known: { entries: Entry[]; whole: boolean; at: number } | undefined;
  #typing: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  constructor(app: App, id: string, places: Places) {
    this.#app = app;
    this.#id = id;
    this.#places = places;
    this.#table = new Table(app.format, "Found");
    this.#table.element.hidden = true;
    this.#field.addEventListener("input", () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => void this.#find(this.#field.value.trim()), typingPause);
    });
    this.element = h("div", { class: "finder" }, this.#field, this.#said, this.#table.element);
  }

  destroy(): void {
    clearTimeout(this.#typing);
    this.#asked = -1;
  }

  async #find(text: string): Promise<void> {
    const asked = ++this.#asked;
    if (text === "") return this.#show([], "");
    try {
      const { entries, whole } = await this.#read();
      if (asked !== this.#asked) return;
      const wanted = fold(text);
      const found = entries.filter((entry) => fold(displayName(entry)).includes(wanted));
      const { format } = this.#app;
      const rest = found.length > mostShown ? `; the best ${mostShown} are shown` : "";
      const within = whole ? "" : ` among the first ${format.integer(entries.length)}`;
      this.#show(found.slice(0, mostShown), found.length === 0 ? `Nobody${within} is called “${text}”.` : `${format.integer(found.length)} ${plural(found.length, "athlete")}${within}${rest}.`);
    } catch (error) {
      if (asked === this.#asked) this.#show([], sentenceOf(error as Error));
    }
  }

  async #read(): Promise<{ entries: Entry[]; whole: boolean }> {
    if (this.#known && Date.now() - this.#known.at < freshFor) return this.#known;
    const entries = new Map<string, Entry>();
    let whole = false;
    for (let page = 0; page < mostPages && !whole; page++) {
      const board = await this.#app.api.getLeaderboard({ competition_id: this.#id, offset: page * pageSize, limit: pageSize });
      for (const entry of board.entries) entries.set(entry.user_id, entry); // who moves between two pages is there once
      whole = (page + 1) * pageSize >= board.total_count;
    }
    this.#known = { entries: [...entries.values()].sort((a, b) => a.rank - b.rank), whole, at: Date.now() };
    return this.#known;
  }

  #show(entries: readonly Entry[], said: string): void {
    setText(this.#said, said);
    this.#table.element.hidden = entries.length === 0;
    this.#table.update({ entries, apart: undefined, me: this.#app.session.viewer.sub, places: this.#places, prizes: new Map(), now: Date.now() });
  }
}

/** A name as it is compared: without case and accents. */
const fold = (name: string): string => name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
