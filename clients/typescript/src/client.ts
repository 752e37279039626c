import { AroundWindow, type Around } from "./around.js";
import { backoffDelay, defaultBackoff, type Backoff } from "./backoff.js";
import { applyFrame, emptyBoard, sinceOf, topOf, withoutEpoch, withoutVersion, type Board } from "./board.js";
import { EventsSocket, openStream, type OpenStream } from "./events.js";
import { Close, type Leaderboard, type Limit, type Problem, type ServerFrame } from "./frames.js";
import { baseOf, bearer, queryOf, type Fetch } from "./http.js";
import { TokenKeeper } from "./keeper.js";
import { Link, systemClock, type Clock, type SocketLike } from "./link.js";
import { readClaims } from "./token.js";

/** How one watched board stands with the server. */
export type WatchState =
  | { kind: "connecting" }
  | { kind: "live" }
  /** `since`: when we last heard anything; `retryAt`: when the next attempt starts. */
  | { kind: "reconnecting"; since: number; retryAt: number; reason: "lost" | "shutdown" | "too_big" | "token" }
  /** The token was refused and nobody had a better one; `setToken` goes on from here. */
  | { kind: "unauthorized" }
  | { kind: "no_access" }
  | { kind: "not_found" };

export interface WatchOptions {
  limit: Limit;
  /** The places around a user, too, as `board.around`: read again after the board has changed, every 2 s at most. */
  around?: Around;
  /** The board after each frame that changed it. */
  onBoard(board: Board): void;
  onState(state: WatchState): void;
}

/** One board that is being watched. */
export interface Watch {
  /** The board now. */
  readonly board: Board;
  readonly state: WatchState;
  /** Asks for another window; the board stays as it is until the answer comes. */
  setLimit(limit: Limit): void;
  /** Takes in a board that came by another way (the GET), when it is newer than ours and the socket is silent. */
  offer(leaderboard: Leaderboard): void;
  stop(): void;
}

export interface ClientOptions {
  /** The service's address: `https://host`. */
  url: string;
  token: string;
  /**
   * Asked shortly before the token expires and after a refusal. `undefined`: there is
   * none, and boards end as `unauthorized`. A rejection is a failure, and it is asked again.
   */
  renewToken?: () => Promise<string | undefined>;
  /** How boards come. `auto`: over a WebSocket, and over Server-Sent Events where there is none or it is blocked. */
  transport?: "auto" | "websocket" | "events";
  onDelay?: (ms: number) => void;
  /** Problems that concern no single board, for a log. */
  onProblem?: (problem: Problem) => void;
  backoff?: Backoff;
  clock?: Clock;
  random?: () => number;
  open?: (url: string, protocols: string[]) => SocketLike;
  openStream?: OpenStream;
  fetch?: Fetch;
}

/** Most boards that one socket may watch. */
export const maxWatches = 50;
/** A connection that held for this long starts the back-off anew, in milliseconds. */
export const stableAfter = 10_000;
/** How long a board may wait for what it misses before the connection is given up, in milliseconds. */
export const resyncWithin = 5_000;

/** So many WebSockets in a row that never said a word count as blocked. */
export const blockedAfter = 2;
/** For this long after events were the way, they are tried first, in milliseconds. */
export const eventsFor = 10 * 60_000;

interface Watched {
  id: string;
  limit: Limit;
  board: Board;
  state: WatchState;
  watchers: Set<Watcher>;
  resync?: unknown;
}

/** One caller of `watch`. */
interface Watcher extends WatchOptions {
  window?: AroundWindow;
}

type Filled = Required<Pick<ClientOptions, "backoff" | "clock" | "random" | "open" | "openStream" | "transport" | "fetch">> & ClientOptions;

/**
 * Live boards over one WebSocket that mends itself: it reconnects with
 * exponential back-off and full jitter, resumes each board from the version it
 * holds, asks again when a delta does not fit, and renews its token in time.
 * Where no WebSocket comes through, Server-Sent Events take its place.
 *
 * The first board is named in the socket's path, the others are subscribed to.
 * Whoever watches a board that is watched already shares its subscription.
 */
export class BoardClient {
  readonly #options: Filled;
  readonly #watched = new Map<string, Watched>();
  readonly #keeper: TokenKeeper;
  #link: Link | undefined;
  #primary: string | undefined;
  #connectedAt: number | undefined;
  #attempt = 0;
  #overEvents = false;
  #eventsAt: number | undefined;
  #silent = 0;
  #retryTimer: unknown;
  #renewedInVain = false;
  #closed = false;

  constructor(options: ClientOptions) {
    this.#options = {
      backoff: defaultBackoff, clock: systemClock, random: Math.random, transport: "auto", openStream,
      open: (url, protocols) => new WebSocket(url, protocols),
      fetch: (url, init) => fetch(url, init),
      ...options, url: baseOf(options.url),
    };
    if (typeof WebSocket === "undefined" && !options.open) this.#options.transport = "events";
    const { clock, random } = this.#options;
    this.#keeper = new TokenKeeper(options.token, clock, random, options.renewToken, (token) => this.setToken(token));
  }

  /**
   * Watches a board. Whoever is not the first to watch it gets what is held at once,
   * that is in the next microtask. Throws with `maxWatches` others.
   */
  watch(competitionId: string, options: WatchOptions): Watch {
    const watcher: Watcher = { ...options };
    const shared = this.#watched.get(competitionId);
    const watched = shared ?? this.#start(competitionId, options.limit);
    if (options.around) {
      const { clock, random } = this.#options;
      watcher.window = new AroundWindow(options.around, (around) => this.#readAround(watched.id, around), clock, random, () => this.#show(watched, watcher));
    }
    watched.watchers.add(watcher);
    if (shared) {
      this.#fit(shared);
      void Promise.resolve().then(() => this.#catchUp(shared, watcher));
    } else if (this.#connectedAt !== undefined) this.#subscribe(watched);
    else if (!this.#link && this.#retryTimer === undefined) this.#connect();
    return {
      get board() {
        return viewOf(watched, watcher);
      },
      get state() {
        return watched.state;
      },
      setLimit: (limit) => {
        watcher.limit = limit;
        if (watched.watchers.has(watcher)) this.#fit(watched);
      },
      offer: (leaderboard) => this.#offer(watched, leaderboard),
      stop: () => this.#leave(watched, watcher),
    };
  }

  /** Goes on with another token: at once, on the open socket when it is the same user's. */
  setToken(token: string): void {
    const sameUser = readClaims(token).sub === readClaims(this.#keeper.token).sub;
    this.#keeper.set(token);
    this.#renewedInVain = false;
    if (this.#closed) return;
    if (this.#connectedAt !== undefined && sameUser) {
      this.#link?.send({ type: "auth", data: { token } });
      return;
    }
    for (const watched of this.#watched.values()) {
      if (!sameUser) watched.board = emptyBoard(watched.id, watched.limit);
      this.#setState(watched, { kind: "connecting" });
    }
    this.#connect();
  }

  /** Something may have changed (the network is back, the tab is seen again): look now rather than later. */
  nudge(): void {
    if (this.#connectedAt !== undefined) this.#link?.ping();
    else if (this.#retryTimer !== undefined) this.#connect();
  }

  close(): void {
    this.#closed = true;
    this.#keeper.stop();
    for (const watched of [...this.#watched.values()]) {
      for (const watcher of [...watched.watchers]) this.#leave(watched, watcher);
    }
  }

  // Connecting.

  #connect(): void {
    this.#cancelRetry();
    this.#link?.close(Close.Normal);
    this.#link = undefined;
    this.#connectedAt = undefined;
    const first = this.#wanted()[0];
    if (!first || this.#closed) return;
    this.#primary = first.id;
    this.#overEvents = this.#eventsNext();
    const { url, clock, open, openStream } = this.#options;
    const { token } = this.#keeper;
    const data = subscriptionOf(first);
    const socket = this.#overEvents
      ? new EventsSocket(url, token, data, clock, openStream)
      : open(`${url.replace(/^http/, "ws")}/ws/leaderboard/${encodeURIComponent(first.id)}${queryOf({ limit: data.limit, since: data.since })}`, [`bearer.${token}`]);
    this.#link = new Link(socket, clock, {
      onFrame: (frame) => this.#receive(frame),
      onClose: (code, lastHeard) => this.#lost(code, lastHeard),
      onDelay: (ms) => this.#options.onDelay?.(ms),
    });
  }

  // Whether the next connection is one of events. A server that is away looks like a
  // network that blocks WebSockets, so that both ways are tried in turn.
  #eventsNext(): boolean {
    const { transport, clock } = this.#options;
    if (transport !== "auto") return transport === "events";
    if (this.#eventsAt !== undefined && clock.now() - this.#eventsAt < eventsFor) return true;
    return this.#silent >= blockedAfter && this.#silent % 2 === 0;
  }

  #receive(frame: ServerFrame): void {
    switch (frame.type) {
      case "connected":
        return this.#connected(frame);
      case "error":
        return this.#refused(frame.data);
      case "authenticated":
      case "pong":
        return;
      default: {
        const watched = this.#watched.get(frame.data.competition_id);
        if (watched) this.#apply(watched, frame);
      }
    }
  }

  #connected(frame: ServerFrame & { type: "connected" }): void {
    if (this.#connectedAt === undefined) {
      const now = this.#options.clock.now();
      this.#connectedAt = now;
      if (!this.#overEvents) this.#eventsAt = undefined;
      else if (this.#eventsAt === undefined || this.#silent > 0) this.#eventsAt = now;
      this.#silent = 0;
      this.#renewedInVain = false;
      if (!this.#watched.has(this.#primary!)) this.#unsubscribe(this.#primary!);
      for (const watched of this.#wanted()) if (watched.id !== this.#primary) this.#subscribe(watched);
    }
    const watched = this.#watched.get(frame.data.competition_id);
    if (!watched) return;
    watched.board = applyFrame(watched.board, frame);
    if (watched.board.version !== undefined && !watched.board.stale) this.#setState(watched, { kind: "live" });
  }

  #apply(watched: Watched, frame: ServerFrame): void {
    const board = applyFrame(watched.board, frame);
    if (board !== watched.board) {
      watched.board = board;
      this.#tell(watched);
    }
    if (board.stale) this.#resync(watched);
    else if (board.version !== undefined) {
      this.#cancelResync(watched);
      if (this.#connectedAt !== undefined) this.#setState(watched, { kind: "live" });
    }
  }

  // A delta did not fit. Deltas that were under way do not fit either; ask once
  // and wait, and when no answer mends the board start over with a full one.
  #resync(watched: Watched): void {
    if (watched.resync !== undefined) return;
    this.#subscribe(watched);
    watched.resync = this.#options.clock.setTimeout(() => {
      delete watched.resync;
      watched.board = withoutVersion(watched.board);
      this.#link?.close(Close.Normal);
      this.#lost(Close.Abnormal, this.#options.clock.now());
    }, resyncWithin);
  }

  #refused(problem: Problem): void {
    const watched = this.#watched.get(problem.competition_id ?? "");
    if (watched && problem.status === 404) this.#setState(watched, { kind: "not_found" });
    else if (watched && problem.status === 403) this.#setState(watched, { kind: "no_access" });
    else this.#options.onProblem?.(problem);
  }

  // Losing the connection.

  #lost(code: number, lastHeard: number): void {
    const { clock, random, backoff } = this.#options;
    const greeted = this.#connectedAt !== undefined;
    const held = clock.now() - (this.#connectedAt ?? clock.now());
    this.#link = undefined;
    this.#connectedAt = undefined;
    for (const watched of this.#watched.values()) this.#cancelResync(watched);
    if (code === Close.Private || code === Close.Unknown) {
      const watched = this.#watched.get(this.#primary!);
      if (watched) this.#setState(watched, { kind: code === Close.Private ? "no_access" : "not_found" });
      return this.#connect(); // for the other boards
    }
    if (code === Close.BadToken) {
      this.#setReconnecting(lastHeard, clock.now(), "token");
      return void this.#renewAfterRefusal();
    }

    if (held >= stableAfter) this.#attempt = 0;
    if (!greeted && code === Close.Abnormal) this.#miss();
    // A server that shuts down is away for a moment, and all its readers know it at once: spread them wider.
    if (code === Close.GoingAway) this.#attempt = Math.max(this.#attempt, 2);
    const wait = backoffDelay(this.#attempt++, random, backoff);
    const reason = code === Close.GoingAway ? "shutdown" : code === Close.TooBig ? "too_big" : "lost";
    this.#cancelRetry();
    this.#retryTimer = clock.setTimeout(() => this.#connect(), wait);
    this.#setReconnecting(lastHeard, clock.now() + wait, reason);
  }

  #setReconnecting(lastHeard: number, retryAt: number, reason: "lost" | "shutdown" | "too_big" | "token"): void {
    for (const watched of this.#wanted()) {
      const since = watched.state.kind === "reconnecting" ? watched.state.since : lastHeard;
      this.#setState(watched, { kind: "reconnecting", since, retryAt, reason });
    }
  }

  // A connection that never was. Events that fail are no longer the way.
  #miss(): void {
    this.#silent++;
    if (this.#overEvents) this.#eventsAt = undefined;
  }

  async #renewAfterRefusal(): Promise<void> {
    const refused = this.#keeper.token;
    const renewal = this.#renewedInVain ? { failed: false, token: undefined } as const : await this.#keeper.renew();
    if (this.#closed || this.#keeper.token !== refused || this.#link) return; // setToken came first
    if (renewal.failed) {
      const { clock } = this.#options;
      const wait = this.#keeper.retryIn();
      this.#cancelRetry();
      this.#retryTimer = clock.setTimeout(() => {
        this.#retryTimer = undefined;
        void this.#renewAfterRefusal();
      }, wait);
      return this.#setReconnecting(clock.now(), clock.now() + wait, "token");
    }
    this.#renewedInVain = true;
    if (renewal.token === undefined) {
      for (const watched of this.#wanted()) this.#setState(watched, { kind: "unauthorized" });
      return;
    }
    this.#keeper.set(renewal.token);
    this.#connect();
  }

  // The boards.

  #start(id: string, limit: Limit): Watched {
    if (this.#watched.size >= maxWatches) throw new RangeError(`more than ${maxWatches} boards on one socket`);
    const watched: Watched = { id, limit, board: emptyBoard(id, limit), state: { kind: "connecting" }, watchers: new Set() };
    this.#watched.set(id, watched);
    return watched;
  }

  #subscribe(watched: Watched): void {
    const data = subscriptionOf(watched);
    this.#link?.send({ type: "subscribe", data });
    if (watched.state.kind === "reconnecting") {
      this.#setState(watched, data.since === undefined ? { kind: "connecting" } : { kind: "live" });
    }
  }

  #unsubscribe(competitionId: string): void {
    this.#link?.send({ type: "unsubscribe", data: { competition_id: competitionId } });
  }

  // The widest window that anybody asks for.
  #fit(watched: Watched): void {
    const limit = Math.max(...[...watched.watchers].map((watcher) => watcher.limit)) as Limit;
    if (limit === watched.limit) return;
    watched.limit = limit;
    // Without its version the board takes no delta of the old window for one of the new.
    watched.board = { ...withoutVersion(watched.board), limit };
    if (this.#connectedAt !== undefined) this.#subscribe(watched);
  }

  #offer(watched: Watched, leaderboard: Leaderboard): void {
    if (watched.state.kind === "live" || this.#watched.get(watched.id) !== watched) return;
    if (leaderboard.version <= (watched.board.version ?? -1)) return;
    watched.board = withoutEpoch(applyFrame(watched.board, { type: "leaderboard_update", data: leaderboard }));
    this.#tell(watched);
  }

  #leave(watched: Watched, watcher: Watcher): void {
    watcher.window?.stop();
    if (!watched.watchers.delete(watcher)) return;
    if (watched.watchers.size > 0) return this.#fit(watched);
    this.#cancelResync(watched);
    this.#watched.delete(watched.id);
    if (this.#wanted().length === 0) {
      this.#cancelRetry();
      this.#link?.close(Close.Normal);
      this.#link = undefined;
      this.#connectedAt = undefined;
    } else if (this.#connectedAt !== undefined) this.#unsubscribe(watched.id);
  }

  // Those who watch.

  #tell(watched: Watched): void {
    for (const watcher of [...watched.watchers]) {
      if (watcher.window && watched.board.version !== undefined) watcher.window.touch();
      this.#show(watched, watcher);
    }
  }

  #show(watched: Watched, watcher: Watcher): void {
    if (watched.watchers.has(watcher)) watcher.onBoard(viewOf(watched, watcher));
  }

  #catchUp(watched: Watched, watcher: Watcher): void {
    if (!watched.watchers.has(watcher)) return;
    if (watched.board.version !== undefined) {
      watcher.window?.touch();
      this.#show(watched, watcher);
    }
    if (watched.state.kind !== "connecting") watcher.onState(watched.state);
  }

  async #readAround(id: string, { user, radius }: Around): Promise<Leaderboard | undefined> {
    const url = `${this.#options.url}/api/v1/leaderboard/${encodeURIComponent(id)}${queryOf({ around: user, radius })}`;
    const response = await this.#options.fetch(url, { headers: bearer(this.#keeper.token), credentials: "omit" });
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`status ${response.status}`);
    return ((await response.json()) as { data: Leaderboard }).data;
  }

  // Those that the server has not refused for good.
  #wanted(): Watched[] {
    return [...this.#watched.values()].filter(({ state }) => state.kind !== "no_access" && state.kind !== "not_found");
  }

  #cancelResync(watched: Watched): void {
    this.#options.clock.clearTimeout(watched.resync);
    delete watched.resync;
  }

  #cancelRetry(): void {
    this.#options.clock.clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
  }

  #setState(watched: Watched, state: WatchState): void {
    if (JSON.stringify(watched.state) === JSON.stringify(state)) return;
    watched.state = state;
    for (const watcher of [...watched.watchers]) watcher.onState(state);
  }
}

function subscriptionOf({ id, limit, board }: Watched): { competition_id: string; limit: Limit; since?: number | string } {
  const since = sinceOf(board);
  return { competition_id: id, limit, ...(since !== undefined && { since }) };
}

function viewOf(watched: Watched, { limit, window }: Watcher): Board {
  const board = topOf(watched.board, limit);
  return window?.entries ? { ...board, around: window.entries } : board;
}
