import { BoardClient, emptyBoard, PaceboardError, type Board, type Entry, type Watch, type WatchState } from "@paceboard/client";
import type { Competition } from "../api.js";
import type { BoardApp, View } from "../app.js";
import { h, renew, setText } from "../dom.js";
import { displayName, plural, type Formatter } from "../format.js";
import { phaseOf } from "../phase.js";
import { drawQr } from "../qr-later.js";
import { Hero } from "./hero.js";

/** How long a page of rows stands, in milliseconds. */
const turnEvery = 12_000;
/** The picture moves a little each minute, so that it does not burn in. */
const shiftEvery = 60_000;
const shifts = [[0, 0], [4, 0], [4, 3], [0, 3]] as const;
const drawEvery = 500;
const reloadEvery = 60_000;
/** Without a live board for this long, it is fetched the other way now and then. */
const fetchEvery = 10_000;
/** A connection lost for less than this is not worth a word. */
const patience = 5_000;
const podium = 3;
const most = 100;

/** A board on a screen on the wall: nothing to press, and everything to be read from across the room. */
export class TvView implements View {
  readonly element: HTMLElement;
  readonly title = "Board";
  readonly #app: BoardApp;
  readonly #id: string;
  readonly #client: BoardClient;
  readonly #watch: Watch;
  readonly #hero: Hero;
  readonly #status = h("p", { class: "status" }, "Loading");
  readonly #name = h("h1", { dir: "auto" }, "\u00a0");
  readonly #facts = h("p", { class: "tv-facts" });
  readonly #clockLabel = h("p", { class: "clock-label" });
  readonly #clock = h("p", { class: "clock-value" });
  readonly #lost = h("p", { class: "tv-lost", role: "status", hidden: true });
  readonly #columns = [h("ol", { class: "tv-column" }), h("ol", { class: "tv-column" })] as const;
  readonly #range = h("p", { class: "tv-range" });
  readonly #progress = h("i", { class: "tv-progress", "aria-hidden": "true" });
  readonly #rows = new Map<string, TvRow>();
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  readonly #resized = new ResizeObserver(() => this.#measure());

  #competition: Competition | undefined;
  #board: Board;
  #state: WatchState = { kind: "connecting" };
  #lostAt: number | undefined = Date.now();
  #perColumn = 1;
  #page = 0;
  #pages = 1;
  #shift = 0;
  #fetchedAt = Date.now();
  #gone = false;
  #awake: WakeLockSentinel | undefined;

  readonly #onSeen = (): void => {
    if (document.hidden) return;
    this.#client.nudge();
    void this.#stayAwake();
  };

  constructor(app: BoardApp, id: string, address: string) {
    this.#app = app;
    this.#id = id;
    this.#board = emptyBoard(id, most);
    this.#hero = new Hero(app.format);
    const code = h("div", { class: "tv-code" });
    const { host, pathname } = new URL(address);
    const where = h("div", { class: "tv-share" }, code, h("p", {}, h("span", { class: "tv-look" }, "Follow it on your phone"), h("span", { class: "tv-host" }, `${host}/b/`), h("wbr"), pathname.slice("/b/".length)));
    void drawQr(code, address, "QR code of this board");
    this.element = h("div", { class: "tv-view", "data-stage": "loading" },
      h("header", { class: "tv-head" },
        h("div", { class: "tv-about" }, this.#name, this.#facts),
        h("div", { class: "tv-time" }, this.#status, h("div", { class: "clock", role: "timer", "aria-live": "off" }, this.#clockLabel, this.#clock))),
      this.#lost,
      h("div", { class: "tv-left" }, this.#hero.element, where),
      h("section", { class: "tv-standings", "aria-label": "Standings" }, h("div", { class: "tv-columns" }, ...this.#columns), h("div", { class: "tv-foot" }, this.#range, h("div", { class: "tv-track" }, this.#progress))));

    this.#client = new BoardClient({
      url: location.origin,
      token: app.session.token ?? "",
    });
    this.#watch = this.#client.watch(id, {
      limit: most,
      onBoard: (board) => {
        const changed = board.status !== this.#board.status && this.#board.status !== undefined;
        this.#board = board;
        if (changed) void this.#load();
      },
      onState: (state) => this.#receive(state),
    });
    this.#timers.push(
      setInterval(() => this.#draw(), drawEvery),
      setInterval(() => this.#turn(), turnEvery),
      setInterval(() => this.#move(), shiftEvery),
      setInterval(() => void this.#load(), reloadEvery),
      setInterval(() => void this.#fetch(), fetchEvery),
    );
    document.addEventListener("visibilitychange", this.#onSeen);
    addEventListener("online", this.#onSeen);
    this.#resized.observe(this.#columns[0]);
    void this.#load();
    void this.#stayAwake();
  }

  destroy(): void {
    this.#gone = true;
    this.#client.close();
    this.#timers.forEach(clearInterval);
    this.#resized.disconnect();
    document.removeEventListener("visibilitychange", this.#onSeen);
    removeEventListener("online", this.#onSeen);
    void this.#awake?.release();
  }

  // A screen that nobody touches would go dark. Browsers give the lock back when the tab is hidden.
  async #stayAwake(): Promise<void> {
    try {
      this.#awake = await navigator.wakeLock?.request("screen");
      if (this.#gone) await this.#awake?.release();
    } catch {
      // Not without a secure connection, and not on battery.
    }
  }

  #receive(state: WatchState): void {
    this.#state = state;
    if (state.kind === "live") this.#lostAt = undefined;
    else if (state.kind === "reconnecting") this.#lostAt ??= state.since;
    else if (state.kind !== "connecting") this.#app.session.reject();
  }

  async #load(): Promise<void> {
    const competition = await this.#app.api.getCompetition({ competition_id: this.#id }).catch((error: PaceboardError) => error);
    if (this.#gone) return;
    if (competition instanceof PaceboardError) {
      if ([401, 403, 404].includes(competition.status)) this.#app.session.reject();
      return;
    }
    this.#competition = competition;
    document.title = `${competition.name} · Paceboard`;
  }

  async #fetch(): Promise<void> {
    if (this.#state.kind === "live" || Date.now() - this.#fetchedAt < fetchEvery) return;
    this.#fetchedAt = Date.now();
    if (!this.#competition) void this.#load();
    const board = await this.#app.api.getLeaderboard({ competition_id: this.#id, limit: most }).catch((error: PaceboardError) => error);
    if (this.#gone) return;
    if (board instanceof PaceboardError) {
      if (board.status === 401 || board.status === 403) this.#app.session.reject();
      return;
    }
    this.#watch.offer(board);
    this.#client.nudge();
  }

  #turn(): void {
    this.#page = (this.#page + 1) % this.#pages;
    this.#draw();
    // The line begins anew: its animation is of the class.
    this.#progress.classList.remove("runs");
    void this.#progress.offsetWidth;
    this.#progress.classList.toggle("runs", this.#pages > 1);
  }

  #move(): void {
    this.#shift = (this.#shift + 1) % shifts.length;
    const [x, y] = shifts[this.#shift]!;
    this.element.style.transform = `translate(${x}px, ${y}px)`;
  }

  // How many rows a column takes, of whatever screen.
  #measure(): void {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    this.#perColumn = Math.max(1, Math.floor(this.#columns[0].clientHeight / (rem * rowHeight)));
    this.#draw();
  }

  #draw(): void {
    const [now, { format }] = [Date.now(), this.#app];
    const lost = this.#lostAt !== undefined && now - this.#lostAt > patience;
    this.#lost.hidden = !lost;
    if (lost) setText(this.#lost, `No connection since ${format.clock(this.#lostAt!)}`);
    const competition = this.#competition;
    const status = this.#board.status ?? competition?.status;
    if (!competition || !status) return;

    if (this.element.dataset.stage === "loading") renew(this.element);
    const phase = phaseOf(competition, status, this.#state.kind === "live", now, format);
    this.#status.dataset.tone = phase.tone;
    setText(this.#status, phase.word);
    setText(this.#name, competition.name);
    const people = this.#board.version === undefined ? competition.participant_count : this.#board.totalCount;
    setText(this.#facts, [format.days(competition.start_date, competition.end_date, competition.time_zone), `${format.integer(people)} ${plural(people, "athlete")}`].filter(Boolean).join(" · "));
    setText(this.#clockLabel, phase.clock?.label ?? "");
    setText(this.#clock, phase.clock?.value ?? "");
    if (this.#board.version === undefined && status !== "cancelled") return;

    const { entries, totalCount, prizes } = this.#board;
    const paid = prizes.length > 0 ? prizes : (competition.prizes ?? []);
    const won = new Map(paid.map((prize) => [prize.user_id, format.money(prize.amount, prize.currency)]));
    this.#hero.measure();
    const stage = this.#hero.update({ competition, status, phase, entries, me: undefined, people: totalCount, prizes: won });
    this.element.dataset.stage = stage;
    this.#drawRows(stage === "live" || stage === "final" ? entries.slice(podium) : []);
  }

  #drawRows(rest: readonly Entry[]): void {
    const perPage = 2 * this.#perColumn;
    this.#pages = Math.max(1, Math.ceil(rest.length / perPage));
    if (this.#page >= this.#pages) this.#page = 0;
    const from = this.#page * perPage;
    const shown = rest.slice(from, from + perPage);
    const kept = new Set(shown.map(({ user_id }) => user_id));
    for (const id of this.#rows.keys()) if (!kept.has(id)) this.#rows.delete(id);
    const rows = shown.map((entry) => {
      const row = this.#rows.get(entry.user_id) ?? new TvRow();
      this.#rows.set(entry.user_id, row);
      row.update(entry, this.#app.format);
      return row.element;
    });
    this.#columns.forEach((column, i) => arrange(column, rows.slice(i * this.#perColumn, (i + 1) * this.#perColumn)));
    const { format } = this.#app;
    setText(this.#range, shown.length === 0 || this.#pages === 1 ? "" : `Places ${format.integer(shown[0]!.rank)} to ${format.integer(shown.at(-1)!.rank)} of ${format.integer(this.#board.totalCount)}`);
    if (this.#pages > 1 && !this.#progress.classList.contains("runs")) this.#progress.classList.add("runs");
  }
}

/** In rem, as the style sheet has it. */
const rowHeight = 2;

class TvRow {
  readonly #rank = h("span", { class: "tv-rank" });
  readonly #name = h("bdi", { class: "tv-name" });
  readonly #score = h("span", { class: "tv-score" });
  readonly element = h("li", { class: "tv-row" }, this.#rank, this.#name, this.#score);

  update(entry: Entry, format: Formatter): void {
    setText(this.#rank, format.integer(entry.rank));
    setText(this.#name, displayName(entry));
    setText(this.#score, format.integer(entry.score));
  }
}

/** Brings the children of a list into an order, touching only those that move. */
function arrange(list: HTMLElement, rows: readonly HTMLElement[]): void {
  if (list.children.length === rows.length && rows.every((row, i) => row === list.children[i])) return;
  list.replaceChildren(...rows);
}
