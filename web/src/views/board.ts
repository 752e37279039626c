import { BoardClient, emptyBoard, PaceboardError, type Board, type Entry, type Limit, type Watch, type WatchState } from "@paceboard/client";
import { Announcer } from "../announce.js";
import type { Amendment, Competition } from "../api.js";
import type { BoardApp, View } from "../app.js";
import { h, renew } from "../dom.js";
import { displayName, ordinal } from "../format.js";
import { History } from "../history.js";
import type { NoticeContent } from "../notice.js";
import { phaseOf } from "../phase.js";
import { Places } from "../places.js";
import { boardFragment } from "../route.js";
import { Changes } from "./changes.js";
import { Chart } from "./chart.js";
import { Dock } from "./dock.js";
import { Foot } from "./foot.js";
import { Head } from "./head.js";
import { Hero } from "./hero.js";
import { messagePanel } from "./message.js";
import { RulesCard } from "./rules.js";
import { Table } from "./table.js";
import { Toolbar } from "./toolbar.js";
import type { ViewerParts } from "./viewer.js";

/** A glide lasts as long, so that one is over before the next begins. */
const drawEvery = 250;
/** As soon as possible, for what a draw has left to the next, in milliseconds. */
const soon = 20;
/** Without a live board for this long, it is fetched the other way now and then. */
const fetchAfter = 3_000;
const fetchEvery = 10_000;
/** Rules change so seldom that they are read again at most once in this time. */
const reloadAfter = 60_000;
/** A connection lost for less than this is not worth a word. */
const patience = 1_000;
/** So long a board waits for the place of its viewer, who is not among the first, in milliseconds. */
const placePatience = 300;

/** A competition's live board. It gathers what happens and draws at most four times a second. */
export class BoardView implements View {
  readonly element = h("div", { class: "view", "data-stage": "loading" });
  title = "Board";

  readonly #app: BoardApp;
  readonly #client: BoardClient;
  readonly #watch: Watch;
  readonly #id: string;
  #top: Limit;
  readonly #places = new Places();
  readonly #history = new History();
  readonly #announcer: Announcer;
  readonly #head = new Head();
  readonly #hero: Hero;
  readonly #toolbar: Toolbar;
  readonly #table: Table;
  readonly #standings = h("section", { class: "standings" });
  readonly #dock: Dock;
  readonly #chart: Chart;
  readonly #viewer: ViewerParts | undefined; // absent for guests
  readonly #rules = new RulesCard();
  readonly #changes = new Changes();
  readonly #foot = new Foot();
  readonly #timers: ReturnType<typeof setInterval>[] = [];

  #competition: Competition | undefined;
  #amendments: readonly Amendment[] = [];
  #loadedAt = 0;
  #board: Board;
  #state: WatchState = { kind: "connecting" };
  #delay: number | undefined;
  #tokenEnds = false;
  #drawTimer: ReturnType<typeof setTimeout> | undefined;
  #drawnAt = 0;
  #fetchedAt = Date.now() - fetchEvery + fetchAfter;
  #boardAt: number | undefined; // when the first board came
  #confirmedAt: number | undefined; // when the board was last known to be the server's
  #polledAt = 0; // when it was last fetched the other way
  #offlineSince: number | undefined;
  #told = "";
  #gone = false;

  readonly #onOffline = (): void => {
    this.#offlineSince = Date.now();
    this.#client.nudge(); // a connection that is left after all shows itself
    this.#schedule();
  };
  readonly #onWake = (): void => {
    if (navigator.onLine) this.#offlineSince = undefined;
    if (document.hidden) return;
    this.#client.nudge();
    this.#reload();
    this.#schedule();
  };

  constructor(app: BoardApp, id: string, top: Limit) {
    this.#app = app;
    this.#id = id;
    this.#top = top;
    this.#board = emptyBoard(id, top);
    this.#announcer = new Announcer(app.say);
    this.#hero = new Hero(app.format);
    this.#toolbar = new Toolbar(top, (limit) => (location.hash = boardFragment(id, limit)));
    this.#table = new Table(app.format);
    this.#dock = new Dock(app.format);
    this.#chart = new Chart(app.format);
    this.#viewer = app.viewerParts?.(app, id, this.#places, () => this.#dock.show());
    this.#standings.append(this.#toolbar.element, this.#table.element, this.#viewer?.finder.element ?? "");
    this.element.append(this.#head.element, this.#hero.element, this.#viewer?.athlete.element ?? "", this.#standings, this.#chart.element, this.#rules.element, this.#changes.element, this.#viewer?.console ?? "", this.#foot.element, this.#dock.element);

    this.#client = new BoardClient({
      url: location.origin,
      token: app.session.token ?? "",
      renewToken: async () => {
        const token = await app.session.renew();
        this.#tokenEnds = token === undefined; // the viewer is asked, and `tokenChanged` goes on
        this.#schedule();
        return token;
      },
      onDelay: (ms) => {
        this.#delay = ms;
        this.#heard();
      },
    });
    this.#watch = this.#client.watch(id, {
      limit: top,
      onBoard: (board) => this.#receive(board),
      onState: (state) => {
        if (state.kind === "reconnecting" && this.#state.kind === "live") this.#confirmedAt = state.since;
        this.#state = state;
        app.health.urgent = state.kind === "reconnecting";
        this.#schedule();
      },
    });
    addEventListener("online", this.#onWake);
    addEventListener("offline", this.#onOffline);
    document.addEventListener("visibilitychange", this.#onWake);
    this.#timers.push(setInterval(() => this.#tick(), 1000), setInterval(() => this.#table.tick(Date.now()), 15_000));
    void this.#load();
  }

  tokenChanged(): void {
    this.#tokenEnds = false;
    this.#client.setToken(this.#app.session.token!);
    if (!this.#competition) void this.#load();
  }

  healthChanged(): void {
    if (this.#app.health.health !== "unreachable") this.#client.nudge();
    this.#schedule();
  }

  showTop(id: string, top: Limit): boolean {
    if (id !== this.#id || this.#gone) return false;
    if (top === this.#top) return true;
    this.#top = top;
    this.#places.restart();
    this.#toolbar.choose(top);
    this.#watch.setLimit(top);
    return true;
  }

  destroy(): void {
    this.#gone = true;
    this.#client.close();
    this.#announcer.stop();
    this.#dock.destroy();
    this.#viewer?.finder.destroy();
    this.#chart.destroy();
    this.#timers.forEach(clearInterval);
    clearTimeout(this.#drawTimer);
    removeEventListener("online", this.#onWake);
    removeEventListener("offline", this.#onOffline);
    document.removeEventListener("visibilitychange", this.#onWake);
    this.#app.health.urgent = false;
    this.#app.notice.show(undefined);
  }

  // What comes in.

  async #load(): Promise<void> {
    try {
      this.#loadedAt = Date.now();
      const { api } = this.#app;
      const older = this.#amendments; // a service that does not know them, or fails to tell
      const which = { competition_id: this.#id };
      const amendments = this.#viewer === undefined ? older : api.listAmendments(which).then((found) => found.amendments, () => older);
      [this.#competition, this.#amendments] = await Promise.all([api.getCompetition(which), amendments]);
      if (this.#gone) return;
      this.title = this.#competition.name || this.#id;
      document.title = `${this.title} · Paceboard`;
      this.#schedule();
    } catch (error) {
      if (!this.#gone) this.#failed(error as PaceboardError);
    }
  }

  // Rules may have changed since they were read: whoever comes back, or sees the status change, reads them again.
  #reload(): void {
    if (this.#competition && Date.now() - this.#loadedAt >= reloadAfter) void this.#load();
  }

  #failed({ status }: PaceboardError): void {
    if (status === 401) return this.#app.session.reject();
    if (status === 403) return this.#refuse("no_access");
    if (status === 404) return this.#refuse("not_found");
    setTimeout(() => !this.#gone && void this.#load(), patience + 4000 * Math.random());
  }

  // The server has answered, so the board is of now.
  #heard(): void {
    this.#offlineSince = undefined;
    this.#confirmedAt = Date.now();
  }

  #receive(board: Board): void {
    const now = Date.now();
    this.#offlineSince = undefined;
    const statusNow = board.status !== this.#board.status && this.#board.status !== undefined;
    const settledNow = board.status === "settled" && this.#board.status !== "settled";
    this.#board = board;
    if (this.#boardAt === undefined) {
      this.#boardAt = now;
      setTimeout(() => this.#schedule(), placePatience);
    }
    this.#places.note(this.#everyone(), now, this.#app.session.viewer.sub);
    this.#history.note([...board.entries.slice(0, 10), ...(this.#mine() ? [this.#mine()!] : [])], now);
    if (settledNow && board.prizes.length === 0 && this.#competition && !this.#competition.prizes) void this.#load();
    else if (statusNow) this.#reload();
    this.#schedule();
  }

  async #fetchBoard(): Promise<void> {
    this.#fetchedAt = Date.now();
    const board = await this.#app.api.getLeaderboard({ competition_id: this.#id, limit: this.#top }).catch((error: PaceboardError) => error);
    if (this.#gone) return;
    if (!(board instanceof PaceboardError)) {
      this.#heard();
      this.#polledAt = Date.now();
      this.#watch.offer(board);
      this.#client.nudge(); // the server answers
      this.#schedule();
    } else if (board.status === 401) this.#state = { kind: "unauthorized" };
    else if (board.status === 403) this.#refuse("no_access");
    else if (board.status === 404) this.#refuse("not_found");
  }

  // Time.

  #tick(): void {
    const waiting = this.#state.kind === "connecting" || this.#state.kind === "reconnecting";
    if (waiting && !document.hidden && Date.now() - this.#fetchedAt >= fetchEvery) void this.#fetchBoard();
    this.#schedule();
  }

  #schedule(pause = drawEvery): void {
    if (this.#drawTimer !== undefined || this.#gone || document.hidden) return;
    const wait = Math.max(0, this.#drawnAt + pause - Date.now());
    this.#drawTimer = setTimeout(() => {
      this.#drawTimer = undefined;
      this.#drawnAt = Date.now();
      this.#draw(this.#drawnAt);
    }, wait);
  }

  // What goes out.

  // A browser that is offline tells so long before its connections are missed.
  #shownState(): WatchState {
    const since = this.#offlineSince;
    return since !== undefined && this.#state.kind === "live" ? { kind: "reconnecting", since, retryAt: since, reason: "lost" } : this.#state;
  }

  #draw(now: number): void {
    const { format, session } = this.#app;
    this.#hero.measure();
    this.#viewer?.athlete.measure();
    this.#table.measure();
    this.#app.notice.show(this.#noticeNow(now));
    if (!this.#viewer && this.#state.kind === "unauthorized") return this.#app.session.reject();
    if (this.#state.kind === "no_access" || this.#state.kind === "not_found") return this.#refuse(this.#state.kind);
    this.#foot.update(this.#shownState(), this.#board.version, this.#delay, format);
    this.element.classList.toggle("dimmed", this.#dimmed(now));

    const { version, entries, totalCount } = this.#board;
    const competition = this.#competition;
    const status = this.#board.status ?? competition?.status;
    if (!competition || !status) return;
    const waiting = status !== "cancelled" && (version === undefined || this.#placeIsDue(now));
    if (waiting && now - this.#loadedAt < patience) return; // head and board come together, so that neither moves the other
    const phase = phaseOf(competition, status, this.#state.kind === "live", now, format);
    const people = version === undefined ? competition.participant_count : totalCount;
    if (this.element.dataset.stage === "loading") renew(this.element);
    this.#head.update(competition, phase, people, format);
    if (waiting) return;

    const me = session.viewer.sub;
    const mine = this.#mine();
    const apart = mine && !entries.includes(mine) ? mine : undefined;
    const prizes = this.#prizes();
    const stage = this.#hero.update({ competition, status, phase, entries, me, people: totalCount, prizes });
    this.element.dataset.stage = stage;
    this.element.classList.toggle("vacant", totalCount === 0);
    this.element.classList.toggle("timeless", !this.#viewer && entries.every(({ updated_at }) => !updated_at)); // a link that shows no names
    this.#toolbar.update(totalCount, entries.length, stage !== "upcoming", format);
    if (!this.#table.update({ entries, apart, me, places: this.#places, prizes, now })) this.#schedule(soon);
    if (this.#viewer) this.#viewer.finder.element.hidden = totalCount <= entries.length;
    this.#viewer?.athlete.update({ competition, status, entries, mine, total: totalCount, places: this.#places, prizes, known: version !== undefined, now });
    const change = mine ? this.#places.change(mine.user_id) : 0;
    this.#dock.update(this.#table.own?.element, stage === "cancelled" ? undefined : mine, change, entries[0]?.score ?? 0, totalCount);
    if (stage === "live") this.#chart.update(this.#history, entries, mine, now);
    this.#changes.update(this.#amendments, format);
    this.#rules.update(competition, format);
    this.#tell(entries, mine, totalCount);
  }

  #refuse(kind: "no_access" | "not_found"): void {
    if (!this.#viewer) return this.#app.session.reject();
    this.#app.notice.show(undefined);
    this.#client.close();
    this.#gone = true;
    const action = { label: "All competitions", run: "#/" };
    const message = kind === "no_access"
      ? { title: "This board is private", text: "Only its members can look at it. Whoever runs the competition can invite you.", action }
      : { title: "There is no such competition", text: "The link may be old, or a letter of it got lost.", action };
    this.element.dataset.stage = kind;
    this.element.replaceChildren(messagePanel(message));
    document.title = `${message.title} · Paceboard`;
  }

  #noticeNow(now: number): NoticeContent | undefined {
    const { health, askToSignIn } = this.#app;
    const again = { label: "Sign in again", run: () => askToSignIn() };
    if (this.#state.kind === "unauthorized") return { tone: "err", text: "Your sign-in has ended. The board stands still.", action: again };
    if (this.#cut(now)) {
      const as = this.#board.version === undefined || this.#confirmedAt === undefined ? "" : ` Board as of ${this.#app.format.clock(this.#confirmedAt)}.`;
      const what = this.#offlineSince !== undefined ? "You are offline." : health.health === "unreachable" ? "The server does not answer." : "Reconnecting.";
      return { tone: "warn", text: what + as, action: { label: "Try now", run: () => this.#client.nudge() } };
    }
    if (this.#tokenEnds) return { tone: "warn", text: "Your sign-in ends within a minute.", action: again };
    if (health.health === "degraded") return { tone: "warn", text: "Service degraded: boards go on, new syncs may be late." };
    return undefined;
  }

  #dimmed(now: number): boolean {
    return this.#state.kind === "unauthorized" || (this.#cut(now) && now - this.#polledAt > fetchEvery + patience);
  }

  // Whether the connection is lost for longer than a moment.
  #cut(now: number): boolean {
    const state = this.#shownState();
    return state.kind === "reconnecting" && now - state.since > patience;
  }

  #tell(entries: readonly Entry[], mine: Entry | undefined, total: number): void {
    const [leader, second] = entries;
    if (!leader || leader.score === 0) return;
    const { format } = this.#app;
    // Told again when a place changes, not with every step that somebody walks.
    const key = `${leader.user_id} ${mine?.rank}`;
    if (key === this.#told) return;
    this.#told = key;
    const own = mine?.user_id === leader.user_id;
    const ahead = second ? `, ${format.integer(leader.score - second.score)} ahead of ${displayName(second)}` : "";
    const standing = mine && !own ? ` You are ${ordinal(mine.rank)} of ${format.integer(total)}.` : "";
    this.#announcer.tell(`${own ? "You lead" : `${displayName(leader)} leads`} with ${format.integer(leader.score)}${ahead}.${standing}`);
  }

  // The place of a viewer below the entries comes right after them. Until then it is not known whether they take part.
  #placeIsDue(now: number): boolean {
    const { entries, totalCount } = this.#board;
    return this.#app.session.viewer.sub !== undefined && entries.length < totalCount && this.#mine() === undefined && now - (this.#boardAt ?? now) < placePatience;
  }

  #mine(): Entry | undefined {
    const me = this.#app.session.viewer.sub;
    return me === undefined ? undefined : (this.#board.entries.find(({ user_id }) => user_id === me) ?? this.#board.standing);
  }

  #everyone(): readonly Entry[] {
    const mine = this.#mine();
    return mine && !this.#board.entries.includes(mine) ? [...this.#board.entries, mine] : this.#board.entries;
  }

  #prizes(): ReadonlyMap<string, string> {
    const paid = this.#board.prizes.length > 0 ? this.#board.prizes : (this.#competition?.prizes ?? []);
    return new Map(paid.map((prize) => [prize.user_id, this.#app.format.money(prize.amount, prize.currency)]));
  }
}
